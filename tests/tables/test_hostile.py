"""Files that would take the hub's memory, time or process if they were decoded in it."""

import json
import os
import struct
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from assethub.domain.errors import Invalid
from assethub.services.table_reader import Readers
from tests.tables.conftest import Asking, Counted, parquet

MEMORY = "needs more memory|is damaged"


def deep(levels: int) -> bytes:
    value: object = 1
    for _ in range(levels):
        value = {"x": value}
    return parquet({"a": [value]})


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("x.csv", b"a,b\n" + b"x" * (17 << 20), "The row that begins at byte 4 has more than 16 MiB"),
        ("x.csv", b'a,b\n1,2\n3,"' + b"line\n" * (7 << 19), "a quote is never closed"),
        ("x.csv", "a,b\n".encode("utf-16"), "UTF-16"),
        ("x.csv", b"," * 200_000, "more than 20000 columns"),
        ("x.jsonl", b"[" * 200_000, "nested too deeply"),
        ("x.jsonl", b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        ("x.json", b"[" * 2_000_000, "nested too deeply"),
        ("x.json", b'{"a": 1}', "no array of objects"),
        ("x.parquet", b"PAR1" + b"\xff" * 100 + struct.pack("<I", 90) + b"PAR1", "cannot be read as a table"),
        ("x.parquet", b"PAR1" + b"\xff" * 99 + struct.pack("<I", 0x7FFFFFFF) + b"PAR1", "cannot be read as a table"),
        ("x.parquet", b"not Parquet at all", "cannot be read as a table"),
        ("x.parquet", b"", "cannot be read as a table"),
        ("x.parquet", deep(200), "nested"),
        ("x.parquet", parquet(pa.table([[1], [2]], names=["a", "a"])), "same name"),
    ],
)  # fmt: skip
def test_a_hostile_file_gets_a_sentence(ask: Asking, name: str, body: bytes, sentence: str) -> None:
    for op in ("rows", "columns"):
        with pytest.raises(Invalid, match=sentence):
            ask(op, name, body)


def test_a_bomb_of_parquet_stays_below_the_limit_of_memory(ask: Asking, readers: Readers) -> None:
    one = pa.array(["y" * (10 << 20)], pa.large_string())
    large = parquet({"a": pa.DictionaryArray.from_arrays(pa.array(np.zeros(3000, np.int32)), one)}, compression="zstd")
    assert len(large) < 1 << 20
    with pytest.raises(Invalid, match=MEMORY):
        ask("columns", "x.parquet", large)
    zeros = parquet({"a": pa.array(np.zeros(20_000_000, np.int8)).dictionary_encode()}, row_group_size=20_000_000)
    assert ask("rows", "x.parquet", zeros, page="2", limit=3)["rows"] == [[0], [0], [0]]
    assert ask("rows", "x.csv", b"a\n1\n")["rows"] == [["1"]]
    assert len(readers.free) == 1


def test_invalid_text_is_marked(ask: Asking) -> None:
    raw = pa.array([b"\xff\xfe\xfa", b"ok"])
    body = parquet({"a": pa.StringArray.from_buffers(2, raw.buffers()[1], raw.buffers()[2])})
    assert ask("rows", "x.parquet", body)["rows"] == [["\ufffd" * 3], ["ok"]]
    assert ask("columns", "x.parquet", body)["statistics"][0]["distinct"] == 2


def test_ten_thousand_columns_and_deep_values_are_shown(ask: Asking) -> None:
    body = ",".join(f"c{at}" for at in range(10_000)).encode() + b"\n1\n"
    found = ask("rows", "x.csv", body, columns=["c9999", "c0"])
    assert (len(found["columns"]), found["rows"]) == (10_000, [["1", ""]])
    nested = b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}"
    assert json.dumps(ask("rows", "x.jsonl", nested)["rows"][0][0]).count("[") > 60
    assert ask("rows", "x.csv", b"")["rows"] == []


def test_a_process_that_dies_or_stops_answering_is_replaced(ask: Asking, readers: Readers) -> None:
    ask("rows", "x.csv", b"a\n1\n")
    first = readers.free[-1]

    class Killing(Counted):
        def seek(self, offset: int, whence: int = 0) -> int:
            os.kill(first.process.pid, 9)
            first.process.wait()
            return super().seek(offset, whence)

    with pytest.raises(Invalid, match="is damaged"):
        ask("rows", "x.csv", Killing(b"a\n2\n"))
    assert first not in readers.free
    assert ask("rows", "x.csv", b"a\n3\n")["rows"] == [["3"]]


def test_the_process_has_nothing_of_the_hubs_environment(ask: Asking, readers: Readers) -> None:
    ask("rows", "x.csv", b"a\n1\n")
    told = Path(f"/proc/{readers.free[-1].process.pid}/environ").read_bytes()
    names = {one.split(b"=")[0] for one in told.split(b"\0") if one}
    assert names <= {b"PYTHONPATH", b"LC_CTYPE"}
