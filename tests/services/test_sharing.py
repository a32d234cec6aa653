"""Who may see, run, edit and own: ownership, membership, grants, everyone, the public."""

from dataclasses import replace

import pytest

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from assethub.domain.folders import Role
from assethub.domain.names import FolderPath, Kind
from assethub.domain.owners import Caller, Scope, User, Visitor
from assethub.services import accounts, assets, folders, groups, sharing
from assethub.services.work import Hub
from tests.services.conftest import MODEL
from tests.services.people import FOLDER, role_of, share, user


def test_a_role_is_given_changed_and_taken_away(hub: Hub, ada: Caller, eve: Caller, model: Asset) -> None:
    assert role_of(hub, eve) is None
    for role in Role:
        share(hub, ada, "EVE", role)
        assert role_of(hub, eve) is role
    share(hub, ada, "eve", None)
    assert role_of(hub, eve) is None
    with pytest.raises(Conflict, match="owns the folder"):
        share(hub, ada, "ada", Role.VIEWER)
    with pytest.raises(NotFound, match="no owner 'nobody'"):
        share(hub, ada, "nobody", Role.VIEWER)


def test_a_group_gives_its_members_what_it_was_given(hub: Hub, ada: Caller, eve: Caller, model: Asset) -> None:
    with hub.work(ada) as work:
        groups.create_group(work, "vision", "Sees things")
        groups.put_member(work, "vision", "eve")
    share(hub, ada, "vision", Role.EDITOR)
    share(hub, ada, "eve", Role.VIEWER)
    assert role_of(hub, eve) is Role.EDITOR  # the highest of all
    with hub.work(eve) as work:
        groups.remove_member(work, "vision", "eve")
    assert role_of(hub, eve) is Role.VIEWER


def test_members_edit_what_their_group_owns_and_its_admins_own_it(hub: Hub, ada: Caller, eve: Caller) -> None:
    bob = user(hub, "bob")
    with hub.work(eve) as work:
        groups.create_group(work, "team")
        groups.put_member(work, "team", "bob")
    path = FolderPath("team", Kind.MODEL, "shared")
    with hub.work(bob) as work:
        made = folders.create_folder(work, path)
    assert made.role is Role.OWNER  # who made it looks after it
    with hub.work(eve) as work:
        assert folders.get_folder(work, path).role is Role.OWNER
        groups.put_member(work, "team", "ada")
    zoe = user(hub, "zoe")
    with hub.work(eve) as work:
        groups.put_member(work, "team", "zoe")
    with hub.work(zoe) as work:
        assert folders.get_folder(work, path).role is Role.EDITOR
        assert assets.create_asset(work, path.asset("net"), "", (), TrainingSettings()).path.owner == "team"
    with pytest.raises(Forbidden, match="role owner"), hub.work(zoe) as work:
        sharing.grant_role(work, path, "ada", Role.VIEWER)
    with pytest.raises(Conflict, match="owns 1 folders"), hub.work(eve) as work:
        groups.delete_group(work, "team")
    with pytest.raises(NotFound), hub.work(user(hub, "out")) as work:
        folders.create_folder(work, FolderPath("team", Kind.MODEL, "mine"))


def test_a_group_keeps_an_admin_and_is_run_by_its_admins(hub: Hub, ada: Caller, eve: Caller) -> None:
    user(hub, "bob")
    with hub.work(eve) as work:
        groups.create_group(work, "team")
    with pytest.raises(Conflict, match="needs an admin"):
        groups_put(hub, eve, "eve", admin=False)
    groups_put(hub, eve, "bob", admin=False)
    with pytest.raises(Conflict, match="needs an admin"), hub.work(eve) as work:
        groups.remove_member(work, "team", "eve")
    bob = Caller(accounts_of(hub, "bob"), Scope.ADMIN)
    with pytest.raises(Forbidden, match="Only an admin of the group"):
        groups_put(hub, bob, "bob", admin=True)
    with pytest.raises(Forbidden, match="hub administrator"), hub.work(eve) as work:
        groups.change_group(work, "team", claim="everyone")
    with hub.work(ada) as work:  # the hub's administrator looks after all groups
        assert groups.change_group(work, "team", claim="dept:7").claim == "dept:7"
    with pytest.raises(Conflict, match="exists already"), hub.work(bob) as work:
        groups.create_group(work, "EVE")


def groups_put(hub: Hub, by: Caller, name: str, *, admin: bool) -> None:
    with hub.work(by) as work:
        groups.put_member(work, "team", name, admin=admin)


def accounts_of(hub: Hub, name: str) -> User:
    with hub.work(None, reading=True) as work:
        return accounts.get_user(work, name)


def test_everyone_and_the_public(hub: Hub, ada: Caller, eve: Caller, model: Asset) -> None:
    with pytest.raises(Forbidden, match="no public folders"), hub.work(ada) as work:
        sharing.open_folder(work, FOLDER, public=True)
    with hub.work(ada) as work:
        sharing.open_folder(work, FOLDER, everyone=Role.RUNNER)
    assert (role_of(hub, eve), role_of(hub, Visitor())) == (Role.RUNNER, None)
    opened = replace(hub, public=True)
    with opened.work(ada) as work:
        sharing.open_folder(work, FOLDER, close=True, public=True)
    assert (role_of(opened, eve), role_of(opened, Visitor())) == (Role.VIEWER, Role.VIEWER)
    assert (role_of(hub, eve), role_of(hub, Visitor())) == (None, None)  # the administrator closed the hub again
    with opened.work(Visitor(), reading=True) as work:
        assert assets.get_asset(work, MODEL).path == MODEL
        assert [one.path for one in folders.list_folders(work, "ada")] == [FOLDER]
        with pytest.raises(SignInNeeded):
            folders.list_folders(work, "eve")
    for act in (lambda w: assets.create_tag(w, MODEL, "t"), lambda w: folders.change_folder(w, FOLDER, description="")):
        with pytest.raises(SignInNeeded), opened.work(Visitor()) as work:
            act(work)
    with pytest.raises(Invalid, match="named one by one"), hub.work(ada) as work:
        sharing.open_folder(work, FOLDER, everyone=Role.OWNER)
