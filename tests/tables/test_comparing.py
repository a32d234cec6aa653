"""Differences of tables, row by row."""

import pyarrow as pa

from tests.tables.conftest import Asking, parquet

OLD = b"word,count\nzebra,1\nlion,2\nbear,3\n"


def test_rows_are_told_apart_by_a_column_that_is_unique(ask: Asking) -> None:
    found = ask("diff", "x.csv", OLD, b"word,count,new\nbear,3,x\nlion,20,x\nowl,4,x\n")
    assert (found["key"], found["columns"], found["columns_added"]) == ("word", ["word", "count"], ["new"])
    assert (found["added"], found["removed"], found["changed"], found["same"]) == (1, 1, 1, 1)
    told = [(one["kind"], one["key"], one.get("old"), one.get("new"), one.get("cells", [])) for one in found["changes"]]
    assert told == [
        ("removed", "zebra", ["zebra", "1"], None, []), ("changed", "lion", ["lion", "2"], ["lion", "20"], [1]),
        ("added", "owl", None, ["owl", "4"], []),
    ]  # fmt: skip


def test_without_such_a_column_rows_are_compared_by_what_they_hold(ask: Asking) -> None:
    old = b"a,b\n1,x\n1,x\n2,y\n3,z\n"
    found = ask("diff", "x.csv", old, b"a,b\n1,x\n1,x\n2,q\n3,z\n3,z\n")
    assert (found["key"], found["added"], found["removed"], found["changed"], found["same"]) == (None, 1, 0, 1, 3)
    (changed, added) = found["changes"]
    assert (changed["old"], changed["new"], changed["cells"], added["new"]) == (["2", "y"], ["2", "q"], [1], ["3", "z"])
    moved = ask("diff", "x.csv", old, b"a,b\n3,z\n1,x\n1,x\n2,y\n")
    assert (moved["same"], moved["changes"]) == (4, [])


def test_types_and_formats_may_differ_between_the_sides(ask: Asking) -> None:
    old = parquet({"id": [1, 2, 3], "x": [1, 2, 3], "y": [[1], [2], None], "n": [float("nan"), 1.0, 2.0]})
    new = parquet({"id": pa.array([1, 2, 3], pa.int32()), "x": [1.0, 2.5, 3.0], "y": [[1], [2], [3]],
                   "n": [float("nan"), 1.0, None]})  # fmt: skip
    found = ask("diff", "x.parquet", old, new)
    assert [(one["key"], one["cells"]) for one in found["changes"]] == [("2", [1]), ("3", [2, 3])]
    assert ask("diff", "x.jsonl", b'{"id": 1, "a": {"b": 1}}\n', b'{"id": 1, "a": {"b": 2}}\n')["changed"] == 1


def test_the_answer_is_bounded_and_says_how_much_was_compared(ask: Asking) -> None:
    old = parquet({"id": range(150_000), "x": ["word"] * 150_000})
    new = parquet({"id": range(150_000), "x": ["ward"] * 150_000})
    found = ask("diff", "x.parquet", old, new, limit=10)
    assert (len(found["changes"]), found["changed"], found["sample"]) == (10, 100_000, 100_000)
    assert ask("diff", "x.csv", OLD, b"")["columns_removed"] == ["word", "count"]
