"""/audit and /audit.jsonl"""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from assethub.domain.audit import Filter, Outcome
from assethub.domain.names import FolderPath, parse_folder_path
from assethub.domain.owners import Caller
from assethub.protocol.audit import AuditPage, EventInfo
from assethub.server.dependencies import CurrentCaller, CurrentHub, CurrentWork, WorkRoute
from assethub.services import audit

router = APIRouter(tags=["audit"], route_class=WorkRoute)
JSON_LINES = "application/x-ndjson"


def wanted(
    user: str | None = None, action: str | None = None, since: datetime | None = None, until: datetime | None = None,
    outcome: Outcome | None = None, search: str = "",
) -> Filter:  # fmt: skip
    """`action` is one such as folder.share, or its first part; `search` are words of any field."""
    return Filter(user, action, None, utc(since), utc(until), outcome, search)


def utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def in_folder(caller: CurrentCaller, folder: str | None = None) -> FolderPath | None:
    me = caller.name if isinstance(caller, Caller) else None
    return parse_folder_path(folder, me=me) if folder else None


Wanted = Annotated[Filter, Depends(wanted)]
InFolder = Annotated[FolderPath | None, Depends(in_folder)]


@router.get("/audit")
def list_events(
    work: CurrentWork, wanted: Wanted, folder: InFolder, before: int | None = None,
    limit: Annotated[int, Query(ge=1, le=audit.MOST_LISTED)] = 100,
) -> AuditPage:  # fmt: skip
    """Who did what, newest first: everything for administrators, a folder's for its owners, else one's own acts."""
    found = audit.list_events(work, wanted, folder, before=before, limit=limit)
    return AuditPage(
        events=[EventInfo.model_validate(event) for event in found],
        next=found[-1].id if len(found) == limit else None,
    )


@router.get("/audit.jsonl", response_class=StreamingResponse)
def export_events(hub: CurrentHub, caller: CurrentCaller, wanted: Wanted, folder: InFolder) -> StreamingResponse:
    """Every event as a line of JSON, oldest first; for administrators."""
    head = {"Content-Disposition": 'attachment; filename="audit.jsonl"', "X-Content-Type-Options": "nosniff"}
    return StreamingResponse(audit.begin_export(hub, caller, wanted, folder), 200, head, JSON_LINES)
