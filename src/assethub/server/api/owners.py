"""/me, /sign-in and /keys"""

from importlib.metadata import version
from uuid import UUID

from fastapi import APIRouter

from assethub.domain.owners import Caller, Key, Scope
from assethub.protocol.owners import CreatedKey, HubInfo, KeyInfo, NewKey, SignIn, UserInfo
from assethub.server.dependencies import CurrentCaller, CurrentHub, CurrentWork, WorkRoute
from assethub.services import accounts

router = APIRouter(tags=["accounts"], route_class=WorkRoute)


def key_info(key: Key) -> KeyInfo:
    return KeyInfo(
        id=key.id, name=key.name, scope=key.scope.name.lower(), created_at=key.created_at, expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )  # fmt: skip


@router.get("/me")
def who_am_i(caller: CurrentCaller) -> HubInfo:
    """The hub's version, and the user that the key stands for (null without a key)."""
    user = UserInfo.model_validate(caller.user) if isinstance(caller, Caller) else None
    return HubInfo(version=version("assethub"), user=user)


@router.post("/sign-in", status_code=201)
def sign_in(hub: CurrentHub, new: SignIn) -> CreatedKey:
    """Turn a name and password into an API key; its secret is in this answer only."""
    user = accounts.check_password(hub, new.user, new.password)
    with hub.work(Caller(user, Scope.ADMIN)) as work:
        key, secret = accounts.create_own_key(work, new.name, Scope[new.scope.upper()], new.expires_in_days)
    return CreatedKey(**key_info(key).model_dump(), secret=secret)


@router.get("/keys")
def list_keys(work: CurrentWork) -> list[KeyInfo]:
    return [key_info(key) for key in accounts.list_keys(work)]


@router.post("/keys", status_code=201)
def create_key(work: CurrentWork, new: NewKey) -> CreatedKey:
    """A new API key of one's own; its secret is in this answer only."""
    key, secret = accounts.create_own_key(work, new.name, Scope[new.scope.upper()], new.expires_in_days)
    return CreatedKey(**key_info(key).model_dump(), secret=secret)


@router.delete("/keys/{id}", status_code=204)
def revoke_key(work: CurrentWork, id: UUID) -> None:
    accounts.revoke_key(work, id)
