"""What routes ask for by type: the hub, who is asking, and a piece of work for them."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Path, Request

from assethub.domain.errors import SignInNeeded
from assethub.domain.names import AssetPath, FolderPath, Kind, Reference
from assethub.domain.owners import Caller, RunCaller
from assethub.services import accounts
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


def caller_of(request: Request, hub: CurrentHub) -> Caller | RunCaller | None:
    """Whose key or run token the request carries; None without one."""
    secret = bearer(request)
    return accounts.key_caller(hub, secret) if secret else None


CurrentCaller = Annotated[Caller | RunCaller | None, Depends(caller_of)]


def work(request: Request, hub: CurrentHub, caller: CurrentCaller) -> Iterator[Work]:
    with hub.work(caller, reading=request.method in ("GET", "HEAD")) as work:
        yield work


# scope="function": the transaction ends before the answer is sent, not after.
CurrentWork = Annotated[Work, Depends(work, scope="function")]


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
