"""Changes on a branch that are not committed yet."""

from dataclasses import dataclass

from assethub.domain.objects import Entry


@dataclass(frozen=True)
class StagedChange:
    """A path's new entry (None: deleted) and the sha256 that the head had there when it was staged."""

    path: str
    entry: Entry | None
    replaces: str | None
    sequence: int
