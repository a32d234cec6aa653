"""Many runs by one request, and the evaluation that follows a success: all or none, and once."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from math import nan
from pathlib import Path

import pytest

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Forbidden, HubError, Invalid, NotFound
from assethub.domain.folders import Role
from assethub.domain.owners import Caller
from assethub.domain.runs import MetricPoint, Run, RunState, RunType
from assethub.services import accounts, assets, followers, keys, run_records, run_reports, runs, sharing, sweeps
from assethub.services.repeating import run_again
from assethub.services.run_reports import RunResult
from assethub.services.runs import RunRequest
from assethub.services.work import Hub
from tests.conftest import make_repository
from tests.services.conftest import DATASET, MODEL, Committing, upload

TASKS = """\
tasks:
  train:
    command: train {lr} {epochs} {optimizer}
    params:
      lr: {default: 0.1, min: 0, max: 1}
      epochs: 5
      optimizer: {default: adam, choices: [adam, sgd]}
    after: evaluate
  continue: {extends: train, matrix: {lr: [0.5, 0.25], epochs: [1, 2]}}
  evaluate: {command: evaluate, params: {epochs: 9, batch: 32}}
"""


@pytest.fixture
def code(hub: Hub, model: Asset, dataset: Asset, commit: Committing, tmp_path: Path) -> Hub:
    make_repository(tmp_path / "code", {"assethub.yaml": TASKS})
    commit(MODEL, {"a.txt": "one"})
    commit(DATASET, {"d.txt": "data"})
    return replace(hub, git_roots=(tmp_path,))


def ask(tmp_path: Path, branch: str = "grid", **more: object) -> RunRequest:
    request = RunRequest(
        RunType.TRAIN, MODEL, branch=branch, datasets=(str(DATASET),), git=str(tmp_path / "code"),
        checkpoint=f"{MODEL}:main",
    )  # fmt: skip
    return replace(request, **more)  # type: ignore[arg-type]


def swept(hub: Hub, caller: Caller, number: int | None) -> list[Run]:
    assert number is not None
    with hub.work(caller, reading=True) as work:
        return [one.run for one in sweeps.swept_runs(work, sweeps.get_sweep(work, number))]


def succeed(hub: Hub, caller: Caller, run: Run, metrics: Mapping[str, float] | None = None) -> Run:
    """What the runner does, without what it runs."""
    token, _ = run_reports.claim_run(hub, run.id, keys.claim_secret(hub, run.id, run.attempt), "n" * 8)
    mine = keys.run_caller(hub, token)
    output = tuple(upload(hub, mine, MODEL, {"model.bin": "weights"}))  # type: ignore[arg-type]
    for state in (RunState.PREPARING, RunState.RUNNING, RunState.SAVING):
        with hub.work(mine) as work:
            run_reports.report_state(work, run.id, state)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    points = [MetricPoint(1, at, {"loss": 2.0, "odd": nan}), MetricPoint(2, at, {"loss": 1.0})]
    run_reports.report_metrics(hub, mine, run.id, 1, points)
    files = () if run.type is RunType.EVALUATE else output
    result = RunResult(RunState.SUCCEEDED, None, 0, files, dict(metrics or {}), (), {})
    ended = run_reports.finish_run(hub, run.id, token, result)
    repeated = run_reports.finish_run(hub, run.id, token, result)
    assert (repeated.commit, repeated.evaluation, repeated.state) == (ended.commit, ended.evaluation, ended.state)
    with hub.work(caller, reading=True) as work:
        return runs.get_run(work, str(run.id))


def test_a_sweep_starts_a_run_for_each_combination_of_values(code: Hub, ada: Caller, tmp_path: Path) -> None:
    request = ask(tmp_path, sweep={"lr": ["0.5", 0.25], "optimizer": ["adam", "sgd"]}, params={"epochs": 3})
    first = runs.start_run(code, ada, request)
    found = swept(code, ada, first.sweep_number)
    assert [(run.branch, dict(run.params)) for run in found] == [
        ("grid-1", {"lr": 0.5, "epochs": 3, "optimizer": "adam"}),
        ("grid-2", {"lr": 0.5, "epochs": 3, "optimizer": "sgd"}),
        ("grid-3", {"lr": 0.25, "epochs": 3, "optimizer": "adam"}),
        ("grid-4", {"lr": 0.25, "epochs": 3, "optimizer": "sgd"}),
    ]
    assert [run.number for run in found] == list(range(first.number, first.number + 4))
    assert {run.code.sha for run in found} == {first.code.sha}
    with code.work(ada, reading=True) as work:
        ((sweep, states),) = sweeps.list_sweeps(work, path=MODEL)
        assert runs.list_runs(work, sweep=sweep.number, limit=1)[0].number == first.number + 3
    assert (sweep.number, sweep.branch, dict(states)) == (first.sweep_number, "grid", {RunState.QUEUED: 4})
    assert dict(sweep.params) == {"lr": (0.5, 0.25), "optimizer": ("adam", "sgd")}


def test_a_matrix_starts_a_sweep_and_what_is_given_takes_its_place(code: Hub, ada: Caller, tmp_path: Path) -> None:
    def params(branch: str, **more: object) -> list[tuple[object, object]]:
        first = runs.start_run(code, ada, ask(tmp_path, branch, type=RunType.CONTINUE, **more))
        found = swept(code, ada, first.sweep_number) if first.sweep_number else [first]
        return [(run.params["lr"], run.params["epochs"]) for run in found]

    assert params("a") == [(0.5, 1), (0.5, 2), (0.25, 1), (0.25, 2)]
    assert params("b", params={"lr": 1}) == [(1.0, 1), (1.0, 2)]
    assert params("c", sweep={"epochs": [7]}) == [(0.5, 7), (0.25, 7)]
    assert params("d", params={"lr": 1, "epochs": 3}) == [(1.0, 3)]


@pytest.mark.parametrize(
    ("more", "kind", "sentence"),
    [
        ({"sweep": {"lr": [0.5, 2]}}, Invalid, "'lr' of task 'train' must be a number from 0 to 1; it is 2"),
        ({"sweep": {"optimizer": ["adam", "lamb"]}}, Invalid, "must be one of adam, sgd; it is 'lamb'"),
        ({"sweep": {"speed": [1]}}, Invalid, "no parameter 'speed'"),
        ({"sweep": {"lr": []}}, Invalid, "gives no value to the parameter 'lr'"),
        ({"sweep": {"lr": [0.1, "0.10"]}}, Invalid, "one value twice"),
        ({"sweep": {"epochs": range(300)}}, Invalid, "has 300 combinations of values; at most 256"),
        ({"sweep": {"lr": [1]}, "params": {"lr": 1}}, Invalid, "'lr' is given one value and swept over others"),
        ({"sweep": {"lr": [1]}, "onto_existing": True}, Invalid, "leave --onto-existing out"),
        ({"sweep": {"lr": [0.1, 0.2]}, "branch": "busy"}, Conflict, "writes to the branch 'busy-2'"),
        ({"sweep": {"lr": [0.1, 0.2]}, "branch": "taken"}, Conflict, "has a branch or tag 'taken-1' already"),
        ({"sweep": {"lr": [0.1]}, "branch": None}, Invalid, "Name the branch"),
        ({"sweep": {"lr": [0.1]}, "branch": "a..b"}, Invalid, "not allowed"),
    ],
)  # fmt: skip
def test_a_sweep_that_does_not_fit_starts_nothing(
    code: Hub, ada: Caller, tmp_path: Path, commit: Committing, more: dict[str, object], kind: type[HubError],
    sentence: str,
) -> None:  # fmt: skip
    runs.start_run(code, ada, ask(tmp_path, "busy-2"))
    with code.work(ada) as work:
        assets.create_branch(work, MODEL, "taken-1")
    with pytest.raises(kind, match=sentence):
        runs.start_run(code, ada, ask(tmp_path, **more))  # type: ignore[arg-type]
    with code.work(ada, reading=True) as work:
        assert len(runs.list_runs(work)) == 1
        assert sweeps.list_sweeps(work) == []


def test_an_evaluation_follows_a_success_once_with_the_same_pins(code: Hub, ada: Caller, tmp_path: Path) -> None:
    run = runs.start_run(code, ada, ask(tmp_path, "out", params={"epochs": 7}))
    ended = succeed(code, ada, run)
    with code.work(ada, reading=True) as work:
        follower, leader = runs.list_runs(work)
        notes = [line.text for line in run_records.read_log(work, str(run.id)).lines]
    assert (follower.type, follower.state, follower.follows) == (RunType.EVALUATE, RunState.QUEUED, leader.id)
    assert (follower.leader, leader.follower, ended.follower) == (leader.number, follower.number, follower.number)
    assert (follower.code, follower.creator) == (run.code, "ada")
    assert [(one.folder, one.commit) for one in follower.inputs] == [
        ("dataset", run.inputs[0].commit), ("model", ended.commit),
    ]  # fmt: skip
    assert dict(follower.params) == {"epochs": 7, "batch": 32}  # what was given, and the task's own default
    assert notes[-1] == f"Run {follower.number} follows and evaluates {str(ended.commit)[:8]}"
    measured = succeed(code, ada, follower, {"accuracy": 0.5})
    assert (measured.follower, measured.latest["accuracy"]) == (None, 0.5)
    with pytest.raises(Conflict), code.work(None) as work:  # whatever a second report might do, the rows refuse it
        followers.queue_follower(work, ended)
    with code.work(ada) as work:
        again = run_again(work, str(follower.number))
        assert (again.follows, again.sweep) == (None, None)


def test_what_fails_to_be_kept_starts_no_evaluation(code: Hub, ada: Caller, tmp_path: Path) -> None:
    run = runs.start_run(code, ada, ask(tmp_path, "out"))
    token, _ = run_reports.claim_run(code, run.id, keys.claim_secret(code, run.id, 1), "n" * 8)
    for state in (RunState.PREPARING, RunState.RUNNING, RunState.SAVING):
        with code.work(keys.run_caller(code, token)) as work:
            run_reports.report_state(work, run.id, state)
    ended = run_reports.finish_run(code, run.id, token, RunResult(RunState.SUCCEEDED, None, 0, (), None, (), {}))
    assert (ended.state, ended.follower) == (RunState.FAILED, None)


def test_whoever_may_not_start_runs_any_more_gets_no_evaluation(
    code: Hub, ada: Caller, eve: Caller, tmp_path: Path
) -> None:
    with code.work(ada) as work:
        for folder, role in ((MODEL.parent, Role.RUNNER), (DATASET.parent, Role.VIEWER)):
            sharing.grant_role(work, folder, "eve", role)
    admin = replace(eve, user=replace(eve.user, admin=True))  # so that it may start runs without a sandbox
    run = runs.start_run(code, admin, ask(tmp_path, "out"))
    with code.work(ada) as work:
        sharing.grant_role(work, MODEL.parent, "eve", Role.VIEWER)
    ended = succeed(code, ada, run)
    with code.work(ada, reading=True) as work:
        notes = [line.text for line in run_records.read_log(work, str(run.id)).lines]
    assert (ended.state, ended.follower) == (RunState.SUCCEEDED, None)
    assert notes[-1] == f"No evaluation follows: eve may not start runs for {MODEL} any more."


def test_a_task_that_follows_must_have_what_it_needs_before_anything_starts(
    code: Hub, ada: Caller, tmp_path: Path
) -> None:
    text = TASKS.replace("batch: 32", "batch: {type: int}")
    make_repository(tmp_path / "code", {"assethub.yaml": text}, message="Require a batch size")
    with pytest.raises(Invalid, match="Task 'evaluate' needs the parameter 'batch', a whole number"):
        runs.start_run(code, ada, ask(tmp_path))


def test_an_image_is_refused_where_no_engine_runs_one(code: Hub, ada: Caller, tmp_path: Path) -> None:
    text = TASKS.replace("command: evaluate", "command: evaluate, environment: {image: 'team/tool:1'}")
    make_repository(tmp_path / "code", {"assethub.yaml": text}, message="Use an image")
    with pytest.raises(Invalid, match=r"'evaluate' runs in the container image 'team/tool:1', and this hub's engine"):
        runs.start_run(code, ada, ask(tmp_path))


def test_the_results_of_a_sweep_are_its_newest_metrics_and_those_of_what_followed(
    code: Hub, ada: Caller, tmp_path: Path
) -> None:
    first = runs.start_run(code, ada, ask(tmp_path, sweep={"lr": [0.5, 0.25]}))
    succeed(code, ada, first, {"val": 3})
    with code.work(ada, reading=True) as work:
        follower = runs.get_run(work, str(first.number + 2))
    succeed(code, ada, follower, {"accuracy": 0.75})
    with code.work(ada, reading=True) as work:
        done, waiting = sweeps.swept_runs(work, sweeps.get_sweep(work, 1))
    assert dict(done.metrics) == {
        "loss": 1.0, "odd": None, "val": 3.0, "evaluation.loss": 1.0, "evaluation.odd": None,
        "evaluation.accuracy": 0.75,
    }  # fmt: skip
    assert (waiting.run.state, dict(waiting.metrics)) == (RunState.QUEUED, {})


def test_a_sweep_is_cancelled_as_a_whole_by_whoever_started_it_or_an_editor(
    code: Hub, ada: Caller, eve: Caller, tmp_path: Path
) -> None:
    first = runs.start_run(code, ada, ask(tmp_path, sweep={"lr": [0.5, 0.25, 0.1]}))
    succeed(code, ada, first)
    second = swept(code, ada, 1)[1]
    with code.work(None) as work:
        work.runs.change(second, {"handle": {"pid": 0}})
    with pytest.raises(NotFound), code.work(eve) as work:
        sweeps.cancel_sweep(work, 1)
    with code.work(ada) as work:
        sharing.grant_role(work, MODEL.parent, "eve", Role.RUNNER)
    with pytest.raises(Forbidden, match="needs the role editor"), code.work(eve) as work:
        sweeps.cancel_sweep(work, 1)
    with code.work(ada) as work:
        sweeps.cancel_sweep(work, 1)
        assert accounts.get_user(work, "ada").admin
    done, placed, waiting = swept(code, ada, 1)
    assert (done.state, done.cancel_requested_at) == (RunState.SUCCEEDED, None)
    assert (placed.state, placed.cancel_requested_at is None) == (RunState.QUEUED, False)
    assert (waiting.state, waiting.reason) == (RunState.CANCELLED, "Cancelled by ada.")


def test_of_two_that_ask_for_the_same_branches_at_once_one_gets_them(code: Hub, ada: Caller, tmp_path: Path) -> None:
    def start(sweep: dict[str, list[float]]) -> bool:
        try:
            runs.start_run(code, ada, ask(tmp_path, sweep=sweep))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        got = list(pool.map(start, [{"lr": [0.1, 0.2]}, {"epochs": [1, 2]}]))
    assert sorted(got) == [False, True]
    with code.work(ada, reading=True) as work:
        assert sorted(str(run.branch) for run in runs.list_runs(work)) == ["grid-1", "grid-2"]
