"""What a viewer of differences is given, and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass

from assethub.domain.history import Change
from assethub.server.console.previews.looking import Shown
from assethub.services.comparing import Sides
from assethub.services.objects import OpenFile


@dataclass(frozen=True)
class Differing:
    """One changed file that somebody looks at, among others on a page or alone on its own."""

    sides: Sides
    split: bool = False  # texts side by side
    alone: bool = False  # with room for what is too much among others
    as_text: bool = False  # the lines were asked for, whatever the format

    @property
    def change(self) -> Change:
        return self.sides.change

    @property
    def files(self) -> list[OpenFile]:
        """Both sides, or the one that there is."""
        return [one for one in (self.sides.old, self.sides.new) if one is not None]

    @property
    def size(self) -> int:
        """Bytes of both sides."""
        return sum(one.entry.size for one in self.files)


DiffViewer = Callable[[Differing], Shown | None]
LATER = Shown("diffs/later.html")  # there is something to see, on a page of its own
