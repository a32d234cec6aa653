"""What tables of every format have in common: pages in the file's order, and the first rows as columns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa

from assethub.domain.errors import Invalid

MOST_COLUMNS = 20_000


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    kind: str


@dataclass(frozen=True)
class Bound:
    """How much of a table is looked through at most."""

    rows: int
    decoded: int  # bytes in memory


@dataclass(frozen=True)
class Page:
    """Some rows in the file's order, column by column."""

    columns: Sequence[Any]  # arrays of Arrow, or lists
    numbers: list[int]
    places: list[str]
    previous: str | None = None
    next: str | None = None


@dataclass(frozen=True)
class Sample:
    """The first rows; all of them if `whole`."""

    table: pa.Table
    whole: bool
    text: bool = False  # every value is text as it was written, of whatever type


class Source(Protocol):
    @property
    def columns(self) -> list[Column]: ...
    @property
    def total(self) -> int | None: ...

    def page(self, token: str, limit: int, names: Sequence[str]) -> Page: ...

    def sample(self, names: Sequence[str], bound: Bound) -> Sample: ...


def page_number(token: str) -> int:
    if not token.isdecimal() or not 1 <= len(token) <= 15 or int(token) < 1:
        raise Invalid(f"{token[:40]!r} is not a page; pages are 1, 2, 3 and so on, or what `next` says.")
    return int(token)


def numbered(columns: Sequence[Any], first: int, count: int, limit: int, total: int) -> Page:
    """A page of rows that are counted from 0."""
    page, numbers = first // limit + 1, list(range(first + 1, first + count + 1))
    return Page(
        columns, numbers, [str(number) for number in numbers],
        str(page - 1) if page > 1 else None, str(page + 1) if first + count < total else None,
    )  # fmt: skip


def kind_of(type: pa.DataType) -> str:
    if pa.types.is_dictionary(type):
        return kind_of(type.value_type)
    if pa.types.is_boolean(type):
        return "boolean"
    if pa.types.is_integer(type) or pa.types.is_floating(type) or pa.types.is_decimal(type):
        return "number"
    if pa.types.is_timestamp(type) or pa.types.is_date(type) or pa.types.is_time(type):
        return "time"
    if is_text(type) or pa.types.is_null(type):
        return "text"
    if is_binary(type):
        return "binary"
    return "nested"


def is_text(type: pa.DataType) -> bool:
    return bool(pa.types.is_string(type) or pa.types.is_large_string(type) or pa.types.is_string_view(type))


def is_binary(type: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(type) or pa.types.is_large_binary(type) or pa.types.is_binary_view(type)
        or pa.types.is_fixed_size_binary(type)
    )  # fmt: skip


def unique(names: Sequence[str]) -> list[str]:
    """The names, each once and none empty. Invalid if there are too many."""
    if len(names) > MOST_COLUMNS:
        raise Invalid(f"This file has more than {MOST_COLUMNS} columns, so it is not shown as a table.")
    found: dict[str, int] = {}
    for at, name in enumerate(names, 1):
        wanted = name or f"column {at}"
        while wanted in found:
            found[wanted] += 1
            wanted = f"{wanted} {found[wanted]}"
        found[wanted] = 1
    return list(found)
