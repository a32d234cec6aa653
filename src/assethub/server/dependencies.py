"""What routes ask for by type: the hub, who is asking, and a piece of work for them."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutinefunction
from typing import Annotated, Any

from fastapi import Depends, Path, Request
from fastapi.routing import APIRoute

from assethub.domain.errors import SignInNeeded
from assethub.domain.names import AssetPath, FolderPath, Kind, Reference
from assethub.domain.owners import Asking, Origin, Visitor
from assethub.services import keys
from assethub.services.work import Hub, Work


def hub_of(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


CurrentHub = Annotated[Hub, Depends(hub_of)]


def bearer(request: Request) -> str | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if not scheme:
        return None
    if scheme.lower() != "bearer" or not secret.strip():
        raise SignInNeeded("Give the API key as `Authorization: Bearer KEY`.")
    return secret.strip()


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def s3_endpoint(request: Request) -> str:
    """Where the S3 door is, as far as the settings tell; else below the address that the request came to."""
    return hub_of(request).s3_url or f"{request.url.scheme}://{request.url.netloc}/s3"


async def limited(request: Request) -> None:
    """TooMany, before any work begins, if the caller asked too often. For every route of the API."""
    hub_of(request).rates.spend(request.headers.get("authorization"), address_of(request))


def caller_of(request: Request, hub: CurrentHub) -> Asking:
    """Whose key or run token the request carries; a visitor's without one."""
    secret, address = bearer(request), address_of(request)
    if secret is None:
        return Visitor(Origin("nothing", address))
    caller = keys.key_caller(hub, secret, address)
    hub.rates.learn(request.headers["authorization"])
    return caller


CurrentCaller = Annotated[Asking, Depends(caller_of)]


@dataclass(frozen=True)
class Pending:
    """Work that a route will begin."""

    work: AbstractContextManager[Work]


async def pending(request: Request, hub: CurrentHub, caller: CurrentCaller) -> Pending:
    return Pending(hub.work(caller, reading=request.method in ("GET", "HEAD")))


CurrentWork = Annotated[Work, Depends(pending)]


class WorkRoute(APIRoute):
    """A route whose work begins and ends on the thread that runs it, before the answer is made.

    Work that held a lock while it waited for a thread would wait for ever: for threads that wait for its lock.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint if iscoroutinefunction(endpoint) else in_one_go(endpoint), **options)


def in_one_go(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(endpoint)
    def run(**given: Any) -> Any:
        with ExitStack() as begun:
            values = {
                name: begun.enter_context(value.work) if isinstance(value, Pending) else value
                for name, value in given.items()
            }
            return endpoint(**values)

    return run


def folder_path(owner: str, kind: Kind, folder: str) -> FolderPath:
    return FolderPath(owner, kind, folder)


def asset_path(
    owner: Annotated[str, Path()], kind: Annotated[Kind, Path()], folder: Annotated[str, Path()],
    name: Annotated[str, Path()],
) -> AssetPath:  # fmt: skip
    return AssetPath(owner, kind, folder, name)


CurrentFolder = Annotated[FolderPath, Depends(folder_path)]
CurrentAsset = Annotated[AssetPath, Depends(asset_path)]


def reference(path: CurrentAsset, ref: str | None = None) -> Reference:
    return Reference(path, ref)


CurrentReference = Annotated[Reference, Depends(reference)]
FOLDER = "/folders/{owner}/{kind}/{folder}"
ASSET = "/assets/{owner}/{kind}/{folder}/{name}"
