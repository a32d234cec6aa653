"""Who may see, run, edit and own: ownership, membership, grants, everyone, the public."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest
from sqlalchemy import event, insert

from assethub.database.people_tables import grants as grant_rows
from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import Conflict, Forbidden, HubError, Invalid, NotFound, SignInNeeded
from assethub.domain.folders import Role, Which
from assethub.domain.names import AssetPath, FolderPath, Kind, Reference, parse_asset_path
from assethub.domain.owners import Asking, Caller, Keeper, OwnerKind, Scope, User, Visitor
from assethub.services import accounts, assets, deletions, evaluations, folders, groups, keys, runs, sharing, uploads
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


@contextmanager
def queries(hub: Hub) -> Iterator[list[str]]:
    """The statements that are run meanwhile."""
    seen: list[str] = []

    def note(_: object, __: object, statement: str, *more: object) -> None:
        seen.append(statement)

    event.listen(hub.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(hub.engine, "before_cursor_execute", note)


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


def test_listings_show_exactly_what_may_be_seen_whatever_the_ways(hub: Hub, ada: Caller) -> None:
    """Every combination of ways to a folder, for every kind of caller: listed if and only if there is a role."""
    opened = replace(hub, public=True)
    eve, bob = user(hub, "eve"), user(hub, "bob")
    with hub.work(bob) as work:
        groups.create_group(work, "team")
        groups.put_member(work, "team", "eve")
    ways = list(product(("eve", "bob", "team"), (None, "eve", "team", "bob"), (0, 1, 2), (False, True)))
    with hub.work(None) as work:
        ids = {name: accounts.find_owner(work, name).id for name in ("eve", "bob", "team")}
        for number, (owner, grantee, everyone, public) in enumerate(ways):
            id = work.new_id()
            path = FolderPath(owner, Kind.MODEL, f"f{number}")
            work.folders.add(id, ids[owner], path, "", (), work.now())
            work.folders.change(id, {"everyone": everyone, "public": public})
            if grantee:
                values = {"folder": id, "grantee": ids[grantee], "role": Role.VIEWER}
                work.connection.execute(insert(grant_rows).values(values))
    every = [FolderPath(owner, Kind.MODEL, f"f{number}") for number, (owner, *_) in enumerate(ways)]
    callers: list[Caller | Visitor] = [eve, bob, ada, Visitor()]
    for where, caller in product((hub, opened), callers):
        seen = set()
        for path in every:
            try:
                with where.work(caller, reading=True) as work:
                    assert folders.get_folder(work, path).role is not None
                seen.add(path)
            except (NotFound, SignInNeeded):
                pass
        with where.work(caller, reading=True) as work:
            if not (isinstance(caller, Visitor) and not where.public):
                assert {one.path for one in folders.list_folders(work)} == seen
                assert all(one.role is not None for one in folders.list_folders(work))
        if isinstance(caller, Caller):
            with where.work(caller, reading=True) as work:
                mine = {one.path for one in folders.list_folders(work, which=Which.MINE)}
                shared = {one.path for one in folders.list_folders(work, which=Which.SHARED)}
                open_ = {one.path for one in folders.list_folders(work, which=Which.PUBLIC)}
                assert mine == {path for path in every if path.owner == caller.name}
                assert not mine & shared
                assert mine | shared | open_ <= seen
                if caller is not ada:
                    assert mine | shared | (open_ if where.public else set()) == seen


NOT_THERE = FolderPath("ada", Kind.MODEL, "nothing")
ACTS: list[Callable[[Hub, Asking, FolderPath], object]] = [
    lambda hub, caller, path: act(hub, caller, lambda work: folders.get_folder(work, path)),
    lambda hub, caller, path: act(hub, caller, lambda work: folders.change_folder(work, path, name="x")),
    lambda hub, caller, path: act(hub, caller, lambda work: sharing.get_sharing(work, path)),
    lambda hub, caller, path: act(hub, caller, lambda work: sharing.grant_role(work, path, "eve", Role.OWNER)),
    lambda hub, caller, path: act(hub, caller, lambda work: assets.get_asset(work, path.asset("net"))),
    lambda hub, caller, path: act(hub, caller, lambda work: assets.list_refs(work, path.asset("net"))),
    lambda hub, caller, path: act(hub, caller, lambda work: assets.create_tag(work, path.asset("net"), "t")),
    lambda hub, caller, path: act(hub, caller, lambda work: runs.list_runs(work, path=path.asset("net"))),
    lambda hub, caller, path: act(
        hub, caller, lambda work: assets.create_asset(work, path.asset("net"), "", (), TrainingSettings())
    ),
]


def act(hub: Hub, caller: Asking | Keeper, does: Callable[..., object]) -> None:
    with hub.work(caller) as work:
        does(work)


@pytest.mark.parametrize("does", ACTS)
def test_what_is_not_there_and_what_is_not_yours_end_alike(
    hub: Hub, ada: Caller, eve: Caller, model: Asset, does: Callable[[Hub, Asking, FolderPath], object]
) -> None:
    """The same answer and the same queries, for a hidden folder, a hidden one that was renamed, and none at all."""
    with hub.work(ada) as work:
        folders.change_folder(work, FOLDER, name="eyes")
    paths = (NOT_THERE, FOLDER, FolderPath("ada", Kind.MODEL, "eyes"), FolderPath("nobody", Kind.MODEL, "vision"))
    for caller in (eve, Visitor()):
        told = []
        for path in paths:
            with queries(hub) as seen, pytest.raises(HubError) as refusal:
                does(hub, caller, path)
            sentence = str(refusal.value).replace(str(path), "PATH").replace(path.owner, "OWNER")
            told.append((type(refusal.value), sentence, seen))
        assert told.count(told[0]) == len(told), told
        assert told[0][0] in (NotFound, SignInNeeded)


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


def test_what_stands_in_the_way_of_a_deletion_is_told_without_names_that_are_not_yours(hub: Hub, eve: Caller) -> None:
    bob = user(hub, "bob")
    data, private = parse_asset_path("bob/dataset/shared/data"), parse_asset_path("eve/model/private/secret-plan")
    with hub.work(bob) as work:
        assets.create_asset(work, data, "", (), TrainingSettings())
        sharing.grant_role(work, data.parent, "eve", Role.VIEWER)
    with hub.work(eve) as work:
        assets.create_asset(work, private, "", (), TrainingSettings())
        evaluations.create_evaluation(work, Reference(private), Reference(data), {"accuracy": 1})
    with pytest.raises(Conflict) as refused, hub.work(bob) as work:
        deletions.delete_asset(work, data)
    assert refused.value.details == ("1 models that you cannot see",)


def test_ids_tell_nothing_either(hub: Hub, ada: Caller, eve: Caller, model: Asset) -> None:
    with hub.work(ada) as work:
        data = assets.create_asset(work, parse_asset_path("ada/dataset/x/y"), "", (), TrainingSettings())
        made = evaluations.create_evaluation(work, Reference(MODEL), Reference(data.path), {"accuracy": 1})
    hidden = uploads.begin_upload(hub, ada, MODEL, "ab" * 32, 9).upload
    assert hidden is not None
    looks: list[tuple[UUID, Callable[[Asking, UUID], object]]] = [
        (made.id, lambda caller, one: act(hub, caller, lambda work: evaluations.get_evaluation(work, one))),
        (made.id, lambda caller, one: act(hub, caller, lambda work: evaluations.delete_evaluation(work, one))),
        (hidden.id, lambda caller, one: uploads.get_upload(hub, caller, one)),
    ]
    for caller in (eve, Visitor()):
        for id, look in looks:
            told = []
            for one in (id, UUID(int=7)):
                with queries(hub) as seen, pytest.raises(HubError) as refusal:
                    look(caller, one)
                told.append((type(refusal.value), str(refusal.value).replace(str(one), "ID"), seen))
            assert told[0] == told[1]
