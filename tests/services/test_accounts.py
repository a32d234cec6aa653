"""What keys and accounts are good for: keys for one folder, service accounts, and accounts that end."""

from collections.abc import Callable

import pytest

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import Conflict, Forbidden, HubError, Invalid, NotFound, SignInNeeded
from assethub.domain.folders import Role
from assethub.domain.names import AssetPath, FolderPath, Kind
from assethub.domain.owners import Caller, Keeper, OwnerKind, Scope
from assethub.services import accounts, assets, folders, groups, keys
from assethub.services.work import Hub
from tests.services.conftest import MODEL
from tests.services.people import FOLDER, act, role_of, share


def test_a_key_for_one_folder_is_good_for_nothing_else(hub: Hub, ada: Caller, model: Asset) -> None:
    other = AssetPath("ada", Kind.MODEL, "other", "net")
    with hub.work(ada) as work:
        assets.create_asset(work, other, "", (), TrainingSettings())
        _, secret = keys.create_key(work, "narrow", Scope.WRITE, None, "model/vision")
    narrow = keys.key_caller(hub, secret)
    with hub.work(narrow) as work:
        assert assets.get_asset(work, MODEL).role is Role.OWNER
        assets.create_tag(work, MODEL, "t")
        assert [one.path for one in folders.list_folders(work)] == [FOLDER]
        assert [one.path for one in assets.recent_assets(work)] == [MODEL]
    refused: list[tuple[Callable[..., object], type[HubError]]] = [
        (lambda work: assets.get_asset(work, other), NotFound),
        (lambda work: folders.create_folder(work, FolderPath("ada", Kind.MODEL, "more")), Forbidden),
        (lambda work: keys.create_key(work, "wide", Scope.WRITE), Forbidden),
        (lambda work: keys.list_keys(work), Forbidden),
        (lambda work: groups.create_group(work, "team"), Forbidden),
        (lambda work: accounts.list_users(work), Forbidden),
        (lambda work: accounts.change_user(work, "ada", title="x"), Forbidden),
    ]
    for does, refusal in refused:
        with pytest.raises(refusal), hub.work(narrow) as work:
            does(work)


def test_deactivation_ends_keys_and_memberships_stay(hub: Hub, ada: Caller, eve: Caller, model: Asset) -> None:
    with hub.work(eve) as work:
        _, secret = keys.create_key(work, "laptop", Scope.WRITE)
    share(hub, ada, "eve", Role.VIEWER)
    with hub.work(ada) as work:
        assert accounts.change_user(work, "eve", active=False).deactivated_at is not None
    with pytest.raises(SignInNeeded):
        keys.key_caller(hub, secret)
    with hub.work(ada) as work:
        assert accounts.search_owners(work, "ev") == []
        accounts.change_user(work, "eve", active=True)
    with pytest.raises(SignInNeeded):
        keys.key_caller(hub, secret)  # what ended does not come back
    assert role_of(hub, eve) is Role.VIEWER
    with pytest.raises(Conflict, match="last administrator"), hub.work(ada) as work:
        accounts.change_user(work, "ada", active=False)
    with pytest.raises(Conflict, match="last administrator"), hub.work(ada) as work:
        accounts.change_user(work, "ada", admin=False)


def test_service_accounts_have_keys_and_nothing_else(hub: Hub, ada: Caller, eve: Caller, model: Asset) -> None:
    with hub.work(ada) as work:
        accounts.create_user(work, "ci", None, kind=OwnerKind.SERVICE)
        _, secret = keys.create_service_key(work, "ci", "nightly", Scope.WRITE)
    share(hub, ada, "ci", Role.RUNNER)
    assert role_of(hub, keys.key_caller(hub, secret)) is Role.RUNNER
    with pytest.raises(SignInNeeded):
        accounts.check_password(hub, "ci", "anything at all")
    attempts: list[tuple[type[HubError], Callable[[], object]]] = [
        (Forbidden, lambda: act(hub, eve, lambda work: keys.create_service_key(work, "ci", "x", Scope.READ))),
        (Invalid, lambda: act(hub, ada, lambda work: keys.create_service_key(work, "eve", "x", Scope.READ))),
        (Invalid, lambda: act(hub, ada, lambda work: keys.create_service_key(work, "ci", "x", Scope.ADMIN))),
        (Invalid, lambda: act(hub, Keeper("root"), lambda work: accounts.reset_password(work, "ci", "long enough"))),
        (Forbidden, lambda: act(hub, eve, lambda work: accounts.create_user(work, "x", "long enough"))),
    ]
    for refused, does in attempts:
        with pytest.raises(refused):
            does()
