"""Large contents sent in parts side by side: begun, continued after any interruption, finished or given up."""

import shutil
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from assethub.domain.errors import Conflict, Full, Gone, Invalid, NotFound, QuotaExceeded
from assethub.domain.folders import Role
from assethub.domain.names import COMMIT_ID, AssetPath
from assethub.domain.owners import Asking, RunCaller
from assethub.domain.uploads import ABANDONED, OpenUpload, part_size
from assethub.services.quotas import check_room
from assethub.services.receiving import acknowledge_one, copies, missing_bodies, receiving, unless_gone
from assethub.services.work import Hub, Work
from assethub.storage.spools import PartWriter, Spool

PATIENCE = 20.0  # seconds that one request waits for a content to be hashed and kept


@dataclass(frozen=True)
class UploadState:
    """How far an upload is: its durable parts; without an upload, the asset holds the content."""

    upload: OpenUpload | None
    parts: tuple[int, ...] = ()
    hashed: int = 0


HELD = UploadState(None)


def begin_upload(hub: Hub, caller: Asking, path: AssetPath, sha256: str, size: int) -> UploadState:
    """A new upload of a content, or the one that the caller began before. Full if the hub's disk cannot take it."""
    if not COMMIT_ID.fullmatch(sha256):
        raise Invalid(f"{sha256!r} is not a sha256; it has 64 lower-case hex digits.")
    with hub.work(caller) as work:
        asset = receiving(work, path)
        if not missing_bodies(work, path, [sha256], [size]):
            return HELD
        new = OpenUpload(work.new_id(), asset.id, work.somebody.user.id, sha256, size, part_size(size), work.now())
        upload = work.uploads.add(new)
        spool = spool_of(work, upload)
    left = sum(end - start for start, end in map(upload.span, spool.missing()))
    free = shutil.disk_usage(hub.spools.folder).free
    if left > free:
        raise Full(f"This needs {left} bytes on the hub's disk, and {free} are free. Free some space on it first.")
    return state_of(spool)


def spool_of(work: Work, upload: OpenUpload) -> Spool:
    """The upload's bytes; rows of parts whose bytes are gone are forgotten."""
    rows = work.uploads.parts(upload.id)
    spool = work.hub.spools.get(upload, rows)
    if rows and not spool.done:
        work.uploads.forget_parts(upload.id)
    return spool


def state_of(spool: Spool) -> UploadState:
    return UploadState(spool.upload, tuple(sorted(spool.done)), spool.hashed)


def open_upload(work: Work, id: UUID) -> OpenUpload:
    """The caller's own upload, while they may send to its asset."""
    somebody = work.somebody
    try:
        upload = work.uploads.get(id)
    except NotFound:
        raise work.hidden("upload", id) from None
    if somebody.user.id != upload.user:
        raise work.hidden("upload", id)
    try:
        work.asset_by_id(upload.asset, needs=Role.RUNNER if isinstance(work.caller, RunCaller) else Role.EDITOR)
    except NotFound:
        raise NotFound("The asset that this upload goes to was deleted, or you may not see it any more.") from None
    return upload


def get_upload(hub: Hub, caller: Asking, id: UUID) -> UploadState:
    with hub.work(caller) as work:
        return state_of(spool_of(work, open_upload(work, id)))


class PartUpload:
    """One part on its way in; no transaction is held while it streams."""

    def __init__(self, hub: Hub, caller: Asking, spool: Spool, number: int, writer: PartWriter | None) -> None:
        self.hub, self.caller, self.spool, self.number, self.writer = hub, caller, spool, number, writer
        self.size = 0

    @classmethod
    def begin(cls, hub: Hub, caller: Asking, id: UUID, number: int) -> Self:
        with hub.work(caller) as work:
            spool = spool_of(work, open_upload(work, id))
        return cls(hub, caller, spool, number, spool.begin(number))

    @property
    def incoming(self) -> Self:
        return self

    def write(self, data: bytes) -> None:
        self.size += len(data)
        if self.writer is not None:  # a part that is done is read and dropped
            self.writer.write(data)

    def finish(self, expected: str | None = None) -> UploadState:
        """Make the part durable, then the row that acknowledges it."""
        if self.writer is not None:
            self.writer.keep()
        upload = self.spool.upload
        with self.hub.work(self.caller) as work:
            work.uploads.get(upload.id)  # it may have been given up meanwhile
            work.uploads.add_part(upload.id, self.number, work.now())
        return state_of(self.spool)

    def discard(self) -> None:
        if self.writer is not None:
            self.writer.discard()


def finish_upload(hub: Hub, caller: Asking, id: UUID, patience: float = PATIENCE) -> UploadState:
    """Hash the whole, keep it, acknowledge it; what takes longer goes on, and asking again waits for it.

    Invalid if parts are missing, or (and the upload is given up) if the content is not what was announced.
    """
    with hub.work(caller) as work:
        upload = open_upload(work, id)
        if not copies(work, upload.asset, [upload.sha256]):  # others may have come meanwhile; its parts stay
            check_room(work, upload.asset, upload.size)
        spool = spool_of(work, upload)
    missing = spool.missing()
    if missing:
        raise Invalid(
            f"{len(missing)} of {upload.count} parts have not arrived yet, first part {missing[0]}; send them."
        )
    try:
        spool.finish(lambda: keep(hub, caller, spool)).result(patience)
    except TimeoutError:
        return state_of(spool)
    return HELD


def keep(hub: Hub, caller: Asking, spool: Spool) -> None:
    upload = spool.upload
    spool.hash_on()
    try:
        location = hub.contents.adopt(spool.path, spool.digest, upload.size).keep(upload.sha256)
        with unless_gone(hub, [location]), hub.work(caller) as work:
            open_upload(work, upload.id)
            kept = acknowledge_one(work, upload.asset, location)
            work.uploads.delete(upload.id)
    except (Invalid, Gone, QuotaExceeded):
        forget(hub, upload.id)
        raise
    if kept.pack != location.pack:
        hub.contents.drop(location.pack)
    hub.spools.discard(upload.id)


def abort_upload(hub: Hub, caller: Asking, id: UUID) -> None:
    """Give an upload up. Conflict while it is being finished."""
    with hub.work(caller) as work:
        spool = spool_of(work, open_upload(work, id))
    if spool.finishing is not None and not spool.finishing.done():
        raise Conflict("This upload is being finished; it cannot be given up any more.")
    forget(hub, id)


def forget(hub: Hub, id: UUID) -> None:
    with hub.work(None) as work:
        work.uploads.delete(id)
    hub.spools.discard(id)


def sweep_uploads(hub: Hub) -> None:
    """Forget uploads that nobody goes on with, and bytes of uploads that are gone."""
    found = hub.spools.ids()
    with hub.work(None) as work:
        for id in work.uploads.abandoned(work.now() - ABANDONED):
            work.uploads.delete(id)
        known = work.uploads.known(found)
    for id in set(found) - known:
        hub.spools.discard(id)
