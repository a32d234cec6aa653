"""Doing an import: list the source, copy or link what is there, commit it all at once.

It may be broken off at any moment: what was read stays known by its place and stamp, and is not read again.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryFile
from threading import Event
from typing import IO, Any
from uuid import UUID

from assethub.database.rows import batches
from assethub.domain.errors import Conflict, HubError, Invalid, Unavailable
from assethub.domain.folders import Role
from assethub.domain.imports import Import, ImportState, Source
from assethub.domain.names import check_path
from assethub.domain.objects import Entry, guess_type
from assethub.domain.owners import Caller, Origin, Scope
from assethub.services import history, versions
from assethub.services.originals import SMALL, Originals, Read, Stopped
from assethub.services.quotas import room_of
from assethub.services.receiving import acknowledge, copies, hold, unless_gone
from assethub.services.recording import tell_commit
from assethub.services.work import Hub, Work
from assethub.storage.filesystem import full_disk_told
from assethub.storage.sources import Found

log = logging.getLogger("assethub.imports")
PACK_FILES, PACK_BYTES = 500, 8 << 20
THREADS = 8
TICK = 1.0  # seconds between reports of how far it is
PAGE = 1000
EDITS = 20_000  # entries laid over the tree in one step
ATTEMPTS = 5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def perform(hub: Hub, id: UUID, ending: Event) -> None:
    """Do an import to its end, or until `ending` is set: then it goes on when this is called again."""
    with hub.work(None) as work:
        job = work.imports.locked(id)
        if job is None or job.state.final:
            return
        now = work.now()
        begun = {"state": ImportState.RUNNING, "started_at": job.started_at or now, "done_files": 0, "done_bytes": 0}
        work.imports.change(id, begun)
        source, user = work.sources.by_id(job.source), work.users.by_id(job.created_by)
    assert source is not None  # the row of an import keeps both
    try:
        with full_disk_told():
            Importing(hub, job, source, Caller(user, Scope.WRITE, origin=Origin("an import")), ending).run()
    except Stopped:
        log.info("import %s stopped", id)
    except HubError as error:
        fail(hub, id, error)
    except OSError as error:
        fail(hub, id, Unavailable(f"The hub cannot go on with it: {error.strerror or error}."))


def fail(hub: Hub, id: UUID, error: HubError) -> None:
    log.info("import %s failed: %s", id, error)
    sentence = " ".join([str(error), *error.details])
    with hub.work(None) as work:
        job = work.imports.locked(id)
        if job is not None and not job.state.final:
            work.imports.change(id, {"state": ImportState.FAILED, "error": sentence, "ended_at": work.now()})


class Importing:
    def __init__(self, hub: Hub, job: Import, source: Source, caller: Caller, ending: Event) -> None:
        self.hub, self.job, self.source, self.caller, self.ending = hub, job, source, caller, ending
        self.originals = Originals(hub, source, link=job.link, read=job.read_bytes)
        self.files = self.bytes = 0  # what is done

    def run(self) -> None:
        with (
            TemporaryFile("w+", encoding="utf-8", dir=self.hub.folder) as listed,
            TemporaryFile("w+", encoding="utf-8", dir=self.hub.folder) as results,
        ):
            self.survey(listed)
            self.check_room(listed)
            self.transfer(listed, results)
            self.commit(results)

    def survey(self, listed: IO[str]) -> None:
        """Write down what there is, so that millions need no memory. Invalid names what cannot be imported."""
        files = size = 0
        for found in self.originals.reader.list(self.job.prefix):
            check_path(found.place)
            check_path(self.job.target_of(found.place))
            mtime = (found.mtime - EPOCH) // MICROSECOND
            listed.write(json.dumps([found.place, found.size, found.stamp, mtime]) + "\n")
            files, size = files + 1, size + found.size
            if files % PAGE == 0:
                self.report(total_files=files, total_bytes=size)
        if not files:
            where = f"at {self.job.prefix!r}" if self.job.prefix else "yet"
            raise Invalid(f"The source {self.source.name!r} holds nothing {where}.")
        self.report(total_files=files, total_bytes=size)

    def check_room(self, listed: IO[str]) -> None:
        """QuotaExceeded before anything is read, if the owner may not store what is not known to be held."""
        with self.hub.work(None, reading=True) as work:
            left = None if self.job.link else room_of(work, self.job.asset)
        if left is None:
            return
        listed.seek(0)
        need = 0
        for page in batches((found_of(line) for line in listed), PAGE):
            with self.hub.work(None, reading=True) as work:
                known = work.originals.find(self.source.id, [found.place for found in page])
                held = copies(work, self.job.asset, {sha256 for _, sha256, _, _ in known.values()})
            same = {(place, stamp) for place, (stamp, sha256, _, _) in known.items() if sha256 in held}
            need += sum(one.size for one in page if (one.place, one.stamp) not in same)
        left.check(need)

    def transfer(self, listed: IO[str], results: IO[str]) -> None:
        """Read what is not known, several units side by side, and make it known as it comes in."""
        pending: set[Future[list[Read]]] = set()
        pool = ThreadPoolExecutor(THREADS, thread_name_prefix="import")
        try:
            for unit in self.units(listed, results):
                pending.add(pool.submit(self.originals.fetch, unit))
                while len(pending) > THREADS:
                    self.settle(pending, results)
            while pending:
                self.settle(pending, results)
        except BaseException:
            self.originals.stop.set()
            pool.shutdown(cancel_futures=True)
            whole = [one.result() for one in pending if not one.cancelled() and one.exception() is None]
            self.keep([read for unit in whole for read in unit])
            raise
        pool.shutdown()

    def settle(self, pending: set[Future[list[Read]]], results: IO[str]) -> None:
        """Wait for some of the units, or a moment, and keep what has come in."""
        done, _ = wait(pending, TICK, FIRST_COMPLETED)
        pending -= done
        reads = [read for one in done if one.exception() is None for read in one.result()]
        for read in reads:
            if read.body is not None:
                self.note(results, read.found, read.body.sha256, read.body.size)
        going = self.keep(reads)
        for one in done:
            one.result()
        if not going:
            raise Stopped

    def units(self, listed: IO[str], results: IO[str]) -> Iterator[list[Found]]:
        """What has to be read: a large object by itself, small ones as many as go into a pack."""
        listed.seek(0)
        group: list[Found] = []
        size = 0
        for page in batches(found_of(line) for line in listed):
            for found in self.unknown(page, results):
                if found.size >= SMALL:
                    yield [found]
                    continue
                group.append(found)
                size += found.size
                if len(group) >= PACK_FILES or size >= PACK_BYTES:
                    yield group
                    group, size = [], 0
        if group:
            yield group

    def unknown(self, page: list[Found], results: IO[str]) -> list[Found]:
        """What of a page was not read yet; the asset is given the rest. A link is no copy."""
        with self.hub.work(None) as work:
            self.check(work)
            known = work.originals.find(self.source.id, [found.place for found in page])
            found = {one: known[one.place] for one in page if one.place in known}
            same = {
                one: row for one, row in found.items() if row[0] == one.stamp and (self.job.link or not row[3])
            }  # fmt: skip
            hold(work, self.job.asset, [sha256 for _, sha256, _, _ in same.values()])
            moved = [(row[1], self.source.id, one.place, one.stamp) for one, row in same.items() if row[3]]
            work.links.put(moved)
        for one, (_, sha256, size, _) in same.items():
            self.note(results, one, sha256, size)
        return [one for one in page if one not in same]

    def keep(self, reads: list[Read]) -> bool:
        """The rows of what was read: it is known from now on, whatever becomes of the import. False: it has to stop."""
        kept = [(read.found, read.body) for read in reads if read.body is not None]
        with unless_gone(self.hub, [body for _, body in kept]), self.hub.work(None) as work:
            job = work.imports.locked(self.job.id)
            acknowledge(work, self.job.asset, [body for _, body in kept])
            work.originals.put(self.source.id, [(found.place, found.stamp, body.sha256) for found, body in kept])
            work.imports.change(self.job.id, self.progress())
        return job is not None and not job.state.final and not self.ending.is_set()

    def note(self, results: IO[str], found: Found, sha256: str, size: int) -> None:
        mtime = (found.mtime - EPOCH) // MICROSECOND
        results.write(json.dumps([self.job.target_of(found.place), sha256, size, mtime]) + "\n")
        self.files, self.bytes = self.files + 1, self.bytes + size

    def progress(self) -> dict[str, int]:
        flowing, read = self.originals.flowing, self.originals.read
        return {"done_files": self.files, "done_bytes": self.bytes + flowing, "read_bytes": read}

    def report(self, **totals: int) -> None:
        """Say how much there is. Stopped if it was cancelled, or if the hub stops."""
        with self.hub.work(None) as work:
            self.check(work)
            work.imports.change(self.job.id, self.progress() | totals)

    def check(self, work: Work) -> Import:
        job = work.imports.locked(self.job.id)
        if job is None or job.state.final or self.ending.is_set():
            raise Stopped
        return job

    def commit(self, results: IO[str]) -> None:
        """Lay it over the branch as it is now, in one commit."""
        for attempt in range(ATTEMPTS):
            results.seek(0)
            try:
                with self.hub.work(self.caller) as work:
                    return self.commit_all(work, (json.loads(line) for line in results))
            except Conflict:
                if attempt + 1 == ATTEMPTS:
                    raise

    def commit_all(self, work: Work, results: Iterable[list[Any]]) -> None:
        job = self.check(work)
        asset = work.asset_by_id(job.asset, needs=Role.EDITOR)
        parent = work.commits.get(asset.id, work.refs.take(asset.id, job.branch).commit)
        tree = versions.tree_of(work, parent)
        for batch in batches(results, EDITS):
            hold(work, asset.id, {sha256 for _, sha256, _, _ in batch})
            tree = tree.with_changes({
                path: Entry(sha256, size, EPOCH + mtime * MICROSECOND, guess_type(path))
                for path, sha256, size, mtime in batch
            })  # fmt: skip
        facts = {"import": {"source": job.source_name, "prefix": job.prefix, "link": job.link}}
        message = job.message or f"Import {job.origin}"
        made = history.commit_tree(work, asset, job.branch, parent, tree, message, metadata=facts)
        if made is not None:
            tell_commit(work, "commit.import", asset, job.branch, made, id=str(job.id))
        done = self.progress() | {"total_files": self.files, "total_bytes": self.bytes}
        ended = {"state": ImportState.SUCCEEDED, "commit": made.id if made else None, "ended_at": work.now()}
        work.imports.change(job.id, done | ended)


def found_of(line: str) -> Found:
    place, size, stamp, mtime = json.loads(line)
    return Found(place, size, stamp, EPOCH + mtime * MICROSECOND)
