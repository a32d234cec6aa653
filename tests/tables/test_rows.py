"""Pages, orders, filters and statistics of tables in every format."""

import json
import re
from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from assethub.domain.errors import Invalid
from tests.tables.conftest import Asking, Counted, parquet

PEOPLE = 'name,age,score,code\nAda,36,0.5,007\n"Grace, H",85,,010\n"multi\nline",7,1e3,\n'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def test_csv_is_shown_as_it_is_written_and_compared_as_what_it_means(ask: Asking) -> None:
    found = ask("rows", "people.csv", PEOPLE.encode())
    assert found["rows"] == [
        ["Ada", "36", "0.5", "007"], ["Grace, H", "85", "", "010"], ["multi\nline", "7", "1e3", ""]
    ]  # fmt: skip
    names = [row[0] for row in ask("rows", "people.csv", PEOPLE.encode(), sort="age")["rows"]]
    assert names == ["multi\nline", "Ada", "Grace, H"]
    largest = ask("rows", "people.csv", PEOPLE.encode(), sort="-score")
    assert (largest["numbers"], largest["total"], largest["sample"]) == ([3, 1, 2], 3, None)


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        (["age>=36"], [1, 2]), (["age=36"], [1]), (["age=10..50"], [1]), (["name~ADA"], [1]), (["score="], [2]),
        (["score!="], [1, 3]), (["age>10", "score<1"], [1]), (["name=Grace, H"], [2]), (["age!=36"], [2, 3]),
        (["name~.*"], []),
    ],
)  # fmt: skip
def test_filters_hold_together(ask: Asking, where: list[str], numbers: list[int]) -> None:
    found = ask("rows", "people.csv", PEOPLE.encode(), where=where)
    assert (found["numbers"], found["matched"]) == (numbers, len(numbers))


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"where": ["nothing=1"]}, "is not a filter of this table"), ({"where": ["age>many"]}, "'many' is none"),
        ({"sort": "nothing"}, "no column 'nothing' to sort by"), ({"columns": ["nothing"]}, "no column 'nothing'"),
        ({"page": "0"}, "is not a page"), ({"page": "@1.x"}, "is not a place"), ({"page": "99"}, "has no page 99"),
        ({"where": ["age>1"] * 21}, "at most 20 filters"), ({"limit": 1001}, "1 to 1000 rows"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_with_a_sentence(ask: Asking, asked: dict[str, Any], sentence: str) -> None:
    with pytest.raises(Invalid, match=re.escape(sentence)):
        ask("rows", "people.csv", PEOPLE.encode(), **asked)


def test_the_longest_name_of_a_column_wins_in_a_filter(ask: Asking) -> None:
    body = b"a,a=b,a b\n1,x,y\n2,z,y\n"
    assert ask("rows", "x.csv", body, where=["a=b=z"])["numbers"] == [2]
    assert ask("rows", "x.csv", body, where=["a = 1", "a b ~ Y"])["numbers"] == [1]


def test_a_large_csv_goes_on_from_where_a_page_ended(ask: Asking) -> None:
    body = b"id,text\n" + b"".join(b'%d,"line\n%d"\n' % (at, at) for at in range(300_000))
    file, page, seen = Counted(body), "1", []
    for _ in range(3):
        found = ask("rows", "x.csv", file, page=page, limit=40)
        seen += [int(row[0]) for row in found["rows"]]
        page = found["next"]
    assert seen == list(range(120))
    later = ask("rows", "x.csv", file, page=f"@{body.index(b'200000,')}.200001", limit=2)
    assert (later["numbers"], later["rows"][1]) == ([200_001, 200_002], ["200001", "line\n200001"])
    assert file.fetched < 4 << 20
    alone = ask("rows", "x.csv", file, page=later["places"][1], limit=1)
    assert alone["rows"] == [["200001", "line\n200001"]]


def test_uneven_and_odd_csv_is_a_table_all_the_same(ask: Asking) -> None:
    found = ask("rows", "x.csv", b"\xef\xbb\xbfa,a,\n1\n1,2,3,4\n\n\xff,\0,5\n", sort="a")
    assert [one["name"] for one in found["columns"]] == ["a", "a 2", "column 3", "column 4"]
    assert sorted(map(tuple, found["rows"])) == [("1", "", "", ""), ("1", "2", "3", "4"), ("\ufffd", "\0", "5", "")]
    assert [one["name"] for one in ask("rows", "x.csv", b"a;b\n1;2\n")["columns"]] == ["a", "b"]


def test_lines_of_json_keep_their_values(ask: Asking) -> None:
    lines = [{"a": 1, "b": {"x": [1, None]}}, {"a": 2.5, "c": "z"}, {"a": "mixed"}, {"a": 10**30, "c": "\ud800"}]
    body = "\n\n".join(map(json.dumps, lines)).encode()
    found = ask("rows", "x.jsonl", body)
    assert found["shown"] == ["a", "b", "c"]
    assert found["rows"][:3] == [[1, {"x": [1, None]}, None], [2.5, None, "z"], ["mixed", None, None]]
    assert found["rows"][3] == [10**30, None, "?"]
    assert ask("rows", "x.jsonl", body, where=["b~null"])["numbers"] == [1]
    assert ask("rows", "x.json", json.dumps(lines[:2]).encode(), sort="-a")["numbers"] == [2, 1]
    with pytest.raises(Invalid, match="The line at byte 9 is not JSON"):
        ask("rows", "x.jsonl", b'{"a": 1}\n{"a": \n')


def test_values_of_parquet_are_json(ask: Asking) -> None:
    body = parquet({
        "time": pa.array([1_700_000_000_000_000_001], pa.timestamp("ns")), "day": pa.array([10**8], pa.date32()),
        "took": pa.array([1], pa.duration("ns")), "price": pa.array([1]).cast(pa.decimal128(30, 2)),
        "map": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), "nan": [float("nan")],
        "inner": [{"at": datetime(2024, 1, 2)}], "bytes": [b"\0\xff"], "label": pa.array(["x"]).dictionary_encode(),
    })  # fmt: skip
    found = ask("rows", "x.parquet", body)
    row = dict(zip(found["shown"], found["rows"][0], strict=True))
    assert row["time"] == "2023-11-14 22:13:20.000000001"
    assert (row["took"], row["price"], row["map"], row["nan"]) == (1, "1.00", [["k", 1]], "nan")
    assert (row["inner"], row["bytes"], row["label"]) == ({"at": "2024-01-02T00:00:00"}, None, "x")
    assert [(one["kind"], one["size"]) for one in found["cut"]] == [("binary", 2)]


def test_long_cells_are_cut_and_given_whole_on_demand(ask: Asking) -> None:
    body = parquet({"text": ["é" * 1000], "nested": [["word"] * 500], "image": [{"bytes": PNG, "path": "a.png"}]})
    found = ask("rows", "x.parquet", body, images=True)
    assert found["rows"][0][0] == "é" * 252
    assert [(one["kind"], one["size"]) for one in found["cut"]] == [("text", 2000), ("json", 4000), ("binary", 28)]
    assert found["cut"][2]["image"].startswith("data:image/png;base64,")
    whole = ask("rows", "x.parquet", body, most=1 << 20)
    assert (whole["rows"][0][0], len(whole["rows"][0][1])) == ("é" * 1000, 500)


def test_a_page_of_parquet_reads_the_row_groups_it_needs(ask: Asking) -> None:
    file = Counted(parquet({"id": range(200_000), "text": [str(at) * 9 for at in range(200_000)]}, row_group_size=5000))
    found = ask("rows", "x.parquet", file, page="3001")
    assert (found["numbers"][0], found["rows"][0][0], found["total"]) == (150_001, 150_000, 200_000)
    assert (found["previous"], found["next"]) == ("3000", "3002")
    assert file.fetched < len(file.getbuffer()) / 4
    assert ask("rows", "x.parquet", file, page=found["places"][7], limit=1)["rows"][0][0] == 150_007


def test_statistics_say_what_columns_hold(ask: Asking) -> None:
    body = parquet({
        "n": [*range(99), None], "label": ["a", "b"] * 50, "text": [f"text {at}" * (at % 7) for at in range(100)],
        "ok": [True] * 100, "at": [datetime(2024, 1, 1 + at % 9) for at in range(100)], "list": [[1]] * 100,
    })  # fmt: skip
    found = {one["name"]: one for one in ask("columns", "x.parquet", body)["statistics"]}
    n, label = found["n"], found["label"]
    assert (n["min"], n["max"], n["nulls"], n["distinct"], n["mean"]) == (0, 98, 1, 99, 49)
    assert (sum(n["histogram"]["counts"]), len(n["histogram"]["counts"])) == (99, 20)
    assert (label["top"], label["distinct"]) == ([["a", 50], ["b", 50]], 2)
    assert (found["text"]["histogram"]["high"], found["ok"]["top"]) == (42, [["true", 100]])
    assert (found["at"]["min"], found["list"]["kind"]) == ("2024-01-01 00:00:00.000000", "nested")
    typed = {one["name"]: one["kind"] for one in ask("columns", "people.csv", PEOPLE.encode())["statistics"]}
    assert typed == {"name": "text", "age": "number", "score": "number", "code": "number"}


def test_statistics_of_large_parquet_come_from_its_footer(ask: Asking) -> None:
    file = Counted(parquet({"id": range(300_000), "x": ["word"] * 300_000}, row_group_size=10_000))
    (found, _) = ask("columns", "x.parquet", file)["statistics"]
    assert (found["min"], found["max"], found["nulls"], found["footer"]) == (0, 299_999, 0, True)
    assert (found["whole"], found["rows"] < 300_000) == (False, True)


def test_many_columns_are_shown_a_few_at_a_time(ask: Asking) -> None:
    body = parquet({f"c{at}": [at] for at in range(2000)})
    found = ask("rows", "x.parquet", body)
    assert (len(found["columns"]), found["shown"][-1]) == (2000, "c49")
    assert ask("rows", "x.parquet", body, columns=["c1999", "c7"])["rows"] == [[7, 1999]]
