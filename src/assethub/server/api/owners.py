"""/me, /sign-in, /keys and /sessions: what is one's own"""

from importlib.metadata import version
from uuid import UUID

from fastapi import APIRouter, Request

from assethub.domain.owners import Caller, Key, Origin, Scope
from assethub.protocol.owners import (
    CreatedKey,
    GroupInfo,
    HubInfo,
    KeyInfo,
    NewKey,
    NewPassword,
    SessionInfo,
    SignIn,
    UserInfo,
)  # fmt: skip
from assethub.server.dependencies import CurrentCaller, CurrentHub, CurrentWork, WorkRoute, address_of
from assethub.services import accounts, groups, keys, sessions

router = APIRouter(tags=["accounts"], route_class=WorkRoute)


def key_info(key: Key) -> KeyInfo:
    return KeyInfo(
        id=key.id, name=key.name, scope=key.scope.name.lower(), created_at=key.created_at, expires_at=key.expires_at,
        last_used_at=key.last_used_at, folder=key.folder_path,
    )  # fmt: skip


def created_key(made: tuple[Key, str]) -> CreatedKey:
    return CreatedKey(**key_info(made[0]).model_dump(), secret=made[1])


@router.get("/me")
def who_am_i(caller: CurrentCaller) -> HubInfo:
    """The hub's version, and the user that the key stands for (null without a key)."""
    user = UserInfo.model_validate(caller.user) if isinstance(caller, Caller) else None
    return HubInfo(version=version("assethub"), user=user)


@router.get("/me/groups")
def my_groups(work: CurrentWork) -> list[GroupInfo]:
    return [GroupInfo.model_validate(group) for group, _ in groups.my_groups(work)]


@router.put("/me/password", status_code=204)
def change_password(hub: CurrentHub, caller: CurrentCaller, given: NewPassword) -> None:
    """Needs the old one; every browser is signed out."""
    accounts.change_password(hub, caller, given.old or "", given.new)


@router.post("/sign-in", status_code=201)
def sign_in(request: Request, hub: CurrentHub, new: SignIn) -> CreatedKey:
    """Turn a name and password into an API key; its secret is in this answer only."""
    origin = Origin("a password", address_of(request))
    user = accounts.check_password(hub, new.user, new.password, origin)
    with hub.work(Caller(user, Scope.ADMIN, origin=origin)) as work:
        return created_key(keys.create_key(work, new.name, Scope[new.scope.upper()], new.expires_in_days))


@router.get("/keys")
def list_keys(work: CurrentWork) -> list[KeyInfo]:
    return [key_info(key) for key in keys.list_keys(work)]


@router.post("/keys", status_code=201)
def create_key(work: CurrentWork, new: NewKey) -> CreatedKey:
    """A new API key of one's own; its secret is in this answer only."""
    return created_key(keys.create_key(work, new.name, Scope[new.scope.upper()], new.expires_in_days, new.folder))


@router.delete("/keys/{id}", status_code=204)
def revoke_key(work: CurrentWork, id: UUID) -> None:
    keys.revoke_key(work, id)


@router.get("/sessions")
def list_sessions(work: CurrentWork) -> list[SessionInfo]:
    """The browsers that the caller is signed in with, the last used first."""
    return [SessionInfo.model_validate(one) for one in sessions.list_sessions(work)]


@router.delete("/sessions/{id}", status_code=204)
def end_session(work: CurrentWork, id: UUID) -> None:
    """Sign one of the caller's browsers out."""
    sessions.end_session(work, id)


@router.delete("/sessions", status_code=204)
def end_sessions(work: CurrentWork) -> None:
    """Sign the caller out of every browser; API keys stay."""
    sessions.end_sessions(work)
