"""What imports may read: places that an administrator registers."""

import os
from dataclasses import replace
from pathlib import Path

from assethub.domain.errors import Conflict, Invalid, NotFound
from assethub.domain.imports import Source, check_address
from assethub.domain.names import check_name
from assethub.domain.owners import Caller
from assethub.services.work import Hub, Work
from assethub.storage.sources import open_source


def list_sources(work: Work) -> list[Source]:
    """All sources by name, for whoever is signed in; where they lie is for administrators."""
    work.refuse_runs()
    hidden = not work.person.admin
    return [replace(one, url=None, created_by=None) if hidden else one for one in work.sources.all()]


def registered_sources(work: Work) -> list[Source]:
    """All sources, for the administrator's own commands on the hub's machine."""
    return work.sources.all()


def add_source(work: Work, name: str, url: str) -> Source:
    work.administrator("source.add")
    return register_source(work, name, url)


def remove_source(work: Work, name: str, *, force: bool = False) -> None:
    work.administrator("source.remove")
    unregister_source(work, name, force=force)


def register_source(work: Work, name: str, url: str) -> Source:
    """Let every editor import from a place. A removed source of the same address comes back with its links."""
    check_name("source", name)
    if work.sources.find(name):
        raise Conflict(f"A source named {name!r} exists already.")
    address = check_place(work.hub, check_address(url))
    before = work.sources.removed(address)
    if before is not None:
        work.sources.revive(before.id, name)
    else:
        work.sources.add(
            work.new_id(), name, address, work.caller.user.id if isinstance(work.caller, Caller) else None, work.now()
        )
    work.record("source.add", name, url=address)
    return find_source(work, name)


def check_place(hub: Hub, address: str) -> str:
    """The address with links resolved. Invalid if it is no folder, or not apart from what the hub itself keeps."""
    if address.startswith("/"):
        folder = Path(os.path.realpath(address))
        if not folder.is_dir():
            raise Invalid(f"There is no folder {address!r} on the server.")
        if not os.access(folder, os.R_OK | os.X_OK):
            raise Invalid(f"The hub may not read the folder {address!r} of the server.")
        if folder.is_relative_to(hub.folder) or hub.folder.is_relative_to(folder):
            raise Invalid(f"{address!r} is, holds or lies inside the hub's own data folder; choose another.")
        return str(folder)
    open_source(address)
    from assethub.storage.object_store import ObjectStoreBackend

    backend = hub.contents.backend
    if isinstance(backend, ObjectStoreBackend):
        own, other = f"{backend.url.rstrip('/')}/", f"{address}/"
        if own.startswith(other) or other.startswith(own):
            raise Invalid(f"{address!r} is, holds or lies inside the hub's own store; choose another.")
    return address


def find_source(work: Work, name: str) -> Source:
    found = work.sources.find(name)
    if found is None:
        raise NotFound(f"There is no source {name!r}; an administrator adds one with `ah admin source add`.")
    return found


def unregister_source(work: Work, name: str, *, force: bool = False) -> None:
    """Take a source away. Conflict while contents are linked to it, unless forced: they cannot be read then."""
    found = find_source(work, name)
    linked = work.links.count(found.id)
    if linked and not force:
        raise Conflict(
            f"{linked} contents are linked to the source {found.name!r} and cannot be read without it; import them "
            "again without --link first, or force the removal."
        )
    work.sources.remove(found.id, work.now())
    work.record("source.remove", found.name, forced=force)
