"""Sweeps and what follows a success, on the real runner."""

import pytest

from assethub.client.errors import RunFailed
from assethub.domain.errors import Invalid
from tests.conftest import until
from tests.runs.conftest import Bench

TASKS = """\
tasks:
  train:
    command: |
      echo {rate} > {output}/rate; printf '{"step": 1, "loss": %s}\\n' {rate} >> $AH_METRICS_FILE
      [ {rate} != 0.75 ]
    params: {rate: 0.5, epochs: 1}
    after: evaluate
  evaluate: {command: "printf '{\\"score\\": %s}' $(cat {model}/rate) > {results}/metrics.json"}
"""


def test_the_best_of_a_sweep_is_found_by_a_metric_of_the_evaluation(bench: Bench) -> None:
    bench.tasks(TASKS)
    sweep = bench.model.train("grid", sweep={"rate": [0.25, 0.5, 0.125]})
    sweep.wait()
    assert [(run.info.params["rate"], run.info.branch) for run in sweep.runs] == [
        (0.25, "grid-1"), (0.5, "grid-2"), (0.125, "grid-3"),
    ]  # fmt: skip
    until(lambda: all("evaluation.score" in one.metrics for one in sweep.results()))
    assert sweep.best("evaluation.score").branch.ref == "grid-2"
    assert sweep.best("loss", lowest=True).info.branch == "grid-3"
    with pytest.raises(Invalid, match="has the metric 'speed'"):
        sweep.best("speed")
    best = sweep.best("evaluation.score")
    (evaluation,) = best.branch.list_evaluation()
    follower = best.follower()
    assert (evaluation.run_number, evaluation.metrics) == (follower.number, {"score": 0.5})
    assert (follower.info.follows, follower.info.sweep) == (best.number, None)
    assert [one.number for one in bench.model.sweeps()] == [sweep.number]
    assert (best.sweep().number, bench.hub.sweep(sweep.number).ended) == (sweep.number, True)


def test_a_sweep_of_which_a_run_fails_says_so_and_nothing_follows_that_run(bench: Bench) -> None:
    bench.tasks(TASKS)
    sweep = bench.model.train("grid", sweep={"rate": [0.75, 0.5]})
    with pytest.raises(RunFailed, match=r"Not all runs of sweep 1 succeeded; run 1 failed: .*exit status 1"):
        sweep.wait()
    with pytest.raises(Invalid, match="No run has followed run 1"):
        sweep.runs[0].follower()
    with pytest.raises(Invalid, match="belongs to no sweep"):
        bench.train("alone", params={"rate": 0.5}).sweep()
