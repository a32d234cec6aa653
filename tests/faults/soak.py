"""The long form of the fault suite: `make soak`, or `make soak SOAK="--kills 20 --gigabytes 0"`."""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from assethub.client.connection import connect
from tests.conftest import free_port
from tests.faults.committers import commit_at_once
from tests.faults.kills import kill_at_random
from tests.faults.queueing import work_off
from tests.faults.server import Server
from tests.faults.sparse import send_holes


def kills(server: Server, options: argparse.Namespace, folder: Path) -> str:
    figures = kill_at_random(server, options.database, options.kills, options.seed)
    return ", ".join(f"{name.replace('_', ' ')} {value:,.0f}" for name, value in asdict(figures).items())


def committers(server: Server, options: argparse.Namespace, folder: Path) -> str:
    server.start()
    with connect(server.url, server.create_key()) as hub:
        hub.create("model/m/y")
        for _ in range(options.rounds):
            commit_at_once(hub.model("model/m/y").main, options.committers, folder)
    assert "Traceback" not in server.log(), server.log()
    return f"{options.rounds} times {options.committers} at once, all acknowledged"


def sparse(server: Server, options: argparse.Namespace, folder: Path) -> str:
    """The server's memory stays small whatever the size of a file."""
    server.start()
    with connect(server.url, server.create_key()) as hub:
        hub.create("dataset/d/x")
        send_holes(hub.dataset("dataset/d/x"), folder, options.gigabytes << 30)
    peak = server.peak_memory()
    assert peak < 1 << 30, f"the server had {peak:,} bytes in memory"
    return f"{options.gigabytes} GiB up and down, at most {peak >> 20} MiB in the server's memory"


def queue(server: Server, options: argparse.Namespace, folder: Path) -> str:
    """Every queued run is executed once while the server is killed and started again."""
    figures = work_off(server, folder, options.queue, options.queue_kills, options.seed)
    rate = f"{60 * figures.runs / figures.seconds:.0f} a minute"
    return f"{figures.runs} runs on 2 slots, {rate}, each executed once; the server was killed {figures.kills} times"


PARTS: dict[str, Callable[[Server, argparse.Namespace, Path], str]] = {
    "kills": kills,
    "committers": committers,
    "gigabytes": sparse,
    "queue": queue,
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how often the server is killed; 0 leaves it out")
    parser.add_argument("--committers", type=int, default=200, help="how many commit at once")
    parser.add_argument("--rounds", type=int, default=3, help="how often they do")
    parser.add_argument("--queue", type=int, default=200, help="how many runs are queued at once")
    parser.add_argument("--queue-kills", type=int, default=10, help="how often the server is killed meanwhile")
    parser.add_argument("--gigabytes", type=int, default=20, help="size of the sparse file")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all that is random")
    parser.add_argument("--database", help="the address of an empty PostgreSQL database (default: SQLite)")
    parser.add_argument("--folder", type=Path, help="where data and downloads go (default: the system's)")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    for name, part in PARTS.items():
        if not getattr(options, name):
            continue
        folder = Path(tempfile.mkdtemp(prefix="assethub-soak-", dir=options.folder))
        server = Server(folder, free_port(), options.database)
        began = time.monotonic()
        try:
            print(f"{name}: {part(server, options, folder)}; {time.monotonic() - began:.0f} s", flush=True)
        finally:
            server.kill()
        shutil.rmtree(folder)  # stays where a part fails: its log and data tell why


if __name__ == "__main__":
    main()
