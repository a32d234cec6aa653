"""The server: separate front doors to the same services."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from assethub.server.api.app import TooLargeTold, create_api
from assethub.server.console.app import create_console
from assethub.services.work import Hub


async def healthz(_: Request) -> JSONResponse:
    return JSONResponse({"status": "ok"})


def create_app(hub: Hub) -> Starlette:
    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Mount("/api/v1", TooLargeTold(create_api(hub))),
            Mount("/", create_console(hub)),
        ]
    )
