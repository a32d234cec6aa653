"""The versioned tree with a million paths: what a change costs, beside writing and syncing the same bytes."""

import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from assethub.database.engine import connect, migrate
from assethub.database.nodes import Nodes
from assethub.domain.objects import Entry
from assethub.storage.filesystem import FilesystemBackend
from assethub.storage.tree_store import NodeCache, Trees
from assethub.storage.trees import Tree

AT = datetime(2026, 1, 1, tzinfo=UTC)
COUNT = 1_000_000


def timed(connection: Connection, work: Callable[[], object], rounds: int = 9) -> tuple[float, float]:
    """Median of the elapsed and of the CPU milliseconds, each round in a transaction of its own."""
    elapsed, used = [], []
    for _ in range(rounds):
        start, cpu = time.perf_counter(), time.process_time()
        with connection.begin():
            work()
        elapsed.append(1000 * (time.perf_counter() - start))
        used.append(1000 * (time.process_time() - cpu))
    return statistics.median(elapsed), statistics.median(used)


def entry(number: int) -> Entry:
    return Entry(f"{number:064x}", number % 10_000, AT, "application/octet-stream")


def written(folder: Path) -> int:
    return sum(file.stat().st_size for file in (folder / "trees").rglob("*") if file.is_file())


def main(arguments: Iterable[str]) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        engine = connect(f"sqlite:///{folder / 'rows.db'}")
        migrate(engine)
        with engine.connect() as connection:
            measure(folder, connection)
        engine.dispose()


def measure(folder: Path, connection: Connection) -> None:
    backend = FilesystemBackend(folder)

    def trees() -> Trees:
        return Trees(NodeCache(backend), Nodes(connection, AT, AT))

    paths = [f"part-{number % 100:02}/sample-{number:07}.png" for number in range(COUNT)]
    files = {path: entry(number) for number, path in enumerate(paths)}
    gc.freeze()
    store = trees()
    built: list[Tree] = []

    def build() -> None:
        built.append(store.empty.with_changes(files))
        store.write(built[-1])

    report("import of 1,000,000 paths", timed(connection, build, 1), "")
    base = built[0]
    print(f"    {len(base.leaves)} leaves, {written(folder) / 2**20:.1f} MiB")

    step = iter(range(1, 10_000))

    def commit(changed: list[str]) -> Callable[[], None]:
        def work() -> None:
            mark = next(step)
            tree = store.get(base.id).with_changes(
                {path: entry(mark * 7_000_000 + at) for at, path in enumerate(changed)}
            )
            store.write(tree)

        return work

    before = written(folder)
    report("commit of 1 path", timed(connection, commit([paths[500_000]])), "<= 30 ms with its row, <= 200 KiB")
    print(f"    {(written(folder) - before) / 9 / 1024:.0f} KiB each")
    neighbours = sorted(paths)[300_000:301_000]
    report("commit of 1,000 neighbours", timed(connection, commit(neighbours)), "")
    report("commit of 1,003 scattered", timed(connection, commit(paths[::997]), 3), "")
    body = os.urandom(64 << 10)
    report("limit: write and sync 64 KiB", timed(connection, lambda: sync(folder / "limit", body)), "")

    def lookup() -> None:
        assert trees().get(base.id).find(paths[next(step) * 97 % COUNT]) is not None

    report("point lookup, cold", timed(connection, lookup), "<= 10 ms in the server")
    report("point lookup, warm", timed(connection, lambda: store.get(base.id).find(paths[500_000])), "")
    report("page of 1,000", timed(connection, lambda: store.get(base.id).page("part-42/", "/", "", 1000)), "<= 10 ms")
    report("page of 100 folders", timed(connection, lambda: store.get(base.id).page("", "/", "", 1000)), "<= 10 ms")
    with connection.begin():
        one = store.get(base.id).with_changes({paths[7]: entry(1)})
        many = store.get(base.id).with_changes({path: entry(at + 5) for at, path in enumerate(sorted(paths)[:100_000])})
    report("diff of 1 change", timed(connection, lambda: store.get(base.id).diff(one)), "<= 10 ms")
    report("diff of 100,000 changes", timed(connection, lambda: store.get(base.id).diff(many), 1), "")


def sync(path: Path, body: bytes) -> None:
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def report(what: str, milliseconds: tuple[float, float], budget: str) -> None:
    elapsed, cpu = milliseconds
    print(f"{what:32} {elapsed:10.2f} ms {cpu:10.2f} ms CPU   {budget}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
