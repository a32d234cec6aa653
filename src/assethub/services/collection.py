"""Taking away what nothing needs any more: marked from the roots, swept file by file, beside people's work.

What was needed within the grace period stays, whatever names it: somebody may be about to commit it. Every removal
looks again in its own transaction, with no other writer at work. Rows go first, then the files that no row names.
"""

import fcntl
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import TypeVar

from assethub.database.placed import Placed
from assethub.database.rows import batches
from assethub.domain.errors import Conflict
from assethub.domain.owners import Keeper
from assethub.services.marking import Marks
from assethub.services.shelves import CONTENTS, SHELVES, Shelf, copy_together
from assethub.services.work import Hub, Work
from assethub.storage.backend import Kept

log = logging.getLogger("assethub.collection")
PAGE = 200  # files looked at together
ROWS = 2000  # rows removed in one transaction, which keeps other writers waiting
PACK = 64 << 20  # bytes of a pack that what is left of others is put into
DRAIN = 10.0  # seconds that readers have to finish with a file whose bodies were moved
MOST_TOLD = 1000
T = TypeVar("T")


@dataclass(frozen=True)
class Doomed:
    """What goes, and why. `size` counts the bytes that the store gets back."""

    what: str  # commit | contents | tree nodes | file
    name: str
    size: int
    reason: str


@dataclass
class Collected:
    """What went, or with a dry run what would go; the first ones one by one."""

    commits: int = 0
    contents: int = 0
    nodes: int = 0
    files: int = 0
    bytes: int = 0
    doomed: list[Doomed] = field(default_factory=list)

    def tell(self, one: Doomed) -> None:
        self.bytes += one.size
        if len(self.doomed) < MOST_TOLD:
            self.doomed.append(one)


def collect(hub: Hub, *, dry: bool = False, drain: float = DRAIN, by: Keeper | None = None) -> Collected:
    """One round. Conflict if another is under way; Unavailable if damage hides what is needed."""
    with moving_files(hub):
        found = Round(hub, dry).go(drain)
    if not dry:
        with hub.work(by) as work:
            work.record(
                "hub.collect", "what nothing needs", commits=found.commits, contents=found.contents, nodes=found.nodes,
                files=found.files, bytes=found.bytes,
            )  # fmt: skip
    return found


@contextmanager
def moving_files(hub: Hub, *, wait: bool = False) -> Iterator[None]:
    """For the one who moves bodies between files, or reads them all. Conflict if another does, unless it may wait."""
    with (hub.folder / "collecting.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("A collection, purge or verification is under way; wait until it has ended.") from None
        yield


class Round:
    def __init__(self, hub: Hub, dry: bool) -> None:
        self.hub, self.dry = hub, dry
        self.marks, self.found = Marks(), Collected()
        self.left: list[str] = []  # files that nothing lies in any more
        with hub.work(None, reading=True) as work:
            self.now = work.now()
        self.before = self.now - hub.grace

    def go(self, drain: float) -> Collected:
        self.marks.mark(self.hub, since=self.before)
        self.sweep_commits()
        self.sweep_links()
        for shelf in SHELVES:
            thin = [file for files in self.candidates(shelf) for file in self.sweep(shelf, files)]
            self.merge(shelf, thin)
        if self.left and not self.dry:
            time.sleep(drain)
        self.remove(self.left)
        done = self.found
        log.info(
            "%s: %s commits, %s contents, %s tree nodes; %s files, %s bytes",
            "a collection would take" if self.dry else "collected",
            done.commits, done.contents, done.nodes, done.files, done.bytes,
        )  # fmt: skip
        return done

    @contextmanager
    def looking_again(self) -> Iterator[Work]:
        """Work that sees all that has come up to now as marked, and while which nobody else writes."""
        with self.hub.work(None, reading=True) as work:
            self.marks.mark_news(work)
            if self.dry:
                yield work
                return
        with self.hub.work(None, alone=True) as work:
            self.marks.mark_news(work)
            yield work

    def sweep_commits(self) -> None:
        with self.hub.work(None, reading=True) as work:
            old = work.commits.before(self.before)
            paths = {asset.id: str(asset.path) for asset in work.assets.all()}
        dead = sorted(one for one in old if not self.marks.is_marked(*one))
        for batch in batches(dead, ROWS):
            with self.looking_again() as work:
                still = [one for one in batch if not self.marks.is_marked(*one)]
                for asset, group in groupby(still, itemgetter(0)):
                    commits = work.commits.many(asset, [id for _, id in group])
                    for commit in commits.values():
                        name = f"{paths.get(asset, asset)}:{commit.id[:12]} {commit.title}"
                        self.found.tell(Doomed("commit", name, 0, "no branch, tag, run or evaluation leads to it"))
                    if not self.dry:
                        work.commits.forget(asset, commits)
                    self.found.commits += len(commits)

    def sweep_links(self) -> None:
        """Forget linked contents that nothing needs; their originals are not the hub's."""
        after = ""
        while True:
            with self.hub.work(None, reading=True) as work:
                page = work.bodies.linked(after, ROWS)
            if not page:
                return
            if self.dead(CONTENTS, page):
                with self.looking_again() as work:
                    dead = self.dead(CONTENTS, list(work.bodies.rows(one.id for one in page).values()))
                    if not self.dry:
                        work.bodies.forget(dead, self.before)
                self.count(CONTENTS, len(dead))
            after = page[-1].id

    def pages(self, shelf: Shelf) -> Iterator[tuple[list[Kept], dict[str, list[Placed]]]]:
        """The shelf's files, some at a time, and what lies in each by its name."""
        for prefix in shelf.prefixes:
            for files in batches(self.hub.contents.backend.list(prefix), PAGE):
                with self.hub.work(None, reading=True) as work:
                    lying = shelf.rows(work).in_packs([name_of(file) for file in files])
                yield files, lying

    def candidates(self, shelf: Shelf) -> Iterator[list[Kept]]:
        """Files with something dead in them; those that no row names go at once if they are old."""
        for files, lying in self.pages(shelf):
            orphans = [file for file in files if name_of(file) not in lying and file.at < self.before]
            for file in orphans:
                self.found.tell(Doomed("file", file.key, file.size, "no row names it"))
            self.remove([file.key for file in orphans])
            worth = [
                file for file in files
                if name_of(file) in lying
                and (self.dead(shelf, lying[name_of(file)]) or is_thin(file, lying[name_of(file)]))
            ]  # fmt: skip
            yield from groups(worth, [len(lying[name_of(file)]) for file in worth], ROWS)

    def dead(self, shelf: Shelf, rows: list[Placed]) -> set[str]:
        return set(shelf.unmarked(self.marks, [row.id for row in rows if row.last_needed < self.before]))

    def sweep(self, shelf: Shelf, files: list[Kept]) -> list[tuple[Kept, list[Placed]]]:
        """Remove the rows of what is dead, and the files with nothing else; answers those with little else."""
        thin, empty = [], []
        with self.looking_again() as work:
            lying = shelf.rows(work).in_packs([name_of(file) for file in files])
            for file in files:
                rows = lying.get(name_of(file), [])
                dead = self.dead(shelf, rows)
                if dead and not self.dry:
                    shelf.rows(work).forget(dead, self.before)
                self.count(shelf, len(dead))
                alive = [row for row in rows if row.id not in dead]
                if dead and not alive:
                    empty.append(file.key)
                    reason = f"{len(dead)} {shelf.what} that no version, staged change or report holds"
                    self.found.tell(Doomed(shelf.what, file.key, file.size, reason))
                elif alive and is_thin(file, alive):
                    thin.append((file, alive))
        self.remove(empty)
        return thin

    def count(self, shelf: Shelf, dead: int) -> None:
        if shelf.what == "contents":
            self.found.contents += dead
        else:
            self.found.nodes += dead

    def merge(self, shelf: Shelf, thin: list[tuple[Kept, list[Placed]]]) -> list[str]:
        """Put together what is left in files that are mostly dead; answers those where damage prevents it."""
        stuck: list[str] = []
        for group in groups(thin, [sum(row.size for row in rows) for _, rows in thin], PACK):
            rows = [row for _, alive in group for row in alive]
            if not self.dry:
                try:
                    moved = copy_together(self.hub, shelf, rows)
                except KeyError as error:
                    stuck += [file.key for file, _ in group]
                    log.warning("%s stay as they are, since %s", stuck, error.args[0])
                    continue
                with self.hub.work(None, alone=True) as work:
                    shelf.rows(work).move(moved)
            self.left += [file.key for file, _ in group]
            for file, alive in group:
                freed = file.size - sum(row.size for row in alive)
                reason = f"the {len(alive)} {shelf.what} that are left move to another file"
                self.found.tell(Doomed("file", file.key, freed, reason))
        return stuck

    def remove(self, keys: list[str]) -> None:
        self.found.files += len(keys)
        if not self.dry:
            for key in keys:
                self.hub.contents.backend.delete(key)


def name_of(file: Kept) -> str:
    return file.key.rsplit("/", 1)[-1]


def is_thin(file: Kept, alive: list[Placed]) -> bool:
    return 2 * sum(row.size for row in alive) < file.size


def groups(items: list[T], weights: list[int], most: int) -> Iterator[list[T]]:
    """Consecutive items that weigh at most so much together, or are alone."""
    group: list[T] = []
    total = 0
    for item, weight in zip(items, weights, strict=True):
        if group and total + weight > most:
            yield group
            group, total = [], 0
        group.append(item)
        total += weight
    if group:
        yield group
