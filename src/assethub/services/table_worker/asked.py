"""The answers to what the hub asks of tables."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from assethub.domain.errors import Invalid
from assethub.domain.tables import FEW_COLUMNS, MOST_ROWS, Format, parse_filters, parse_order
from assethub.services.table_worker.cells import Cells
from assethub.services.table_worker.delimited import CsvSource
from assethub.services.table_worker.json_rows import ArraySource, LinesSource
from assethub.services.table_worker.looking import passing
from assethub.services.table_worker.parquet import ParquetSource
from assethub.services.table_worker.remote import Remote
from assethub.services.table_worker.sources import Bound, Sample, Source, numbered, page_number
from assethub.services.table_worker.statistics import statistics

SEARCHED = Bound(500_000, 32 << 20)  # of a table that is filtered or sorted
COUNTED = Bound(25_000, 16 << 20)  # of one whose columns are looked at
KEPT_SAMPLES = 2
samples: OrderedDict[tuple[str, tuple[str, ...], Bound], Sample] = OrderedDict()


def source_of(remote: Remote, format: str, sha256: str) -> Source:
    kind, file = Format(format), remote.buffered()
    if kind is Format.PARQUET:
        return ParquetSource(file, sha256)
    if kind is Format.LINES:
        return LinesSource(file, remote.size)
    return ArraySource(file, remote.size) if kind is Format.JSON else CsvSource(file, remote.size, kind)


def sample_of(source: Source, sha256: str, names: Sequence[str], bound: Bound) -> Sample:
    """The first rows, which are kept for what is asked next."""
    key = (sha256, tuple(names), bound)
    if key not in samples:
        while len(samples) >= KEPT_SAMPLES:
            samples.popitem(last=False)
        samples[key] = source.sample(names, bound)
    samples.move_to_end(key)
    return samples[key]


def chosen(source: Source, wanted: Sequence[str]) -> list[str]:
    names = [one.name for one in source.columns]
    known = set(names)
    for name in wanted:
        if name not in known:
            raise Invalid(f"This table has no column {name[:200]!r}.")
    picked = set(wanted)
    return [name for name in names if name in picked] if wanted else names[:FEW_COLUMNS]


def rows(
    source: Source, sha256: str, *, page: str, limit: int, sort: str, where: Sequence[str], columns: Sequence[str],
    most: int, images: bool,
) -> dict[str, Any]:  # fmt: skip
    if not 1 <= limit <= MOST_ROWS:
        raise Invalid(f"A page has 1 to {MOST_ROWS} rows, not {limit}.")
    known = {one.name for one in source.columns}
    names, filters = chosen(source, columns), parse_filters(where, known)
    order = parse_order(sort, known) if sort else None
    total, matched, looked = source.total, None, None
    if filters or order:
        first = (page_number(page) - 1) * limit
        needed = chosen(source, [*names, *(one.column for one in filters), *([order[0]] if order else [])])
        sample = sample_of(source, sha256, needed, SEARCHED)
        places = passing(sample, filters, order)
        assert places is not None
        matched, looked = len(places), None if sample.whole else sample.table.num_rows
        total = sample.table.num_rows if sample.whole else total
        here = places.slice(first, limit)
        found = numbered(sample.table.select(names).take(here).columns, first, len(here), limit, matched)
        numbers = [one + 1 for one in here.to_pylist()]
        places_of = [str(one) for one in numbers]
    else:
        found = source.page(page, limit, names)
        numbers, places_of = found.numbers, found.places
    cells = Cells(most, images)
    return {
        "columns": [asdict(one) for one in source.columns], "shown": names,
        "rows": cells.rows(found.columns, len(numbers)), "numbers": numbers, "places": places_of, "cut": cells.cut,
        "total": total, "matched": matched if filters else None, "sample": looked,
        "previous": found.previous, "next": found.next,
    }  # fmt: skip


def columns(source: Source, sha256: str, *, columns: Sequence[str]) -> dict[str, Any]:
    names = chosen(source, columns)
    sample = sample_of(source, sha256, names, COUNTED)
    told = source.footer_statistics(names) if isinstance(source, ParquetSource) and not sample.whole else {}
    by_name = {one.name: one for one in source.columns}
    return {
        "columns": [asdict(one) for one in source.columns],
        "statistics": [statistics(sample, by_name[name], told.get(name)) for name in names],
        "total": sample.table.num_rows if sample.whole else source.total,
    }
