"""Whole jobs by hand: from data to a published model, through gates, and back to what made it."""

import json
from pathlib import Path

from tests.cli.conftest import Typing
from tests.conftest import Live, make_repository

TASKS = """\
tasks:
  train:
    command: echo training; cp {dataset}/data.csv {output}/model.csv
    params: {epochs: 1}
  evaluate: {command: "echo '{\\"accuracy\\": 0.9}' > {results}/metrics.json"}
"""


def test_the_main_job_by_hand(ah: Typing, mine: Path, live: Live) -> None:
    (mine / "data").mkdir(parents=True, exist_ok=True)
    (mine / "data" / "data.csv").write_text("a,b\n1,2\n")
    (mine / "data" / ".DS_Store").write_text("x")
    repository = live.code / "project"
    make_repository(repository, {"assethub.yaml": TASKS})

    assert ah("create", "dataset/tables/small").stdout == "Created ada/dataset/tables/small\n"
    assert "1 added" in ah("commit", "dataset/tables/small", "-m", "Add data", "-a", "./data/*").stdout
    assert "nothing to commit" in ah("commit", "dataset/tables/small", "-m", "Again", "-a", "./data/*").stdout
    ah("create", "model/tables/net", "--git", str(repository), "--dataset", "dataset/tables/small", "-l", "demo")
    trained = ah("train", "model/tables/net", "-b", "first", "-p", "epochs=2", "--wait")
    assert "training" in trained.stdout
    assert "Run 1 succeeded: ada/model/tables/net:first" in trained.stderr
    ah("evaluate", "model/tables/net:first", "--wait")
    assert "Merge first into main" in ah("merge", "model/tables/net:first").stdout
    assert "nothing to merge" in ah("merge", "model/tables/net:first").stdout
    assert ah("create", "model/tables/net:v1", "--tag").stdout == "Tagged ada/model/tables/net:v1\n"

    assert "ada/model/tables    1 asset" in ah("ls").stdout
    assert "ada/model/tables/net  demo" in ah("ls", "model/tables").stdout
    assert ah("ls", "model/tables/net").stdout.split()[:3] == ["model.csv", "8", "B"]
    assert {line.split()[0] for line in ah("ls", "model/tables/net", "--branch").stdout.splitlines()} == {
        "first",
        "main",
    }
    assert ah("ls", "model/tables/net", "--tag").stdout.startswith("v1")
    assert "accuracy" not in ah("ls", "model/tables/net", "--run").stdout
    assert "0.9" in ah("ls", "model/tables/net", "--evaluation").stdout
    assert "0.9" in ah("evaluation", "ls", "model/tables/net:v1").stdout
    assert ah("cat", "model/tables/net:v1", "model.csv").stdout == "a,b\n1,2\n"
    assert "Repository created" in ah("log", "model/tables/net").stdout
    assert ah("diff", "model/tables/net:main", "first").stdout == "No difference.\n"
    shown = ah("run", "show", "1").stdout
    assert "ada/dataset/tables/small:main" in shown
    assert "ah train ada/model/tables/net -b NEW-BRANCH -d ada/dataset/tables/small:" in shown
    assert "· Run 1 (train, attempt 1)" in ah("run", "logs", "1").stdout
    found = ah("run", "logs", "1", "--grep", "TRAINING").stdout.splitlines()
    assert [line.split()[-1] for line in found] == ["saved_model/model.csv", "training"]
    assert ah("run", "logs", "1", "--rank", "0").stdout == ""
    ah("download", "model/tables/net:v1", "-o", "out")
    assert (mine / "out" / "model.csv").read_text() == "a,b\n1,2\n"


def test_gates_by_hand(ah: Typing, mine: Path) -> None:
    (mine / "a.txt").write_text("1")
    (mine / "w.txt").write_text("2")
    ah("create", "dataset/tables/small")
    ah("commit", "dataset/tables/small", "-m", "Add", "-a", "a.txt")
    ah("create", "model/tables/net")
    ah("create", "model/tables/net:side")
    ah("commit", "model/tables/net:side", "-m", "Add", "-a", "w.txt")
    assert "every version" in ah("gate", "check", "model/tables/net:side").stdout
    ah("gate", "add", "model/tables", "accuracy >= 0.9", "-d", "dataset/tables/small")
    (listed,) = json.loads(ah("gate", "ls", "model/tables", "--json").stdout)
    assert (listed["rule"], listed["dataset"]) == ("accuracy >= 0.9", "ada/dataset/tables/small")
    assert "not evaluated" in ah("gate", "check", "model/tables/net:side", status=1).stdout
    refused = ah("merge", "model/tables/net:side", status=4).stderr
    assert "The gate let this not pass" in refused
    assert "accuracy >= 0.9 on ada/dataset/tables/small: these files are not evaluated" in refused
    assert "takes only what is published" in ah("commit", "model/tables/net", "-m", "x", "-a", "w.txt", status=4).stderr
    ah("evaluation", "create", "model/tables/net:side", "-d", "dataset/tables/small", "-m", "accuracy=0.95")
    assert ah("gate", "check", "model/tables/net:side").stdout.startswith("passed")
    ah("merge", "model/tables/net:side")
    ah("gate", "rm", "model/tables", listed["id"])
    assert ah("gate", "ls", "model/tables").stdout == ""


def test_runs_are_compared_repeated_reproduced_and_traced_by_hand(ah: Typing, mine: Path, live: Live) -> None:
    (mine / "data.csv").write_text("a,b\n1,2\n")
    repository = live.code / "project"
    make_repository(repository, {"assethub.yaml": TASKS})
    ah("create", "dataset/tables/small")
    ah("commit", "dataset/tables/small", "-m", "Add data", "-a", "data.csv")
    ah("create", "model/tables/net", "--git", str(repository), "--dataset", "dataset/tables/small")
    ah("train", "model/tables/net", "-b", "first", "--wait")
    ah("evaluate", "model/tables/net:first", "--wait")
    assert "Run 3 is" in ah("run", "again", "1", "-p", "epochs=7", "-b", "second").stdout
    ah("run", "logs", "-f", "3")
    rows = {line.split()[0]: line.split() for line in ah("run", "compare", "1", "2", "3").stdout.splitlines()}
    assert rows["run"] == ["run", "1", "2", "3"]
    assert rows["accuracy"][1:] == ["-", "0.9", "-"]
    assert rows["-p"][1:] == ["epochs", "1", "-", "7"]
    assert len(json.loads(ah("run", "compare", "1", "3", "--json").stdout)["runs"]) == 2
    done = ah("reproduce", "model/tables/net:first")
    assert "Equal: ada/model/tables/net:reproduce-" in done.stdout
    assert "Run 4 makes model/tables/net:first once more" in done.stderr
    told = ah("lineage", "model/tables/net:first").stdout
    assert "made from\n  run 1 (train, succeeded) by ada" in told
    assert "    ada/dataset/tables/small at " in told
    assert "evaluation of ada/model/tables/net on ada/dataset/tables/small: accuracy 0.9 (by run 2)" in told
    graph = json.loads(ah("lineage", "model/tables/net:first", "--json").stdout)
    evaluation = next(one["id"] for one in graph["nodes"] if one["kind"] == "evaluation").split(":")[1]
    assert "run 1 (train" in ah("lineage", evaluation).stdout
    assert "1 models rest on" in ah("delete", "dataset/tables/small", "--yes", status=4).stderr
