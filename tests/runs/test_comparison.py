"""Runs side by side."""

from math import nan

import pytest

from assethub.client.connection import connect
from assethub.domain.comparison import Measure, measured, packages_of
from assethub.domain.errors import Invalid, NotFound
from assethub.domain.owners import Scope
from assethub.domain.runs import MetricPoint
from assethub.services import accounts
from tests.conftest import PASSWORD
from tests.runs.conftest import TASKS, Bench


def test_two_runs_show_what_differs(bench: Bench) -> None:
    first = bench.train("a", params={"rate": 0.1}).wait()
    bench.tasks(TASKS + "# changed\n")
    second = bench.train("b", params={"rate": 0.2}).wait()
    third = second.branch.evaluate().wait()
    found = bench.hub.compare_runs(first, second.number, third.info.id)
    assert [run.number for run in found.runs] == [first.number, second.number, third.number]
    assert found.params["rate"] == [0.1, 0.2, None]
    assert found.metrics["loss"][0] == found.metrics["loss"][1]
    loss, accuracy = found.metrics["loss"][0], found.metrics["accuracy"][2]
    assert loss is not None
    assert accuracy is not None
    assert (loss.final, loss.lowest, loss.highest, accuracy.final) == (None, 0.5, 0.5, 0.75)
    assert found.metrics["accuracy"][:2] == [None, None]
    change, same = found.code[0], found.code[1]
    assert change.files is not None
    assert [(one.path, one.added, one.removed) for one in change.files] == [("assethub.yaml", 1, 0)]
    assert (change.same, same.number) == (False, third.number)


def test_who_may_not_see_a_run_is_told_that_there_is_none(bench: Bench) -> None:
    runs = [bench.train(name).wait() for name in ("a", "b")]
    with bench.live.hub.work(None) as work:
        accounts.add_user(work, "eve", PASSWORD)
    with connect(bench.live.url, bench.live.server.create_key("eve", "key", Scope.WRITE)) as eve:
        with pytest.raises(NotFound, match="no run '1'"):
            eve.compare_runs(*runs)
        bench.hub.get("model/texts").share("eve", "viewer")  # type: ignore[union-attr]
        (change,) = eve.compare_runs(*runs).code
        assert change.same
        bench.tasks(TASKS + "# changed\n")
        bench.train("c").wait()
        assert eve.compare_runs(1, 3).code[0].files is None  # viewers read no code
    for asked in ((1,), (), range(1, 230)):
        with pytest.raises(Invalid):
            bench.hub.compare_runs(*asked)
    with pytest.raises(NotFound):
        bench.hub.compare_runs(1, "nothing")


def test_a_curve_is_told_by_its_last_value_and_its_bounds() -> None:
    values = ({"loss": 3.0}, {"loss": 1.0, "acc": nan}, {"loss": 2.0})
    points = [MetricPoint(None, None, one) for one in values]  # type: ignore[arg-type]
    assert measured(points, {"acc": 0.5}) == {"loss": Measure(2.0, 1.0, 3.0), "acc": Measure(0.5, 0.5, 0.5)}


def test_a_lock_is_read_for_its_packages() -> None:
    lock = "numpy==2.1.0\n    # via x\nTorch[cuda]==2.5.0 ; python_version > '3'\n-e .\n"
    assert packages_of({"python": "3.11.2", "lock": lock}) == {"Python": "3.11.2", "numpy": "2.1.0", "torch": "2.5.0"}
    assert packages_of({"lock": None}) == {}
