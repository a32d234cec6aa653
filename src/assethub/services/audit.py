"""Who did what: read by administrators, by those who own a folder, and by everyone about themselves."""

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import takewhile
from uuid import UUID

from assethub.domain.audit import Event, Filter
from assethub.domain.errors import Forbidden, Invalid, NotFound
from assethub.domain.folders import Role
from assethub.domain.history import timestamp
from assethub.domain.names import FolderPath
from assethub.domain.owners import Asking, Caller, Keeper, Scope
from assethub.services.work import Hub, Work

MOST_LISTED = 1000
TOGETHER = 500  # events that are exported or forgotten in one transaction


def list_events(
    work: Work, wanted: Filter, folder: FolderPath | None = None, *, before: int | None = None, limit: int = 100
) -> list[Event]:
    """Newest first, from before an id on: all for administrators, a folder's for its owners, else one's own."""
    if not 1 <= limit <= MOST_LISTED:
        raise Invalid(f"A page has 1 to {MOST_LISTED} events, not {limit}.")
    return work.audit.listed(allowed(work, wanted, folder), before=before, limit=limit)


def allowed(work: Work, wanted: Filter, folder: FolderPath | None) -> Filter:
    """What is wanted, of what the caller may know."""
    found = named(work, wanted)
    if folder is not None:
        return replace(found, folder=folder_of(work, folder))
    return found if sees_all(work) else replace(found, by=work.account("audit.see", needs=Scope.READ).user.id)


def folder_of(work: Work, path: FolderPath) -> UUID:
    if isinstance(work.caller, Keeper):
        found = work.folders.find(path) or work.renamed_folder(path)
        if found is None:
            raise NotFound.named("folder", str(path))
        return found[0].id
    work.refuse_runs()
    _ = work.person  # visitors have to sign in, also where the folder is public
    folder = work.folder(path, needs=Role.VIEWER)  # a key that may only read reads this too
    if folder.role is not Role.OWNER:
        told = f"Who did what in {folder.path} is for its owners to see."
        raise work.refused(Forbidden(told), "audit.see", str(folder.path), folder.id)
    return folder.id


def sees_all(work: Work) -> bool:
    return isinstance(work.caller, Keeper) or (isinstance(work.caller, Caller) and work.caller.admin)


def named(work: Work, wanted: Filter) -> Filter:
    """Names differ in more than case, so however it is written, it is found by an index."""
    user = work.users.find(wanted.user) if wanted.user else None
    return replace(wanted, user=user.name if user else wanted.user or None, action=wanted.action or None)


def begin_export(
    hub: Hub, caller: Asking | Keeper, wanted: Filter, folder: FolderPath | None = None
) -> Iterator[bytes]:
    """Every event up to now as a line of JSON, oldest first; for administrators.

    No transaction is held while somebody reads, and memory holds a page.
    """
    with hub.work(caller) as work:
        work.administrator("audit.export")
        last = work.audit.last()
        chosen = named(work, wanted)
        if folder is not None:
            chosen = replace(chosen, folder=folder_of(work, folder))
        work.record("audit.export", "the audit log", folder=chosen.folder)
    return lines(hub, caller, chosen, last)


def lines(hub: Hub, caller: Asking | Keeper, wanted: Filter, last: int) -> Iterator[bytes]:
    after = 0
    while after < last:
        with hub.work(caller, reading=True) as work:
            page = work.audit.following(wanted, after=after, limit=TOGETHER)
        yield b"".join(map(line_of, takewhile(lambda event: event.id <= last, page)))
        if len(page) < TOGETHER:
            return
        after = page[-1].id


def line_of(event: Event) -> bytes:
    facts = asdict(event) | {
        "at": timestamp(event.at), "actor": str(event.actor) if event.actor else None,
        "folder": str(event.folder) if event.folder else None,
    }  # fmt: skip
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def sweep_events(hub: Hub) -> int:
    """Forget what is older than the hub keeps its audit log; answers how many events those were."""
    if hub.audit_kept is None:
        return 0
    gone = 0
    while True:
        with hub.work(None) as work:
            swept = work.audit.sweep(work.now() - hub.audit_kept, TOGETHER)
        gone += swept
        if swept < TOGETHER:
            return gone
