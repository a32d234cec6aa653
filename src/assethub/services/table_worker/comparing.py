"""What differs between two tables, row by row."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assethub.services.table_worker.cells import Cells, values
from assethub.services.table_worker.looking import as_text
from assethub.services.table_worker.sources import Bound, Source, is_binary, kind_of

COMPARED = Bound(100_000, 32 << 20)
MOST_COLUMNS = 500
MOST_CELLS = 40_000  # of an answer, of each side
MOST_KEYS = 30  # columns that are tried as key
KEYS = ("id", "key", "uuid", "guid", "path", "file_name", "filename", "file", "name", "index", "url")


@dataclass(frozen=True)
class Found:
    """Places of rows: pairs with the same key or the same neighbours, and rows of one side alone."""

    before: pa.Array
    after: pa.Array
    differs: list[pa.Array]  # of each column, which pairs differ in it
    removed: list[int]
    added: list[int]
    same: int


def compare(old: Source, new: Source, *, limit: int, most: int) -> dict[str, Any]:
    olds, news = dict.fromkeys(one.name for one in old.columns), dict.fromkeys(one.name for one in new.columns)
    both = [name for name in news if name in olds][:MOST_COLUMNS]
    left, right = old.sample(both, COMPARED), new.sample(both, COMPARED)
    before, after = comparable(left.table, right.table)
    key = key_of(before, after)
    found = by_key(before, after, key) if key else by_content(before, after)
    changed = places_where(any_of(found.differs, len(found.before)))
    after_at = found.after.take(pa.array(changed, pa.int64())).to_pylist()
    order = sorted(  # by how many rows that both sides have come before
        [(at - bisect_left(found.added, at), 2, at, number) for number, at in zip(changed, after_at, strict=True)]
        + [(at - before, 0, at, at) for before, at in enumerate(found.removed)]
        + [(at - before, 1, at, at) for before, at in enumerate(found.added)]
    )
    kept = [(kind, number) for _, kind, _, number in order[: min(limit, MOST_CELLS // max(len(both), 1))]]
    return {
        "key": key, "columns": both, "columns_added": [one for one in news if one not in olds],
        "columns_removed": [one for one in olds if one not in news],
        "added": len(found.added), "removed": len(found.removed), "changed": len(changed),
        "same": found.same + len(found.before) - len(changed),
        "changes": told(left.table, right.table, found, kept, key, most),
        "sample": None if left.whole and right.whole else max(left.table.num_rows, right.table.num_rows),
    }  # fmt: skip


def comparable(left: pa.Table, right: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Both with the same types: their own where these agree, numbers as numbers, all else as text."""
    sides: tuple[list[Any], list[Any]] = ([], [])
    for pair in zip(left.columns, right.columns, strict=True):
        one, other = [plain(column) for column in pair]
        if one.type != other.type:
            if kind_of(one.type) == kind_of(other.type) == "number":
                one, other = one.cast(pa.float64()), other.cast(pa.float64())
            else:
                one, other = written(one), written(other)
        sides[0].append(one)
        sides[1].append(other)
    return pa.table(sides[0], names=left.column_names), pa.table(sides[1], names=right.column_names)


def plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_binary(column.type):
        return column.cast(pa.large_binary())
    return as_text(column) if kind_of(column.type) == "nested" else column


def written(column: pa.ChunkedArray) -> pa.ChunkedArray:
    try:
        return column.cast(pa.large_string())
    except pa.ArrowException:
        return pa.chunked_array([pa.array(values(column), pa.large_string())])


def key_of(before: pa.Table, after: pa.Table) -> str | None:
    """A column whose values tell the rows of both sides apart, and most of which are on both."""
    names: list[str] = before.column_names
    usual = [name for wanted in KEYS for name in names if name.lower() == wanted]
    for name in [*usual, *(one for one in names if one not in usual)][:MOST_KEYS]:
        pair = (before[name], after[name])
        if pa.types.is_floating(pair[0].type) or kind_of(pair[0].type) not in ("number", "text", "time"):
            continue
        if all(len(one) and one.null_count == 0 and pc.count_distinct(one).as_py() == len(one) for one in pair):
            shared = pc.sum(pc.is_in(pair[1], value_set=pair[0].combine_chunks())).as_py()
            if 2 * shared >= min(map(len, pair)):
                return name
    return None


def by_key(before: pa.Table, after: pa.Table, key: str) -> Found:
    places = pc.index_in(after[key], value_set=before[key].combine_chunks()).combine_chunks()
    there = pa.array(places_where(pc.is_valid(places)), pa.int64())
    pairs = places.take(there).cast(pa.int64())
    return Found(
        pairs, there, differing(before, after, pairs, there),
        places_where(pc.invert(pc.is_in(before[key], value_set=after[key].combine_chunks()))),
        places_where(pc.is_null(places)), 0,
    )  # fmt: skip


def by_content(before: pa.Table, after: pa.Table) -> Found:
    """Rows that one side has more often than the other; two at the same place, with a cell in common, are one."""
    left, right = lines_of(before), lines_of(after)
    shared = Counter(left) & Counter(right)
    gone, come = surplus(left, shared), surplus(right, shared)
    spots: dict[int, list[int]] = {}
    for order, at in enumerate(come):
        spots.setdefault(at - order, []).append(at)
    pairs, alone = [], []
    for order, at in enumerate(gone):
        if there := spots.get(at - order):
            pairs.append((at, there.pop(0)))
        else:
            alone.append(at)
    one, other = pa.array([at for at, _ in pairs], pa.int64()), pa.array([at for _, at in pairs], pa.int64())
    differs = differing(before, after, one, other)
    apart = [False] * len(pairs)
    if len(differs) > 1:
        apart = [all(row) for row in zip(*(mask.to_pylist() for mask in differs), strict=True)]
    kept = [at for at, split in enumerate(apart) if not split]
    alone += [pairs[at][0] for at, split in enumerate(apart) if split]
    paired = {pairs[at][1] for at in kept}
    take = pa.array(kept, pa.int64())
    return Found(
        one.take(take), other.take(take), [mask.take(take) for mask in differs], sorted(alone),
        [at for at in come if at not in paired], len(left) - len(gone),
    )  # fmt: skip


def lines_of(table: pa.Table) -> list[bytes]:
    """Each row as one value that is equal where all its cells are."""
    if not table.num_columns:
        return [b""] * table.num_rows
    texts = [column if is_binary(column.type) else written(column) for column in table.columns]
    cells = [pc.fill_null(text.cast(pa.large_binary()), b"\0") for text in texts]
    return list(pc.binary_join_element_wise(*cells, pa.scalar(b"\x1f", pa.large_binary())).to_pylist())


def surplus(lines: list[bytes], shared: Counter[bytes]) -> list[int]:
    left = shared.copy()
    found = []
    for at, line in enumerate(lines):
        if left[line] > 0:
            left[line] -= 1
        else:
            found.append(at)
    return found


def differing(before: pa.Table, after: pa.Table, one: pa.Array, other: pa.Array) -> list[pa.Array]:
    found = []
    for left, right in zip(before.columns, after.columns, strict=True):
        old, new = left.take(one).combine_chunks(), right.take(other).combine_chunks()
        unlike = pc.fill_null(pc.not_equal(old, new), False)
        if pa.types.is_floating(old.type):
            unlike = pc.and_not(unlike, pc.fill_null(pc.and_(pc.is_nan(old), pc.is_nan(new)), False))
        found.append(pc.or_(unlike, pc.xor(pc.is_null(old), pc.is_null(new))))
    return found


def any_of(masks: Sequence[pa.Array], length: int) -> pa.Array:
    found = pa.array([False] * length, pa.bool_())
    for mask in masks:
        found = pc.or_(found, mask)
    return found


def places_where(mask: Any) -> list[int]:
    return list(pc.indices_nonzero(mask).to_pylist())


def told(
    left: pa.Table, right: pa.Table, found: Found, kept: list[tuple[int, int]], key: str | None, most: int
) -> list[dict[str, Any]]:  # fmt: skip
    """Changes with their values: kind and place of each, 0 removed, 1 added, 2 a pair that differs."""
    pairs = pa.array([number for kind, number in kept if kind == 2], pa.int64())
    old_places = dict(zip(pairs.to_pylist(), found.before.take(pairs).to_pylist(), strict=True))
    new_places = dict(zip(pairs.to_pylist(), found.after.take(pairs).to_pylist(), strict=True))
    places = [(old_places[at] if kind == 2 else at, new_places[at] if kind == 2 else at) for kind, at in kept]
    old = iter(shown(left, [one for (kind, _), (one, _) in zip(kept, places, strict=True) if kind != 1], most))
    new = iter(shown(right, [one for (kind, _), (_, one) in zip(kept, places, strict=True) if kind != 0], most))
    column = left.column_names.index(key) if key else None
    made = []
    for (kind, number), (old_place, new_place) in zip(kept, places, strict=True):
        one: dict[str, Any] = {"kind": ("removed", "added", "changed")[kind]}
        one |= {"old": next(old)} if kind != 1 else {}
        one |= {"new": next(new)} if kind != 0 else {}
        if kind == 2:
            one["cells"] = [at for at, mask in enumerate(found.differs) if mask[number].as_py()]
        row = one["old"] if kind == 0 else one["new"]
        one["key"] = str(row[column]) if column is not None else str((old_place if kind == 0 else new_place) + 1)
        made.append(one)
    return made


def shown(table: pa.Table, places: list[int], most: int) -> list[list[Any]]:
    cells = Cells(most, images=False)
    rows = cells.rows(table.take(pa.array(places, pa.int64())).columns, len(places))
    for one in cells.cut:
        value = rows[one["row"]][one["column"]]
        rows[one["row"]][one["column"]] = f"({one['size']} bytes)" if value is None else f"{value}…"
    return rows
