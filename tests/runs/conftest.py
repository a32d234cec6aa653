"""A live hub with a dataset, a model, and a Git project whose tasks need nothing but a shell."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Unpack

import pytest

from assethub.client.assets import Dataset, Model
from assethub.client.connection import connect
from assethub.client.hub import Hub
from assethub.client.runs import Run
from assethub.client.sweeps import TrainOptions
from tests.conftest import Live, make_repository, until

TASKS = """\
tasks:
  train:
    command: |
      echo "epochs {epochs} rate {rate}"
      echo "to stderr" >&2
      cat {dataset}/data.txt > {output}/weights.txt
      mkdir -p {output}/sub; echo {note} > {output}/sub/note.txt
      printf '{"step": 1, "loss": 0.5}\\n{"step": 2, "loss": NaN, "acc": 1}\\nnot json\\n' >> $AH_METRICS_FILE
    params: {epochs: 3, rate: 0.5, note: "it's a 'note'", shout: false}
  continue:
    extends: train
    command: cat {model}/weights.txt {dataset}/data.txt > {output}/weights.txt
  evaluate:
    command: |
      echo '{"accuracy": 0.75, "per": {"a": 1}}' > {results}/metrics.json
      cp {model}/weights.txt {results}/report.txt
    metrics: metrics.json
"""


@dataclass
class Bench:
    live: Live
    hub: Hub
    model: Model
    dataset: Dataset
    repository: Path

    def tasks(self, text: str) -> None:
        """Commit another task file."""
        make_repository(self.repository, {"assethub.yaml": text}, message="Change the tasks")

    def train(self, branch: str = "result", dataset: str | None = None, **options: Unpack[TrainOptions]) -> Run:
        return self.model.train(branch, dataset, **options)

    def command(self, command: str, more: str = "") -> None:
        """Make `command` what training does."""
        self.tasks(f"tasks:\n  train:\n    command: |\n      {command}\n{more}")


def log_of(run: Run) -> str:
    return "\n".join(line.text for line in run.logs())


@pytest.fixture
def bench(live: Live, tmp_path: Path) -> Iterator[Bench]:
    with connect(live.url, live.api_key) as hub:
        yield make_bench(live, hub, tmp_path)


def make_bench(live: Live, hub: Hub, scratch: Path) -> Bench:
    repository = live.code / "project"
    make_repository(repository, {"assethub.yaml": TASKS, "train.py": "print('x')\n"})
    (scratch / "data.txt").write_text("one two three\n")
    hub.create("dataset/texts/words")
    dataset = hub.dataset("dataset/texts/words")
    dataset.commit("Add words", [str(scratch / "data.txt")])
    hub.create("model/texts/reader", git=str(repository), datasets=["dataset/texts/words"], params={"epochs": 4})
    return Bench(live, hub, hub.model("model/texts/reader"), dataset, repository)


def processes(mark: str) -> list[str]:
    """The numbers of this machine's processes with the mark as an argument of its own."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if mark.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(folder.name)
    return found


def retry(bench: Bench, number: int) -> Run:
    settle(bench)
    return bench.hub.run(number).retry()


def settle(bench: Bench) -> None:
    """Wait until all ended attempts are cleaned up."""

    def cleaned() -> bool:
        with bench.live.hub.work(None, reading=True) as work:
            return not work.runs.placed()

    until(cleaned)
