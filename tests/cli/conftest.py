"""`ah` as people type it."""

import os
import subprocess
import sys
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from zlib import crc32

import pytest

from tests.conftest import Live

AH = Path(sys.executable).with_name("ah")
Typing = Callable[..., subprocess.CompletedProcess[str]]


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The command line knows no database: its tests take turns with the two; those that ask for one have both."""
    marked = any(mark.args[0] == "database" for mark in metafunc.definition.iter_markers("parametrize"))
    asked = "database" in signature(metafunc.function).parameters
    if "database" in metafunc.fixturenames and not marked and not asked:
        one = ("sqlite", "postgresql")[crc32(metafunc.function.__name__.encode()) % 2]
        metafunc.definition.add_marker(pytest.mark.parametrize("database", [one], indirect=True))


@pytest.fixture
def ah(live: Live, tmp_path: Path) -> Typing:
    """ah("ls", …): runs the command in an empty folder, and fails the test on another exit status than expected."""
    folder = tmp_path / "mine"
    folder.mkdir()

    def run(*arguments: str, status: int = 0, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        own = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config"), **live.environment, **environment}
        done = subprocess.run(
            [str(AH), *arguments], cwd=folder, env=own, input=stdin, capture_output=True, text=True, check=False
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return tmp_path / "mine"
