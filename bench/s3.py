"""Objects through the S3 door beside `rclone serve s3` and nginx, in the same run; and a page of keys of a million.

python -m bench s3 [--keys N] [--rounds N] [--rclone PATH] [--nginx PATH]: both are looked for on the PATH. The same
client, obstore, asks all of them; nginx serves the file alone.
"""

import argparse
import asyncio
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from obstore.store import S3Store
from starlette.types import ASGIApp, Message

from assethub.domain.owners import Caller, Scope
from assethub.server.s3.app import create_s3
from assethub.services import accounts, s3, s3_keys
from assethub.services.opening import open_hub
from bench.store import DATASET, Bench, path_of
from bench.transfer import URL, cpu_of, serving

LARGE, SMALL, COUNT = 1 << 30, 10 << 10, 1000
PART = 64 << 20
KEYS = {"access_key_id": "bench", "secret_access_key": "benchbench"}


@dataclass
class Served:
    """A server under measurement; figures are (seconds, CPU-seconds of the server) for each GiB or object."""

    name: str
    store: S3Store
    pid: int
    large: str
    small: str = ""

    def timed(self, act: Callable[[], object], count: float) -> tuple[float, float]:
        start, cpu = time.perf_counter(), cpu_of(self.pid)
        act()
        return (time.perf_counter() - start) / count, (cpu_of(self.pid) - cpu) / count

    def acts(self, large: Path) -> dict[str, tuple[Callable[[], object], float]]:
        """What is asked of a server, and how many GiB or objects that are."""
        body = os.urandom(SMALL)
        names = [f"{self.small}{number:05}" for number in range(COUNT)]

        def many(act: Callable[[str], object]) -> None:
            with ThreadPoolExecutor(16) as pool:
                list(pool.map(act, names))

        gib = LARGE / (1 << 30)
        get = {"GET 1 GiB": (self.get, gib)}
        if not self.small:
            return get
        return {
            "PUT 1 GiB in parts": (lambda: self.store.put(self.large, large, chunk_size=PART), gib),
            "PUT 1 GiB at once": (lambda: self.store.put(self.large, large, use_multipart=False), gib),
            **get,
            "PUT 10 KiB": (lambda: many(lambda name: self.store.put(name, body)), COUNT),
            "GET 10 KiB": (lambda: many(lambda name: self.store.get(name).bytes()), COUNT),
        }

    def get(self) -> None:
        for _ in self.store.get(self.large).stream(min_chunk_size=4 << 20):
            pass


def main(arguments: Iterable[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench s3")
    parser.add_argument("--keys", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--rclone", default=shutil.which("rclone"))
    parser.add_argument("--nginx", default=shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin"))
    options = parser.parse_args(list(arguments))
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        folder = Path(scratch)
        os.environ["ASSETHUB_CACHE"] = str(folder / "cache")
        large = folder / "large"
        with large.open("wb") as file:
            for _ in range(LARGE >> 20):
                file.write(os.urandom(1 << 20))
        servers = [stack.enter_context(ours(folder))]
        for name, program, begin in (("rclone", options.rclone, rclone), ("nginx", options.nginx, nginx)):
            if program is None:
                print(f"{name:8} not measured: it is not installed")
            else:
                servers.append(stack.enter_context(begin(folder, program)))
        compare(servers, large, options.rounds)
    listing(options.keys)


def compare(servers: list[Served], large: Path, rounds: int) -> None:
    """The best of some rounds in turns; one before them is not counted, since fresh memory costs the system much."""
    best: dict[tuple[str, str], tuple[float, float]] = {}
    for number in range(rounds + 1):
        for what in servers[0].acts(large):
            for one in servers:
                found = one.acts(large).get(what)
                if found is None:
                    continue
                took = one.timed(*found)
                if number:
                    seconds, cpu = best.get((what, one.name), took)
                    best[what, one.name] = min(seconds, took[0]), min(cpu, took[1])
    for (what, name), (seconds, cpu) in best.items():
        unit = "objects" if "KiB" in what else "GiB"
        told = f"{cpu:.2f} CPU-s/GiB" if unit == "GiB" else f"{cpu * 1e6:,.0f} CPU-us each"
        print(f"{what:20} {name:8} {1 / seconds:9.2f} {unit}/s   server {told}")
    for what in ("PUT 1 GiB in parts", "PUT 1 GiB at once", "GET 1 GiB"):
        if (what, "rclone") in best:
            print(f"{what}: {best[what, 'ours'][1] / best[what, 'rclone'][1]:.2f} x the CPU of rclone   <= 0.5 x")
    if ("GET 1 GiB", "nginx") in best:
        ratio = best["GET 1 GiB", "nginx"][0] / best["GET 1 GiB", "ours"][0]
        print(f"GET 1 GiB: {ratio:.2f} x the rate of nginx   >= 0.7 x")


@contextmanager
def ours(folder: Path) -> Iterator[Served]:
    with serving(folder) as (_, pid):
        opened = open_hub(folder / "data")
        try:
            with opened.hub.work(None, reading=True) as work:
                caller = Caller(accounts.get_user(work, "admin"), Scope.WRITE)
            with opened.hub.work(caller) as work:
                key, secret = s3_keys.create_s3_key(work, "bench", write=True)
                bucket = s3.list_buckets(work)[0].bucket
        finally:
            opened.close()
        port = int(URL.rsplit(":", 1)[1]) + 1
        yield Served("ours", store(bucket, port, key.access_key, secret), pid, "main/large", "main/small/")


def store(bucket: str, port: int, access_key: str, secret: str) -> S3Store:
    return S3Store(
        bucket, endpoint=f"http://127.0.0.1:{port}", access_key_id=access_key, secret_access_key=secret,
        region="us-east-1", client_options={"allow_http": True, "timeout": "600s"},
    )  # fmt: skip


@contextmanager
def rclone(folder: Path, program: str) -> Iterator[Served]:
    (folder / "rclone" / "bench").mkdir(parents=True)
    port = free_port()
    command = [
        program, "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", ",".join(KEYS.values()),
        str(folder / "rclone"),
    ]  # fmt: skip
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield Served("rclone", store("bench", port, *KEYS.values()), process.pid, "large", "small/")
    finally:
        process.terminate()
        process.wait()


NGINX = """
pid {folder}/pid; error_log {folder}/errors; daemon off; worker_processes 1; {user}
events {{ worker_connections 64; }}
http {{
access_log off; sendfile on; keepalive_requests 100000;
client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c; uwsgi_temp_path {folder}/d;
scgi_temp_path {folder}/e;
server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


@contextmanager
def nginx(folder: Path, program: str) -> Iterator[Served]:
    """Files as they lie, by a server that does nothing else; it looks at no signature."""
    home = folder / "nginx"
    (home / "bench").mkdir(parents=True)
    (home / "bench" / "large").hardlink_to(folder / "large")
    port = free_port()
    (home / "conf").write_text(NGINX.format(folder=home, port=port, user="user root;" if os.geteuid() == 0 else ""))
    process = subprocess.Popen([program, "-c", str(home / "conf"), "-p", str(home)], stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        yield Served("nginx", store("bench", port, *KEYS.values()), int(children[0]), "large")
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int) -> None:
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)


def listing(count: int) -> None:
    """What a page of 1,000 keys takes in the server, signature and XML included."""
    with tempfile.TemporaryDirectory() as scratch:
        opened = open_hub(Path(scratch))
        try:
            bench = Bench(opened.hub, count)
            asset = bench.create(DATASET)
            bench.fill(asset)
            with opened.hub.work(bench.ada) as work:
                key, secret = s3_keys.create_s3_key(work, "bench")
            took = asyncio.run(pages(create_s3(opened.hub), asset.bucket, Credentials(key.access_key, secret), count))
        finally:
            opened.close()
    median = statistics.median(took) * 1000
    print(f"ListObjectsV2, 1,000 of {count:,} keys: {median:.1f} ms, at most {max(took) * 1000:.1f}   <= 15 ms")


async def pages(door: ASGIApp, bucket: str, keys: Credentials, count: int) -> list[float]:
    took = []
    for number in range(20):
        query = {"list-type": "2", "prefix": "main/", "start-after": f"main/{path_of(number * count // 20)}"}
        request = AWSRequest("GET", f"http://hub/{bucket}", params=query)
        S3SigV4Auth(keys, "s3", "us-east-1").add_auth(request)
        raw = request.prepare().url.partition("?")[2].encode()
        headers = [(b"host", b"hub"), *((n.lower().encode(), v.encode()) for n, v in request.headers.items())]
        scope = {
            "type": "http", "method": "GET", "path": f"/{bucket}", "raw_path": f"/{bucket}".encode(),
            "query_string": raw, "headers": headers, "client": ("127.0.0.1", 1), "server": ("hub", 80),
            "scheme": "http", "root_path": "",
        }  # fmt: skip
        got: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message, got: list[Message] = got) -> None:
            got.append(message)

        start = time.perf_counter()
        await door(scope, receive, send)
        took.append(time.perf_counter() - start)
        if got[0]["status"] != 200:
            raise RuntimeError(got[1]["body"].decode())
    return took
