"""Runs as processes of the hub's own machine, each under a supervisor that outlives the hub."""

import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assethub.domain.errors import Full
from assethub.executors import supervisor
from assethub.executors.archive import write_archive
from assethub.executors.executor import Capabilities, EngineUnavailable, Handle, RunSpec, State, Status

PASSED = {
    "PATH",
    "HOME",
    "LANG",
    "TZ",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "SSH_AUTH_SOCK",
    "AH_FULL_PATIENCE",
}
PASSED_BEGINNINGS = ("LC_", "UV_", "PIP_", "GIT_SSL_", "CUDA_", "NVIDIA_")
PROXIES = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"}


class LocalExecutor:
    """`root` holds one folder per run, `cache` what runs share; `command` stands in for the runner in tests."""

    name = "local"

    def __init__(self, root: Path, cache: Path, command: Sequence[str] | None = None) -> None:
        self.root, self.cache = root, cache
        self.command = list(command) if command else None

    def capabilities(self) -> Capabilities:
        return Capabilities(multi_node=False, gpus=False, live_logs=True)

    def submit(self, spec: RunSpec, key: str) -> Handle:
        found = self.find(key)
        if found is not None:
            return found
        folder = self.root / key
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.cache.mkdir(parents=True, exist_ok=True)
            command = self.command or [sys.executable, "-I", str(write_archive(self.cache))]
            subprocess.run(
                [sys.executable, "-I", supervisor.__file__, str(folder), str(spec.grace), "--", *command],
                env=self.environment(spec, folder), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, close_fds=True, check=True, cwd=folder,
            )  # fmt: skip
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise Full("The hub's disk is full, so the run cannot start; it starts once there is space.") from error
            raise EngineUnavailable(f"The run cannot be started on this machine: {error}.") from error
        return {"key": key}

    def environment(self, spec: RunSpec, folder: Path) -> dict[str, str]:
        """An allow-list of the hub's own variables: its secrets are none of them."""
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in PASSED or name.startswith(PASSED_BEGINNINGS) or name.upper() in PROXIES
        }
        return kept | {
            "AH_ENDPOINT": spec.endpoint, "AH_RUN_ID": spec.run, "AH_CLAIM": spec.claim,
            "AH_RUN_DIR": str(folder), "AH_CACHE_DIR": str(self.cache), "AH_UV": uv_program() or "",
            "AH_PYTHON": base_python(), "OMP_NUM_THREADS": str(max(1, round(spec.cpus))),
        }  # fmt: skip

    def poll(self, handles: Sequence[Handle]) -> list[Status]:
        return [self.status(self.root / handle["key"]) for handle in handles]

    def status(self, folder: Path) -> Status:
        process = read(folder / "proc.json")
        alive = process is not None and lives(process)
        ended = read(folder / "exit.json")  # read after the process, so that an end in between is seen
        if ended is not None:
            if ended["cancelled"]:
                return Status(State.CANCELLED, ended["code"])
            if ended["code"] == 0:
                return Status(State.SUCCEEDED, 0)
            return Status(State.FAILED, ended["code"], self.last_words(folder))
        if alive:
            return Status(State.RUNNING)
        if process is None and supervised(folder):
            return Status(State.PENDING)
        return Status(State.LOST)

    def last_words(self, folder: Path) -> str | None:
        """The last line that the runner itself printed."""
        data, _ = self.logs({"key": folder.name}, max(0, size_of(folder / "log") - 4096))
        lines = data.decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else None

    def logs(self, handle: Handle, offset: int) -> tuple[bytes, int]:
        try:
            with (self.root / handle["key"] / "log").open("rb") as file:
                file.seek(offset)
                data = file.read(1 << 20)
        except FileNotFoundError:
            return b"", offset
        return data, offset + len(data)

    def cancel(self, handle: Handle, grace: float) -> None:
        process = read(self.root / handle["key"] / "proc.json")
        if process is not None and lives(process):
            os.kill(process["pid"], signal.SIGTERM)  # the supervisor knows its grace from its start

    def find(self, key: str) -> Handle | None:
        folder = self.root / key
        known = (folder / "proc.json").exists() or (folder / "exit.json").exists() or supervised(folder)
        return {"key": key} if known else None

    def cleanup(self, handle: Handle) -> None:
        folder = self.root / handle["key"]
        if folder.exists() and self.status(folder).ended:
            shutil.rmtree(folder, onerror=make_writable)

    def forget(self, sha256: str) -> None:
        (self.cache / "objects" / sha256[:2] / sha256).unlink(missing_ok=True)


def make_writable(function: Any, path: str, _: Any) -> None:
    """Runs may leave folders that they made read-only."""
    Path(path).parent.chmod(0o700)
    if not Path(path).is_symlink():
        Path(path).chmod(0o700)
    function(path)


def read(path: Path) -> dict[str, Any] | None:
    try:
        value: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return value


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def lives(process: Mapping[str, Any]) -> bool:
    """Whether this very process still runs: not one that got its number since, nor one of before a reboot."""
    try:
        fields = supervisor.stat_of(process["pid"])
        return fields[19] == process["start"] and fields[0] != "Z" and supervisor.boot_id() == process["boot"]
    except (FileNotFoundError, ProcessLookupError):
        return False


def supervised(folder: Path) -> bool:
    """Whether a supervisor holds the folder's lock: it does so before it writes who it is."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def uv_program() -> str | None:
    """The uv that came with the server, or the one on the PATH."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("uv")


def base_python() -> str:
    """The interpreter that environments of runs are made from: not a virtual environment's own."""
    return str(getattr(sys, "_base_executable", sys.executable))
