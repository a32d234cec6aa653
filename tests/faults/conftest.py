"""An `ah serve` of its own for each test, to be killed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from tests.conftest import PASSWORD

AH = Path(sys.executable).with_name("ah")
Serving = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def serve(tmp_path: Path, database: str | None, store: str | None) -> Iterator[Serving]:
    """serve(port): an `ah serve` on the test's data folder, as a process."""
    started: list[subprocess.Popen[str]] = []
    signals = tmp_path / "signals"  # by which a test tells its runs to go on
    signals.mkdir()

    def start(port: int, **more: str) -> subprocess.Popen[str]:
        own = {"ASSETHUB_ADMIN_USER": "ada", "ASSETHUB_ADMIN_PASSWORD": PASSWORD}
        own |= {
            "ASSETHUB_GIT_ROOTS": str(tmp_path / "code"),
            "ASSETHUB_SANDBOX_FOLDERS": str(signals),
            "ASSETHUB_DATABASE": database or "",
            "ASSETHUB_STORE": store or "",
        }
        environment = {**os.environ, **own, **more}
        command = [str(AH), "serve", "--data", str(tmp_path / "data"), "--port", str(port)]
        process = subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def answers(port: int) -> bool:
    with suppress(httpx2.TransportError):
        return httpx2.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
    return False


def admin_key(tmp_path: Path, database: str | None) -> str:
    command = [str(AH), "admin", "key", "create", "--user", "ada", "--scope", "admin", "--data", str(tmp_path / "data")]
    more = ["--database", database] if database else []
    return subprocess.run([*command, *more], check=True, capture_output=True, text=True).stdout.strip()
