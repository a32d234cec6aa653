"""Tables and tensors as people ask for them at the command line and in Python."""

import json
import re
from pathlib import Path

import pytest

from assethub.client.connection import connect
from assethub.domain.errors import Invalid
from tests.cli.conftest import Typing
from tests.conftest import Live
from tests.services.weights import safetensors, tensor


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_tables_are_looked_at_and_compared(ah: Typing, mine: Path, live: Live) -> None:
    ah("create", "dataset/d/x")
    (mine / "a.csv").write_text("word,count\nzebra,1\nlion,20\n\x1b[31mbear,3\n")
    (mine / "notes.txt").write_text("no table")
    ah("commit", "dataset/d/x", "-m", "Add", "-a", "a.csv", "-a", "notes.txt")
    shown = ah("head", "dataset/d/x", "a.csv", "-n", "2", "--sort", "-count", "--where", "count>=3")
    assert shown.stdout.split() == ["lion", "20", "[31mbear", "3"]
    assert shown.stderr.strip() == "2 rows pass, of 3 rows"
    assert json.loads(ah("head", "dataset/d/x", "a.csv", "--json", "-c", "word").stdout)["rows"][0] == ["zebra"]
    assert "count" in ah("head", "dataset/d/x", "a.csv", "--statistics").stdout
    assert "is no table" in ah("head", "dataset/d/x", "notes.txt", status=1).stderr
    first = json.loads(ah("log", "dataset/d/x", "--json").stdout)[0]["id"]
    (mine / "a.csv").write_text("word,count\nzebra,2\nlion,20\nowl,4\n")
    ah("commit", "dataset/d/x", "-m", "Change", "-a", "a.csv")
    told = ah("diff", f"dataset/d/x:{first}", "main", "--table", "a.csv").stdout.splitlines()
    assert told[0] == "~ word zebra  count: 1 → 2"
    assert told[-1] == "1 added, 1 removed, 1 changed, 1 same."

    with connect(live.url, live.api_key) as hub:
        table = hub.dataset("dataset/d/x").branch("main").table("a.csv")
        assert [row["word"] for row in table] == ["zebra", "lion", "owl"]
        assert table.rows(where=["word=owl"]).numbers == [3]
        assert [(one.name, one.min, one.max) for one in table.columns().statistics][1] == ("count", 2, 20)
        assert table.diff(first).removed == 1
        with pytest.raises(Invalid, match="is not a filter"):
            table.rows(where=["nothing"])


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
