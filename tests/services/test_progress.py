"""How runs go on, and the curves of many at once."""

import math
from pathlib import Path

import pytest

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Invalid, NotFound, SignInNeeded
from assethub.domain.names import Reference
from assethub.domain.owners import Caller, Scope
from assethub.domain.runs import MetricPoint, RunFilter, RunOrder, RunState, RunType, Sample, moment_of
from assethub.services import accounts, evaluations, leaderboards, overlays, run_code, run_progress, run_records, runs
from assethub.services import run_reports as reports
from assethub.services.repeating import run_again
from assethub.services.run_comparison import compare_runs
from assethub.services.runs import RunRequest
from assethub.services.work import Hub
from assethub.storage import curves
from tests.conftest import PASSWORD, make_repository
from tests.services.conftest import DATASET, MODEL, Committing, Runner


def again(runner: Runner, ada: Caller, branch: str) -> Runner:
    """Another run like it."""
    with runner.hub.work(ada) as work:
        run = run_again(work, str(runner.run.number), branch)
    return Runner(runner.hub, run)


def points(first: int, count: int, **bases: float) -> list[MetricPoint]:
    return [
        MetricPoint(float(at), moment_of(1e9 + at), {name: base + math.sin(at) for name, base in bases.items()})
        for at in range(first, first + count)
    ]


def test_stages_tell_every_attempt(runner: Runner, ada: Caller) -> None:
    hub, run = runner.hub, runner.run
    with hub.work(runner.caller) as work:
        for state in (RunState.PREPARING, RunState.RUNNING):
            reports.report_state(work, run.id, state)
    runner.end()
    with hub.work(ada) as work:
        first = run_progress.read_stages(work, "1")
        retried = runs.retry_run(work, "1")
    assert [one.state for one in first] == ["queued", "preparing", "running", "failed"]
    assert [one.end for one in first[:-1]] == [one.start for one in first[1:]]
    assert first[-1].end is None
    Runner(hub, retried)
    with hub.work(ada, reading=True) as work:
        both = run_progress.read_stages(work, "1")
    assert [(one.attempt, one.state) for one in both[3:]] == [(1, "failed"), (2, "queued")]
    assert both[-1].end is None


def test_samples_are_kept_once_and_told_together_where_they_are_many(runner: Runner, ada: Caller) -> None:
    for at in range(0, 20, 5):
        runner.sample(*(Sample(moment_of(100.0 + n), {"cpu": float(n), "memory": float(n)}) for n in range(at, at + 5)))
    runner.samples -= 1
    runner.sample(Sample(moment_of(500.0), {"cpu": 9.0}))  # comes again, as far as the hub can tell
    runner.samples += 5
    with pytest.raises(Conflict, match="System batch 5 must come before batch 10"):
        runner.sample(Sample(moment_of(500.0), {"cpu": 9.0}))
    with runner.hub.work(ada, reading=True) as work:
        whole = run_progress.read_system(work, "1")
        few = run_progress.read_system(work, "1", most=5)
        new = run_progress.read_system(work, "1", after=117.0)
    assert [one.values["cpu"] for one in whole] == list(range(20))
    assert [(one.values["cpu"], one.values["memory"]) for one in few] == [
        (1.5, 3.0), (5.5, 7.0), (9.5, 11.0), (13.5, 15.0), (17.5, 19.0)
    ]  # fmt: skip
    assert [one.at for one in new] == [moment_of(118.0), moment_of(119.0)]
    runner.end()
    with pytest.raises(SignInNeeded):
        runner.sample(Sample(moment_of(600.0), {"cpu": 9.0}))


def test_an_overlay_draws_each_run_as_its_own_page_does(
    runner: Runner, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever lies in rows, in objects of any tier, or in a short one that an attempt left at its end."""
    monkeypatch.setattr(curves, "POINTS", 40)
    monkeypatch.setattr(run_records, "REST", 4)
    runner.measure(points(0, 700, loss=5.0, rate=1.0))
    runner.end()
    with runner.hub.work(ada) as work:
        retried = runs.retry_run(work, "1")
    second = Runner(runner.hub, retried)
    second.measure(points(700, 605, loss=7.0))
    other = again(runner, ada, "other")
    other.measure(points(0, 9, loss=1.0, accuracy=0.5))
    with runner.hub.work(ada, reading=True) as work:
        last = [one.last for one in work.segments.after(runner.run.id, "points", 1, 690, 3)]
        for buckets in (7, 30):
            found = overlays.overlay_runs(work, ["1", "2"], ["loss", "accuracy"], buckets=buckets)
            told = {(run.number, curve.name): curve for run, curve in found.curves}
            for number in ("1", "2"):
                drawn = run_records.read_curves(work, number, names=["loss", "accuracy"], buckets=buckets)
                for curve in drawn.curves:
                    assert told.pop((int(number), curve.name)) == curve
            assert not told
        whole = run_records.read_curves(work, "1", names=["loss"], buckets=1).curves[0]
        usual = overlays.overlay_runs(work, ["1", "2"])
    assert last == [700, 740, 780]  # the first attempt's end lies in an object of its own
    assert (whole.count, whole.time) == ([1305], [1e9])
    assert usual.names == ("loss", "rate", "accuracy")
    assert {curve.name for _, curve in usual.curves} == {"loss"}


def test_many_runs_are_compared_by_their_final_values(runner: Runner, ada: Caller) -> None:
    for at in range(21):
        other = again(runner, ada, f"b{at}")
        other.measure([MetricPoint(1.0, moment_of(1.0), {"loss": float(at)})])
    numbers = [str(number) for number in range(2, 23)]
    found = compare_runs(runner.hub, ada, numbers)
    assert [one.final if one else None for one in found.metrics["loss"]] == [float(at) for at in range(21)]
    with pytest.raises(Invalid, match="from two to 200 runs"):
        compare_runs(runner.hub, ada, [str(number) for number in range(201)])
    with runner.hub.work(ada, reading=True) as work:
        chosen = runs.list_runs(work, chosen=RunFilter(text="B2"), order=RunOrder.OLDEST)
        assert [run.branch for run in chosen] == ["b2", "b20"]
        assert runs.list_runs(work, chosen=RunFilter(text="100%")) == []
        assert runs.list_runs(work, chosen=RunFilter(type=RunType.EVALUATE)) == []
        assert len(runs.list_runs(work, chosen=RunFilter(creator="ADA"), limit=10, offset=20)) == 2
        assert runs.list_runs(work, order=RunOrder.MODEL)[0].number == 22


def test_a_leaderboard_has_what_the_caller_may_see(
    hub: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing
) -> None:
    commit(DATASET, {"a": "1"})
    commit(MODEL, {"w": "1"})
    with hub.work(ada) as work:
        for value in (0.5, 0.9, 0.7):
            metrics = {"accuracy": value, "loss": 1 - value}
            old = evaluations.create_evaluation(work, Reference(MODEL), Reference(DATASET), metrics).dataset_commit
    commit(DATASET, {"a": "2"})
    with hub.work(ada) as work:
        evaluations.create_evaluation(work, Reference(MODEL), Reference(DATASET), {"accuracy": 0.6})
        found = leaderboards.read_leaderboard(work, DATASET)
        assert [(one.place, one.evaluation.metrics["accuracy"], one.refs) for one in found.standings] == [
            (1, 0.9, ("main",)), (2, 0.7, ("main",)), (3, 0.6, ("main",)), (4, 0.5, ("main",))
        ]  # fmt: skip
        low = leaderboards.read_leaderboard(work, DATASET, metric="loss", best=True)
        assert (low.lowest, [one.place for one in low.standings]) == (True, [1])
        assert low.standings[0].evaluation.metrics["accuracy"] == 0.9
        only = leaderboards.read_leaderboard(work, DATASET, ref=f"commit/{old}", lowest=True)
        assert [one.evaluation.metrics["accuracy"] for one in only.standings] == [0.5, 0.7, 0.9]
        with pytest.raises(Invalid, match="has the metric 'speed'"):
            leaderboards.read_leaderboard(work, DATASET, metric="speed")
        with pytest.raises(Invalid, match="leaderboards are of datasets"):
            leaderboards.read_leaderboard(work, MODEL)
        accounts.add_user(work, "bob", PASSWORD)
        bob = Caller(accounts.get_user(work, "bob"), Scope.ADMIN)
    with hub.work(bob, reading=True) as work, pytest.raises(NotFound):
        leaderboards.read_leaderboard(work, DATASET)


def test_a_repository_lists_its_branches_and_tags(runner: Runner, ada: Caller, tmp_path: Path) -> None:
    code = tmp_path / "code"
    found = run_code.list_refs(runner.hub, ada, MODEL, str(code))
    assert (found.default, found.branches, found.tags) == ("main", ("main",), ())
    with pytest.raises(Invalid, match="not below a folder"):
        run_code.list_refs(runner.hub, ada, MODEL, "/etc")
    make_repository(code / "none", {"x": "1"})
    with runner.hub.work(ada, reading=True) as work:
        assert run_code.used_repositories(work) == [str(code)]
    request = RunRequest(RunType.TRAIN, MODEL, branch="x", datasets=(str(DATASET),), git=str(code), revision="gone")
    with pytest.raises(Invalid, match="no branch, tag or commit 'gone'"):
        runs.start_run(runner.hub, ada, request)
