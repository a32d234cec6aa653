"""Files of a hub of any size, made of their first bytes."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from assethub.domain.objects import OCTETS, Entry
from assethub.services.objects import OpenFile
from assethub.services.work import Hub
from assethub.storage.contents import LINKED, Location
from assethub.storage.originals import Link
from assethub.storage.sources import open_source

Opening = Callable[..., OpenFile]


def linked(hub: Hub, folder: Path, name: str) -> OpenFile:
    found = open_source(str(folder)).stat(name)
    link = Link(UUID(int=0), "originals", str(folder), name, found.stamp)
    entry = Entry("0" * 64, found.size, datetime(2026, 1, 1, tzinfo=UTC), OCTETS)
    return OpenFile(hub, name, entry, Location(entry.sha256, found.size, LINKED, 0, link))
