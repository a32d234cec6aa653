"""The console as an app of its own: its routes, its static files, its errors as pages."""

import gzip
from functools import lru_cache
from pathlib import Path

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from assethub.domain.errors import HubError, SignInNeeded, TooMany
from assethub.server.console import (
    account,
    administration,
    audit,
    changes,
    commits,
    comparison,
    credentials,
    downloads,
    editing,
    evaluations,
    files,
    folder_settings,
    folders,
    gates,
    groups,
    home,
    imports,
    leaderboard,
    lineage,
    new_run,
    overlays,
    publish,
    queue,
    refs,
    reports,
    run_lists,
    run_records,
    runs,
    search,
    settings,
    sharing,
    staged,
    sweeps,
    task_params,
    uploads,
    users,
    using,
)
from assethub.server.console.pages import MOST_FORM, Page, keep_session, limited, page_of, url_of
from assethub.server.refusals import headers_of, status_of
from assethub.services.work import Hub

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ROUTED = (
    home, account, administration, users, queue, search, audit, groups, credentials, comparison, overlays, new_run,
    run_lists, runs, run_records, sweeps, task_params, reports, files, editing, staged, downloads, commits, changes,
    refs, evaluations, leaderboard, publish, gates, lineage, imports, uploads, settings, sharing, using,
    folder_settings, folders,
)  # fmt: skip
WORKERS = {  # scripts that run beside a page, under a policy of their own: WebAssembly is for them alone
    "upload-worker.js": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'",
}
TEXTS = (".css", ".js", ".mjs", ".svg", ".wasm", ".json")
FOR_EVER = "public, max-age=31536000, immutable"


class Static(StaticFiles):
    """Files that a browser keeps for as long as their address has the same version; compressed once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        versioned = b"v=" in scope.get("query_string", b"")
        if versioned and response.status_code == 200 and path.endswith(TEXTS):
            response = await run_in_threadpool(self.packed, path, scope, response)
        if versioned:
            response.headers["Cache-Control"] = FOR_EVER
        if path in WORKERS:
            response.headers["Content-Security-Policy"] = WORKERS[path]
        return response

    def packed(self, path: str, scope: Scope, response: Response) -> Response:
        file, found = self.lookup_path(path)
        if found is None or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            return response
        told = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding", "ETag": response.headers["etag"]}
        return Response(compressed(file, found.st_mtime), headers=told, media_type=response.media_type)


@lru_cache(maxsize=256)
def compressed(file: str, _changed: float) -> bytes:
    return gzip.compress(Path(file).read_bytes(), mtime=0)


def create_console(hub: Hub) -> FastAPI:
    console = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, max_body_size=MOST_FORM, dependencies=[Depends(limited)]
    )
    console.state.hub = hub
    console.mount("/static", Static(directory=Path(__file__).parent / "static"))
    for module in ROUTED:
        console.include_router(module.router)
    console.add_exception_handler(HubError, refused)
    console.add_exception_handler(RequestValidationError, nowhere)
    console.add_exception_handler(HTTPException, nowhere)
    console.add_exception_handler(Exception, crashed)
    console.middleware("http")(guarded)
    return console


async def guarded(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """No page runs foreign scripts, is framed or cached; user bytes bring a stricter policy of their own."""
    response = await call_next(request)
    if secret := getattr(request.state, "new_session", None):
        keep_session(response, secret, secure=request.url.scheme == "https")
    return protected(response)


def protected(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def crashed(request: Request, _: Exception) -> Response:
    """A fault of ours, which the log tells of; nothing is looked up for the page, since that may be what fails."""
    page = Page(request, request.app.state.hub, None)
    return protected(plain_page(page, 500, page.gettext("Something went wrong inside the hub."), ()))


def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HubError)
    if getattr(request.state, "too_many", False):  # nothing more is looked up for it
        return error_page(Page(request, request.app.state.hub, None), error)
    page = page_of(request)
    if isinstance(error, SignInNeeded) and page.found is None and request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        return page.go(url_of("sign-in", next=request.url.path + query))
    return error_page(page, error)


def nowhere(request: Request, error: Exception) -> Response:
    page = page_of(request)
    status = error.status_code if isinstance(error, HTTPException) and error.status_code != 422 else 404
    if status != 404:
        return plain_page(page, status, str(getattr(error, "detail", error)), ())
    return plain_page(page, 404, page.gettext("There is no page at this address."), ())


def error_page(page: Page, error: HubError) -> Response:
    response = plain_page(page, status_of(error), str(error), error.details)
    if isinstance(error, TooMany):
        response.headers.update(headers_of(error))
    return response


def plain_page(page: Page, status: int, sentence: str, details: tuple[str, ...]) -> Response:
    return page.render("error.html", status, sentence=sentence, details=details, code=status)
