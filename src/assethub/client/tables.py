"""A table in a file of a version: its rows, page by page, and its columns; read by the hub, not downloaded."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from assethub.protocol.tables import ColumnsInfo, RowsInfo, TableDiffInfo

if TYPE_CHECKING:
    from assethub.client.versions import Version


class Table:
    """A CSV, TSV, JSON lines, JSON or Parquet file: `dataset.branch("main").table("train.parquet")`."""

    def __init__(self, version: "Version", path: str) -> None:
        self.version, self.path = version, path

    def __repr__(self) -> str:
        return f"Table({str(self.version)!r}, {self.path!r})"

    def rows(
        self, *, page: str | int = 1, limit: int = 100, sort: str = "", where: Sequence[str] = (),
        columns: Sequence[str] = (), cell: int = 500,
    ) -> RowsInfo:  # fmt: skip
        """One page of at most 1,000 rows, and what leads to the next (`next`, to be given as `page`).

        `sort` is a column, with `-` before it from the largest on; `where` are filters that all must hold, such as
        `score>=0.5`, `score=0..1`, `label=cat`, `text~word`. `columns` are the ones to get, else the first 50. Values
        longer than `cell` bytes (at most 1 MiB) are cut, which `cut` tells. A large file is sorted and filtered
        among its first rows only; `sample` says how many. Invalid if the file cannot be read as a table.
        """
        return self.version.connection.get(
            RowsInfo, f"{self.version.url}/table/rows", ref=self.version.ref, file=self.path, page=str(page),
            limit=limit, sort=sort, where=list(where), columns=list(columns), cell=cell,
        )  # fmt: skip

    def columns(self, columns: Sequence[str] = ()) -> ColumnsInfo:
        """All columns with their types, and statistics of those that are named, else of the first 50."""
        return self.version.connection.get(
            ColumnsInfo, f"{self.version.url}/table/columns", ref=self.version.ref, file=self.path,
            columns=list(columns),
        )  # fmt: skip

    def diff(self, other: str, *, limit: int = 200) -> TableDiffInfo:
        """What changes, row by row, from this version of the table to the one at another ref of the same asset."""
        return self.version.connection.get(
            TableDiffInfo, f"{self.version.url}/table/diff",
            **{"from": self.version.ref, "to": other, "file": self.path, "limit": limit},
        )  # fmt: skip

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Every row as a dictionary of its first 50 columns, a page at a time."""
        page: str | None = "1"
        while page is not None:
            found = self.rows(page=page, limit=1000, cell=1 << 20)
            yield from (dict(zip(found.shown, row, strict=True)) for row in found.rows)
            page = found.next
