"""/schemas: the forms of files that people write, for editors and other programs; open to everybody"""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from assethub.domain.task_format import SCHEMA

router = APIRouter(tags=["schemas"])


@router.get("/schemas/task.json", response_model=dict[str, Any])
def task_schema() -> JSONResponse:
    """The JSON Schema of the task file, assethub.yaml."""
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600"}
    return JSONResponse(dict(SCHEMA), headers=headers, media_type="application/schema+json")
