"""Changes on a branch that are not committed yet."""

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from assethub.domain.history import ChangeKind
from assethub.domain.objects import Entry


@dataclass(frozen=True)
class StagedChange:
    """A path's new entry (None: deleted) and the sha256 that the head had there when it was staged."""

    path: str
    entry: Entry | None
    replaces: str | None
    sequence: int
    staged_by: str | None = None
    staged_at: datetime | None = None

    @property
    def kind(self) -> ChangeKind:
        if self.entry is None:
            return ChangeKind.REMOVED
        return ChangeKind.CHANGED if self.replaces else ChangeKind.ADDED


def moved_paths(changes: Iterable[StagedChange]) -> dict[str, str]:
    """Where each moved file was, by its new path: a deletion and an addition of the same content, as in a diff."""
    found = list(changes)
    gone: defaultdict[str, deque[str]] = defaultdict(deque)
    for change in found:
        if change.entry is None and change.replaces is not None:
            gone[change.replaces].append(change.path)
    return {
        change.path: gone[change.entry.sha256].popleft()
        for change in found
        if change.kind is ChangeKind.ADDED and change.entry and change.entry.size and gone.get(change.entry.sha256)
    }
