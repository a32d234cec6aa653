"""Files up and down through the SDK against a server of its own, beside copying, syncing and hashing the same bytes."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import httpx2

from assethub.client.connection import connect

SMALL, COUNT = 10 << 10, 10_000
LARGE = 1 << 30
AH = Path(sys.executable).with_name("ah")


def cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Clock:
    """Elapsed seconds, and CPU seconds of this process and of the server."""

    def __init__(self, server: int) -> None:
        self.server = server
        self.start = (time.perf_counter(), time.process_time(), cpu_of(server))

    def read(self) -> tuple[float, float, float]:
        now = (time.perf_counter(), time.process_time(), cpu_of(self.server))
        return now[0] - self.start[0], now[1] - self.start[1], now[2] - self.start[2]


def main(arguments: Iterable[str]) -> None:
    with tempfile.TemporaryDirectory(dir=next(iter(arguments), None)) as scratch:
        folder = Path(scratch)
        environment = {**os.environ, "ASSETHUB_ADMIN_PASSWORD": "correct horse"}
        command = [str(AH), "serve", "--data", str(folder / "data"), "--port", "7799", "--log-level", "warning"]
        server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        try:
            measure(folder, server.pid)
        finally:
            server.terminate()
            server.wait()


def measure(folder: Path, server: int) -> None:
    while True:
        try:
            httpx2.get("http://127.0.0.1:7799/healthz", trust_env=False)
            break
        except httpx2.TransportError:
            time.sleep(0.05)
    made = [str(AH), "admin", "key", "create", "--user", "admin", "--data", str(folder / "data")]
    key = subprocess.run(made, capture_output=True, text=True, check=True).stdout.strip()
    with connect("http://127.0.0.1:7799", key) as hub:
        hub.create("dataset/bench/files")
        dataset = hub.dataset("dataset/bench/files")
        small = folder / "small"
        small.mkdir()
        for number in range(COUNT):
            (small / f"{number:05}").write_bytes(os.urandom(SMALL))
        clock = Clock(server)
        dataset.commit("Many", [f"{small}/*"])
        files("10,000 files of 10 KiB up", clock, ">= 3,000 files/s")
        clock = Clock(server)
        dataset.download(to=folder / "down")
        files("10,000 files of 10 KiB down", clock, ">= 4,000 files/s")
        for number in range(10):
            (small / f"{number * 997:05}").write_bytes(os.urandom(SMALL))
        clock = Clock(server)
        dataset.commit("Ten", [f"{small}/*"])
        print(f"{'10 of 10,000 changed':30} {clock.read()[0]:8.2f} s   <= 0.5 s")
        large = folder / "large"
        with large.open("wb") as file:
            for _ in range(LARGE >> 20):
                file.write(os.urandom(1 << 20))
        limit = limit_of(large, folder / "copy")
        print(f"{'limit: copy, sync, sha256':30} {limit:8.2f} s   {1 / limit:.2f} GiB/s")
        clock = Clock(server)
        dataset.commit("Large", [str(large)])
        bytes_("1 GiB up", clock, limit, ">= 0.4 x limit, server <= 5, client <= 4 CPU-s/GiB")
        clock = Clock(server)
        dataset.download(["large"], folder / "back")
        bytes_("1 GiB down", clock, limit, ">= 0.5 x limit, server <= 1 CPU-s/GiB")


def limit_of(source: Path, target: Path) -> float:
    start = time.perf_counter()
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
        hashlib.file_digest(file, "sha256")
    return time.perf_counter() - start


def files(what: str, clock: Clock, budget: str) -> None:
    elapsed, client, server = clock.read()
    rate = f"{COUNT / elapsed:,.0f} files/s"
    print(f"{what:30} {elapsed:8.2f} s   {rate}, client {client:.1f}, server {server:.1f} CPU-s   {budget}", flush=True)


def bytes_(what: str, clock: Clock, limit: float, budget: str) -> None:
    elapsed, client, server = clock.read()
    ratio = f"{limit / elapsed:.2f} x limit"
    print(
        f"{what:30} {elapsed:8.2f} s   {ratio}, client {client:.1f}, server {server:.1f} CPU-s   {budget}", flush=True
    )


if __name__ == "__main__":
    main(sys.argv[1:])
