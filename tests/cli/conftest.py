"""`ah` as people type it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Live

AH = Path(sys.executable).with_name("ah")
Typing = Callable[..., subprocess.CompletedProcess[str]]


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
