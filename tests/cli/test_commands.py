"""`ah` as people type it, against a live hub."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from tests.cli.conftest import AH, Typing
from tests.conftest import Live, make_repository, require
from tests.services.weights import safetensors, tensor

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


def test_every_listing_speaks_json(ah: Typing, mine: Path, live: Live) -> None:
    (mine / "x.txt").write_text("x")
    ah("create", "dataset/d/x")
    ah("create", "model/m/y")
    ah("commit", "model/m/y", "-m", "x", "-a", "x.txt")
    ah("evaluation", "create", "model/m/y:main", "-d", "dataset/d/x", "-m", "accuracy=0.5")
    ah("credential", "add", "https://git.example/me", stdin="token")
    for command, key in [
        (("ls",), "assets"), (("ls", "model/m"), "training"), (("ls", "model/m/y"), "sha256"),
        (("ls", "model/m/y", "--branch"), "commit"), (("log", "model/m/y"), "parents"),
        (("evaluation", "ls", "model/m/y"), "metrics"), (("key", "ls"), "scope"), (("config",), "source"),
        (("credential", "ls"), "url"),
    ]:  # fmt: skip
        rows = json.loads(ah(*command, "--json").stdout)
        assert rows, command
        assert all(key in row for row in rows), command
    for command in (("run", "ls"), ("ls", "model/m/y", "--tag"), ("status", "model/m/y")):
        assert json.loads(ah(*command, "--json").stdout) == []
    assert json.loads(ah("whoami", "--json").stdout)["name"] == "ada"


@pytest.mark.parametrize(
    ("command", "status", "sentence"),
    [
        (("ls", "model/none"), 3, "no folder 'ada/model/none'"),
        (("ls", "nonsense"), 1, "is not a path"),
        (("ls", "model/m/y:v9"), 3, "no branch, tag or commit 'v9'"),
        (("create", "model/m/y"), 4, "exists already"),
        (("create", "model/m/a b"), 1, "not allowed"),
        (("create", "dataset/d/x:second"), 4, "only models have branches"),
        (("commit", "model/m/y", "-m", "x"), 2, "nothing to commit"),
        (("commit", "model/m/y", "-m", "x", "-a", "none.txt"), 1, "There is no file or folder 'none.txt' here."),
        (("commit", "model/m/y", "-m", "x", "-a", "x.txt:../up"), 1, "not allowed"),
        (("merge", "model/m/y"), 2, "Say what to merge"),
        (("delete", "model/m/y"), 2, "say --yes"),
        (("train", "model/m/y", "-b", "z"), 1, "No dataset is given"),
        (("train", "model/m/y", "-b", "z", "-d", "dataset/d/x", "-r", "/etc"), 1, "not below a folder"),
        (("train", "model/m/y", "-b", "z", "-p", "lr"), 2, "is not NAME=VALUE"),
        (("train", "dataset/d/x", "-b", "z"), 1, "is not a model"),
        (("run", "show", "9"), 3, "no run '9'"),
        (("evaluation", "create", "model/m/y", "-d", "dataset/d/x", "-m", "a=b"), 2, "must be a number"),
        (("cat", "model/m/y", "none"), 3, "no file 'none'"),
        (("credential", "rm", "none"), 3, "no credential 'none'"),
        (("credential", "add", "https://git.example/x"), 1, "The token is empty."),
        (("credential", "add", "ssh://git@git.example", "--key-file", "x.txt"), 1, "This is not a private key"),
        (("credential", "add", "ssh://git@git.example", "--key-file", "none"), 1, "The key none cannot be read"),
        (("credential", "add", "https://me:word@git.example"), 1, "https://git.example has a name or a password"),
        (("credential", "ls", "--folder", "model/m/y"), 2, "is no folder"),
        (("credential", "add", "https://git.example", "--folder", "dataset/d"), 1, "their results in model folders"),
        (("wrong",), 2, "No such command 'wrong'"),
    ],
)  # fmt: skip
def test_refusals_are_one_sentence_and_a_status(
    ah: Typing, mine: Path, command: tuple[str, ...], status: int, sentence: str
) -> None:
    (mine / "x.txt").write_text("x")
    ah("create", "dataset/d/x")
    ah("create", "model/m/y")
    done = ah(*command, status=status)
    assert sentence in done.stderr
    assert done.stdout == ""


def test_a_hub_that_is_not_there_and_a_key_that_is_none(ah: Typing) -> None:
    assert "No hub answers at" in ah("ls", status=5, ASSETHUB_ENDPOINT="http://127.0.0.1:9").stderr
    assert "API key is not known" in ah("whoami", status=1, ASSETHUB_API_KEY="ah_wrong").stderr


def test_login_keeps_a_key_that_only_its_owner_reads(ah: Typing, live: Live, tmp_path: Path) -> None:
    nothing = {"ASSETHUB_ENDPOINT": "", "ASSETHUB_API_KEY": ""}
    ah("login", live.url, "--user", "ada", "--password-stdin", stdin="wrong\n", status=1, **nothing)
    ah("login", live.url, "--user", "ada", "--password-stdin", stdin=f"{live.admin_password}\n", **nothing)
    kept = tmp_path / "config" / "assethub" / "login.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert ah("whoami", **nothing).stdout == f"ada (administrator) at {live.url}\n"
    ah("logout", **nothing)
    assert not kept.exists()


def test_doctor_says_what_is_well_and_what_is_not(ah: Typing) -> None:
    require("bubblewrap", shutil.which("bwrap") is not None)
    well = ah("doctor").stdout
    assert "Signed in: ada" in well
    assert "problem" in ah("doctor", status=1, ASSETHUB_ENDPOINT="http://127.0.0.1:9").stdout


def test_links_and_pairs_that_no_disk_can_hold_are_refused(ah: Typing, mine: Path) -> None:
    (mine / "real").write_text("x")
    (mine / "folder").mkdir()
    (mine / "folder" / "link").symlink_to(mine / "real")
    ah("create", "model/m/y")
    assert "folder/link is a symbolic link" in ah("commit", "model/m/y", "-m", "x", "-a", "folder", status=1).stderr
    assert "1 added" in ah("commit", "model/m/y", "-m", "x", "-a", "folder", "-a", "real:r", "--exclude", "link").stdout
    ah("commit", "model/m/y", "-m", "x", "-a", "real:a", "-a", "real:a/b")
    assert "'a' is a file, and 'a/b' lies below it" in ah("download", "model/m/y", "-o", "out", status=1).stderr
    ah("download", "model/m/y", "a/b", "-o", "one")
    assert (mine / "one" / "a" / "b").read_text() == "x"


def test_staged_changes_are_listed_committed_and_dropped(ah: Typing, live: Live, mine: Path) -> None:

    ah("create", "model/m/y")
    headers = {"Authorization": f"Bearer {live.api_key}"}
    for name in ("a", "b"):
        httpx2.put(f"{live.url}/api/v1/assets/ada/model/m/y/staged/{name}", content=b"x", headers=headers)
    listed = ah("status", "model/m/y").stdout.splitlines()
    assert [line.split("  ")[0] for line in listed] == ["+ a", "+ b"]
    assert "(ada, " in listed[0]
    ah("commit", "model/m/y", "-m", "Staged", "--staged")
    assert "Nothing is staged" in ah("status", "model/m/y").stdout
    httpx2.put(f"{live.url}/api/v1/assets/ada/model/m/y/staged/c", content=b"x", headers=headers)
    assert ah("reset", "model/m/y").stdout == "Dropped 1 staged changes.\n"


def test_files_are_staged_and_moved_and_some_of_them_are_committed_or_dropped(ah: Typing, mine: Path) -> None:
    (mine / "a.txt").write_text("a")
    (mine / "b.txt").write_text("b")
    ah("create", "model/m/y")
    ah("commit", "model/m/y", "-m", "One", "-a", "a.txt:old/a.txt")
    assert ah("stage", "model/m/y", "-a", "b.txt", "--move", "old/=new/").stdout.startswith("Staged 3 changes")
    assert [line.split("  ")[0] for line in ah("status", "model/m/y").stdout.splitlines()] == [
        "+ b.txt", "+ new/a.txt", "- old/a.txt",
    ]  # fmt: skip
    assert ah("reset", "model/m/y", "b.txt").stdout == "Dropped 1 staged changes.\n"
    made = json.loads(ah("commit", "model/m/y", "-m", "Half", "--only", "new/a.txt", "--json").stdout)
    assert (made["added"], made["removed"], made["files"]) == (1, 0, 2)
    ah("commit", "model/m/y", "-m", "Moved", "--move", "new/a.txt=a.txt")
    assert ah("cat", "model/m/y", "a.txt").stdout == "a"
    ah("commit", "model/m/y", "-m", "Moved", "--move", "none=a.txt", status=3)
    ah("commit", "model/m/y", "-m", "Moved", "--move", "old/a.txt=a.txt", status=4)
    ah("stage", "model/m/y", status=2)


def test_update_and_delete(ah: Typing) -> None:
    ah("create", "model/m/y", "-d", "before")
    ah("update", "model/m/y", "-n", "z", "-d", "after", "-l", "one", "-p", "lr=0.1")
    (row,) = json.loads(ah("ls", "model/m", "--json").stdout)
    assert (row["path"], row["description"], row["labels"]) == ("ada/model/m/z", "after", ["one"])
    assert row["training"]["params"] == {"lr": "0.1"}
    ah("create", "model/m/z:branch")
    ah("delete", "model/m/z:branch", "--yes")
    ah("restore", "model/m/z:branch")
    assert {row["name"] for row in json.loads(ah("ls", "model/m/z", "--branch", "--json").stdout)} == {"main", "branch"}
    ah("delete", "model/m/z", "--yes")
    assert "`ah restore model/m` brings it back for 14 days" in ah("delete", "model/m", "--yes").stdout
    assert "No folders yet" in ah("ls").stdout
    ah("restore", "model/m/z", status=3)
    ah("restore", "model/m")
    ah("restore", "model/m/z")
    assert "was deleted in the last 14 days" in ah("restore", "model/m/z", status=3).stderr


def test_tensors_of_a_file_are_shown_by_its_header(ah: Typing, mine: Path) -> None:
    fields = {"a.weight": tensor("BF16", [2, 3], 0, 12), "__metadata__": {"format": "pt"}}
    (mine / "m.safetensors").write_bytes(safetensors(fields, bytes(12)))
    (mine / "bad.safetensors").write_bytes(b"\xff" * 20)
    ah("create", "model/m/y")
    ah("commit", "model/m/y", "-m", "x", "-a", "m.safetensors", "-a", "bad.safetensors")
    shown = ah("tensors", "model/m/y", "m.safetensors").stdout
    assert re.search(r"a\.weight +BF16 +\[2, 3\] +12 B\n1 tensors?, 6 parameters, 12 B", shown)
    found = json.loads(ah("tensors", "model/m/y", "m.safetensors", "--json").stdout)
    assert (found["format"], found["parameters"], found["metadata"]) == ("safetensors", 6, {"format": "pt"})
    begin = found["tensors"][0]["start"]
    assert begin == (mine / "m.safetensors").stat().st_size - 12
    assert "cannot be read" in ah("tensors", "model/m/y", "bad.safetensors", status=1).stderr
    assert "no file 'none.gguf'" in ah("tensors", "model/m/y", "none.gguf", status=3).stderr


def test_help_is_there_for_every_command() -> None:
    from assethub.cli.main import COMMANDS

    for name in COMMANDS:
        done = subprocess.run([str(AH), name, "--help"], capture_output=True, text=True, check=True)
        assert "Usage: ah" in done.stdout


def test_importing_the_sdk_and_showing_the_help_load_nothing_heavy() -> None:
    heavy = ("httpx2", "pydantic", "rich", "fastapi", "sqlalchemy", "assethub.server")
    for program in ("import assethub", "import assethub.cli.main"):
        code = f"{program}; import sys; print([name for name in {heavy!r} if name in sys.modules])"
        assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_revert_and_cherry_pick(ah: Typing, mine: Path) -> None:
    (mine / "x.txt").write_text("x")
    ah("create", "model/m/y")
    ah("create", "model/m/y:side")
    made = json.loads(ah("commit", "model/m/y", "-m", "Add x", "-a", "x.txt", "--json").stdout)
    assert "Add x" in ah("cherry-pick", "model/m/y:side", made["id"][:8]).stdout
    assert "holds the change" in ah("cherry-pick", "model/m/y:side", made["id"][:8]).stdout
    assert "Revert 'Add x'" in ah("revert", "model/m/y", made["id"][:8]).stdout
    assert "Nothing of" in ah("revert", "model/m/y", made["id"][:8]).stdout
    assert json.loads(ah("ls", "model/m/y", "--json").stdout) == []


def test_admin_verifies_beside_a_serving_hub(ah: Typing, live: Live, mine: Path) -> None:
    (mine / "x.txt").write_text("x")
    ah("create", "model/m/y")
    ah("commit", "model/m/y", "-m", "Add", "-a", "x.txt")
    here = ["--data", str(live.hub.folder)]
    own = {"ASSETHUB_DATABASE": live.server.settings.database, "ASSETHUB_STORE": live.server.settings.store}
    said = ah("admin", "verify", "--deep", *here, **own).stdout
    assert said == "Read 1 contents (1 bytes) and the trees of 2 commits: all is well.\n"
    assert json.loads(ah("admin", "verify", "--json", *here, **own).stdout)["damages"] == []
    assert "ada\tadministrator" in ah("admin", "user", "ls", *here, **own).stdout


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
