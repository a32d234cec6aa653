"""ah head, and tables that ah diff compares"""

import json
from typing import TYPE_CHECKING, Any

import click

from assethub.cli.context import hub, json_option, print_json, table
from assethub.cli.history import version_of

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.protocol.tables import ColumnsInfo, ColumnStatistics, RowsInfo, TableDiffInfo

WIDEST = 60  # characters of a cell on a terminal
SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@click.command()
@click.argument("reference", metavar="PATH[:REF]")
@click.argument("file")
@click.option("-n", "--number", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many rows.")
@click.option("--page", default="1", help="A further page: 2, 3, … or what --json calls `next`.")
@click.option("-s", "--sort", default="", metavar="COLUMN", help="Sort by a column; -COLUMN: from the largest on.")
@click.option("-w", "--where", multiple=True, metavar="FILTER", help="Such as 'score>=0.5', 'label=cat', 'text~word'.")
@click.option("-c", "--column", "columns", multiple=True, metavar="COLUMN", help="Only these columns.")
@click.option("--statistics", is_flag=True, help="Show what the columns hold instead of rows.")
@json_option
@hub
def head(
    hub: "Hub", reference: str, file: str, number: int, page: str, sort: str, where: tuple[str, ...],
    columns: tuple[str, ...], statistics: bool, as_json: bool,
) -> None:  # fmt: skip
    """Show the first rows of a CSV, TSV, JSON lines, JSON or Parquet file, without downloading it."""
    found = version_of(hub, reference).table(file)
    if statistics:
        told = found.columns(columns)
        print_json(told) if as_json else show_columns(told)
        return
    rows = found.rows(page=page, limit=number, sort=sort, where=where, columns=columns)
    print_json(rows) if as_json else show_rows(rows)


def show_rows(found: "RowsInfo") -> None:
    sizes = {(one.row, one.column): one for one in found.cut}
    lines = []
    for at, row in enumerate(found.rows):
        cells = [written(value) for value in row]
        for (where, column), one in sizes.items():
            if where == at:
                cells[column] = f"({one.size} bytes)" if one.kind == "binary" else shortened(cells[column] + "…")
        lines.append(cells)
    table(lines, found.shown)
    told = []
    if found.matched is not None:
        told.append(f"{found.matched} rows pass")
    if found.sample is not None:
        told.append(f"among the first {found.sample}")
    if found.total is not None:
        told.append(f"of {found.total} rows" if told else f"{found.total} rows")
    if len(found.shown) < len(found.columns):
        told.append(f"{len(found.shown)} of {len(found.columns)} columns")
    if told:
        click.echo(", ".join(told), err=True)


def show_columns(found: "ColumnsInfo") -> None:
    rows = [
        (one.name, one.type, blank(one.nulls), blank(one.distinct), blank(one.min), blank(one.max), spread(one))
        for one in found.statistics
    ]
    table(rows, ("column", "type", "empty", "distinct", "min", "max", "most frequent"), right=(2, 3))


def spread(one: "ColumnStatistics") -> str:
    return ", ".join(f"{value} ({count})" for value, count in one.top)


def show_diff(found: "TableDiffInfo") -> None:
    """Changed, removed and added rows, and how many."""
    for one in found.changes:
        row = f"{SIGNS[one.kind]} {found.key or 'row'} {one.key}"
        if one.old is not None and one.new is not None:
            old, new = one.old, one.new
            cells = [f"{found.columns[at]}: {written(old[at])} → {written(new[at])}" for at in one.cells]
        else:
            cells = [
                f"{name}: {written(value)}" for name, value in zip(found.columns, one.new or one.old or [], strict=True)
            ]
        click.echo(f"{row}  {'; '.join(cells)}")
    if found.columns_added or found.columns_removed:
        gained, lost = (", ".join(names) or "-" for names in (found.columns_added, found.columns_removed))
        click.echo(f"Columns added: {gained}; removed: {lost}")
    among = f" among the first {found.sample} rows" if found.sample is not None else ""
    click.echo(f"{found.added} added, {found.removed} removed, {found.changed} changed, {found.same} same{among}.")


def written(value: Any) -> str:

    return shortened(
        "" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    )


def blank(value: Any) -> str:
    return "-" if value is None else written(value)


def shortened(text: str) -> str:
    """Fit for a terminal: one line, and nothing that would steer it."""
    plain = "".join(one if one.isprintable() else " " for one in text)
    return plain if len(plain) <= WIDEST else plain[: WIDEST - 1] + "…"
