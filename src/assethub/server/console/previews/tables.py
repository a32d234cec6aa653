"""Tables: pages of rows that are sorted and filtered by links and a form, and what the columns hold."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup
from starlette.datastructures import QueryParams

from assethub.domain.errors import Invalid
from assethub.domain.tables import OPERATORS, Format
from assethub.protocol.tables import ColumnInfo, ColumnsInfo, ColumnStatistics, CutCell, Histogram, RowsInfo
from assethub.server.console.previews.looking import Looking, Shown
from assethub.server.console.previews.text import LARGEST_SHOWN
from assethub.services.tables import LONG, Table, table_of

ROWS = 50  # of a page
MOST_LISTED = 300  # columns to choose among at once
OWN = ("page", "sort", "where", "columns", "row", "column", "is", "value", "find")  # of the address
BARS, HEIGHT, STEP = 20, 28, 6  # of a histogram, in its own units


@dataclass(frozen=True)
class Address:
    """The page's query, from which links to other views of the same table are made."""

    query: QueryParams
    where: tuple[str, ...]

    @classmethod
    def of(cls, query: QueryParams) -> "Address":
        """With the filter that the form was sent with, if any."""
        column, operator = query.get("column", ""), query.get("is", "")
        made = [f"{column}{operator}{query.get('value', '')}"] if column and operator in OPERATORS else []
        return cls(query, tuple(dict.fromkeys([*query.getlist("where"), *made])))

    def items(self, *without: str) -> list[tuple[str, str]]:
        """All of it that is kept from view to view."""
        kept = [(name, value) for name, value in self.query.multi_items() if name not in OWN]
        kept += [(name, value) for name in ("sort", "columns") for value in self.query.getlist(name) if value]
        kept += [("where", one) for one in self.where]
        return [(name, value) for name, value in kept if name not in without]

    def link(self, *without: str, **values: object) -> str:
        items = [(name, value) for name, value in self.items(*without) if name not in values or name == "where"]
        return "?" + urlencode([*items, *((name, value) for name, value in values.items() if value is not None)])

    def without_filter(self, filter: str) -> str:
        others = [one for one in self.where if one != filter]
        return "?" + urlencode([*self.items("where"), *(("where", one) for one in others)])

    def sorted_by(self, column: str) -> str:
        """From the smallest on, then from the largest, then in the file's order again."""
        after = {column: f"-{column}", f"-{column}": None}
        return self.link(sort=after.get(self.query.get("sort", ""), column))


@dataclass(frozen=True)
class Cell:
    text: str | None
    kind: str  # text, number, json, binary
    size: int | None = None  # bytes in all, if it is cut or binary
    image: str | None = None


def show(looking: Looking) -> Shown | None:
    table = table_of(looking.opened)
    if table is None or (looking.source and looking.entry.size <= LARGEST_SHOWN):
        return None
    address = Address.of(looking.query)
    sentence, found = None, None
    try:
        found = rows_of(table, address)
    except Invalid as error:
        if table.format is Format.JSON:  # it is JSON of another shape
            return None
        sentence = str(error)
    if found is None and (address.where or len(looking.query)):
        try:  # what was asked may be at fault, not the file
            found = table.rows(limit=ROWS, images=True)
        except Invalid as error:
            sentence = str(error)
    renders = table.format is not Format.PARQUET and looking.entry.size <= LARGEST_SHOWN
    values: dict[str, Any] = {"sentence": sentence, "found": found, "address": address}
    if found is not None:
        values |= laid_out(table, found, address)
    return Shown("previews/table.html", values, renders)


def rows_of(table: Table, address: Address) -> RowsInfo:
    query = address.query
    return table.rows(
        page=query.get("page") or "1", limit=ROWS, sort=query.get("sort", ""), where=address.where,
        columns=[one for one in query.getlist("columns") if one], images=True,
    )  # fmt: skip


def laid_out(table: Table, found: RowsInfo, address: Address) -> dict[str, Any]:
    """What the template shows of a page."""
    try:
        told = table.columns(found.shown)
    except Invalid:  # the rows can be shown, all of the first ones cannot
        told = ColumnsInfo(columns=found.columns, statistics=[], total=found.total)
    statistics = {one.name: one for one in told.statistics}
    known = {one.name: statistics.get(one.name, one) for one in found.columns}
    cut = {(one.row, one.column): one for one in found.cut}
    rows = [
        [cell(value, cut.get((row, at)), known[found.shown[at]].kind) for at, value in enumerate(values)]
        for row, values in enumerate(found.rows)
    ]
    sort = address.query.get("sort", "")
    return {
        "statistics": statistics, "total": told.total if found.total is None else found.total, "sort": sort,
        "descending": sort not in known, "types": {name: one.type for name, one in known.items()},
        "bars": {name: bars(one.histogram) for name, one in statistics.items() if one.histogram},
        "ends": {name: ends(one) for name, one in statistics.items()},
        "rows": list(zip(found.numbers, found.places, rows, strict=True)),
        "record": record(table, found, address), "choices": choices(found.columns, found.shown, address),
        "many": len(found.columns) > MOST_LISTED,
        "whole": min((one.rows for one in statistics.values() if not one.whole), default=None),
    }  # fmt: skip


def cell(value: Any, cut: CutCell | None, kind: str) -> Cell:
    if cut is not None:
        return Cell(value if isinstance(value, str) else None, cut.kind, cut.size, cut.image)
    if value is None or isinstance(value, str):
        return Cell(value, "number" if kind == "number" else "text")
    if isinstance(value, bool | int | float):
        return Cell(json.dumps(value), "number")
    return Cell(json.dumps(value, ensure_ascii=False), "json")


def record(table: Table, found: RowsInfo, address: Address) -> tuple[int, list[tuple[str, Cell]]] | None:
    """One row, with its number and its values whole up to 1 MiB each."""
    place = address.query.get("row")
    if not place:
        return None
    try:
        one = table.rows(page=place, limit=1, columns=found.shown, most=LONG, images=True)
    except Invalid:
        return None
    cut = {each.column: each for each in one.cut}
    values = [cell(value, cut.get(at), "text") for at, value in enumerate(one.rows[0] if one.rows else [])]
    return (one.numbers[0], list(zip(one.shown, values, strict=True))) if values else None


def choices(columns: Iterable[ColumnInfo], shown: list[str], address: Address) -> list[tuple[str, bool]]:
    """Columns to choose among: those that were searched for, then those that are shown anyway."""
    chosen, words = set(shown), address.query.get("find", "").casefold()
    found = [one.name for one in columns if words in one.name.casefold()][:MOST_LISTED]
    listed = set(found)
    return [(name, name in chosen) for name in [*found, *(name for name in shown if name not in listed)]]


def ends(one: ColumnStatistics) -> tuple[str, str] | None:
    """What a column goes from and to, short enough for its heading."""
    if one.histogram and one.kind in ("number", "text"):
        return brief(one.histogram.low), brief(one.histogram.high)
    if one.min is None:
        return None
    return brief(one.min), brief(one.max)


def brief(value: Any) -> str:
    if isinstance(value, float | int):
        return f"{value:,.0f}" if value == value // 1 and abs(value) < 1e12 else f"{value:.4g}"
    return str(value)[:10]


def bars(histogram: Histogram) -> Markup:
    """A histogram as SVG; its ends stand below it in words."""
    counts, low = histogram.counts, histogram.low
    most, step, width = (
        max([*counts, 1]),
        (histogram.high - low) / max(len(counts), 1),
        STEP * BARS / max(len(counts), 1),
    )
    drawn = Markup("").join(
        Markup('<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>').format(
            at * width, HEIGHT - tall, width - 1, tall, f"{low + at * step:.4g} .. {low + (at + 1) * step:.4g}: {count}"
        )
        for at, (count, tall) in enumerate((one, max(HEIGHT * one / most, 1.0)) for one in counts)
        if count
    )
    frame = Markup('<svg class="bars" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">{}</svg>')
    return frame.format(STEP * BARS, HEIGHT, drawn)
