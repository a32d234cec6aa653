"""What every command of `ah` keeps to: JSON, refusals of one sentence, help; who is signed in, and what is well."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import AH, Typing
from tests.conftest import Live, require


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
