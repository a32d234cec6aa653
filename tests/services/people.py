"""People at a hub, and short ways to let them act, share and see."""

from collections.abc import Callable

from assethub.domain.errors import NotFound, SignInNeeded
from assethub.domain.folders import Role
from assethub.domain.owners import Asking, Caller, Keeper, Scope
from assethub.services import accounts, folders, sharing
from assethub.services.work import Hub
from tests.services.conftest import MODEL

FOLDER = MODEL.parent


def user(hub: Hub, name: str, scope: Scope = Scope.ADMIN) -> Caller:
    with hub.work(None) as work:
        return Caller(accounts.add_user(work, name, None), scope)


def role_of(hub: Hub, caller: Asking) -> Role | None:
    try:
        with hub.work(caller, reading=True) as work:
            return folders.get_folder(work, FOLDER).role
    except (NotFound, SignInNeeded):
        return None


def share(hub: Hub, by: Caller, name: str, role: Role | None) -> None:
    with hub.work(by) as work:
        sharing.grant_role(work, FOLDER, name, role)


def act(hub: Hub, caller: Asking | Keeper, does: Callable[..., object]) -> None:
    with hub.work(caller) as work:
        does(work)
