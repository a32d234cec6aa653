"""/assets/…/table: rows and columns of one file that is a table"""

from typing import Annotated

from fastapi import APIRouter, Query

from assethub.domain.names import Reference
from assethub.protocol.tables import ColumnsInfo, RowsInfo, TableDiffInfo
from assethub.server.dependencies import ASSET, CurrentAsset, CurrentCaller, CurrentHub, CurrentReference
from assethub.services import table_diff, tables
from assethub.services.tables import LONG, SHORT

router = APIRouter(tags=["tables"])
Texts = Annotated[list[str] | None, Query(max_length=1000)]


@router.get(f"{ASSET}/table/rows")
def table_rows(
    hub: CurrentHub,
    caller: CurrentCaller,
    reference: CurrentReference,
    file: str,
    page: str = "1",
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    sort: str = "",
    where: Texts = None,
    columns: Texts = None,
    cell: Annotated[int, Query(ge=1, le=LONG)] = SHORT,
) -> RowsInfo:
    """One page of a CSV, TSV, JSON lines, JSON or Parquet file at a ref, in the file's order or sorted.

    `sort` is a column, with `-` before it from the largest on; `where` (repeatable, all must hold) is a column, one of
    `=` `!=` `<` `<=` `>` `>=` `~` (contains) and a value: `score>=0.5`, `score=0..1`, `label=cat`, `text~word`,
    `label=` (empty). `columns` (repeatable) are the columns that are given, else the first 50. `cell` is how many bytes
    of one value are given. Sorting and filtering look through the first rows of a large file; `sample` says how many.
    """
    with hub.work(caller, reading=True) as work:
        table = tables.open_table(work, reference, file)
    return table.rows(page=page, limit=limit, sort=sort, where=where or (), columns=columns or (), most=cell)


@router.get(f"{ASSET}/table/columns")
def table_columns(
    hub: CurrentHub, caller: CurrentCaller, reference: CurrentReference, file: str, columns: Texts = None
) -> ColumnsInfo:
    """The columns of such a file, with statistics of those that are named, else of the first 50."""
    with hub.work(caller, reading=True) as work:
        table = tables.open_table(work, reference, file)
    return table.columns(columns or ())


@router.get(f"{ASSET}/table/diff")
def table_diff_rows(
    hub: CurrentHub,
    caller: CurrentCaller,
    path: CurrentAsset,
    source: Annotated[str, Query(alias="from")],
    target: Annotated[str, Query(alias="to")],
    file: str,
    old_file: str | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = table_diff.LIMIT,
) -> TableDiffInfo:
    """What differs, row by row, between a table at one ref and at another (there also named `old_file`)."""
    with hub.work(caller, reading=True) as work:
        old = tables.open_table(work, Reference(path, source), old_file or file)
        new = tables.open_table(work, Reference(path, target), file)
    return table_diff.compare_tables(old, new, limit)
