"""A disk that fills up at any step: a clear refusal or a success, nothing lost, and all is well once there is space."""

import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from assethub.client.assets import Model
from assethub.client.connection import connect
from assethub.client.hub import Hub
from assethub.domain.errors import Full
from tests.conftest import free_port
from tests.faults.server import Server

LEFT = (0, 4, 12, 24, 40, 64, 100, 200, 500, 1200)  # KiB that are free when something is tried


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A hub whose data lies on a file system of its own, of a few megabytes."""
    data = tmp_path / "data"
    data.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(data)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system cannot be mounted here: this needs root")
    started = Server(tmp_path, free_port())
    try:
        started.start()
        yield started
    finally:
        started.kill()
        subprocess.run(["umount", "-l", str(data)], check=True)


class Trials:
    """Acts that the disk may be too full for, and what was acknowledged."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self.hub, self.folder = hub, folder
        made = hub.create("model/m/y")
        assert isinstance(made, Model)
        self.model = made
        made.create_branch("work")
        self.kept: dict[str, str] = {}
        self.refused: list[str] = []
        self.count = 0

    def attempt(self, act: Callable[[], Any]) -> bool:
        try:
            act()
        except Full as full:
            self.refused.append(str(full))
            return False
        return True

    def all(self) -> None:
        self.count += 1
        for name, size in (("small", 3000), ("large", 1_100_000)):
            path = f"{name}-{self.count}"
            (self.folder / path).write_bytes(os.urandom(size))
            branch = self.model.branch("work")
            if self.attempt(partial(branch.commit, "Try", [str(self.folder / path)])):
                self.kept[path] = hashlib.sha256((self.folder / path).read_bytes()).hexdigest()
        self.attempt(self.stage)
        self.attempt(lambda: self.model.branch("work").commit("Staged", staged=True))
        self.attempt(lambda: self.model.merge("work", strategy="merge"))
        self.attempt(lambda: self.model.create_tag(f"tag-{self.count}", "work"))

    def stage(self) -> None:
        path, body = f"staged-{self.count}", os.urandom(2000)
        url = f"{self.model.url}/staged/{path}"
        self.hub.connection.request("PUT", url, params={"branch": "work"}, content=body)
        self.kept[path] = hashlib.sha256(body).hexdigest()

    def check(self) -> None:
        work = self.model.branch("work")
        waiting = {one.path: one.object.sha256 for one in work.status() if one.object}
        assert {one.path: one.sha256 for one in work.list_object()} | waiting == self.kept
        for path in self.kept.keys() - waiting.keys():
            assert hashlib.sha256(work.read(path)).hexdigest() == self.kept[path]


def fill(data: Path, left: int) -> Path:
    """Take all but `left` KiB of the file system."""
    ballast = data / "ballast"
    free = os.statvfs(data)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(free.f_bavail * free.f_frsize - (left << 10), 1))
    return ballast


def test_a_full_disk_refuses_in_a_sentence_at_every_step_and_loses_nothing(server: Server, tmp_path: Path) -> None:
    with connect(server.url, server.create_key()) as hub:
        trials = Trials(hub, tmp_path)
        trials.all()
        for left in LEFT:
            ballast = fill(server.data, left)
            trials.all()
            trials.check()
            ballast.unlink()
        refused = list(trials.refused)
        assert len(refused) > len(LEFT)
        assert all("disk is full, so nothing" in told for told in refused)
        trials.all()
        trials.check()
        assert trials.refused == refused
    assert list((server.data / "store" / "incoming").iterdir()) == []
    assert "Traceback" not in server.log(), server.log()
