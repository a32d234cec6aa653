"""Weights: the tensors of a header, grouped by the dots in their names."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from assethub.domain.errors import Invalid
from assethub.server.console.previews.looking import Looking, Shown
from assethub.services.tensors import Header, Tensor, has_header, read_header

MOST_ROWS = 1_000  # of tensors and groups on one page
MOST_METADATA = 200
MOST_SORTED = 20_000  # names of a level; more stay in the order of their bytes
DEEPEST = 12  # groups within groups on one page
OPEN = 60  # tensors of a file whose groups are open from the start


@dataclass(frozen=True)
class Group:
    """Tensors whose names begin alike; without `rows` where it is a page of its own."""

    name: str
    prefix: str
    tensors: int
    parameters: int
    size: int
    rows: "tuple[Group | Leaf, ...]" = ()


@dataclass(frozen=True)
class Leaf:
    name: str
    tensor: Tensor


def show(looking: Looking) -> Shown | None:
    if not has_header(looking.opened.path):
        return None
    try:
        header = read_header(looking.opened)
    except Invalid as error:
        return Shown("previews/refused.html", {"sentence": str(error)})
    below, after = looking.query.get("below", ""), looking.number("after")
    chosen = [tensor for tensor in header.tensors if tensor.name.startswith(below)]
    level = list(rows_of(chosen, below))
    shown = level[after : after + MOST_ROWS]
    return Shown(
        "previews/weights.html",
        {
            "header": header, "metadata": list(islice(header.metadata.items(), MOST_METADATA)), "below": below,
            "rows": filled(shown, chosen), "dtypes": dtypes(header), "after": after, "of": len(level),
            "open": len(header.tensors) <= OPEN, "next": after + MOST_ROWS if after + MOST_ROWS < len(level) else None,
        },
    )  # fmt: skip


def dtypes(header: Header) -> list[tuple[str, int]]:
    return sorted(header.parameters_by_dtype.items(), key=lambda one: -one[1])


def natural(name: str) -> list[tuple[int, str]]:
    """Sorts layer 2 before layer 10."""
    return [(int(part), "") if part.isdecimal() and len(part) < 19 else (-1, part) for part in re.split(r"(\d+)", name)]


def rows_of(tensors: Sequence[Tensor], prefix: str) -> Iterator[Group | Leaf]:
    """One level below the prefix; a group that has a single row is named together with it."""
    found: dict[str, list[Tensor]] = {}
    for tensor in tensors:
        found.setdefault(part_of(tensor.name, prefix), []).append(tensor)
    names = sorted(found, key=natural) if len(found) <= MOST_SORTED else list(found)
    for name in names:
        members = found[name]
        if not name.endswith(".") or len(members) == 1:
            yield from (Leaf(one.name[len(prefix) :], one) for one in members)
            continue
        whole = prefix + name
        while "." in members[0].name[len(whole) :]:
            longer = whole + part_of(members[0].name, whole)
            if not all(one.name.startswith(longer) for one in members):
                break
            whole = longer
        yield Group(
            whole[len(prefix) : -1], whole, len(members), sum(one.parameters for one in members),
            sum(one.size or 0 for one in members),
        )  # fmt: skip


def part_of(name: str, prefix: str) -> str:
    """The name's next part, with the dot at its end if more follows."""
    end = name.find(".", len(prefix))
    return name[len(prefix) : end + 1] if end >= 0 else name[len(prefix) :]


def filled(rows: Sequence[Group | Leaf], tensors: Sequence[Tensor]) -> tuple[Group | Leaf, ...]:
    """The same rows, with what is in their groups as far as the page has room for it."""
    left = [MOST_ROWS - len(rows)]

    def fill(row: Group | Leaf, among: Sequence[Tensor], depth: int = 0) -> Group | Leaf:
        if isinstance(row, Leaf) or row.tensors > left[0] or depth == DEEPEST:
            return row
        members = [one for one in among if one.name.startswith(row.prefix)]
        level = list(rows_of(members, row.prefix))
        left[0] -= len(level)
        return replace(row, rows=tuple(fill(one, members, depth + 1) for one in level))

    return tuple(fill(row, tensors) for row in rows)
