"""JSON that is mostly numbers, such as metrics: by key, with the difference."""

import json
from dataclasses import dataclass
from typing import Any

from assethub.server.console.diffs.looking import Differing
from assethub.server.console.previews.looking import Shown
from assethub.services.objects import OpenFile, read_whole

LARGEST = 256 << 10  # bytes of a side
MOST_KEYS = 400
LONGEST = 200  # characters of a value that is shown
MISSING = object()


@dataclass(frozen=True)
class Key:
    """A key of either side, dotted where it is nested; `difference` where both are numbers."""

    name: str
    old: str | None
    new: str | None
    difference: float | None = None

    @property
    def kind(self) -> str:
        if self.old is None:
            return "added"
        return "removed" if self.new is None else "changed"


def show(looking: Differing) -> Shown | None:
    if not looking.files or not all(
        one.entry.content_type == "application/json" and one.entry.size <= LARGEST for one in looking.files
    ):
        return None
    old, new = leaves_of(looking.sides.old), leaves_of(looking.sides.new)
    if old is None or new is None or not 0 < len(old.keys() | new.keys()) <= MOST_KEYS:
        return None
    values = [*old.values(), *new.values()]
    if 2 * sum(is_number(value) for value in values) < len(values):
        return None
    keys = [compared(name, old.get(name, MISSING), new.get(name, MISSING)) for name in {**old, **new}]
    changed = [one for one in keys if one is not None]
    return Shown("diffs/keys.html", {"keys": changed, "same": len(keys) - len(changed)}, renders=True)


def compared(name: str, old: Any, new: Any) -> Key | None:
    if old is not MISSING and new is not MISSING and (type(old), old) == (type(new), new):
        return None
    difference = new - old if is_number(old) and is_number(new) else None
    return Key(name, told(old), told(new), difference)


def told(value: Any) -> str | None:
    return None if value is MISSING else json.dumps(value, ensure_ascii=False)[:LONGEST]


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def leaves_of(opened: OpenFile | None) -> dict[str, Any] | None:
    """The values of an object by dotted key, none where there is no file; None if it is no object."""
    if opened is None:
        return {}
    try:
        found = json.loads(read_whole(opened, LARGEST) or b"")
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    leaves: dict[str, Any] = {}
    waiting = [(str(name), value) for name, value in reversed(found.items())]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict) and value:
            waiting += [(f"{name}.{key}", one) for key, one in reversed(value.items())]
        else:
            leaves[name] = value
        if len(leaves) > MOST_KEYS:
            return None
    return leaves
