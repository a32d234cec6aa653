"""What the columns of a sample hold: nulls, ends, how many values, and how they are spread."""

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assethub.services.table_worker.cells import plain_of, values
from assethub.services.table_worker.looking import typed
from assethub.services.table_worker.sources import Column, Sample, kind_of

BINS = 20
FEW = 30  # distinct values that are listed rather than spread
TOP = 6
SHOWN_TEXT = 100  # characters


def statistics(sample: Sample, column: Column, told: tuple[int, Any, Any] | None) -> dict[str, Any]:
    """One column; `told` are nulls, smallest and largest value of the whole file by its footer."""
    array = typed(sample, column.name)
    kind = kind_of(array.type)
    found: dict[str, Any] = {
        "name": column.name, "type": str(array.type)[:200] if sample.text and kind != "text" else column.type,
        "kind": kind, "rows": len(array), "whole": sample.whole, "nulls": array.null_count, "footer": False,
    }  # fmt: skip
    array = array.drop_null()
    if kind in ("number", "time") and len(array):
        found |= of_numbers(array, kind)
    elif kind in ("text", "boolean") and len(array):
        found |= of_text(array, kind)
    if told is not None and not sample.whole:
        found |= {"nulls": told[0], "footer": True}
        if told[1] is not None:
            found |= {"min": shown(told[1]), "max": shown(told[2])}
    return found


def of_numbers(array: pa.ChunkedArray, kind: str) -> dict[str, Any]:
    ends = pc.min_max(array)
    low, high = (one.cast(pa.string()).as_py() if kind == "time" else one.as_py() for one in (ends["min"], ends["max"]))
    found = {"min": plain_of(low), "max": plain_of(high), "distinct": pc.count_distinct(array).as_py()}
    number = array.cast(pa.float64()) if kind == "number" else to_float(array)
    if number is not None and len(number := number.filter(pc.is_finite(number))):
        found["histogram"] = histogram(number)
        if kind == "number":
            found["mean"] = pc.mean(number).as_py()
    return found


def to_float(array: pa.ChunkedArray) -> pa.ChunkedArray | None:
    try:
        if pa.types.is_date(array.type):
            array = array.cast(pa.timestamp("s"))
        whole = pa.int64() if pa.types.is_timestamp(array.type) or pa.types.is_time64(array.type) else pa.int32()
        return array.cast(whole).cast(pa.float64())
    except pa.ArrowException:
        return None


def of_text(array: pa.ChunkedArray, kind: str) -> dict[str, Any]:
    distinct = pc.count_distinct(array).as_py()
    found: dict[str, Any] = {"distinct": distinct}
    if distinct <= FEW:
        counted = pc.value_counts(array)
        order = pc.sort_indices(counted.field("counts"), sort_keys=[("", "descending")])[:TOP]
        top = zip(
            values(counted.field("values").take(order)), counted.field("counts").take(order).to_pylist(), strict=True
        )
        found["top"] = [
            (str(shown(value)).lower() if kind == "boolean" else shown(value), count) for value, count in top
        ]
    elif kind == "text":
        found["histogram"] = histogram(pc.utf8_length(array).cast(pa.float64()))
    return found


def histogram(number: pa.ChunkedArray) -> dict[str, Any]:
    """Counts in equal steps from the smallest to the largest."""
    ends = pc.min_max(number)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    if not low < high or high - low == float("inf"):
        return {"low": low, "high": high, "counts": [len(number)]}
    places = pc.min_element_wise(pc.floor(pc.multiply(pc.divide(pc.subtract(number, low), high - low), BINS)), BINS - 1)
    counts = [0] * BINS
    for one in pc.value_counts(places.cast(pa.int64())).to_pylist():
        counts[one["values"]] = one["counts"]
    return {"low": low, "high": high, "counts": counts}


def shown(value: Any) -> Any:
    if isinstance(value, bytes):
        value = value[:SHOWN_TEXT].decode("utf-8", "replace")
    value = plain_of(value)
    return value[:SHOWN_TEXT] if isinstance(value, str) else value
