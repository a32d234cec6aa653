"""What nothing needs is taken away; what anything needs stays, also while people work."""

import hashlib
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from assethub.database import run_tables, tables
from assethub.database.columns import NOTHING
from assethub.database.lineage_tables import reproductions
from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Unavailable
from assethub.domain.evaluations import Report
from assethub.domain.history import MAIN, Commit
from assethub.domain.names import AssetPath, Reference
from assethub.domain.owners import Caller
from assethub.domain.runs import Segment
from assethub.services import (
    assets,
    collection,
    deletions,
    evaluations,
    history,
    objects,
    receiving,
    staging,
    verification,
)
from assethub.services.collection import Collected, collect
from assethub.services.receiving import Upload
from assethub.services.work import Hub
from tests.services.conftest import DATASET, MODEL, Committing, upload

NONE = timedelta(0)


@pytest.fixture
def eager(hub: Hub) -> Hub:
    """The hub without a grace period."""
    return replace(hub, grace=NONE)


def store_bytes(hub: Hub) -> int:
    kept = [one for prefix in ("packs/", "objects/", "trees/") for one in hub.contents.backend.list(prefix)]
    return sum(one.size for one in kept)


def is_kept(hub: Hub, content: str) -> bool:
    with hub.work(None, reading=True) as work:
        return bool(work.bodies.rows([hashlib.sha256(content.encode()).hexdigest()]))


def forget_deleted(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletions, "KEPT", NONE)
    deletions.sweep_deleted(hub)


@pytest.fixture
def branch_gone(hub: Hub, ada: Caller, model: Asset, commit: Committing, monkeypatch: pytest.MonkeyPatch) -> Commit:
    """A model whose branch `old` was deleted long ago; `both` is on main too. Answers the commit that it had."""
    commit(MODEL, {"both": "shared", "main": "only main"})
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "old")
    made = commit(MODEL, {"lost": "only old", "more": "x" * 5000}, branch="old")
    with hub.work(ada) as work:
        deletions.delete_branch(work, MODEL, "old")
    forget_deleted(hub, monkeypatch)
    assert made is not None
    return made


def test_what_nothing_leads_to_goes_as_the_dry_run_said_and_the_rest_is_whole(
    hub: Hub, eager: Hub, ada: Caller, branch_gone: Commit
) -> None:
    before = store_bytes(hub)
    said = collect(eager, dry=True)
    assert store_bytes(hub) == before
    done = collect(eager, drain=0)
    assert replace(done, doomed=[]) == replace(said, doomed=[])
    assert (done.commits, done.contents) == (1, 2)
    assert store_bytes(hub) == before - done.bytes
    assert [is_kept(hub, text) for text in ("shared", "only main", "only old")] == [True, True, False]
    assert verification.verify(hub, deep=True).damages == ()
    with hub.work(ada, reading=True) as work:
        assert work.commits.find(branch_gone.asset, branch_gone.id) is None
        assert b"".join(objects.open_file(work, Reference(MODEL), "both").read()) == b"shared"
    assert collect(eager, drain=0) == Collected()


def test_what_was_needed_within_the_grace_period_stays(hub: Hub, ada: Caller, branch_gone: Commit) -> None:
    before = store_bytes(hub)
    assert collect(hub, drain=0) == Collected()
    assert store_bytes(hub) == before
    with hub.work(ada) as work:
        assert receiving.missing_bodies(work, MODEL, [hashlib.sha256(b"only old").hexdigest()]) == []


def test_already_there_is_a_promise_for_the_grace_period(hub: Hub, ada: Caller, branch_gone: Commit) -> None:
    lost = hashlib.sha256(b"only old").hexdigest()
    with hub.work(None) as work:
        work.connection.execute(update(tables.bodies).values(last_needed=work.now() - timedelta(days=30)))
        work.connection.execute(update(tables.commits).values(made_at=work.now() - timedelta(days=30)))
    with hub.work(ada) as work:
        assert receiving.missing_bodies(work, MODEL, [lost]) == []
    assert collect(hub, drain=0).contents == 1  # "more", and not the one just asked for
    with hub.work(ada) as work:
        new = [history.NewFile("again", lost, 8)]
        assert history.commit_changes(work, MODEL, MAIN, "Again", add=new) is not None


def stage(hub: Hub, ada: Caller, asset: Asset, commit: Commit) -> None:
    kept = keep(hub, ada, "wanted")
    with hub.work(ada) as work:
        staging.stage_file(work, MODEL, MAIN, "staged", kept)


def keep(hub: Hub, ada: Caller, content: str) -> receiving.Received:
    arriving = Upload.begin(hub, ada, MODEL)
    arriving.write(content.encode())
    return arriving.finish()


def evaluate(hub: Hub, ada: Caller, asset: Asset, commit: Commit) -> None:
    kept = keep(hub, ada, "wanted")
    report = Report("report.html", kept.sha256, kept.size)
    with hub.work(ada) as work:
        evaluations.keep_evaluation(
            work, asset, commit, asset, commit.id, {"a": 1}, created_by="ada", reports=(report,)
        )


def evaluate_on(hub: Hub, ada: Caller, asset: Asset, commit: Commit) -> None:
    with hub.work(ada) as work:
        other = assets.create_asset(work, MODEL.parent.asset("other"), "", (), asset.training)
        head = work.commits.get(other.id, work.refs.branch(other.id, MAIN).commit)
        evaluations.keep_evaluation(work, other, head, asset, commit.id, {"a": 1}, created_by="ada")


def delete_lately(hub: Hub, ada: Caller, asset: Asset, commit: Commit) -> None:
    with hub.work(ada) as work:
        assets.create_tag(work, MODEL, "t", f"commit/{commit.id}")
    with hub.work(ada) as work:
        deletions.delete_tag(work, MODEL, "t")


def tag(hub: Hub, ada: Caller, asset: Asset, commit: Commit) -> None:
    with hub.work(ada) as work:
        assets.create_tag(work, MODEL, "t", f"commit/{commit.id}")


def run(**naming: Any) -> Callable[[Hub, Caller, Asset, Commit], None]:
    def act(hub: Hub, ada: Caller, asset: Asset, commit: Commit) -> None:
        source = {"folder": "model", "asset": str(asset.id), "path": str(MODEL), "ref": "x", "commit": commit.id}
        with hub.work(ada) as work:
            values: dict[str, Any] = {
                "id": work.new_id(), "number": 1, "type": "train", "state": "succeeded", "asset": asset.id,
                "onto_existing": False, "code": {}, "inputs": [source] if naming.get("inputs") else [], "params": {},
                "task": {}, "engine": "local", "attempt": 1, "environment": {}, "created_by": ada.user.id,
                "created_at": work.now(), "logged": 0, "log_batch": 0, "metrics_batch": 0, "points": 0,
            }  # fmt: skip
            values |= {name: commit.id for name in naming if name != "inputs"}
            work.connection.execute(insert(run_tables.runs).values(values))

    return act


def reproduce(hub: Hub, ada: Caller, asset: Asset, commit: Commit) -> None:
    run()(hub, ada, asset, commit)
    with hub.work(ada) as work:
        made = work.connection.execute(select(run_tables.runs.c.id)).scalar_one()
        work.lineage.set_reproduces(made, asset.id, commit.id)


def run_said(hub: Hub, ada: Caller, asset: Asset, commit: Commit) -> None:
    kept = keep(hub, ada, "wanted")
    run()(hub, ada, asset, commit)
    with hub.work(ada) as work:
        (id,) = work.connection.execute(select(run_tables.runs.c.id)).scalars()
        work.segments.add(id, Segment("log", 1, 10, 10, 5, kept.size, kept.sha256))


ROOTS = [
    (tables.refs.c.commit, tag, "only old"),
    (tables.deleted_refs.c.commit, delete_lately, "only old"),
    (run_tables.runs.c.inputs, run(inputs=True), "only old"),
    (run_tables.runs.c.base, run(base=True), "only old"),
    (run_tables.runs.c.commit, run(commit=True), "only old"),
    (reproductions.c.commit, reproduce, "only old"),
    (run_tables.runs.c.checkpoint, run(checkpoint=True), "only old"),
    (run_tables.runs.c.laid_over, run(laid_over=True), "only old"),
    (run_tables.run_segments.c.object, run_said, "wanted"),
    (run_tables.evaluations.c.dataset_commit, evaluate_on, "only old"),
    (tables.staged.c.entry, stage, "wanted"),
    (run_tables.evaluations.c.reports, evaluate, "wanted"),
]


@pytest.mark.parametrize(("column", "use", "content"), ROOTS, ids=[str(column) for column, _, _ in ROOTS])
def test_each_root_keeps_what_it_names_and_only_it_does(
    eager: Hub, ada: Caller, model: Asset, branch_gone: Commit, monkeypatch: pytest.MonkeyPatch,
    column: Any, use: Callable[[Hub, Caller, Asset, Commit], None], content: str,
) -> None:  # fmt: skip
    use(eager, ada, model, branch_gone)
    collect(eager, drain=0)
    assert is_kept(eager, content)
    monkeypatch.setitem(column.info, "keeps", NOTHING)
    collect(eager, drain=0)
    assert not is_kept(eager, content)


def test_every_column_that_keeps_something_has_its_test_above() -> None:
    keeping = {
        str(c) for t in tables.metadata.sorted_tables for c in t.c if c.info.get("keeps", NOTHING) is not NOTHING
    }
    assert keeping - {str(column) for column, _, _ in ROOTS} == {"evaluations.commit"}  # its asset's, as the dataset's


def test_what_is_left_of_a_mostly_dead_pack_moves_and_readers_follow(
    hub: Hub, eager: Hub, ada: Caller, model: Asset
) -> None:
    texts = {f"{number}": f"{number}" * 1000 for number in range(1, 8)}
    new = upload(hub, ada, MODEL, texts)  # one pack, of which one file is committed
    with hub.work(ada) as work:
        history.commit_changes(work, MODEL, MAIN, "One", add=new[2:3])
    with hub.work(ada, reading=True) as work:
        opened = objects.open_file(work, Reference(MODEL), "3")
    assert collect(eager, drain=0).contents == 6
    assert [one.size for one in hub.contents.backend.list("packs/")] == [1000]
    assert b"".join(opened.read()) == b"3" * 1000


def test_a_file_that_no_row_names_goes_when_it_is_old(hub: Hub, eager: Hub, model: Asset) -> None:
    hub.contents.keep_pack([(hashlib.sha256(b"cut off").hexdigest(), b"cut off")])  # a crash before the row
    assert collect(hub, drain=0) == Collected()
    assert [one.what for one in collect(eager, drain=0).doomed] == ["file"]
    assert list(hub.contents.backend.list("packs/")) == []


def test_damage_that_hides_what_is_needed_stops_the_collection(eager: Hub, model: Asset, commit: Committing) -> None:
    commit(MODEL, {"a": "1"})
    for one in list(eager.contents.backend.list("trees/")):
        eager.contents.backend.delete(one.key)
    with pytest.raises(Unavailable, match="Nothing was collected"):
        collect(eager, drain=0)


def test_one_collection_at_a_time(hub: Hub) -> None:
    with collection.moving_files(hub), pytest.raises(Conflict, match="under way"):
        collect(hub)


def test_collecting_beside_writers_and_readers_loses_nothing(hub: Hub, ada: Caller, dataset: Asset) -> None:
    brief = replace(hub, grace=timedelta(seconds=20))
    ended, failures = threading.Event(), []
    paths = [AssetPath("ada", DATASET.kind, "images", f"w{number}") for number in range(4)]

    def write(path: AssetPath) -> None:
        try:
            with brief.work(ada) as work:
                assets.create_asset(work, path, "", (), dataset.training)
            for step in range(12):
                new = upload(brief, ada, path, {f"{step % 3}": f"{path} {step}", "r": os.urandom(9).hex()})
                with brief.work(ada) as work:
                    history.commit_changes(work, path, MAIN, f"Step {step}", add=new)
                with brief.work(ada, reading=True) as work:
                    opened = objects.open_file(work, Reference(path), f"{step % 3}")
                assert b"".join(opened.read()) == f"{path} {step}".encode()
        except BaseException as error:
            failures.append(error)
            raise

    def sweep() -> None:
        while not ended.is_set():
            collect(brief, drain=0)

    threads = [threading.Thread(target=write, args=(path,)) for path in paths]
    sweeper = threading.Thread(target=sweep)
    for thread in (*threads, sweeper):
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    sweeper.join()
    assert failures == []
    found = verification.verify(hub, deep=True)
    assert (found.damages, found.commits) == ((), 1 + 4 * 13)
