"""`ah task check`, and sweeps as people type them."""

import json
from pathlib import Path

from tests.cli.conftest import Typing
from tests.conftest import Live, make_repository

TASKS = """\
tasks:
  train:
    command: |
      echo {lr} > {output}/lr
      printf '{"step": 1, "loss": %s}\\n' {lr} > $AH_METRICS_FILE
    params: {lr: {default: 0.5, min: 0, max: 1}, epochs: 1}
    after: evaluate
  evaluate: {command: "printf '{\\"accuracy\\": %s}' $(cat {model}/lr) > {results}/metrics.json"}
"""


def test_a_task_file_is_checked_without_a_hub(ah: Typing, mine: Path) -> None:
    file = mine / "assethub.yaml"
    file.write_text(TASKS)
    assert ah("task", "check", "assethub.yaml").stdout == "assethub.yaml is right.\n"
    assert json.loads(ah("task", "check", "--json").stdout) == []
    file.write_text("tasks:\n  train:\n    comand: x\n    retries: many\n")
    refused = ah("task", "check", ".", status=1)
    assert refused.stderr.splitlines() == [
        "assethub.yaml:3: unknown key 'comand' in tasks.train. Known keys: after, checkpoint_every, command, "
        "description, environment, "
        "extends, matrix, metrics, params, resources, retries, timeout.",
        "assethub.yaml:4: tasks.train.retries must be a whole number, not 'many'.",
    ]
    rows = json.loads(ah("task", "check", "assethub.yaml", "--json", status=1).stdout)
    assert [(row["file"], row["line"], row["key"]) for row in rows] == [
        ("assethub.yaml", 3, "tasks.train.comand"), ("assethub.yaml", 4, "tasks.train.retries"),
    ]  # fmt: skip
    file.write_bytes(b"\xff")
    assert "cannot be read" in ah("task", "check", "assethub.yaml", status=2).stderr


def test_a_sweep_is_started_listed_and_cancelled(ah: Typing, live: Live) -> None:
    repository = live.code / "project"
    make_repository(repository, {"assethub.yaml": TASKS})
    ah("create", "dataset/tables/small")
    ah("create", "model/tables/net", "--git", str(repository), "--dataset", "dataset/tables/small")
    shown = [line.split()[:3] for line in ah("task", "show", "model/tables/net").stdout.splitlines()]
    assert shown == [["train", "lr", "0.5"], ["epochs", "1", "a"], ["evaluate"]]
    tasks = json.loads(ah("task", "show", "model/tables/net", "--json").stdout)
    assert tasks[0]["params"][0]["allowed"] == "a number from 0 to 1"
    done = ah("train", "model/tables/net", "-b", "grid", "--sweep", "lr=0.25,0.125", "-p", "epochs=2", "--wait")
    rows = [line.split() for line in done.stdout.splitlines()]
    assert [row[:3] for row in rows] == [["1", "succeeded", "0.25"], ["2", "succeeded", "0.125"]]
    assert [row[-1] for row in rows] == ["grid-1", "grid-2"]
    one = json.loads(ah("run", "show", "1", "--json").stdout)
    assert (one["sweep"], one["metrics"]) == (1, {"loss": 0.25})
    follower = one["follower"]
    assert f"run {follower}" in ah("run", "show", "1").stdout
    ah("run", "logs", "-f", str(follower))
    swept = json.loads(ah("run", "ls", "--sweep", "1", "--json").stdout)
    assert swept[0]["metrics"] == {"loss": 0.25, "evaluation.accuracy": 0.25}
    assert "1; `ah run ls --sweep 1` compares its runs" in ah("run", "show", "1").stdout

    started = ah("train", "model/tables/net", "-b", "more", "--sweep", "lr=0.1,0.2", "--sweep", "epochs=1,2,3")
    assert started.stdout == "Sweep 2 has 6 runs. `ah run ls --sweep 2` shows them.\n"
    assert ah("run", "cancel", "--sweep", "2").stdout == "The runs of sweep 2 are being cancelled.\n"
    refused = ah("train", "model/tables/net", "-b", "bad", "--sweep", "lr=0.1,2", status=1)
    assert "must be a number from 0 to 1; it is '2'" in refused.stderr
    assert "such as --sweep lr=0.1,0.01" in ah("train", "model/tables/net", "-b", "b", "--sweep", "x", status=2).stderr
    ah("run", "cancel", status=2)
    ah("run", "ls", "--sweep", "9", status=3)
