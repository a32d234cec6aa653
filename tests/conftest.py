"""Hubs to test with: real databases, real files, real HTTP."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import psycopg
import pytest
from playwright.sync_api import Browser, expect

from assethub.domain.owners import Caller, Scope
from assethub.server.running import RunningServer
from assethub.server.settings import Settings
from assethub.services import accounts
from assethub.services.opening import open_hub
from assethub.services.work import Hub
from tests.browsing import browser, chromium

PASSWORD = "correct horse"
T = TypeVar("T")


def require(what: str, present: bool) -> None:
    """Skip with one clear line where a system package is missing; fail where all are asked for."""
    if present:
        return
    if os.environ.get("ASSETHUB_TEST_REQUIRE") == "all":
        pytest.fail(f"{what} is not installed, and this test run requires everything.")
    pytest.skip(f"{what} is not installed")


@pytest.fixture(autouse=True, scope="session")
def ctrl_c() -> None:
    """Programs that the tests start can be interrupted, even where a shell runs the tests in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def client_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What clients remember stays with the tests; what they remember of one test says nothing about another's hub."""
    os.environ["ASSETHUB_CACHE"] = str(tmp_path_factory.mktemp("cache"))


def postgres_program(name: str) -> str | None:
    found = shutil.which(name)
    candidates = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    return str(candidates[0]) if candidates else found


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a private PostgreSQL server, without a database name."""
    initdb, server = postgres_program("initdb"), postgres_program("postgres")
    require("PostgreSQL", bool(initdb and server))
    assert initdb is not None
    assert server is not None
    folder = Path(tempfile.mkdtemp(prefix="assethub-postgres-"))
    user = None
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        user = "postgres"
        shutil.chown(folder, user)
    data = folder / "data"
    command = [initdb, "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"]
    subprocess.run(command, check=True, capture_output=True, cwd=folder, user=user)
    port = free_port()
    options = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-c", "max_connections=200"]
    options += ["-c", "max_wal_size=256MB", "-k", str(folder)]
    log = (folder / "log").open("wb")
    process = subprocess.Popen(
        [server, "-D", str(data), "-p", str(port), *options], stdout=log, stderr=log, cwd=folder, user=user
    )
    address = f"postgresql://postgres@127.0.0.1:{port}"
    try:
        until(lambda: answers(f"{address}/postgres"))
        yield address
    finally:
        process.terminate()
        process.wait(30)
        log.close()
        shutil.rmtree(folder)


def answers(address: str) -> bool:
    try:
        psycopg.connect(address, connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for a condition; the deadline only ends a test that would hang."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for did not happen"
        time.sleep(0.02)


def finished(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine comes to, in a thread of its own: this one may have the browser's event loop already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The address of an empty database: each test that asks runs on both kinds. None: SQLite in the data folder."""
    if request.param == "sqlite":
        yield None
        return
    address: str = request.getfixturevalue("postgres")
    name = f"hub_{uuid.uuid4().hex}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{address}/{name}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a private S3 server."""
    port = free_port()
    log = (tmp_path_factory.mktemp("s3") / "log").open("wb")
    command = [sys.executable, "-W", "ignore", "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        until(lambda: responds(f"{address}/moto-api/"))
        yield address
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def responds(address: str) -> bool:
    try:
        return httpx2.get(address, trust_env=False).status_code < 500
    except httpx2.TransportError:
        return False


@pytest.fixture(scope="session")
def chrome() -> Iterator[Browser]:
    """The one browser of the tests: Playwright runs once in a process."""
    require("Chromium", chromium() is not None)
    expect.set_options(timeout=30_000)  # whatever else the machine does; a page that is right answers at once
    with browser() as opened:
        yield opened


@pytest.fixture
def bucket(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of an empty bucket, its keys in the environment."""
    address: str = request.getfixturevalue("s3")
    name = f"bucket-{uuid.uuid4().hex}"
    httpx2.put(f"{address}/{name}", trust_env=False).raise_for_status()
    for variable, value in {
        "AWS_ENDPOINT": address, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1", "AWS_ALLOW_HTTP": "true",
    }.items():  # fmt: skip
        monkeypatch.setenv(variable, value)
    return f"s3://{name}/hub"


@pytest.fixture
def store(request: pytest.FixtureRequest, database: str | None) -> str | None:
    """PostgreSQL goes with an S3 store, SQLite with the local disk (None)."""
    return request.getfixturevalue("bucket") if database else None


@pytest.fixture
def hub(tmp_path: Path, database: str | None, store: str | None) -> Iterator[Hub]:
    """A hub with the administrator `ada`, without a server."""
    opened = open_hub(tmp_path / "data", database=database, store=store)
    with opened.hub.work(None) as work:
        accounts.add_user(work, "ada", PASSWORD, admin=True)
    yield opened.hub
    opened.close()


@pytest.fixture
def ada(hub: Hub) -> Caller:
    with hub.work(None, reading=True) as work:
        return Caller(accounts.get_user(work, "ada"), Scope.ADMIN)


@pytest.fixture
def eve(hub: Hub) -> Caller:
    """A user who owns nothing and may see nothing."""
    with hub.work(None) as work:
        return Caller(accounts.add_user(work, "eve", PASSWORD), Scope.ADMIN)


@dataclass
class Live:
    """A hub that listens on loopback in this process, with an API key of its administrator `ada`."""

    server: RunningServer
    api_key: str
    code: Path
    admin_user: str = "ada"
    admin_password: str = PASSWORD
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.server.local_url

    @property
    def hub(self) -> Hub:
        return self.server.hub


@pytest.fixture
def sandbox() -> str:
    """The setting of that name; tests that ask for another give it as a parameter."""
    return "auto"


@pytest.fixture
def run_disk() -> str:
    """The setting of that name."""
    return ""


@pytest.fixture
def live(tmp_path: Path, database: str | None, store: str | None, sandbox: str, run_disk: str) -> Iterator[Live]:
    code, signals = tmp_path / "code", tmp_path / "signals"  # by the latter a test tells its runs to go on
    code.mkdir()
    signals.mkdir()
    settings = Settings(
        data=tmp_path / "data", port=0, database=database or "", store=store or "", admin_user="ada",
        admin_password=PASSWORD, git_roots=(code,), sandbox=sandbox, sandbox_folders=(signals,),
        run_disk=run_disk,
    )  # fmt: skip
    with RunningServer(settings) as server:
        key = server.create_key("ada", "tests", Scope.ADMIN)
        environment = {"ASSETHUB_ENDPOINT": server.local_url, "ASSETHUB_API_KEY": key}
        yield Live(server, key, code, environment=environment)


def make_repository(folder: Path, files: dict[str, str], *, message: str = "Begin") -> str:
    """A Git repository with one commit of these files (or one more on top); answers the commit's sha."""
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    if not (folder / ".git").exists():
        folder.mkdir(parents=True, exist_ok=True)
        git("init", "-q", "-b", "main")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    git("add", "-A")
    git("commit", "-q", "-m", message)
    return git("rev-parse", "HEAD")
