"""Histories, differences, merges and tags, as people ask for them with `ah`."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Typing

NET = "model/vision/net"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_versions_are_searched_compared_and_merged_by_hand(ah: Typing, mine: Path) -> None:
    ah("create", NET)
    for name, text in (("a.txt", "one"), ("b.txt", "one")):
        (mine / name).write_text(text)
    ah("commit", NET, "-m", "Begin", "-a", "a.txt", "-a", "b.txt")
    ah("create", f"{NET}:exp/1")
    (mine / "a.txt").write_text("side")
    ah("commit", f"{NET}:exp/1", "-m", "Change a aside", "-a", "a.txt", "-d", "b.txt")
    (mine / "a.txt").write_text("main")
    ah("commit", NET, "-m", "Change a", "-a", "a.txt")
    ah("create", f"{NET}:v1", "--tag", "-m", "What the paper uses")

    assert "What the paper uses" in ah("ls", NET, "--tag").stdout
    assert [one["name"] for one in json.loads(ah("ls", NET, "--branch", "--search", "EXP", "--json").stdout)] == [
        "exp/1"
    ]  # fmt: skip
    log = json.loads(ah("log", NET, "--path", "a.txt", "--json").stdout)
    assert [one["message"] for one in log] == ["Change a", "Begin"]
    assert json.loads(ah("log", NET, "--author", "nobody", "--json").stdout) == []
    assert len(json.loads(ah("log", f"{NET}:exp/1", "--search", "aside", "--json").stdout)) == 1
    assert ah("diff", NET, "exp/1", "--kind", "removed").stdout.startswith("- b.txt")
    assert ah("diff", NET, "exp/1", "--search", "A.T").stdout.startswith("~ a.txt")

    preview = ah("merge", f"{NET}:exp/1", "--dry-run", "--strategy", "merge").stdout
    assert "! a.txt  (source 4 B, target 4 B)" in preview
    assert json.loads(ah("merge", f"{NET}:exp/1", "--dry-run", "--json").stdout)["strategy"] == "replace"
    assert "Merge exp/1" in ah("merge", f"{NET}:exp/1", "--strategy", "merge", "--answer", "a.txt=source").stdout
    nothing = ah("merge", f"{NET}:exp/1", "--dry-run", "--strategy", "merge").stdout
    assert nothing == "main holds exp/1 already; nothing to merge.\n"
