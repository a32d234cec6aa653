"""Every refusal leaves an event; and who may read them all, and for how long."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from assethub.database.people_tables import audit as rows
from assethub.domain.audit import Event, Filter, Outcome
from assethub.domain.errors import Conflict, Forbidden, HubError, Invalid, NotFound, SignInNeeded
from assethub.domain.folders import Role
from assethub.domain.names import FolderPath, Kind, Reference
from assethub.domain.owners import Asking, Caller, Keeper, Origin, Scope, Visitor
from assethub.domain.runs import RunType
from assethub.services import (
    accounts,
    assets,
    audit,
    folders,
    imports,
    keys,
    objects,
    runs,
    sharing,
    sources,
)
from assethub.services.runs import RunRequest
from assethub.services.work import Hub, Work
from tests.services.audit.conftest import DOCS, FOLDER, HOME, act_and_fail, events, last
from tests.services.audit.test_acts import ACTS
from tests.services.conftest import DATASET, MODEL, Committing

REFUSED: dict[str, Callable[[Work], object]] = {
    "asset.editor": lambda work: assets.change_asset(work, MODEL, description="x"),
    "folder.owner": lambda work: folders.change_folder(work, FOLDER, name="x"),
    "user.create": lambda work: accounts.create_user(work, "new", None),
    "source.add": lambda work: sources.add_source(work, "x", "s3://bucket"),
    "audit.export": lambda work: work.administrator("audit.export"),
    "owner.quota": lambda work: work.administrator("owner.quota"),
    "audit.see": lambda work: audit.list_events(work, Filter(), FOLDER),
}


@pytest.mark.parametrize("action", REFUSED)
def test_a_refusal_is_recorded_with_its_sentence(scene: Hub, me: Caller, eve: Caller, action: str) -> None:
    with scene.work(me) as work:
        sharing.grant_role(work, FOLDER, "eve", Role.VIEWER)
    before = last(scene)
    with pytest.raises(Forbidden) as refused, scene.work(replace(eve, origin=HOME)) as work:
        REFUSED[action](work)
    (event,) = events(scene, before)
    assert (event.action, event.outcome, event.actor_name) == (action, Outcome.REFUSED, "eve")
    assert event.address == HOME.address
    assert event.detail == {"said": str(refused.value)}


HIDDEN: dict[str, Callable[[Work, str], object]] = {
    "asset.see": lambda work, name: assets.get_asset(work, FOLDER.asset(name)),
    "folder.see": lambda work, name: folders.get_folder(work, FolderPath("ada", Kind.MODEL, name)),
    "run.see": lambda work, name: runs.get_run(work, "1" if name == "net" else "99"),
}


@pytest.mark.parametrize("action", HIDDEN)
def test_what_is_hidden_and_what_is_not_there_leave_the_same_event(
    running: Hub, me: Caller, eve: Caller, tmp_path: Path, action: str
) -> None:
    request = RunRequest(RunType.TRAIN, MODEL, branch="out", datasets=(str(DATASET),), git=str(tmp_path / "code"))
    assert runs.start_run(running, me, request).number == 1
    told = []
    for name in ("net", "nothing"):
        before = last(running)
        with pytest.raises(NotFound) as refused, running.work(eve, reading=True) as work:
            HIDDEN[action](work, name)
        (event,) = events(running, before)
        assert event.detail["said"] == str(refused.value)
        told.append(replace(event, id=0, at=event.at.replace(year=2000, month=1, day=1), target="", detail={}))
    assert [one.action for one in told] == [action, action]
    assert replace(told[0], at=told[1].at) == told[1]


def test_a_run_that_asks_for_more_than_it_may_is_recorded(
    running: Hub, me: Caller, commit: Committing, tmp_path: Path
) -> None:
    request = RunRequest(RunType.TRAIN, MODEL, branch="out", datasets=(str(DATASET),), git=str(tmp_path / "code"))
    run = runs.start_run(running, me, request)
    caller = keys.run_caller(running, keys.run_token(running, run.id, 1))
    commit(DATASET, {"d.txt": "newer than the run's"})
    before = last(running)
    asked: list[Callable[[Work], object]] = [
        lambda work: keys.create_key(work, "mine", Scope.READ),
        lambda work: assets.get_asset(work, FOLDER.asset("nothing")),
        lambda work: objects.list_objects(work, Reference(DATASET)),
    ]
    for ask in asked:
        with pytest.raises(HubError), running.work(caller) as work:
            ask(work)
    told = events(running, before)
    assert [event.action for event in told] == ["run.exceed", "asset.see", "reference.see"]
    assert {event.via for event in told} == {f"run {run.number}"}


def test_a_refusal_that_was_dealt_with_is_not_recorded(scene: Hub, me: Caller, eve: Caller) -> None:
    with scene.work(me) as work:
        sharing.grant_role(work, FOLDER, "eve", Role.VIEWER)
    before = last(scene)
    with scene.work(eve, reading=True) as work:
        assert imports.may_import(work, MODEL) is False
    with pytest.raises(Conflict), scene.work(eve) as work:
        act_and_fail(work, lambda work: imports.may_import(work, MODEL), Conflict("Something else."))
    assert events(scene, before) == []


def test_who_could_not_sign_in_is_recorded_with_the_name_that_was_tried(hub: Hub, ada: Caller) -> None:
    before = last(hub)
    origin = Origin("a password", "198.51.100.9")
    tries: list[Callable[[], Any]] = [
        lambda: accounts.check_password(hub, "ada", "wrong", origin),
        lambda: accounts.check_password(hub, "nobody", "wrong", origin),
        lambda: accounts.change_password(hub, ada, "wrong", "another horse"),
    ]
    for one in tries:
        with pytest.raises(SignInNeeded):
            one()
    told = events(hub, before)
    assert [(event.action, event.target, event.outcome) for event in told] == [
        ("session.open", "ada", "refused"), ("session.open", "nobody", "refused"),
        ("user.password", "ada", "refused"),
    ]  # fmt: skip
    assert [event.actor_name for event in told] == ["", "", "ada"]
    assert {event.address for event in told[:2]} == {"198.51.100.9"}
    assert all("said" in event.detail for event in told)


def listed(hub: Hub, caller: Asking | Keeper, wanted: Filter = Filter(), **more: Any) -> list[Event]:  # noqa: B008
    with hub.work(caller, reading=True) as work:
        return audit.list_events(work, wanted, **more)


def test_administrators_see_all_owners_their_folder_and_everybody_themselves(
    scene: Hub, me: Caller, eve: Caller
) -> None:
    own = FolderPath("eve", Kind.MODEL, "mine")
    with scene.work(eve) as work:
        folders.create_folder(work, own)
    with scene.work(me) as work:
        folders.change_folder(work, own, description="By ada")
        sharing.grant_role(work, FOLDER, "eve", Role.EDITOR)
    everything = listed(scene, me, limit=1000)
    assert [event.id for event in everything] == sorted((one.id for one in events(scene)), reverse=True)
    assert listed(scene, Keeper("root"), limit=1000) == everything
    assert [event.action for event in listed(scene, eve)] == ["folder.create"]
    assert [event.actor_name for event in listed(scene, eve, folder=own)] == ["ada", "eve"]
    assert listed(scene, Keeper("root"), folder=own) == listed(scene, eve, folder=own)
    assert listed(scene, Caller(eve.user, Scope.READ), folder=own) == listed(scene, eve, folder=own)
    with pytest.raises(Forbidden, match="for its owners"):
        listed(scene, eve, folder=FOLDER)
    with pytest.raises(SignInNeeded):
        listed(scene, Visitor())
    modest = Caller(me.user, Scope.WRITE)  # an administrator's key for daily work
    assert {event.actor_name for event in listed(scene, modest, limit=1000)} == {"ada"}


def test_events_are_found_by_who_what_when_how_and_where(scene: Hub, me: Caller, eve: Caller) -> None:
    with pytest.raises(NotFound), scene.work(replace(eve, origin=HOME)) as work:
        assets.get_asset(work, MODEL)
    everything = listed(scene, me, limit=1000)
    (refused,) = listed(scene, me, Filter(outcome=Outcome.REFUSED))
    assert refused == everything[0]
    assert listed(scene, me, Filter(user="EVE")) == [refused]
    assert listed(scene, me, Filter(words="203.0.113 Vision/NET", outcome=Outcome.REFUSED)) == [refused]
    assert listed(scene, me, Filter(words="100% _")) == []
    branches = listed(scene, me, Filter(action="branch"))
    assert [event.action for event in branches] == ["branch.delete", "branch.create", "branch.create"]
    assert listed(scene, me, Filter(action="bran")) == []
    assert listed(scene, me, Filter(action="branch.delete")) == branches[:1]
    at = everything[3].at
    later, earlier = listed(scene, me, Filter(since=at), limit=1000), listed(scene, me, Filter(until=at), limit=1000)
    assert later + earlier == everything
    assert all(event.at >= at for event in later)
    pages = []
    before: int | None = None
    while page := listed(scene, me, before=before, limit=3):
        pages += page
        before = page[-1].id
    assert pages == everything
    with pytest.raises(Invalid, match="1 to 1000"):
        listed(scene, me, limit=1001)


def test_the_export_has_every_event_in_order_and_holds_no_transaction(
    scene: Hub, me: Caller, eve: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "TOGETHER", 4)
    expected = events(scene)
    exporting = audit.begin_export(scene, me, Filter())
    lines: list[dict[str, Any]] = []
    for page in exporting:
        lines += map(json.loads, page.splitlines())
        assert scene.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        with scene.work(me) as work:  # what happens meanwhile is not in it
            work.record("test.note", "meanwhile")
    assert [line["id"] for line in lines] == [event.id for event in expected]
    assert lines[0]["at"].endswith("Z")
    assert events(scene, expected[-1].id)[0].action == "audit.export"
    assert [json.loads(line)["action"] for page in audit.begin_export(scene, me, Filter(action="test"))
            for line in page.splitlines()].count("test.note") == -(-len(expected) // 4)  # fmt: skip
    with pytest.raises(Forbidden):
        audit.begin_export(scene, eve, Filter())


def test_what_is_older_than_the_log_goes_back_is_forgotten(
    hub: Hub, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "TOGETHER", 2)
    with hub.work(ada) as work:
        for days in (400, 370, 366, 364, 1):
            work.record("test.note", str(days))
    kept = events(hub, wanted=Filter(action="test"))
    with hub.work(None) as work:
        for event in kept:
            at = work.now() - timedelta(days=int(event.target))
            work.connection.execute(update(rows).where(rows.c.id == event.id).values(at=at))
    assert audit.sweep_events(replace(hub, audit_kept=None)) == 0
    assert audit.sweep_events(hub) == 3
    assert [event.target for event in events(hub, wanted=Filter(action="test"))] == ["364", "1"]
    assert audit.sweep_events(hub) == 0


def test_the_documentation_names_every_action() -> None:
    told = set(re.findall(r"`([a-z]+\.[a-z]+)`", DOCS.read_text()))
    recorded: set[str] = set()
    for file in Path(accounts.__file__).parent.glob("*.py"):
        recorded |= set(
            re.findall(r'(?:record|tell_commit|tell_run)\(\s*(?:work, )?"([a-z]+\.[a-z]+)"', file.read_text())
        )
    assert len(recorded) > 30
    assert recorded <= told
    assert set(ACTS) <= told
