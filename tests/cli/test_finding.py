"""ah search, star, unstar and stars."""

import json
from pathlib import Path

import pytest

from assethub.services.indexing import Indexer
from tests.cli.conftest import Typing
from tests.conftest import Live


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_stars_and_searches_from_the_command_line(ah: Typing, live: Live, mine: Path) -> None:
    (mine / "config.json").write_text("{}")
    ah("create", "model/vision/net", "--label", "eyes")
    ah("create", "dataset/images/digits")
    ah("commit", "model/vision/net", "-m", "Begin", "-a", "config.json")
    Indexer(live.hub).round()
    assert "1 star, one of them yours" in ah("star", "model/vision/net").stdout
    assert ah("stars").stdout.split()[0] == "ada/model/vision/net"
    assert [one["path"] for one in json.loads(ah("stars", "--json").stdout)] == ["ada/model/vision/net"]
    assert "0 stars" in ah("unstar", "model/vision/net").stdout
    assert ah("stars").stdout == ""
    assert ah("search", "--label", "eyes").stdout.split()[0] == "ada/model/vision/net"
    listed = ah("search", "--owner", "ada", "--kind", "model", "--sort", "name").stdout.splitlines()
    assert [line.split()[0] for line in listed] == ["ada/model/vision", "ada/model/vision/net"]
    assert ah("search", "--files", "conf").stdout.split()[:2] == ["ada/model/vision/net", "config.json"]
    assert "No file" in ah("search", "--files", "nothing.txt").stderr
    ah("search", status=2)
    ah("star", "model/vision", status=1)
    ah("star", "model/vision/none", status=3)
