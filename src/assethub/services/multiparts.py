"""Uploads by S3 in parts: each part lies in a file of its own until the whole is put together, checked and staged."""

import hashlib
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self
from uuid import UUID

from assethub.domain.errors import NotFound
from assethub.domain.folders import Role
from assethub.domain.multiparts import ABANDONED, Multipart, Part
from assethub.domain.names import check_path
from assethub.domain.owners import Asking
from assethub.services.quotas import room_of
from assethub.services.receiving import Upload, receiving
from assethub.services.s3 import Bucket, writable
from assethub.services.work import Hub, Work
from assethub.storage.backend import PIECE
from assethub.storage.contents import Location
from assethub.storage.gatherings import WHOLE, Gathering, PartFile


def begin_multipart(
    work: Work, bucket: Bucket, key: str, content_type: str | None, data: Mapping[str, Any], checksum: str | None
) -> Multipart:
    place, branch = writable(work, bucket, key)
    check_path(place.path)
    new = Multipart(
        work.new_id(), place.asset.id, branch, place.path, work.person.user.id, content_type, data, checksum, work.now()
    )
    work.multiparts.add(new)
    return new


def get_multipart(work: Work, bucket: Bucket, key: str, id: str) -> Multipart:
    """An upload under way to this key, for editors. NotFound says that there is none."""
    place, branch = writable(work, bucket, key)
    try:
        found = work.multiparts.get(UUID(id))
    except ValueError:
        found = None
    if found is None or (found.asset, found.branch, found.path) != (place.asset.id, branch, place.path):
        raise NotFound.named("upload", id)
    return found


class PartUpload:
    """One part on its way in; no transaction is held while it streams.

    `hashed` asks for its sha256, which then is its tag.
    """

    def __init__(self, hub: Hub, caller: Asking, upload: Multipart, part: PartFile) -> None:
        self.hub, self.caller, self.upload, self.part = hub, caller, upload, part
        self.digest: hashlib._Hash | None = None

    @classmethod
    def begin(
        cls, hub: Hub, caller: Asking, bucket: Bucket, key: str, id: str, number: int, size: int
    ) -> Self:  # fmt: skip
        with hub.work(caller, reading=True) as work:
            upload = get_multipart(work, bucket, key, id)
            room = room_of(work, upload.asset)
            if room is not None:
                room.check(size + work.multiparts.size(upload.id))
            gathering = gathering_of(work, upload)
        try:
            return cls(hub, caller, upload, gathering.begin(number, size))
        except FileNotFoundError:  # it was given up just now, and its folder removed
            raise NotFound.named("upload", str(upload.id)) from None

    def write(self, data: bytes) -> None:
        if self.digest is not None:
            self.digest.update(data)
        self.part.write(data)

    def finish(self, checksums: Mapping[str, str]) -> Part:
        self.part.sync()
        tag = self.digest.hexdigest() if self.digest is not None else secrets.token_hex(32)
        with self.hub.work(self.caller) as work:
            if work.multiparts.get(self.upload.id) is None:  # it was given up meanwhile
                raise NotFound.named("upload", str(self.upload.id))
            part = Part(self.part.number, tag, self.part.size, self.part.name, checksums, work.now())
            before = work.multiparts.put_part(self.upload.id, part)
        self.part.kept = True
        if before not in (None, WHOLE):
            (self.part.gathering.folder / before).unlink(missing_ok=True)
        return part

    def discard(self) -> None:
        """Remove what arrived, unless it was kept."""
        self.part.close()


def gathering_of(work: Work, upload: Multipart) -> Gathering:
    return work.hub.gatherings.get(upload.id, lambda: work.multiparts.parts(upload.id))


def put_together(hub: Hub, caller: Asking, bucket: Bucket, upload: Multipart, parts: Sequence[Part]) -> Location:
    """The whole as a content that the asset holds."""
    with hub.work(caller, reading=True) as work:
        asset = receiving(work, bucket.asset.path)
        room = room_of(work, asset.id)
        gathering = gathering_of(work, upload)
    try:
        found = gathering.assemble(parts)
        if found is not None:
            adopted = hub.contents.adopt(found.file, found.digest, found.size)
            return Upload(hub, caller, asset, adopted, room).finish()
        whole = Upload.into(hub, caller, asset, room, sum(part.size for part in parts))
        try:
            for part in parts:
                for piece in read_part(gathering, part):
                    whole.write(piece)
            return whole.finish()
        finally:
            whole.discard()
    except FileNotFoundError:
        raise NotFound.named("upload", str(upload.id)) from None


def read_part(gathering: Gathering, part: Part) -> Iterator[bytes]:
    path, at = gathering.place_of(part)
    end = at + part.size
    with path.open("rb", buffering=0) as file:
        while at < end:
            piece = os.pread(file.fileno(), min(PIECE, end - at), at)
            if not piece:
                raise FileNotFoundError(f"{path} is shorter than its parts")
            at += len(piece)
            yield piece


def forget_multipart(hub: Hub, id: UUID) -> None:
    with hub.work(None) as work:
        work.multiparts.delete(id)
    hub.gatherings.discard(id)


def abort_multipart(hub: Hub, caller: Asking, bucket: Bucket, key: str, id: str) -> None:
    with hub.work(caller) as work:
        upload = get_multipart(work, bucket, key, id)
        work.multiparts.delete(upload.id)
    hub.gatherings.discard(upload.id)


def list_multiparts(
    work: Work, bucket: Bucket, after: tuple[str, UUID], limit: int
) -> list[tuple[str, Multipart]]:  # fmt: skip
    """Uploads under way by key."""
    asset = work.asset_by_id(bucket.asset.id, needs=Role.EDITOR)
    branch = bucket.ref.name if bucket.ref else None
    found = work.multiparts.of(asset.id, branch, after, limit)
    return [(one.path if bucket.ref else f"{one.branch}/{one.path}", one) for one in found]


def sweep_multiparts(hub: Hub) -> None:
    """Forget uploads that nobody goes on with, and files of uploads that are gone."""
    with hub.work(None) as work:
        for id in work.multiparts.abandoned(work.now() - ABANDONED):
            work.multiparts.delete(id)
    found = hub.gatherings.ids()
    with hub.work(None, reading=True) as work:
        known = work.multiparts.known(found)
    for id in set(found) - known:
        hub.gatherings.discard(id)
