"""Files of weights, tensor by tensor."""

from collections.abc import Mapping
from dataclasses import dataclass

from assethub.domain.errors import Invalid
from assethub.server.console.diffs.looking import Differing
from assethub.server.console.previews.looking import Shown
from assethub.services.objects import OpenFile
from assethub.services.tensors import Header, Tensor, has_header, read_header

MOST_SHOWN, MOST_SHOWN_ALONE = 50, 2000  # tensors
MOST_READ, MOST_READ_ALONE = 4 << 20, 128 << 20  # bytes of each side whose values are compared
PIECE = 1 << 20


@dataclass(frozen=True)
class Compared:
    """One tensor of either side. `same` tells of the bytes where both have them alike; None: not compared."""

    name: str
    old: Tensor | None
    new: Tensor | None
    same: bool | None = None

    @property
    def reshaped(self) -> bool:
        return self.old is not None and self.new is not None and shape_of(self.old) != shape_of(self.new)

    @property
    def kind(self) -> str:
        if self.old is None or self.new is None:
            return "added" if self.old is None else "removed"
        return "same" if self.same else "changed"

    @property
    def rank(self) -> int:
        """What is told first: tensors that came, went or have another shape, then those with other values."""
        if self.old is None or self.new is None:
            return 0
        return 1 if self.reshaped else 2 if self.same is False else 3 if self.same is None else 4


def show(looking: Differing) -> Shown | None:
    if not looking.files or not all(has_header(one.path) for one in looking.files):
        return None
    try:
        old, new = header_of(looking.sides.old), header_of(looking.sides.new)
    except Invalid as error:
        return Shown("diffs/binary.html", {"why": str(error)})
    found = compared(looking, old, new)
    told = [one for one in found if one.kind != "same"]
    most = MOST_SHOWN_ALONE if looking.alone else MOST_SHOWN
    values = {
        "tensors": told[:most], "more": len(told) - len(told[:most]), "same": len(found) - len(told),
        "unread": sum(one.same is None and one.rank == 3 for one in found), "old": old, "new": new,
        "metadata": differing(old.metadata, new.metadata),
    }  # fmt: skip
    return Shown("diffs/tensors.html", values)


def header_of(opened: OpenFile | None) -> Header:
    return Header("", ()) if opened is None else read_header(opened)


def shape_of(tensor: Tensor) -> tuple[str, tuple[int, ...]]:
    return tensor.dtype, tensor.shape


def compared(looking: Differing, old: Header, new: Header) -> list[Compared]:
    """Every tensor of both sides; of small ones the bytes are read too, as far as there is room for that."""
    before = {one.name: one for one in old.tensors}
    after = {one.name: one for one in new.tensors}
    left = MOST_READ_ALONE if looking.alone else MOST_READ
    same: dict[str, bool] = {}
    alike = [(one, after[one.name]) for one in old.tensors if one.name in after]
    alike = [(one, other) for one, other in alike if shape_of(one) == shape_of(other) and one.size is not None]
    for one, other in sorted(alike, key=lambda pair: pair[0].size or 0):
        left -= one.size or 0
        if left < 0:
            break
        same[one.name] = equal_bytes(looking, one, other)
    found = [Compared(name, before.get(name), after.get(name), same.get(name)) for name in {**before, **after}]
    return sorted(found, key=lambda one: (one.rank, one.name))


def equal_bytes(looking: Differing, one: Tensor, other: Tensor) -> bool:
    old, new = looking.sides.old, looking.sides.new
    assert old is not None
    assert new is not None
    for at in range(0, one.size or 0, PIECE):
        upto = min(at + PIECE, one.size or 0)
        if b"".join(old.read(one.start + at, one.start + upto)) != b"".join(
            new.read(other.start + at, other.start + upto)
        ):
            return False
    return True


def differing(old: Mapping[str, str], new: Mapping[str, str]) -> list[tuple[str, str | None, str | None]]:
    """Of the header's own texts, those that differ."""
    return [(name, old.get(name), new.get(name)) for name in {**old, **new} if old.get(name) != new.get(name)]
