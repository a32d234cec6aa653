"""The versioned tree as a user meets it: through services, on SQLite, beside writing and syncing the same bytes.

python -m bench store [--files N]: a million paths unless said otherwise; from ten million on, a reduced set.
"""

import argparse
import gc
import hashlib
import os
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.history import MAIN, Commit
from assethub.domain.names import AssetPath, Reference, parse_asset_path
from assethub.domain.objects import Entry
from assethub.domain.owners import Caller, Scope
from assethub.services import accounts, assets, history, last_commits, merging, objects, versions
from assethub.services.opening import open_hub
from assethub.services.work import Hub, Work
from assethub.storage.tree_store import NodeCache

AT = datetime(2026, 1, 1, tzinfo=UTC)
BATCH = 1_000_000  # paths of one commit of an import
DATASET, MODEL = parse_asset_path("ada/dataset/bench/many"), parse_asset_path("ada/model/bench/many")


def main(arguments: Iterable[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench store")
    parser.add_argument("--files", type=int, default=1_000_000)
    options = parser.parse_args(list(arguments))
    with tempfile.TemporaryDirectory() as scratch:
        opened = open_hub(Path(scratch))
        try:
            Bench(opened.hub, options.files).run()
        finally:
            opened.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    print(f"largest memory of this process: {peak:,} MiB")


def path_of(number: int) -> str:
    return f"part-{number // 1000:05}/sample-{number:08}.png"


def entry(*facts: object) -> Entry:
    digest = hashlib.sha256(repr(facts).encode()).hexdigest()
    return Entry(digest, int(digest[:4], 16), AT, "image/png")


class Bench:
    """Each measure is the median of some rounds; each round is a transaction of its own, as a request's is."""

    def __init__(self, hub: Hub, count: int) -> None:
        self.hub, self.count = hub, count
        self.steps = 0
        with hub.work(None) as work:
            user = accounts.add_user(work, "ada", "correct horse", admin=True)
        self.ada = Caller(user, Scope.ADMIN)
        print(f"{'':38}{'elapsed':>10}{'CPU':>10}{'written':>12}   {'budget'}")

    def run(self) -> None:
        dataset = self.create(DATASET)
        self.fill(dataset)
        middle = self.count // 2
        self.commits("commit of 1 path", dataset, lambda: [path_of(middle)], "<= 30 ms, <= 200 KiB", 9)
        if self.count < 10_000_000:
            self.commits(
                "commit of 1,000 neighbours", dataset, lambda: map(path_of, range(middle, middle + 1000)), "<= 50 ms", 5
            )
            scattered = range(0, self.count, max(self.count // 1000, 1))
            self.commits("commit of 1,000 scattered", dataset, lambda: map(path_of, scattered), "<= 1,500 ms", 3)
            many = self.count // 10
            self.commits(
                f"commit of {many:,} neighbours", dataset, lambda: map(path_of, range(middle, middle + many)),
                "<= 1,000 ms", 3,
            )  # fmt: skip
        self.reads()
        self.diffs(dataset)
        if self.count < 10_000_000:
            self.merges()
            gone = {path_of(number): None for number in range(self.count // 10)}
            self.timed(f"delete {len(gone):,} paths", lambda work: self.commit(work, dataset, gone), "<= 1,000 ms", 1)

    def create(self, path: AssetPath) -> Asset:
        with self.hub.work(self.ada) as work:
            return assets.create_asset(work, path, "", (), TrainingSettings())

    def fill(self, asset: Asset) -> None:
        for start in range(0, self.count, BATCH):
            numbers = range(start, min(start + BATCH, self.count))
            files: dict[str, Entry | None] = {path_of(number): entry(number) for number in numbers}
            what = f"import of {len(files):,} paths"
            self.timed(what, partial(self.commit, asset=asset, changes=files), "<= 2,500 ms", 1)

    def commit(self, work: Work, asset: Asset, changes: dict[str, Entry | None], branch: str = MAIN) -> Commit:
        parent = work.commits.get(asset.id, work.refs.branch(asset.id, branch).commit)
        tree = versions.tree_of(work, parent).with_changes(changes)
        made = history.commit_tree(work, asset, branch, parent, tree, "Change")
        assert made is not None
        return made

    def commits(self, what: str, asset: Asset, paths: Callable[[], Iterable[str]], budget: str, rounds: int) -> None:
        prepared: list[dict[str, Entry | None]] = []
        for _ in range(rounds):
            self.steps += 1
            prepared.append({path: entry(path, self.steps) for path in paths()})
        waiting = iter(prepared)
        self.timed(what, lambda work: self.commit(work, asset, next(waiting)), budget, rounds)

    def reads(self) -> None:
        here = Reference(DATASET)
        some = iter(range(1, self.count, 97))
        self.timed(
            "lookup, cold", lambda work: objects.stat_object(work, here, path_of(next(some))), "<= 10 ms", cold=True
        )
        self.timed("lookup", lambda work: objects.stat_object(work, here, path_of(self.count // 2)), "<= 10 ms")
        page, folders = {"prefix": "part-00500/", "delimiter": "/"}, {"delimiter": "/"}
        self.timed("page of 1,000, cold", lambda work: objects.list_objects(work, here, **page), "<= 10 ms", cold=True)
        self.timed("page of 1,000", lambda work: objects.list_objects(work, here, **page), "<= 10 ms")
        self.timed(
            "page of 1,000 folders, cold", lambda work: objects.list_objects(work, here, **folders), "<= 30 ms",
            cold=True,
        )  # fmt: skip
        self.timed("page of 1,000 folders", lambda work: objects.list_objects(work, here, **folders), "<= 10 ms")
        with self.hub.work(self.ada, reading=True) as work:
            _, rows, _ = objects.list_objects(work, here, **page)
        names = [row.path for row in rows]
        self.timed(
            "last commits of 1,000 paths", lambda work: last_commits.last_commits(work, here, names), "<= 100 ms", 3
        )

    def diffs(self, asset: Asset) -> None:
        self.commits("(one more commit)", asset, lambda: [path_of(3)], "", 1)
        with self.hub.work(self.ada, reading=True) as work:
            log = history.log_commits(work, Reference(DATASET), limit=5)
        self.diff("diff of 1 change", log[1], log[0], "<= 10 ms")
        many = self.count // 10
        self.commits(f"(a commit of {many:,})", asset, lambda: map(path_of, range(many)), "", 1)
        with self.hub.work(self.ada, reading=True) as work:
            newest = history.log_commits(work, Reference(DATASET), limit=1)[0]
        self.diff(f"diff of {many:,} changes, a page", log[0], newest, "<= 500 ms")

    def diff(self, what: str, before: Commit, after: Commit, budget: str) -> None:
        def work_on(work: Work) -> None:
            history.diff_versions(work, DATASET, before.id, after.id)[2].page("", 1000)

        self.timed(what + ", cold", work_on, budget, 3, cold=True)
        self.timed(what, work_on, "<= 10 ms", 3)

    def merges(self) -> None:
        """Two branches that changed a tenth each, and two that changed one path each."""
        model = self.create(MODEL)
        self.fill(model)
        tenth = self.count // 10
        for label, size, budget in (("1 path", 1, "<= 50 ms"), (f"{tenth:,} paths", tenth, "<= 1,500 ms")):
            with self.hub.work(self.ada) as work:
                for side in ("one", "other"):
                    assets.create_branch(work, MODEL, f"{side}-{size}")
            for side, start in (("one", 0), ("other", self.count // 2)):
                numbers = range(start, start + size)
                changes: dict[str, Entry | None] = {path_of(at): entry(side, at) for at in numbers}
                with self.hub.work(self.ada) as work:
                    self.commit(work, model, changes, f"{side}-{size}")
            merge = partial(merging.merge_branch, path=MODEL, source=f"one-{size}", into=f"other-{size}")
            self.timed(f"merge of {label} on either side", merge, budget, 1)

    def timed(
        self, what: str, act: Callable[[Work], object], budget: str, rounds: int = 9, *, cold: bool = False
    ) -> None:
        """`cold`: as after a start of the hub, nothing decoded yet."""
        elapsed, used, sizes = [], [], []
        for _ in range(rounds):
            hub = replace(self.hub, nodes=NodeCache(self.hub.nodes.backend)) if cold else self.hub
            gc.collect()
            before, start, cpu = written(), time.perf_counter(), time.process_time()
            with hub.work(self.ada) as work:
                act(work)
            elapsed.append(1000 * (time.perf_counter() - start))
            used.append(1000 * (time.process_time() - cpu))
            sizes.append(written() - before)
        size = int(statistics.median(sizes))
        bytes_ = f"{size / 1024:,.0f} KiB" if size else ""
        print(
            f"{what:38}{statistics.median(elapsed):7,.1f} ms{statistics.median(used):7,.1f} ms{bytes_:>12}   {budget}",
            flush=True,
        )
        if size:
            self.limit(size)

    def limit(self, size: int) -> None:
        """What the disk needs for as many bytes."""
        path = self.hub.folder / "limit"
        body = os.urandom(size)
        start = time.perf_counter()
        with path.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        print(f"{'    limit: write and sync as much':38}{1000 * (time.perf_counter() - start):7,.1f} ms", flush=True)
        path.unlink()


def written() -> int:
    """Bytes that this process has given to the system to write: packs of nodes, rows and their journal."""
    facts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(facts["wchar"])
