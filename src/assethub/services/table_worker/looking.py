"""Rows of a sample that pass filters, and their order."""

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assethub.domain.errors import Invalid
from assethub.domain.tables import Filter
from assethub.services.table_worker.cells import plain_of, values
from assethub.services.table_worker.sources import Sample, is_text, kind_of

COMPARED = {
    "=": pc.equal,
    "!=": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}


def typed(sample: Sample, name: str) -> pa.ChunkedArray:
    """A column to compare and to count: text of a file without types as what all of it can be read as."""
    column = sample.table[name]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not sample.text:
        return column
    column = pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)
    if column.null_count == len(column):
        return column
    for type in (pa.int64(), pa.float64(), pa.bool_(), pa.timestamp("us")):
        try:
            return column.cast(type)
        except pa.ArrowException:
            continue  # it is something else
    return column


def passing(sample: Sample, filters: Sequence[Filter], order: tuple[str, bool] | None) -> pa.Array | None:
    """The places of the rows that pass, in order; None means all, as they are."""
    if not filters and order is None:
        return None
    mask: Any = None
    for one in filters:
        passed = pc.fill_null(condition(typed(sample, one.column), one), False)
        mask = passed if mask is None else pc.and_(mask, passed)
    places = (
        pa.array(range(sample.table.num_rows), pa.int64())
        if mask is None
        else pc.indices_nonzero(mask).cast(pa.int64())
    )
    if order is None:
        return places
    name, descending = order
    values = typed(sample, name).take(places)
    if kind_of(values.type) in ("nested", "binary") and not pa.types.is_binary(values.type):
        raise Invalid(f"The column {name!r} holds {str(values.type)[:80]}, which has no order.")
    keys = [("by", "descending" if descending else "ascending")]
    try:
        return places.take(pc.sort_indices(pa.table({"by": values}), sort_keys=keys, null_placement="at_end"))
    except pa.ArrowNotImplementedError:
        raise Invalid(f"The column {name!r} holds {str(values.type)[:80]}, which has no order.") from None


def condition(column: pa.ChunkedArray, one: Filter) -> Any:
    kind = kind_of(column.type)
    if one.value == "" and one.operator in ("=", "!="):
        empty = pc.is_null(column)
        if is_text(column.type):
            empty = pc.or_(empty, pc.fill_null(pc.equal(column, ""), False))
        return empty if one.operator == "=" else pc.invert(empty)
    if kind == "binary":
        raise Invalid(f"The column {one.column!r} is binary; ask only whether it is empty, as {one.column}=.")
    if kind == "nested":
        if one.operator != "~":
            raise Invalid(f"The column {one.column!r} is nested; filter it by a word in it, as {one.column}~word.")
        column = as_text(column)
    if one.operator == "~":
        text = column if is_text(column.type) else column.cast(pa.large_string())
        return pc.match_substring(text, one.value, ignore_case=True)
    if ends := one.range:
        return pc.and_(
            pc.greater_equal(column, value_of(column.type, ends[0], one.column)),
            pc.less_equal(column, value_of(column.type, ends[1], one.column)),
        )
    return COMPARED[one.operator](column, value_of(column.type, one.value, one.column))


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Nested values as JSON."""
    texts = [None if one is None else json.dumps(plain_of(one), ensure_ascii=False) for one in values(column)]
    return pa.chunked_array([pa.array(texts, pa.large_string())])


def value_of(type: pa.DataType, text: str, name: str) -> pa.Scalar:
    """A value of the filter as the column's type."""
    kind = kind_of(type)
    if kind == "number":
        try:
            number = int(text)
            if -(1 << 63) <= number < 1 << 63:
                return pa.scalar(number, pa.int64())
            return pa.scalar(float(number))
        except ValueError:
            pass  # it has a fraction, or is no number
        try:
            return pa.scalar(float(text))
        except ValueError:
            raise Invalid(f"The column {name!r} holds numbers, and {text[:80]!r} is none.") from None
    try:
        return pa.scalar(text).cast(type)
    except (pa.ArrowException, ValueError):
        raise Invalid(f"{text[:80]!r} is not a value of the column {name!r}, which holds {str(type)[:80]}.") from None
