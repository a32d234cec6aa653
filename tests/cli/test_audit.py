"""The audit log, quotas and usage as people type them."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Typing
from tests.conftest import Live


def test_who_did_what_and_who_holds_how_much(
    ah: Typing, mine: Path, live: Live, database: str | None, store: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = ["--data", str(live.hub.folder), *(["--database", database] if database else [])]
    if store:
        monkeypatch.setenv("ASSETHUB_STORE", store)
    (mine / "a.txt").write_text("x" * 1500)
    ah("create", "model/m/y")
    ah("commit", "model/m/y", "-m", "Add", "-a", "a.txt")
    assert "commit.create" in ah("audit", "--limit", "3").stdout
    events = json.loads(ah("audit", "--action", "commit", "--json").stdout)
    assert [(event["actor_name"], event["target"]) for event in events] == [("ada", "ada/model/m/y:main")]
    assert json.loads(ah("audit", "--until", "2020-01-01", "--json").stdout) == []
    assert "asset.see (refused)" not in ah("audit", "--outcome", "done").stdout
    ah("audit", "export", "log.jsonl", "--folder", "model/m")
    lines = [json.loads(line) for line in (mine / "log.jsonl").read_text().splitlines()]
    assert [line["action"] for line in lines] == ["folder.create", "asset.create", "commit.create"]
    local = ah("admin", "audit", "--folder", "ada/model/m", *here).stdout.splitlines()
    assert [json.loads(line) for line in local[:3]] == lines
    assert json.loads(local[-1])["action"] == "audit.export"

    assert "ada holds 1.5 kB and may hold 2.0 kB" in ah("admin", "quota", "ada", "2kB", *here).stdout
    assert json.loads(ah("usage", "--json").stdout) == {
        "owner": "ada", "stored": 1500, "assets": 1, "quota": 2000, "limit": 2000,
    }  # fmt: skip
    assert "2.0 kB" in ah("usage", "ada").stdout
    (mine / "b.txt").write_text("y" * 501)
    refused = ah("commit", "model/m/y", "-m", "More", "-a", "b.txt", status=1)
    assert "ada holds 1.5 kB of the 2.0 kB that this hub allows them, and this needs 501 B more" in refused.stderr
    assert "is not a size" in ah("admin", "quota", "ada", "much", *here, status=1).stderr
    assert "as much as there is room for" in ah("admin", "quota", "ada", "none", *here).stdout
    ah("commit", "model/m/y", "-m", "More", "-a", "b.txt")
    quotas = json.loads(ah("audit", "--action", "owner.quota", "--json").stdout)
    assert [event["detail"]["quota"] for event in quotas] == [None, 2000]
    assert quotas[0]["via"] == "ah admin"
