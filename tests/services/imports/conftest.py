"""A source that others write to: a folder of the server (with SQLite) or a bucket (with PostgreSQL)."""

import os
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import obstore
import pytest
from obstore.store import from_url

from assethub.domain.assets import Asset
from assethub.domain.imports import Import
from assethub.domain.names import Reference
from assethub.domain.owners import Caller
from assethub.services import imports, objects, sources
from assethub.services.importing import perform
from assethub.services.work import Hub
from tests.services.conftest import MODEL

BIG = os.urandom(3 << 20)
FILES = {"a.txt": b"one", "deep/er/b.bin": b"two" * 1000, "deep/ü #%.txt": b"one", "empty": b"", "big.bin": BIG}


class Lake:
    """A source that others write to."""

    def __init__(self, url: str) -> None:
        self.url = url

    def put(self, place: str, content: bytes) -> None:
        if self.url.startswith("/"):
            target = Path(self.url) / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        else:
            obstore.put(from_url(self.url), place, content)

    def remove(self, place: str) -> None:
        if self.url.startswith("/"):
            (Path(self.url) / place).unlink()
        else:
            obstore.delete(from_url(self.url), place)


@pytest.fixture
def lake(tmp_path: Path, hub: Hub, store: str | None) -> Lake:
    """The source `lake` with some files."""
    folder = tmp_path / "lake"
    folder.mkdir()
    found = Lake(store.replace("/hub", "/lake") if store else str(folder))
    for place, content in FILES.items():
        found.put(place, content)
    with hub.work(None) as work:
        sources.register_source(work, "lake", found.url)
    return found


Bringing = Callable[..., Import]


@pytest.fixture
def bring(hub: Hub, ada: Caller, lake: Lake, model: Asset) -> Bringing:
    """bring(prefix="", link=True, …): an import into the model, done to its end; what became of it."""

    def act(*, ending: Event | None = None, **options: Any) -> Import:
        with hub.work(ada) as work:
            job = imports.start_import(work, MODEL, "lake", **options)
        perform(hub, job.id, ending or Event())
        with hub.work(ada, reading=True) as work:
            return imports.get_import(work, MODEL, job.id)

    return act


def content(hub: Hub, ada: Caller, path: str, start: int = 0, end: int | None = None) -> bytes:
    with hub.work(ada, reading=True) as work:
        opened = objects.open_file(work, Reference(MODEL), path)
    return b"".join(opened.read(start, end))


def paths(hub: Hub, ada: Caller) -> dict[str, str]:
    with hub.work(ada, reading=True) as work:
        _, listed, _ = objects.list_objects(work, Reference(MODEL))
    return {one.path: one.entry.sha256 for one in listed if one.entry}
