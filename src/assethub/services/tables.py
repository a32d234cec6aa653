"""Tables in files of versions: pages of rows, filtered and sorted, and what their columns hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from assethub.domain.errors import Invalid
from assethub.domain.names import Reference
from assethub.domain.tables import Format, table_format
from assethub.protocol.tables import ColumnsInfo, RowsInfo
from assethub.services.objects import OpenFile, open_file
from assethub.services.ranged_files import ranged
from assethub.services.table_reader import DIED
from assethub.services.work import Work

SHORT, LONG = 500, 1 << 20  # bytes of a cell: in a page, and at most
MOST_READ = 256 << 20  # bytes of each file that one answer may fetch
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Table:
    """A file that is a table by its name or type; needs no transaction."""

    opened: OpenFile
    format: Format

    def rows(
        self, *, page: str = "1", limit: int = 50, sort: str = "", where: Sequence[str] = (),
        columns: Sequence[str] = (), most: int = SHORT, images: bool = False,
    ) -> RowsInfo:  # fmt: skip
        """One page. `most` is bytes of a cell, at most 1 MiB. Invalid says what is amiss with the file or the wish."""
        return ask(RowsInfo, [self], {
            "op": "rows", "page": page, "limit": limit, "sort": sort, "where": list(where), "columns": list(columns),
            "most": max(1, min(most, LONG)), "images": images,
        })  # fmt: skip

    def columns(self, columns: Sequence[str] = ()) -> ColumnsInfo:
        """Statistics of some columns (none given: of the first), which are kept for who asks next."""
        key = ("columns", self.opened.entry.sha256, self.format, *columns)
        return self.opened.hub.tables.kept(
            key, lambda: ask(ColumnsInfo, [self], {"op": "columns", "columns": list(columns)})
        )


def table_of(opened: OpenFile) -> Table | None:
    """The file as a table, if its name or type says that it is one; whether it is shows when it is read."""
    format = table_format(opened.path, opened.entry.content_type)
    return Table(opened, format) if format else None


def open_table(work: Work, reference: Reference, path: str) -> Table:
    """Invalid if the file is of no format of tables."""
    table = table_of(open_file(work, reference, path))
    if table is None:
        raise Invalid(f"{path!r} is no table; tables are CSV, TSV, JSON lines, arrays of JSON objects and Parquet.")
    return table


def ask(kind: type[M], tables: Sequence[Table], asked: Mapping[str, Any]) -> M:
    """What a process that decodes answers about tables of one hub, checked, since a file may have taken it over."""
    files = [{"size": one.opened.entry.size, "sha256": one.opened.entry.sha256, "format": one.format} for one in tables]
    streams = [ranged(one.opened, MOST_READ) for one in tables]
    try:
        return kind.model_validate(tables[0].opened.hub.tables.ask({**asked, "files": files}, streams))
    except ValidationError as error:
        raise Invalid(DIED) from error
