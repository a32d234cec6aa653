"""The console as an app of its own: its routes, its static files, its errors as pages."""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.base import RequestResponseEndpoint
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from assethub.domain.errors import HubError, SignInNeeded
from assethub.server.console import (
    commits,
    downloads,
    evaluations,
    files,
    folders,
    home,
    imports,
    publish,
    runs,
    settings,
)
from assethub.server.console.pages import Page, page_of, url_of
from assethub.server.refusals import status_of
from assethub.services.work import Hub

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
MOST_FORM = 4 << 20  # bytes of a posted form
FOR_EVER = "public, max-age=31536000, immutable"


class Static(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if b"v=" in scope.get("query_string", b""):
            response.headers["Cache-Control"] = FOR_EVER
        return response


def create_console(hub: Hub) -> FastAPI:
    console = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, max_body_size=MOST_FORM)
    console.state.hub = hub
    console.mount("/static", GZipMiddleware(Static(directory=Path(__file__).parent / "static")))
    for module in (home, runs, files, downloads, commits, evaluations, publish, imports, settings, folders):
        console.include_router(module.router)
    console.add_exception_handler(HubError, refused)
    console.add_exception_handler(RequestValidationError, nowhere)
    console.add_exception_handler(HTTPException, nowhere)
    console.middleware("http")(guarded)
    return console


async def guarded(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """No page runs foreign scripts, is framed or cached; user bytes bring a stricter policy of their own."""
    response = await call_next(request)
    response.headers.setdefault("Content-Security-Policy", POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, HubError)
    page = page_of(request)
    if isinstance(error, SignInNeeded) and page.found is None and request.method == "GET":
        query = f"?{request.url.query}" if request.url.query else ""
        return page.go(url_of("sign-in", next=request.url.path + query))
    return error_page(page, status_of(error), str(error), error.details)


def nowhere(request: Request, error: Exception) -> Response:
    page = page_of(request)
    status = error.status_code if isinstance(error, HTTPException) and error.status_code != 422 else 404
    if status != 404:
        return error_page(page, status, str(getattr(error, "detail", error)), ())
    return error_page(page, 404, page.gettext("There is no page at this address."), ())


def error_page(page: Page, status: int, sentence: str, details: tuple[str, ...]) -> Response:
    return page.render("error.html", status, sentence=sentence, details=details, code=status)
