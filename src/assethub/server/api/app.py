"""The REST API, under /api/v1; SDK, CLI and runner speak only this."""

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from assethub.domain.errors import HubError
from assethub.server.api import (
    administration,
    archives,
    assets,
    audit,
    comparison,
    credentials,
    evaluations,
    folders,
    gates,
    history,
    imports,
    lineage,
    objects,
    owners,
    people,
    progress,
    queue,
    reproduction,
    runner,
    runs,
    s3_keys,
    schemas,
    search,
    staging,
    sweeps,
    tables,
    tasks,
    tensors,
    uploads,
)
from assethub.server.dependencies import limited
from assethub.server.refusals import headers_of, status_of
from assethub.services.work import Hub

MOST_IN_MEMORY = 256 << 20  # bytes of a request that is read whole: a commit of a million files


ROUTED = (
    owners, people, folders, assets, archives, history, objects, tables, tensors, uploads, staging, imports,
    evaluations, gates, lineage, comparison, reproduction, progress, runs, sweeps, tasks, runner, queue, search, audit,
    credentials, s3_keys, schemas, administration,
)  # fmt: skip


def create_api(hub: Hub) -> FastAPI:
    api = FastAPI(
        title="Asset Hub", version="1", docs_url=None, redoc_url=None, max_body_size=MOST_IN_MEMORY,
        dependencies=[Depends(limited)],
    )  # fmt: skip
    api.state.hub = hub
    api.add_exception_handler(HubError, refused)
    api.add_exception_handler(RequestValidationError, malformed)
    api.add_exception_handler(HTTPException, unrouted)
    api.add_exception_handler(Exception, crashed)
    for module in ROUTED:
        api.include_router(module.router)
    return api


class TooLargeTold:
    """The framework refuses a body that announces too many bytes in plain text; here that is a problem as well."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = False

        async def tell(message: Message) -> None:
            nonlocal told
            refused = message["type"] == "http.response.start" and message["status"] == 413
            if refused and (b"content-type", b"application/problem+json") not in message["headers"]:
                told = True
                await problem("Invalid", 413, "The request has more bytes than this takes.")(scope, receive, send)
            elif not told:
                await send(message)

        await self.app(scope, receive, tell)


def problem(
    type: str, status: int, detail: str, details: tuple[str, ...] = (), headers: dict[str, str] | None = None
) -> JSONResponse:
    """A refusal as RFC 9457 describes it."""
    body = {"type": type, "title": type, "status": status, "detail": detail, "details": list(details)}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HubError)
    return problem(type(error).__name__, status_of(error), str(error), error.details, headers_of(error))


def malformed(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    told = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
    return problem("Invalid", 422, f"The request is not understood: {told[0]}.", tuple(told))


def unrouted(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    kind = "NotFound" if error.status_code == 404 else "Invalid"
    detail = "There is nothing at this address." if error.status_code == 404 else f"{error.detail}."
    return problem(kind, error.status_code, detail)


def crashed(_: Request, error: Exception) -> JSONResponse:
    return problem("Unavailable", 500, "The hub failed at this; its log says why.")
