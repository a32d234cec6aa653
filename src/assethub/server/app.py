"""The server: separate front doors to the same services."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from assethub.server.api.app import TooLargeTold, create_api
from assethub.server.console.app import create_console
from assethub.server.s3.app import create_s3
from assethub.services.work import Hub


async def healthz(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


class Ports:
    """The app, and another one for requests that came to a certain port."""

    def __init__(self, app: ASGIApp, port: int | None, there: ASGIApp) -> None:
        self.app, self.port, self.there = app, port, there

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, port = scope.get("server") or ("", None)
        await (self.there if port == self.port and port else self.app)(scope, receive, send)


def create_app(hub: Hub) -> Starlette:
    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Mount("/api/v1", TooLargeTold(create_api(hub))),
            Mount("/s3", create_s3(hub)),
            Mount("/", create_console(hub)),
        ]
    )
