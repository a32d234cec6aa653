"""Tables that are text: their rows from any byte on, without reading what comes before."""

import io
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

import pyarrow as pa

from assethub.domain.errors import Invalid
from assethub.services.table_worker.sources import Bound, Column, Page, Sample, kind_of, numbered, page_number

LONGEST_ROW = 16 << 20  # bytes
PAGE_BYTES = 16 << 20
PEEKED = 200  # rows that tell the columns
CHUNK = 10_000  # rows
SLOW = 12 << 20  # bytes that are looked through of what Arrow cannot parse


class Lines:
    """Lines of a file from a byte on, and where in it the next one begins."""

    def __init__(self, file: io.BufferedReader, offset: int) -> None:
        file.seek(offset)
        self.file, self.offset, self.row_began = file, offset, offset

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self.file.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        if self.offset == 0 and line.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise Invalid("This file is UTF-16 text; tables are read as UTF-8.")
        if self.offset + len(line) - self.row_began > LONGEST_ROW:
            raise Invalid(
                f"The row that begins at byte {self.row_began} has more than {LONGEST_ROW >> 20} MiB, as where a "
                "quote is never closed; download the file to look inside."
            )
        text = line.decode("utf-8", "replace")
        text = text.removeprefix("\ufeff") if self.offset == 0 else text
        self.offset += len(line)
        return text


class TextSource(ABC):
    """Rows of values in the order of the columns, each with the byte that it begins at."""

    text = False

    def __init__(self, file: io.BufferedReader, size: int) -> None:
        self.file, self.size, self.total = file, size, None  # type: tuple[io.BufferedReader, int, int | None]
        self.begin = 0
        self.names: list[str] = []
        self.prepare()

    @abstractmethod
    def prepare(self) -> None:
        """Find the names of the columns, and where the rows begin."""

    @abstractmethod
    def rows(self, offset: int) -> Iterator[tuple[int, list[Any]]]:
        """The rows from a byte on, each with the byte that it begins at."""

    @cached_property
    def columns(self) -> list[Column]:
        """As the first rows have them."""
        if self.text:
            return [Column(name, "text", "text") for name in self.names]
        return [
            Column(name, str(one.type)[:200], kind_of(one.type))
            for name, one in zip(self.names, self.first_values, strict=True)
        ]

    @cached_property
    def first_values(self) -> list[pa.Array]:
        rows = list(islice((row for _, row in self.rows(self.begin)), PEEKED))
        return [array_of(list(values)) for values in zip(*rows, strict=True)] or [pa.nulls(0)] * len(self.names)

    def page(self, token: str, limit: int, names: Sequence[str]) -> Page:
        if not token.startswith("@") and token != "1":
            return self.numbered_page(page_number(token), limit, names)
        offset, number = self.begin, 1
        if token.startswith("@"):
            left, _, right = token[1:].partition(".")
            if not (left.isdecimal() and right.isdecimal() and len(token) < 40 and int(left) <= self.size):
                raise Invalid(f"{token[:40]!r} is not a place in this file.")
            offset, number = int(left), int(right)
        found: list[tuple[int, list[Any]]] = []
        after = None
        for start, row in self.rows(offset):
            if len(found) == limit or start - offset > PAGE_BYTES:
                after = f"@{start}.{number + len(found)}"
                break
            found.append((start, row))
        at = {name: place for place, name in enumerate(self.names)}
        columns = [[row[at[name]] for _, row in found] for name in names]
        numbers = list(range(number, number + len(found)))
        places = [f"@{start}.{one}" for (start, _), one in zip(found, numbers, strict=True)]
        return Page(columns, numbers, places, "1" if number > 1 else None, after)

    def numbered_page(self, page: int, limit: int, names: Sequence[str]) -> Page:
        first, rows = (page - 1) * limit, []
        for at, (start, row) in enumerate(self.rows(self.begin)):
            if start > 4 * PAGE_BYTES:
                raise Invalid("Pages so far into a large file are reached one after the other, from the first.")
            if at >= first:
                rows.append(row)
            if len(rows) > limit:
                break
        if not rows:
            raise Invalid(f"This table has no page {page}.")
        at_name = {name: place for place, name in enumerate(self.names)}
        shown = rows[:limit]
        return numbered(
            [[row[at_name[name]] for row in shown] for name in names], first, len(shown), limit, first + len(rows)
        )

    def sample(self, names: Sequence[str], bound: Bound) -> Sample:
        places = [self.names.index(name) for name in names]
        arrays: list[list[pa.Array]] = [[] for _ in names]
        rows: list[list[Any]] = []
        whole = True
        for number, (start, row) in enumerate(self.rows(self.begin)):
            if number >= bound.rows or start - self.begin > min(bound.decoded, SLOW):
                whole = False
                break
            rows.append(row)
            if self.text and len(rows) == CHUNK:
                self.append(arrays, places, rows)
                rows = []
        self.append(arrays, places, rows)
        return Sample(pa.table([pa.chunked_array(one) for one in arrays], names=list(names)), whole, self.text)

    def append(self, arrays: list[list[pa.Array]], places: list[int], rows: list[list[Any]]) -> None:
        for into, place in zip(arrays, places, strict=True):
            values = [row[place] for row in rows]
            into.append(pa.array(values, pa.large_string()) if self.text else array_of(values))


class RowsByLine(TextSource):
    """Rows that lie in lines."""

    @abstractmethod
    def records(self, lines: Lines) -> Iterator[Any]:
        """The rows from a line on, each as a list of values."""

    def rows(self, offset: int) -> Iterator[tuple[int, list[Any]]]:
        lines = Lines(self.file, offset)
        for record in self.records(lines):
            yield lines.row_began, record


def array_of(values: list[Any]) -> pa.Array:
    """Values of JSON as an array: of their own type if they have one, else as JSON text."""
    try:
        return pa.array(values)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        return pa.array([one if one is None or isinstance(one, str) else json.dumps(one) for one in values])
