"""What somebody may not see tells nothing of itself: no listing, no sentence, no id."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from uuid import UUID

import pytest
from sqlalchemy import event, insert

from assethub.database.people_tables import grants as grant_rows
from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import Conflict, HubError, NotFound, SignInNeeded
from assethub.domain.folders import Role, Which
from assethub.domain.names import FolderPath, Kind, Reference, parse_asset_path
from assethub.domain.owners import Asking, Caller, Visitor
from assethub.services import accounts, assets, deletions, evaluations, folders, groups, runs, sharing, uploads
from assethub.services.work import Hub
from tests.services.conftest import MODEL
from tests.services.people import FOLDER, act, user


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
