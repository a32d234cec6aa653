"""Parquet by its footer and the row groups that are needed, a batch at a time."""

import io
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from assethub.domain.errors import Invalid
from assethub.services.table_worker.sources import (
    MOST_COLUMNS,
    Bound,
    Column,
    Page,
    Sample,
    kind_of,
    numbered,
    page_number,
)

MOST_TEXT, MOST_ITEMS = 64 << 20, 4_000_000  # of the footer
MOST_CHUNKS = 12_000  # column chunks whose statistics are read
BATCH = 8 << 20  # bytes of a batch, about
READ = 256 << 10
KEPT_FOOTERS = 4
footers: OrderedDict[str, Any] = OrderedDict()


class ParquetSource:
    def __init__(self, file: io.BufferedReader, sha256: str) -> None:
        self.file = pq.ParquetFile(
            file, metadata=footers.get(sha256), buffer_size=READ, pre_buffer=False,
            thrift_string_size_limit=MOST_TEXT, thrift_container_size_limit=MOST_ITEMS,
        )  # fmt: skip
        self.footer = footers[sha256] = self.file.metadata
        footers.move_to_end(sha256)
        while len(footers) > KEPT_FOOTERS:
            footers.popitem(last=False)
        self.schema = schema = self.file.schema_arrow  # made anew each time it is asked for
        if len(set(schema.names)) < len(schema.names):
            raise Invalid("Two columns of this file have the same name, so it is not shown as a table.")
        if len(schema) > MOST_COLUMNS:
            raise Invalid(f"This file has more than {MOST_COLUMNS} columns, so it is not shown as a table.")
        self.columns = [Column(field.name, str(field.type)[:200], kind_of(field.type)) for field in schema]
        self.total: int | None = self.footer.num_rows
        counts = (self.footer.row_group(at).num_rows for at in range(self.footer.num_row_groups))
        self.starts = [0, *accumulate(counts)]

    def page(self, token: str, limit: int, names: Sequence[str]) -> Page:
        first, total = (page_number(token) - 1) * limit, self.total or 0
        if first >= total and first:
            raise Invalid(f"This table has {total} rows; there is no page {token}.")
        table = self.rows(first, min(limit, total - first), names)
        return numbered(table.columns, first, table.num_rows, limit, total)

    def rows(self, first: int, count: int, names: Sequence[str]) -> pa.Table:
        """Rows in the file's order; of the row groups before them nothing is read."""
        group = max(bisect_right(self.starts, first) - 1, 0)
        skip, found = first - self.starts[group], []
        for batch in self.batches(names, group, most=max(count, 256)):
            if skip >= batch.num_rows:
                skip -= batch.num_rows
                continue
            piece = batch.slice(skip, count)
            skip, count = 0, count - piece.num_rows
            found.append(piece)
            if count <= 0:
                break
        schema = pa.schema([self.schema.field(name) for name in names])
        return pa.Table.from_batches(found, schema if not found else None).select(list(names))

    def batches(self, names: Sequence[str], group: int = 0, most: int = 65_536) -> Iterator[pa.RecordBatch]:
        """Batches from a row group on, of about so many bytes that a few fit into memory."""
        groups = list(range(group, self.footer.num_row_groups))
        if not groups:
            return
        about = self.footer.row_group(group)
        row = about.total_byte_size / max(about.num_rows, 1) * len(names) / max(len(self.columns), 1)
        size = max(1, min(most, int(BATCH / max(row, 1))))
        yield from self.file.iter_batches(size, groups, columns=list(names), use_threads=False)

    def sample(self, names: Sequence[str], bound: Bound) -> Sample:
        found: list[pa.RecordBatch] = []
        rows = decoded = 0
        for batch in self.batches(names):
            found.append(batch.slice(0, bound.rows - rows))
            rows, decoded = rows + found[-1].num_rows, decoded + batch.nbytes
            if rows >= bound.rows or decoded >= bound.decoded:
                break
        schema = pa.schema([self.schema.field(name) for name in names])
        table = pa.Table.from_batches(found, schema if not found else None).select(list(names))
        return Sample(table, rows == self.total)

    def footer_statistics(self, names: Sequence[str]) -> dict[str, tuple[int, Any, Any]]:
        """Nulls, smallest and largest value of plain columns, where every row group tells them."""
        groups = range(self.footer.num_row_groups)
        leaves = {self.footer.schema.column(at).path: at for at in range(self.footer.num_columns)}
        found: dict[str, tuple[int, Any, Any]] = {}
        for name in names[: MOST_CHUNKS // max(len(groups), 1)]:
            if (at := leaves.get(name)) is None:
                continue
            told = [self.footer.row_group(group).column(at).statistics for group in groups]
            if told and all(one is not None and one.has_null_count for one in told):
                found[name] = (sum(one.null_count for one in told), *ends_of(told))
        return found


def ends_of(told: Sequence[Any]) -> tuple[Any, Any]:
    try:
        ends = [(one.min, one.max) for one in told if one.has_min_max]
    except (ValueError, OverflowError, pa.ArrowException):  # values that Python has not, such as times of nanoseconds
        return None, None
    return min((low for low, _ in ends), default=None), max((high for _, high in ends), default=None)
