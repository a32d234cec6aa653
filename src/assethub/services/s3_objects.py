"""Objects through S3: read at any ref, written to branches, where they wait for a commit."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from assethub.domain.errors import HubError, NotFound, Unavailable
from assethub.domain.folders import Role
from assethub.domain.multiparts import DueCommit
from assethub.domain.names import check_path
from assethub.domain.objects import Entry, guess_type
from assethub.domain.owners import Asking, Caller, Origin, Scope
from assethub.domain.s3_keys import S3Key
from assethub.services.history import commit_changes
from assethub.services.objects import OpenFile, locate
from assethub.services.quotas import room_of
from assethub.services.receiving import Upload, acknowledge_one, hold, unless_gone
from assethub.services.s3 import Bucket, Place, ReadOnlyKey, find_bucket, find_entry, find_place, writable
from assethub.services.staging import stage_all
from assethub.services.versions import tree_of
from assethub.services.work import Hub, Work
from assethub.storage.contents import Location

log = logging.getLogger("assethub.s3")
Data = Mapping[str, Any]  # "headers": what is answered again; "metadata": words of the client's


class ConditionFailed(Exception):
    """If-Match or If-None-Match does not hold."""


@dataclass(frozen=True)
class Condition:
    """What must hold of the object that a write replaces; `matches` is an ETag without quotes, or *."""

    absent: bool = False
    matches: str | None = None

    def check(self, entry: Entry | None) -> None:
        if self.absent and entry is not None:
            raise ConditionFailed
        if self.matches is not None and entry is None:
            raise NotFound.named("object", self.matches)
        if self.matches not in (None, "*") and entry is not None and etag_of(entry.sha256) != self.matches:
            raise ConditionFailed


ANY = Condition()


@dataclass(frozen=True)
class Found:
    """An object as it is answered."""

    file: OpenFile
    data: Data

    @property
    def entry(self) -> Entry:
        return self.file.entry

    @property
    def etag(self) -> str:
        return etag_of(self.entry.sha256)


def etag_of(sha256: str) -> str:
    """Never 32 digits alone, which clients would take for an MD5."""
    return f"{sha256[:32]}-1"


def find_object(work: Work, bucket: Bucket, key: str) -> Found:
    place = find_place(work, bucket, key)
    entry = find_entry(work, place)
    if entry is None:
        raise NotFound.named("object", key)
    location = locate(work, [entry.sha256], {entry.sha256: place.path})[entry.sha256]
    data = work.object_metadata.get(place.asset.id, place.path, entry.sha256)
    return Found(OpenFile(work.hub, place.path, entry, location), data)


def put_object(
    work: Work, bucket: Bucket, key: str, body: Location, by: S3Key | None, *, content_type: str | None = None,
    data: Data | None = None, condition: Condition = ANY,
) -> Entry:  # fmt: skip
    """Stage a content that the asset holds at a key."""
    place, branch = writable(work, bucket, key)
    check_path(place.path)
    before = find_entry(work, place)
    condition.check(before)
    entry = Entry(body.sha256, body.size, modified(data) or work.now(), content_type or guess_type(place.path))
    stage_all(work, place.asset, branch, place.commit, {place.path: entry})
    if data or work.object_metadata.get(place.asset.id, place.path, body.sha256):
        work.object_metadata.put(place.asset.id, place.path, body.sha256, data or {})
    note_write(work, place, branch, by)
    return entry


def begin_object(hub: Hub, caller: Asking, bucket: str, key: str, condition: Condition, size: int) -> Upload:
    """A body on its way to a key; whether that can be written is asked before a byte is taken."""
    with hub.work(caller, reading=True) as work:
        found = find_bucket(work, bucket, needs=Role.EDITOR)
        place, _ = writable(work, found, key)
        condition.check(find_entry(work, place))
        room = room_of(work, found.asset.id)
    return Upload.into(hub, caller, found.asset, room, size)


def keep_object(
    hub: Hub, caller: Asking, bucket: str, key: str, upload: Upload, by: S3Key | None, **how: Any
) -> Entry:  # fmt: skip
    """Keep the body that has arrived and stage it, in one transaction; see `put_object`."""
    location = upload.incoming.keep()
    try:
        with unless_gone(hub, [location]), hub.work(caller) as work:
            found = find_bucket(work, bucket, needs=Role.EDITOR)
            known = acknowledge_one(work, found.asset.id, location)
            entry = put_object(work, found, key, known, by, **how)
    except (ConditionFailed, ReadOnlyKey, NotFound):
        hub.contents.drop(location.pack)
        raise
    if known.pack != location.pack:  # the hub had it already; the first copy stays
        hub.contents.drop(location.pack)
    return entry


def modified(data: Data | None) -> datetime | None:
    """When rclone says that the file was modified."""
    told = (data or {}).get("metadata", {}).get("mtime", "")
    try:
        return datetime.fromtimestamp(float(told), UTC) if told else None
    except (ValueError, OverflowError, OSError):
        return None


def delete_objects(work: Work, bucket: Bucket, keys: list[str], by: S3Key | None) -> dict[str, Exception]:
    """Stage the removal of these; what is not there is no error. Answers why some could not be removed."""
    work.asset_by_id(bucket.asset.id, needs=Role.EDITOR)
    problems: dict[str, Exception] = {}
    places: dict[str, Place] = {}  # by what keys begin with: no ref is a folder of another
    paths: dict[str, list[str]] = {}
    for key in dict.fromkeys(keys):
        start = next((start for start in places if key.startswith(start)), None)
        if start is None:
            try:
                place = find_place(work, bucket, key)
            except NotFound:
                continue
            start = key.removesuffix(place.path) if place.path else f"{key.rstrip('/')}/"
            places[start] = place
        if places[start].branch is None:
            problems[key] = ReadOnlyKey()
        elif path := key[len(start) :]:
            paths.setdefault(start, []).append(path)
    for start, wanted in paths.items():
        remove_paths(work, places[start], wanted, by)
    return problems


def remove_paths(work: Work, place: Place, paths: list[str], by: S3Key | None) -> None:
    assert place.branch is not None
    waiting = {change.path: change for change in work.staging.of(place.asset.id, place.branch, paths)}
    tree = tree_of(work, place.commit)
    there = [path for path in paths if (waiting[path].entry if path in waiting else tree.find(path)) is not None]
    if there:
        stage_all(work, place.asset, place.branch, place.commit, dict.fromkeys(there))
        note_write(work, place, place.branch, by)


def copy_object(
    work: Work, source: Bucket, from_key: str, bucket: Bucket, key: str, by: S3Key | None, *,
    content_type: str | None = None, data: Data | None = None, condition: Condition = ANY,
) -> Entry:  # fmt: skip
    """Stage at a key what another holds, without moving a byte. None of `data`: the source's own comes along."""
    found = find_object(work, source, from_key)
    hold(work, bucket.asset.id, [found.entry.sha256])
    kept = found.data if data is None else data
    kind = content_type if data is not None else found.entry.content_type
    return put_object(
        work, bucket, key, found.file.location, by, content_type=kind, data=kept, condition=condition
    )  # fmt: skip


def note_write(work: Work, place: Place, branch: str, by: S3Key | None) -> None:
    """A key may commit what it wrote, once nothing more is written for a while."""
    if by is not None and by.commit_after is not None:
        due = work.now() + timedelta(seconds=by.commit_after)
        work.due_commits.put(DueCommit(place.asset.id, branch, by.user, by.access_key, due))


def commit_due(hub: Hub) -> None:
    """Commit the branches on which nothing was staged for as long as their keys say.

    What cannot be committed stays staged, and the log says why: people commit it by hand.
    """
    with hub.work(None, reading=True) as work:
        found = [(due, work.users.by_id(due.user)) for due in work.due_commits.due(work.now())]
    for due, user in found:
        caller = Caller(user, Scope.WRITE, origin=Origin(f"S3 key {due.key}"), asset=due.asset)
        try:
            with hub.work(caller) as work:
                if work.due_commits.take(due) and user.deactivated_at is None:
                    commit_staged(work, due)
        except Unavailable:
            raise  # for now: it is due still
        except HubError as error:
            log.warning("what key %s staged on %r waits for somebody: %s", due.key, due.branch, error)
            with hub.work(None) as work:
                work.due_commits.take(due)


def commit_staged(work: Work, due: DueCommit) -> None:
    asset = work.asset_by_id(due.asset, needs=Role.EDITOR)
    waiting = work.staging.changes(asset.id, due.branch)
    if waiting:
        told = f"{len(waiting)} changes by S3" if len(waiting) != 1 else f"Change {waiting[0].path} by S3"
        commit_changes(work, asset.path, due.branch, told, staged=True)
