"""Every act leaves one event, in its own transaction."""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event as Flag

import pytest

from assethub.domain.assets import TrainingSettings
from assethub.domain.audit import Filter, Outcome
from assethub.domain.errors import Invalid, SignInNeeded
from assethub.domain.folders import Role
from assethub.domain.history import Strategy
from assethub.domain.names import FolderPath, Kind, Reference
from assethub.domain.owners import Caller, Keeper, Scope
from assethub.domain.runs import RunState, RunType
from assethub.services import (
    accounts,
    archive_import,
    archives,
    assets,
    audit,
    collection,
    copying,
    deletions,
    evaluations,
    folders,
    gates,
    history,
    importing,
    imports,
    keys,
    merging,
    purging,
    run_reports,
    runs,
    sessions,
    sharing,
    sources,
    staging,
    stars,
)
from assethub.services.repeating import run_again
from assethub.services.run_reports import RunResult
from assethub.services.runs import RunRequest
from assethub.services.work import Hub, Work
from tests.conftest import PASSWORD, make_repository
from tests.services.audit.conftest import (
    ATTIC,
    CELLAR,
    COPY,
    FOLDER,
    HOME,
    TakenBackError,
    act_and_fail,
    events,
    head,
    last,
    staged,
)
from tests.services.conftest import DATASET, MODEL, upload

ACTS: dict[str, Callable[[Work], object]] = {
    "asset.create": lambda work: assets.create_asset(work, COPY, "", (), TrainingSettings()),
    "asset.change": lambda work: assets.change_asset(work, MODEL, name="renamed", description="x"),
    "asset.delete": lambda work: deletions.delete_asset(work, MODEL, force=True),
    "asset.restore": lambda work: deletions.restore_asset(work, FOLDER.asset("lost")),
    "asset.star": lambda work: stars.star(work, MODEL),
    "branch.create": lambda work: assets.create_branch(work, MODEL, "new"),
    "branch.delete": lambda work: deletions.delete_branch(work, MODEL, "other"),
    "branch.restore": lambda work: deletions.restore_ref(work, MODEL, "gone"),
    "tag.create": lambda work: assets.create_tag(work, MODEL, "v2"),
    "tag.delete": lambda work: deletions.delete_tag(work, MODEL, "v1"),
    "commit.create": lambda work: history.commit_changes(work, MODEL, "main", "Go", delete=["a.txt"], staged=True),
    "commit.merge": lambda work: merging.merge_branch(work, MODEL, "other", strategy=Strategy.MERGE),
    "commit.revert": lambda work: merging.revert_commit(work, MODEL, head(work, "main")),
    "commit.pick": lambda work: merging.cherry_pick(work, MODEL, head(work, "other")),
    "commit.copy": lambda work: copying.copy_files(work, Reference(DATASET), MODEL),
    "stage.put": lambda work: staged(work, "t.txt"),
    "stage.delete": lambda work: staging.stage_deletion(work, MODEL, "main", "a.txt"),
    "stage.change": lambda work: staging.stage_changes(work, MODEL, "main", move={"a.txt": "z.txt"}),
    "stage.reset": lambda work: staging.reset_staged(work, MODEL, "main"),
    "evaluation.create": lambda work: evaluations.create_evaluation(
        work, Reference(MODEL), Reference(DATASET), {"accuracy": 1}
    ),
    "import.start": lambda work: imports.start_import(work, MODEL, "shelf"),
    "source.add": lambda work: sources.add_source(work, "lake", "s3://bucket/prefix"),
    "source.remove": lambda work: sources.remove_source(work, "shelf"),
    "folder.create": lambda work: folders.create_folder(work, FolderPath("ada", Kind.MODEL, "new")),
    "folder.change": lambda work: folders.change_folder(work, FOLDER, description="x"),
    "folder.delete": lambda work: deletions.delete_folder(work, ATTIC),
    "folder.restore": lambda work: deletions.restore_folder(work, CELLAR),
    "folder.share": lambda work: sharing.grant_role(work, FOLDER, "eve", Role.VIEWER),
    "gate.add": lambda work: gates.add_gate(work, FOLDER, str(DATASET), "accuracy >= 0.9"),
    "key.create": lambda work: keys.create_key(work, "laptop", Scope.WRITE),
    "user.create": lambda work: accounts.create_user(work, "new", None),
    "user.password": lambda work: accounts.reset_password(work, "eve", "another horse"),
    "user.change": lambda work: accounts.change_user(work, "eve", active=False),
    "session.end": lambda work: sessions.end_sessions(work),
}


@pytest.mark.parametrize("action", ACTS)
def test_an_act_leaves_one_event_or_is_taken_back_with_it(scene: Hub, me: Caller, action: str) -> None:
    before = last(scene)
    with pytest.raises(TakenBackError), scene.work(me) as work:
        act_and_fail(work, ACTS[action], TakenBackError())
    assert events(scene, before) == []
    with scene.work(me) as work:
        ACTS[action](work)
    (event,) = events(scene, before)
    assert (event.action, event.outcome, event.actor, event.actor_name) == (action, Outcome.DONE, me.user.id, "ada")
    assert (event.via, event.address) == (HOME.via, HOME.address)
    folder_of_it = action.split(".")[0] in (
        "asset",
        "branch",
        "tag",
        "commit",
        "stage",
        "evaluation",
        "import",
        "folder",
        "gate",
    )
    assert (event.folder is not None) == folder_of_it


def test_a_commit_is_told_with_its_branch_its_id_and_what_it_changed(scene: Hub, me: Caller) -> None:
    with scene.work(me) as work:
        made = history.commit_changes(work, MODEL, "main", "Go", delete=["a.txt"], staged=True)
    assert made is not None
    event = events(scene)[-1]
    assert event.target == f"{MODEL}:main"
    assert event.detail == {"commit": made.id, "added": 1, "changed": 0, "removed": 1}


def test_what_changes_nothing_leaves_nothing(scene: Hub, me: Caller) -> None:
    before = last(scene)
    with scene.work(me) as work:
        assert history.commit_changes(work, MODEL, "main", "Nothing", delete=["not-there"]) is None
        assert merging.merge_branch(work, MODEL, "v1", "other", strategy=Strategy.MERGE) is None
        assert staging.reset_staged(work, MODEL, "other") == 0
        assets.change_asset(work, MODEL)
    assert events(scene, before) == []


def test_what_is_done_in_steps_leaves_one_event_each(scene: Hub, me: Caller) -> None:
    before = last(scene)
    with scene.work(me) as work:
        made = imports.start_import(work, MODEL, "shelf")
        evaluation = evaluations.create_evaluation(work, Reference(MODEL), Reference(DATASET), {"accuracy": 1})
        dropped = imports.start_import(work, MODEL, "shelf", prefix="nothing")
    with scene.work(me) as work:
        imports.cancel_import(work, MODEL, dropped.id)
        imports.cancel_import(work, MODEL, dropped.id)  # it is cancelled already
        evaluations.delete_evaluation(work, evaluation.id)
        key, _ = keys.create_key(work, "laptop", Scope.READ)
    with scene.work(me) as work:
        keys.revoke_key(work, key.id)
    importing.perform(scene, made.id, Flag())
    export = archives.begin_export(scene, me, Reference(MODEL))
    archive_import.import_archive(scene, me, COPY, list(export.stream()))
    accounts.change_password(scene, me, PASSWORD, "another horse")
    signed_in = sessions.session_of(scene, sessions.open_session(scene, me.user, HOME))
    assert signed_in is not None
    sessions.close_session(scene, signed_in)
    link = sessions.create_link(scene, me.user)
    sessions.use_link(scene, link)  # opening the session is the event
    collection.collect(scene, drain=0)
    collection.collect(scene, dry=True, drain=0)
    purging.purge(scene, hashlib.sha256(b"more").hexdigest(), "a password", "ada", Keeper("root"))
    told = [event.action for event in events(scene, before)]
    assert told == [
        "import.start", "evaluation.create", "import.start", "import.cancel", "evaluation.delete", "key.create",
        "key.revoke", "commit.import", "archive.export", "archive.import", "user.password", "session.open",
        "session.end", "session.link", "hub.collect", "content.purge",
    ]  # fmt: skip
    collected, purged = events(scene, before)[-2:]
    assert (collected.actor_name, collected.via) == ("", "the hub")
    assert collected.detail.keys() == {"commits", "contents", "nodes", "files", "bytes"}
    assert (purged.actor_name, purged.via, purged.detail["reason"]) == ("root", "ah admin", "a password")


def test_runs_are_told_from_their_start_to_their_end(running: Hub, me: Caller, tmp_path: Path) -> None:
    before = last(running)
    request = RunRequest(
        RunType.TRAIN, MODEL, branch="out", datasets=(str(DATASET),), git=str(tmp_path / "code"), params={}
    )
    run = runs.start_run(running, me, request)
    for _ in range(2):  # a runner may repeat what it says
        token, _ = run_reports.claim_run(running, run.id, keys.claim_secret(running, run.id, 1), "n" * 8)
    caller = keys.run_caller(running, token, "198.51.100.2")
    with running.work(caller) as work:
        run_reports.report_state(work, run.id, RunState.PREPARING)
    run_reports.report_log(running, caller, run.id, 1, [(0.0, "out", "hello")])
    for _ in range(2):
        run_reports.finish_run(running, run.id, token, RunResult(RunState.FAILED, "x", 1, (), None, (), {}))
    with running.work(me) as work:
        runs.retry_run(work, str(run.number))
    with running.work(me) as work:
        runs.cancel_run(work, str(run.number))
        runs.cancel_run(work, str(run.number))
        again = run_again(work, str(run.number))
    told = events(running, before)
    assert [event.action for event in told] == [
        "run.start", "run.claim", "run.end", "run.retry", "run.cancel", "run.again",
    ]  # fmt: skip
    start, _, end, *_, last_one = told
    assert start.detail["run"] == run.number
    assert (end.actor, end.via, end.detail["state"]) == (me.user.id, f"run {run.number}", "failed")
    assert (last_one.detail["run"], last_one.detail["again"]) == (again.number, run.number)
    assert {event.folder for event in told} == {start.folder}


def test_a_result_is_told_with_its_commit(running: Hub, me: Caller, tmp_path: Path) -> None:
    request = RunRequest(RunType.TRAIN, MODEL, branch="out", datasets=(str(DATASET),), git=str(tmp_path / "code"))
    run = runs.start_run(running, me, request)
    token, _ = run_reports.claim_run(running, run.id, keys.claim_secret(running, run.id, 1), "n" * 8)
    output = tuple(upload(running, keys.run_caller(running, token), MODEL, {"model.bin": "weights"}))  # type: ignore[arg-type]
    with running.work(keys.run_caller(running, token)) as work:
        for state in (RunState.PREPARING, RunState.RUNNING, RunState.SAVING):
            run_reports.report_state(work, run.id, state)
    before = last(running)
    ended = run_reports.finish_run(running, run.id, token, RunResult(RunState.SUCCEEDED, None, 0, output, None, (), {}))
    (event,) = events(running, before)
    assert (event.action, event.detail["commit"], event.detail["branch"]) == ("run.end", ended.commit, "out")


def test_no_secret_that_was_given_is_in_the_log(running: Hub, me: Caller, tmp_path: Path) -> None:
    canary = "canary-4f1d"
    training = TrainingSettings("https://example.org/code", params={"token": canary})
    with pytest.raises(Invalid, match="has a name or a password"), running.work(me) as work:
        assets.change_asset(work, MODEL, training=TrainingSettings(f"https://user:{canary}@example.org/code"))
    with running.work(me) as work:
        assets.change_asset(work, MODEL, training=training)
        accounts.create_user(work, "carl", f"{canary}-password")
        _, secret = keys.create_key(work, "laptop", Scope.WRITE)
    link = sessions.create_link(running, me.user)
    cookie = sessions.open_session(running, me.user)
    tasks = 'tasks: {train: {command: "true", params: {token: ""}}}\n'
    make_repository(tmp_path / "other", {"assethub.yaml": tasks})
    git, data = str(tmp_path / "other"), (str(DATASET),)
    runs.start_run(
        running, me, RunRequest(RunType.TRAIN, MODEL, branch="out", datasets=data, git=git, params={"token": canary})
    )
    with suppress(SignInNeeded):
        accounts.check_password(running, "ada", canary)
    log = b"".join(audit.begin_export(running, me, Filter())).decode()
    assert len(log.splitlines()) > 10
    for one in (canary, secret, secret[3:], link, cookie, cookie.rsplit(".", 1)[-1], PASSWORD):
        assert one not in log
