"""What a viewer is given, and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import QueryParams

from assethub.domain.objects import Entry
from assethub.server.console.place import Place
from assethub.services.objects import OpenFile


@dataclass(frozen=True)
class Looking:
    """One file that somebody looks at."""

    opened: OpenFile
    raw: str  # the address of its bytes
    source: bool  # the source was asked for, not what it renders to
    query: QueryParams  # of the page's address
    place: Place

    @property
    def entry(self) -> Entry:
        return self.opened.entry

    def number(self, name: str) -> int:
        """A whole number of the page's address; 0 where it is not one."""
        text = self.query.get(name, "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


@dataclass(frozen=True)
class Shown:
    """A template below templates/, with its values; `renders` where there is a source to look at as well."""

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)
    renders: bool = False


Viewer = Callable[[Looking], Shown | None]
