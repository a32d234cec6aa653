"""Files up and down: our client and server beside the disk's limit, git, and with --peers DVC, git-lfs and MLflow.

python -m bench transfer [--peers] [FOLDER]: everything lies below FOLDER (a temporary one), on one disk.
"""

import hashlib
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import httpx2

from assethub.client.connection import connect
from assethub.client.hub import Hub
from bench.peers import Git, Peer, peers

SMALL, COUNT = 10 << 10, 10_000
MANY = 100_000
LARGE = 1 << 30
AH = Path(sys.executable).with_name("ah")
URL = "http://127.0.0.1:7799"


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_here() -> float:
    """Of this process and of the programs that it has waited for."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def timed(what: str, work: Callable[[], object], server: int | None, told: Callable[[float], str]) -> float:
    """Elapsed seconds, told with the CPU seconds of client and server."""
    start, client, serving = time.perf_counter(), cpu_here(), cpu_of(server) if server else 0.0
    work()
    elapsed = time.perf_counter() - start
    cpu = f"client {cpu_here() - client:5.1f}" + (f", server {cpu_of(server) - serving:4.1f}" if server else "")
    print(f"{what:34} {elapsed:8.2f} s   {cpu} CPU-s   {told(elapsed)}", flush=True)
    return elapsed


def rate(budget: str = "") -> Callable[[float], str]:
    return lambda elapsed: f"{COUNT / elapsed:,.0f} files/s   {budget}"


def main(arguments: Iterable[str]) -> None:
    given = list(arguments)
    place = next((one for one in given if not one.startswith("-")), None)
    with tempfile.TemporaryDirectory(dir=place) as scratch:
        folder = Path(scratch)
        os.environ["ASSETHUB_CACHE"] = str(folder / "cache")
        with serving(folder) as (hub, server):
            small, large = make_files(folder)
            ours = small_files(hub, server, folder, small)
            limit = large_file(hub, server, folder, large)
            rivals: list[Peer] = [Git(folder / "git")]
            rivals += peers(folder) if "--peers" in given else []
            for peer in rivals:
                beside(peer, small, large, ours, limit)
            changes(hub, server, folder, small)


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Hub, int]]:
    environment = {**os.environ, "ASSETHUB_ADMIN_PASSWORD": "correct horse"}
    command = [
        str(AH),
        "serve",
        "--data",
        str(folder / "data"),
        "--port",
        URL.rsplit(":", 1)[1],
        "--log-level",
        "warning",
    ]
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        while not answers():
            time.sleep(0.05)
        made = [str(AH), "admin", "key", "create", "--user", "admin", "--data", str(folder / "data")]
        key = subprocess.run(made, capture_output=True, text=True, check=True).stdout.strip()
        os.environ |= {"ASSETHUB_ENDPOINT": URL, "ASSETHUB_API_KEY": key}
        with connect() as hub:
            hub.create("dataset/bench/files")
            yield hub, server.pid
    finally:
        server.terminate()
        server.wait()


def answers() -> bool:
    try:
        return httpx2.get(f"{URL}/healthz", trust_env=False).is_success
    except httpx2.TransportError:
        return False


def make_files(folder: Path) -> tuple[Path, Path]:
    small, large = folder / "small", folder / "large" / "body"
    small.mkdir()
    large.parent.mkdir()
    for number in range(COUNT):
        (small / f"{number:05}").write_bytes(os.urandom(SMALL))
    with large.open("wb") as file:
        for _ in range(LARGE >> 20):
            file.write(os.urandom(1 << 20))
    os.sync()
    return small, large.parent


def small_files(hub: Hub, server: int, folder: Path, small: Path) -> tuple[float, float]:
    dataset = hub.dataset("dataset/bench/files")
    print(f"{COUNT:,} files of 10 KiB")
    up = timed("  up", lambda: dataset.commit("Many", [f"{small}/*"]), server, rate(">= 3,000 files/s"))
    down = timed("  down", lambda: dataset.download(to=folder / "down"), server, rate(">= 4,000 files/s"))
    return up, down


def large_file(hub: Hub, server: int, folder: Path, large: Path) -> float:
    dataset = hub.dataset("dataset/bench/files")
    print("1 GiB")
    limit = timed("  limit: copy, sync, sha256", lambda: copy(large / "body", folder / "copy"), None, lambda _: "")
    timed(
        "  up", lambda: dataset.commit("Large", [str(large)]), server,
        lambda elapsed: f"{limit / elapsed:.2f} x limit   >= 0.4 x limit, server <= 5, client <= 4 CPU-s",
    )  # fmt: skip
    timed(
        "  down", lambda: dataset.download(["large/"], folder / "back"), server,
        lambda elapsed: f"{limit / elapsed:.2f} x limit   >= 0.5 x limit, server <= 1 CPU-s",
    )  # fmt: skip
    return limit


def copy(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
        hashlib.file_digest(file, "sha256")


def beside(peer: Peer, small: Path, large: Path, ours: tuple[float, float], limit: float) -> None:
    """The same files through a peer."""
    try:
        peer.begin()
        print(peer.name)
        for what, mine, act in (("up", ours[0], peer.up), ("down", ours[1], peer.down)):

            def told(elapsed: float, mine: float = mine) -> str:
                return f"{COUNT / elapsed:,.0f} files/s   ours is {elapsed / mine:.1f} x as fast"

            timed(f"  small files {what}", partial(act, small), peer.server, told)
        if peer.large:
            for what, act in (("up", peer.up), ("down", peer.down)):
                timed(
                    f"  1 GiB {what}", partial(act, large), peer.server,
                    lambda elapsed: f"{limit / elapsed:.2f} x limit",
                )  # fmt: skip
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"  not measured: {error}")
    finally:
        peer.end()


def commit(*arguments: str) -> None:
    subprocess.run([str(AH), "commit", *arguments], check=True, capture_output=True)


def changes(hub: Hub, server: int, folder: Path, small: Path) -> None:
    """What a change costs, the start of the client included."""
    git = Git(folder / "changes")
    git.begin()
    git.up(small)
    commit("dataset/bench/files", "-m", "Seen", "-a", f"{small}/*")
    for number in range(10):
        (small / f"{number * 997:05}").write_bytes(os.urandom(SMALL))
    print("10 of 10,000 files changed, client included")
    ours = timed(
        "  ah commit", lambda: commit("dataset/bench/files", "-m", "Ten", "-a", f"{small}/*"), server,
        lambda _: "<= 0.5 s",
    )  # fmt: skip
    timed(
        "  git add, commit, push", lambda: git.up(small), None,
        lambda elapsed: f"ours takes {ours / elapsed:.1f} x as long   <= 2 x",
    )  # fmt: skip
    many = folder / "many"
    for number in range(MANY):
        if number % 1000 == 0:
            (many / f"{number // 1000:03}").mkdir(parents=True)
        (many / f"{number // 1000:03}" / f"{number:06}").write_text(f"{number}\n")
    hub.create("dataset/bench/many")
    print(f"1 of {MANY:,} files changed")
    timed(
        "  first commit of all",
        lambda: commit("dataset/bench/many", "-m", "All", "-a", f"{many}/*"),
        server,
        lambda _: "",
    )
    git = Git(folder / "hundred")
    git.begin()
    git.up(many)
    one = many / "050" / "050000"
    one.write_text("changed\n")
    add = ("-a", f"{one}:050/050000")
    ours = timed(
        "  ah commit of the file",
        lambda: commit("dataset/bench/many", "-m", "One", *add),
        server,
        lambda _: "<= 0.35 s",
    )
    timed("  git add, commit", lambda: git.commit_file(f"{many.name}/050/050000", one), None, lambda _: "")
    one.write_text("changed again\n")
    timed(
        "  ah commit of the folder",
        lambda: commit("dataset/bench/many", "-m", "One", "-a", f"{many}/*"),
        server,
        lambda _: "",
    )


if __name__ == "__main__":
    main(sys.argv[1:])
