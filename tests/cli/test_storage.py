"""Copying, importing, exporting and upkeep, as people type it."""

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from assethub.client.connection import connect
from assethub.domain.errors import Conflict, Invalid, NotFound
from tests.cli.conftest import Typing
from tests.conftest import Live


def test_copying_storage_and_the_administrators_upkeep(
    ah: Typing, mine: Path, live: Live, database: str | None, store: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (mine / "a.txt").write_text("one")
    (mine / "b.txt").write_text("secret")
    ah("create", "dataset/d/x")
    ah("create", "model/m/y")
    ah("commit", "dataset/d/x", "-m", "Add", "-a", "a.txt", "-a", "b.txt")
    assert "Copy from ada/dataset/d/x" in ah("copy", "dataset/d/x", "model/m/y", "a.txt", "--to", "in").stdout
    assert ah("cat", "model/m/y", "in/a.txt").stdout == "one"
    assert "nothing to copy" in ah("copy", "dataset/d/x", "model/m/y", "a.txt", "--to", "in").stdout
    assert "has no file 'c.txt'" in ah("copy", "dataset/d/x", "model/m/y", "c.txt", status=3).stderr
    used = json.loads(ah("usage", "dataset/d/x", "--json").stdout)
    assert (used["own"], used["shared"], used["version"]["stored"]) == (6, 3, 9)
    assert "Shared with others" in ah("usage", "model/m/y").stdout

    here = ["--data", str(live.hub.folder), *(["--database", database] if database else [])]
    if store:
        monkeypatch.setenv("ASSETHUB_STORE", store)
    assert "Would free 0 B" in ah("admin", "collect", "--dry-run", *here).stdout
    assert json.loads(ah("admin", "collect", "--json", *here).stdout)["contents"] == 0
    wanted = ("ada/dataset/d/x", "b.txt", "--reason", "a password")
    assert "say --yes" in ah("admin", "purge", *wanted, *here, status=2).stderr
    receipt = json.loads(ah("admin", "purge", *wanted, "--yes", *here).stdout)
    assert (receipt["places"][0]["path"], len(receipt["signature"])) == ("b.txt", 64)
    assert "removed from this hub for good" in ah("cat", "dataset/d/x", "b.txt", status=3).stderr
    assert ah("cat", "dataset/d/x", "a.txt").stdout == "one"
    assert json.loads(ah("admin", "purge", "--list", *here).stdout) == [receipt]
    assert "all is well" in ah("admin", "verify", "--deep", *here).stdout


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_history_travels_as_a_file(ah: Typing, mine: Path, live: Live) -> None:
    (mine / "data").mkdir()
    (mine / "data" / "a.txt").write_text("one")
    (mine / "large.bin").write_bytes(b"large" * 500_000)
    with connect(live.url, live.api_key) as hub:
        hub.create("model/a/net")
        net = hub.model("model/a/net")
        net.commit("Add", [str(mine / "data"), str(mine / "large.bin")])
        net.create_tag("v1")

        assert "2 commits, 2 contents, 2.5 MB" in ah("export", "model/a/net", "net.ahub", "--all").stdout
        assert "tag v1 is at" in ah("import", "net.ahub", "model/b/copy").stdout
        copy = hub.model("model/b/copy")
        assert copy.tag("v1").list_commit() == net.main.list_commit()
        assert copy.main.read("data/a.txt") == b"one"
        assert hub.import_archive(mine / "net.ahub", "model/b/copy").refs == []

        (mine / "cut.ahub").write_bytes((mine / "net.ahub").read_bytes()[:-600])
        assert "is cut off" in ah("import", "cut.ahub", "model/b/cut", status=1).stderr
        with pytest.raises(NotFound):
            hub.get("model/b/cut")
        copy.commit("Mine", delete=["large.bin"])
        with pytest.raises(Conflict, match="does not continue that"):
            hub.import_archive(mine / "net.ahub", "model/b/copy")

        ah("download", "model/a/net:v1", "data/", "--archive", "data.tar")
        listed = subprocess.run(["tar", "-tf", "data.tar"], cwd=mine, capture_output=True, text=True, check=True)
        assert listed.stdout == "data/a.txt\n"
        with zipfile.ZipFile(net.main.archive(mine / "net.zip")) as packed:
            assert packed.namelist() == ["data/a.txt", "large.bin"]
        with pytest.raises(Invalid, match=r"neither a \.tar nor a \.zip"):
            net.main.archive(mine / "net.rar")
        with pytest.raises(NotFound):
            net.version("none").export(mine / "none.ahub")
    assert sorted(path.name for path in mine.iterdir()) == [
        "cut.ahub", "data", "data.tar", "large.bin", "net.ahub", "net.zip",
    ]  # fmt: skip


def test_files_of_a_registered_source_are_imported(ah: Typing, live: Live, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "a.csv").write_text("a\n")
    settings = live.server.settings
    own = ["--data", str(settings.data), *(["--database", settings.database] if settings.database else [])]
    assert ah("admin", "source", "add", "shelf", str(shelf), *own).stdout == f"Added the source 'shelf': {shelf}\n"
    assert ah("admin", "source", "ls", *own).stdout.startswith(f"shelf\t{shelf}\t")
    ah("create", "dataset/d/x")
    done = ah("import", "shelf", "dataset/d/x", "--to", "in", "--link", "-m", "Bring it")
    assert "on ada/dataset/d/x:main  (1 file, 2 B, linked)" in done.stdout
    assert "Importing: 2 B" in done.stderr
    assert ah("cat", "dataset/d/x", "in/a.csv").stdout == "a\n"
    assert "nothing to commit" in ah("import", "shelf:a.csv", "dataset/d/x:main", "--to", "in", "--link").stdout
    waiting = json.loads(ah("import", "shelf", "dataset/d/x", "--link", "--no-wait", "--json").stdout)
    assert waiting["state"] == "queued"
    assert "no source 'none'" in ah("import", "none", "dataset/d/x", status=3).stderr
    assert "holds nothing at 'no'" in ah("import", "shelf:no", "dataset/d/x", status=1).stderr
    assert "succeeded" in ah("ls", "dataset/d/x", "--import").stdout
    assert "is not the id of an import" in ah("import", "--cancel", "shelf", "dataset/d/x", status=2).stderr
    assert "1 contents are linked" in ah("admin", "source", "rm", "shelf", *own, status=4).stderr
    ah("admin", "source", "rm", "shelf", "--force", *own)
    assert "an administrator removed the source" in ah("cat", "dataset/d/x", "in/a.csv", status=5).stderr


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
