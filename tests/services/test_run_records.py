"""Logs and curves of runs: whole, in order and quick to page through, whatever of them is folded into objects."""

import math
from typing import Any
from uuid import UUID

import pytest

from assethub.domain.errors import Conflict, Invalid, Unavailable
from assethub.domain.owners import Caller
from assethub.domain.runs import MetricPoint, moment_of
from assethub.services import deletions, run_records, run_reports
from assethub.services.collection import collect
from assethub.services.work import Hub
from assethub.storage import curves
from tests.services.conftest import MODEL, NONE, Runner


def segments(hub: Hub, run: UUID, kind: str, tier: int = 1) -> list[Any]:
    with hub.work(None, reading=True) as work:
        return work.segments.after(run, kind, tier, 0, 1000)


def whole_log(hub: Hub, caller: Caller, limit: int = 1000, **wanted: Any) -> list[tuple[int, str, int | None]]:
    found, after, last = [], 0, 1
    while after < last:
        with hub.work(caller, reading=True) as work:
            page = run_records.read_log(work, "1", after, limit, **wanted)
        assert page.next > after
        found += [(line.number, line.text, line.rank) for line in page.lines]
        after, last = page.next, page.last
    return found


def test_a_long_log_is_folded_and_reads_as_if_it_were_not(
    runner: Runner, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_records, "FOLD_BYTES", 100_000)
    hub, said = runner.hub, []
    for batch in range(30):
        lines = [(float(at), "out", f"line {batch}.{at} ä€ of Some length", at % 3) for at in range(400)]
        runner.say(lines)
        said += [(text, rank) for _, _, text, rank in lines]
    with hub.work(None) as work:
        work.logs.note(runner.run.id, work.now(), "a note of the hub")
    expected = [(number, text, rank) for number, (text, rank) in enumerate([*said, ("a note of the hub", None)], 1)]
    folded = segments(hub, runner.run.id, "log")
    assert len(folded) > 5
    assert sum(one.size for one in folded) < 200_000  # of about half a million bytes
    assert whole_log(hub, ada) == expected
    assert whole_log(hub, ada, 7777) == expected
    assert whole_log(hub, ada, search="LINE 17.2") == [one for one in expected if "line 17.2" in one[1]]
    assert whole_log(hub, ada, search="note", rank=2) == []
    assert whole_log(hub, ada, rank=2) == [one for one in expected if one[2] == 2]
    with hub.work(ada, reading=True) as work:
        assert run_records.read_log(work, "1", 12_001, 10).lines == []
        page = run_records.read_log(work, "1", 5000, 3)
    assert [line.number for line in page.lines] == [5001, 5002, 5003]


def test_a_batch_that_comes_again_is_kept_once(runner: Runner, ada: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_records, "FOLD_BATCHES", 1)
    for _ in range(3):
        run_reports.report_log(runner.hub, runner.caller, runner.run.id, 1, [(1.0, "err", "once")])
    assert whole_log(runner.hub, ada) == [(1, "once", None)]
    with pytest.raises(Conflict, match="Log batch 2 must come before batch 3"):
        run_reports.report_log(runner.hub, runner.caller, runner.run.id, 3, [(1.0, "err", "x")])


def test_a_search_looks_through_a_part_of_the_log_at_a_time(
    runner: Runner, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_records, "FOLD_BYTES", 50_000)
    monkeypatch.setattr(run_records, "MOST_SCANNED", 40_000)
    for batch in range(10):
        runner.say([(0.0, "out", f"{batch} {'x' * 95}") for _ in range(300)])
    runner.say([(0.0, "out", "the needle")])
    with runner.hub.work(ada, reading=True) as work:
        page = run_records.read_log(work, "1", search="needle")
    assert (page.lines, page.next < page.last) == ([], True)
    assert whole_log(runner.hub, ada, search="needle") == [(3001, "the needle", None)]


def point(at: int, **values: float) -> MetricPoint:
    return MetricPoint(float(at), moment_of(float(at)), values)


def test_many_points_are_folded_and_read_as_they_were(runner: Runner, ada: Caller) -> None:
    odd = {100: math.nan, 5000: math.inf, 9000: -math.inf}
    points = [point(at, loss=odd.get(at, 1 / (at + 1)), **({"rare": float(at)} if at % 1000 == 0 else {}))
              for at in range(10_000)]  # fmt: skip
    for at in range(0, 10_000, 700):
        runner.measure(points[at : at + 700])
    assert [one.last for one in segments(runner.hub, runner.run.id, "points")] == [4096, 8192]
    found: list[MetricPoint] = []
    with runner.hub.work(ada, reading=True) as work:
        while True:
            page, _, _ = run_records.read_metrics(work, "1", len(found), 999)
            found += page
            if not page:
                break
        drawn = run_records.read_curves(work, "1", buckets=100)
        part = run_records.read_curves(work, "1", names=["loss"], start=4990, end=5010)
    assert list(map(repr, found)) == list(map(repr, points))
    assert (drawn.points, drawn.size, drawn.names) == (10_000, 128, ["loss", "rare"])
    loss, rare = drawn.curves
    assert (sum(loss.count), sum(loss.odd), loss.least[0], loss.most[0]) == (9997, 3, 1 / 128, 1.0)
    assert rare.mean == [1000.0 * at for at in range(10)]
    assert part.size == 1
    assert (part.curves[0].x[0], part.curves[0].mean[9:12], part.curves[0].odd[10]) == (
        4990,
        [1 / 5000, None, 1 / 5002],
        1,
    )


def test_from_afar_a_curve_is_what_its_points_make(
    runner: Runner, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With small objects there are several tiers of them, and all ways to draw agree with the points themselves."""
    monkeypatch.setattr(curves, "POINTS", 16)
    points = [point(at, y=math.sin(at) if at % 7 else math.nan) for at in range(5000)]
    for at in range(0, 5000, 500):
        runner.measure(points[at : at + 500])
    assert [len(segments(runner.hub, runner.run.id, "points", tier)) for tier in (1, 2, 3, 4)] == [312, 19, 1, 0]
    with runner.hub.work(ada, reading=True) as work:
        for start, end, buckets in ((0, 5000, 1), (0, 5000, 20), (0, 5000, 100), (1000, 4999, 50), (4321, 4400, 9)):
            drawn = run_records.read_curves(work, "1", start=start, end=end, buckets=buckets)
            (curve,) = drawn.curves
            assert len(curve.at) <= buckets + 1
            for number, first in enumerate(curve.at):
                values = [points[at].values["y"] for at in range(max(first, start - start % drawn.size),
                                                                 min(first + drawn.size, end))]  # fmt: skip
                finite = [value for value in values if math.isfinite(value)]
                assert (curve.count[number], curve.odd[number]) == (len(finite), len(values) - len(finite))
                if finite:
                    assert (curve.least[number], curve.most[number]) == (min(finite), max(finite))
                    assert curve.mean[number] == pytest.approx(sum(finite) / len(finite))
        with pytest.raises(Invalid, match="There are 5000 points"):
            run_records.read_curves(work, "1", start=5001)


def test_a_run_has_no_more_metrics_than_the_hub_keeps(runner: Runner) -> None:
    with pytest.raises(Invalid, match="at most 2,000 metrics"):
        runner.measure([point(at, **{f"m{at}": 1.0}) for at in range(2001)])


def test_what_is_folded_stays_as_long_as_its_run(runner: Runner, ada: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_records, "FOLD_BATCHES", 2)
    hub = runner.hub
    for at in range(5):
        runner.say([(0.0, "out", f"line {at}")])
    runner.measure([point(at, x=1.0) for at in range(5000)])
    before = whole_log(hub, ada)
    assert collect(hub, drain=0).contents == 0
    assert whole_log(hub, ada) == before
    names = [one.object for kind in ("log", "points") for one in segments(hub, runner.run.id, kind)]
    assert len(names) == 3
    runner.end()
    with hub.work(ada) as work:
        deletions.delete_asset(work, MODEL)
    monkeypatch.setattr(deletions, "KEPT", NONE)
    deletions.sweep_deleted(hub)
    collect(hub, drain=0)
    with hub.work(None, reading=True) as work:
        assert work.bodies.rows(names) == {}


def test_a_part_of_a_log_that_is_gone_is_told(runner: Runner, ada: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_records, "FOLD_BATCHES", 1)
    runner.say([(0.0, "out", "hello")])
    backend = runner.hub.contents.backend
    (segment,) = segments(runner.hub, runner.run.id, "log")
    with runner.hub.work(None, reading=True) as work:
        pack = work.bodies.rows([segment.object])[segment.object].pack
    runner.hub.contents.drop(pack)
    assert not any(one.key.endswith(pack) for one in backend.list("objects/"))
    with pytest.raises(Unavailable, match=r"what run 1 said.*gone from the hub's store"):
        whole_log(runner.hub, ada)
