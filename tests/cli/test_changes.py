"""Changing assets by hand: files committed, staged, moved, taken back, and assets renamed, deleted, restored."""

import json
from pathlib import Path

import httpx2

from tests.cli.conftest import Typing
from tests.conftest import Live


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
