"""Tables on the wire: rows, columns with their statistics, and what differs between two of them."""

from typing import Any, Literal

from pydantic import Field

from assethub.protocol.wire import Info

CellKind = Literal["text", "json", "binary"]
ColumnKind = Literal["number", "text", "time", "boolean", "nested", "binary"]


class ColumnInfo(Info):
    """A column: its name, its type as the file's format calls it, and what kind of values it has."""

    name: str
    type: str
    kind: ColumnKind


class CutCell(Info):
    """A cell that is not given whole; `row` and `column` count from 0 in the page, `size` is in bytes.

    Binary is never given (its value is null); `image` is a data: address of a small picture.
    """

    row: int
    column: int
    kind: CellKind
    size: int
    image: str | None = None


class RowsInfo(Info):
    """One page of a table. Values are JSON; dates, decimals and what JSON cannot hold are text.

    `numbers` are the rows' places in the file, from 1; `places` are values of `page` that lead to each row alone (with
    `limit=1`). `total` counts the file's rows if that is known, `matched` those that pass the filters, and `sample`,
    if not null, how many of the first rows were looked through instead of all.
    """

    columns: list[ColumnInfo]
    shown: list[str]
    rows: list[list[Any]]
    numbers: list[int]
    places: list[str]
    cut: list[CutCell] = Field(default_factory=list)
    total: int | None = None
    matched: int | None = None
    sample: int | None = None
    previous: str | None = None
    next: str | None = None


class Histogram(Info):
    """Counts in equal steps from `low` to `high`; of text, of its length in characters."""

    low: float
    high: float
    counts: list[int]


class ColumnStatistics(ColumnInfo):
    """What a column holds, in `rows` rows that were looked through (all if `whole`).

    `nulls`, `min` and `max` are of the whole file where its footer says them (`footer`).
    """

    rows: int
    whole: bool
    nulls: int | None = None
    distinct: int | None = None
    min: Any = None
    max: Any = None
    mean: float | None = None
    footer: bool = False
    histogram: Histogram | None = None
    top: list[tuple[str, int]] = Field(default_factory=list)


class ColumnsInfo(Info):
    """All columns of a table, and statistics of those that were asked for."""

    columns: list[ColumnInfo]
    statistics: list[ColumnStatistics]
    total: int | None = None


class RowChange(Info):
    """A row that differs. `old` and `new` are its values in the columns of both sides; one is null if only one has it.

    `cells` are the places of the columns whose values differ.
    """

    kind: Literal["added", "removed", "changed"]
    key: str
    old: list[Any] | None = None
    new: list[Any] | None = None
    cells: list[int] = Field(default_factory=list)


class TableDiffInfo(Info):
    """What differs between two tables, row by row: told apart by `key`, or by all they hold if no column is unique.

    Only the first `sample` rows of each side were compared if that is not null; `changes` are the first of all.
    """

    key: str | None
    columns: list[str]
    columns_added: list[str]
    columns_removed: list[str]
    added: int
    removed: int
    changed: int
    same: int
    changes: list[RowChange]
    sample: int | None = None
