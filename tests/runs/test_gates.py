"""Runs and gated branches."""

from pathlib import Path

import pytest

from assethub.client.folders import Folder
from assethub.domain.errors import Conflict
from tests.conftest import until
from tests.runs.conftest import Bench


def test_a_run_onto_a_main_that_got_gates_meanwhile_leaves_its_result_on_another_branch(
    bench: Bench, tmp_path: Path
) -> None:
    signal = tmp_path / "signals" / "go"
    bench.command(f"echo 1 > {{output}}/w; until [ -e {signal} ]; do sleep 0.05; done")
    run = bench.train("main", onto_existing=True, params={})
    until(lambda: run.refresh().state == "running")
    folder = bench.hub.get("model/texts")
    assert isinstance(folder, Folder)
    folder.add_gate("accuracy >= 0.7", "dataset/texts/words")
    signal.touch()
    run.wait()
    assert run.info.branch == f"main-run-{run.number}"
    assert run.info.reason is not None
    assert "got gates while the run went on" in run.info.reason
    assert bench.model.main.list_object() == []
    assert run.branch.read("w") == b"1\n"
    with pytest.raises(Conflict, match="takes only what is published"):
        bench.train("main", onto_existing=True, params={})
