"""Runs on this machine: the same runner and workspace as on an engine of the hub, started and watched from here."""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import assethub
from assethub.client.connection import Connection
from assethub.client.journal import cache_folder
from assethub.client.runs import POLL, Run, patiently
from assethub.client.working_tree import WorkingTree
from assethub.domain.errors import HubError, Unavailable
from assethub.protocol.runs import LocalRunInfo, NewLocalRun, NewRun

log = logging.getLogger("assethub")
GRACE = 10.0  # seconds from TERM to KILL
SUPERVISOR = Path(assethub.__file__).with_name("executors") / "supervisor.py"
RUNNER = "from assethub.runner.main import main; raise SystemExit(main())"


def start_here(connection: Connection, new: NewRun, folder: Path) -> "LocalRun":
    """Capture the code that `folder` holds, let the hub pin the rest, and start the runner.

    Invalid says what of the code cannot be captured. The run goes on when this process ends.
    """
    tree = WorkingTree.of(folder)
    wanted = NewLocalRun(**new.model_dump(), code=tree.capture())
    told = connection.send(LocalRunInfo, "POST", "/runs/here", wanted)
    run = LocalRun(connection, told.run, scratch_of(told.run.number))
    try:
        launch(run.folder, variables(connection, told, tree, run.folder))
    except (OSError, subprocess.CalledProcessError) as error:
        run.cancel()
        raise Unavailable(f"The run cannot be started on this machine: {error}.") from error
    run.watching.start()
    return run


class LocalRun(Run):
    """A run on this machine. What it needed of the disk goes when it has ended and this process is there to see it."""

    def __init__(self, connection: Connection, info: Any, folder: Path) -> None:
        super().__init__(connection, info)
        self.folder = folder
        self.watching = threading.Thread(target=self.watch, name=f"run {info.number}", daemon=True)

    def wait(self, timeout: float | None = None, *, check: bool = True) -> Run:
        try:
            return super().wait(timeout, check=check)
        finally:
            if self.ended:
                self.watching.join(GRACE)  # so that nothing of it stays on the disk

    def watch(self) -> None:
        """Wait for the runner's end; a run that it could not end itself is cancelled, with its last words told."""
        while not (self.folder / "exit.json").exists():
            if not self.folder.exists():
                return  # another process has seen its end
            time.sleep(POLL)
        try:
            said = (self.folder / "log").read_text(errors="replace").strip().splitlines()
        except FileNotFoundError:
            return  # as above
        try:
            mine = Run(self.connection, self.info)
            if not patiently(mine.refresh).ended:
                log.error("the runner of run %s has failed: %s", self.number, (said or ["no reason is known"])[-1])
                patiently(mine.cancel)
        except HubError as error:
            log.error("run %s cannot be ended: %s", self.number, error)
        else:
            remove(self.folder)


def variables(connection: Connection, told: LocalRunInfo, tree: WorkingTree, folder: Path) -> dict[str, str]:
    cache = cache_folder() / "runner"
    cache.mkdir(parents=True, exist_ok=True)
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AH_", "ASSETHUB_"))}
    return own | {
        "AH_ENDPOINT": connection.endpoint, "AH_RUN_ID": str(told.run.id), "AH_CLAIM": told.claim,
        "AH_RUN_DIR": str(folder), "AH_CACHE_DIR": str(cache), "AH_CODE_FROM": str(tree.root),
        "AH_UV": shutil.which("uv") or "", "AH_PYTHON": getattr(sys, "_base_executable", sys.executable),
    }  # fmt: skip


def launch(folder: Path, environment: dict[str, str]) -> None:
    """Under the supervisor of the hub's own engine: it outlives this process and leaves no process behind."""
    command = [sys.executable, str(SUPERVISOR), str(folder), str(GRACE), "--", sys.executable, "-c", RUNNER]
    subprocess.run(
        command, env=environment, cwd=folder, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def scratch_of(number: int) -> Path:
    """A folder for a run; those of runs that ended unseen are removed."""
    above = cache_folder() / "runs"
    above.mkdir(parents=True, exist_ok=True, mode=0o700)
    for left in above.iterdir():
        if (left / "exit.json").exists():
            remove(left)
    return Path(tempfile.mkdtemp(prefix=f"run-{number}-", dir=above))


def remove(folder: Path) -> None:
    """Runs may leave folders that they made read-only; another process may be at it."""
    for place, _, _ in os.walk(folder):
        with suppress(FileNotFoundError):
            Path(place).chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
