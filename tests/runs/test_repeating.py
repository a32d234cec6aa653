"""Runs once more with something different, and versions made once more from what made them."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import update

from assethub.database.tables import commits
from assethub.domain.errors import Conflict, Invalid, NotFound
from tests.runs.conftest import TASKS, Bench


def test_a_run_is_made_again_with_other_parameters_and_the_rest_as_pinned(bench: Bench) -> None:
    first = bench.train("v1", params={"rate": 0.25}).wait()
    bench.tasks(TASKS.replace("rate: 0.5", "rate: 9.5"))  # the code moves on; the pin stays
    (bench.repository.parent / "more.txt").write_text("more")
    bench.dataset.commit("More", [str(bench.repository.parent / "more.txt")])
    second = first.again(params={"epochs": "9"}).wait()
    assert second.info.branch == "v1-again"
    assert second.info.params == first.info.params | {"epochs": 9}
    assert second.info.code.sha == first.info.code.sha
    assert [one.commit for one in second.info.inputs] == [one.commit for one in first.info.inputs]
    third = second.again("v3", datasets=["dataset/texts/words"]).wait()
    assert third.info.inputs[0].commit != first.info.inputs[0].commit
    with pytest.raises(Invalid, match="no parameter 'speed'"):
        first.again("v4", params={"speed": 1})
    with pytest.raises(NotFound):
        first.again("v4", datasets=["dataset/texts/nothing"])
    judged = second.branch.evaluate().wait()
    assert judged.again(datasets=["dataset/texts/words"]).wait().info.evaluation is not None
    went_on = bench.train("v5", checkpoint="v1").wait()
    again = went_on.again("v6", params={"rate": 1}).wait()
    assert again.branch.head().parents == went_on.branch.head().parents


@pytest.mark.parametrize("kind", ["train", "continue", "published"])
def test_a_version_is_reproduced_from_what_made_it(bench: Bench, kind: str) -> None:
    first = bench.train("v1", params={"rate": 0.25}).wait()
    if kind == "continue":
        first = bench.train("v2", checkpoint="v1").wait()
    bench.tasks(TASKS.replace("cat", "echo other; cat"))  # what came later does not matter
    version = first.branch
    if kind == "published":
        version.merge()
        version = bench.model.main
    run = version.reproduce().wait()
    assert run.info.branch == f"reproduce-{first.info.commit[:8]}"  # type: ignore[index]
    found = run.reproduction()
    assert (found.equal, found.files, found.metrics, found.packages) == (True, [], [], [])
    assert found.commit == first.info.commit
    assert version.reproduce("other").wait().info.branch == "other"
    with pytest.raises(Conflict, match="name another branch"):
        version.reproduce("other")


def test_what_comes_out_otherwise_is_told(bench: Bench, tmp_path: Path) -> None:
    signal = tmp_path / "signals" / "again"
    bench.command(
        f"if [ -e {signal} ]; then x=2; else x=1; fi; echo $x > {{output}}/w; echo same > {{output}}/s; "
        'printf \'{"step": 1, "loss": %s}\\n\' $x >> $AH_METRICS_FILE'
    )
    first = bench.train("v1", params={}).wait()
    signal.touch()
    found = first.branch.reproduce().wait().reproduction()
    assert (found.equal, found.files, found.metrics) == (False, ["w"], ["loss"])
    with pytest.raises(NotFound, match="no reproduction"):
        first.reproduction()


def test_what_no_run_made_cannot_be_reproduced(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "w").write_text("1")
    bench.model.main.commit("By hand", [str(tmp_path / "w")])
    with pytest.raises(Invalid, match="was not made by a run"):
        bench.model.main.reproduce()


@pytest.mark.parametrize("run", ["none", str(UUID(int=7)), None])
def test_what_another_hub_made_is_not_reproduced_here(bench: Bench, run: str | None) -> None:
    made = bench.train("v1").wait()
    facts = {"provenance": {"run": run, "number": 1} if run else "nothing"}
    with bench.live.hub.work(None) as work:
        change = update(commits).where(commits.c.id == made.info.commit).values(metadata=facts)
        work.connection.execute(change)
    with pytest.raises(Invalid, match="was made on another hub"):
        made.branch.reproduce()
