"""Runs as processes of the hub's own machine, each under a supervisor that outlives the hub."""

import errno
import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from assethub.domain.errors import Full, Invalid
from assethub.domain.queue import ALL_OF_IT, MachineSettings, Offers, memory_bytes
from assethub.executors import supervisor
from assethub.executors.archive import write_archive
from assethub.executors.cgroups import Cgroups, find_cgroups
from assethub.executors.executor import (
    Capabilities,
    EngineUnavailable,
    Handle,
    Isolation,
    RunSpec,
    State,
    Status,
)
from assethub.executors.machine import Machine
from assethub.runner import sandbox, software, variables

# What the runner itself needs: git its home and its agent, uv its settings.
PASSED = {"HOME", "TMPDIR", "USER", "LOGNAME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "AH_FULL_PATIENCE"}


PACKAGE = Path(supervisor.__file__).parents[1]  # for tasks that log with it on the hub's own interpreter


class Confining(StrEnum):
    """Whether runs are confined to a sandbox: where one is usable, or else not at all, or never."""

    AUTO = "auto"
    REQUIRE = "require"
    OFF = "off"


class LocalExecutor:
    """`root` holds one folder per run, `cache` what runs share; `command` stands in for the runner in tests.

    A sandbox shows nothing of `hidden`, and of the rest the machine's software and `folders`.
    """

    name = "local"

    def __init__(
        self, root: Path, cache: Path, command: Sequence[str] | None = None, *,
        confining: Confining = Confining.AUTO, hidden: Sequence[Path] = (), folders: Sequence[Path] = (),
        machine: MachineSettings = ALL_OF_IT,
    ) -> None:  # fmt: skip
        self.root, self.cache, self.confining, self.machine = root, cache, confining, machine
        self.command = list(command) if command else None
        self.hidden, self.folders = [root, cache, *hidden], [*folders, PACKAGE]
        for folder in folders:
            if not folder.is_absolute() or software.holds(folder, [*self.hidden, *software.homes()]):
                raise Invalid(f"Runs cannot be shown {folder}: it holds the hub's data or its user's home.")

    def capabilities(self) -> Capabilities:
        return Capabilities(multi_node=False, gpus=bool(self.offered.gpus), live_logs=True)

    def offers(self) -> Offers:
        return self.offered

    @cached_property
    def offered(self) -> Offers:
        """What runs may hold here; found out once, when it is asked for."""
        return Machine().offers(self.machine)

    def isolation(self) -> Isolation:
        if self.problem is None:
            return Isolation()
        return Isolation(self.problem.what, self.problem.remedy, self.confining is Confining.REQUIRE)

    @cached_property
    def problem(self) -> sandbox.Problem | None:
        """Why runs are not confined here; found out once, by confining something."""
        if self.confining is Confining.OFF:
            return sandbox.Problem("the setting `sandbox` is off", "set it to auto and start the hub again")
        self.root.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="trial-", dir=self.root) as scratch:
            return sandbox.find_problem(self.bubblewrap, Path(scratch), self.hidden, self.folders)

    @cached_property
    def bubblewrap(self) -> str | None:
        return shutil.which("bwrap")

    @cached_property
    def cgroups(self) -> Cgroups | None:
        """Where the kernel limits runs; elsewhere the runner watches their memory."""
        return find_cgroups()

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
                env=self.environment(spec, folder) | self.limits(spec, key), stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=True, check=True, cwd=folder,
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            raise EngineUnavailable(
                f"The run's supervisor ended with exit status {error.returncode} before it began."
            ) from error
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise Full("The hub's disk is full, so the run cannot start; it starts once there is space.") from error
            raise EngineUnavailable(f"The run cannot be started on this machine: {error}.") from error
        return {"key": key}

    def environment(self, spec: RunSpec, folder: Path) -> dict[str, str]:
        """An allow-list of the hub's own variables: its secrets are none of them."""
        kept = {name: value for name, value in os.environ.items() if name in PASSED}
        kept |= variables.shared() | variables.of_packages()
        if self.problem is None:
            shown = {"hidden": [str(one) for one in self.hidden], "folders": [str(one) for one in self.folders]}
            kept["AH_SANDBOX"] = json.dumps({"program": self.bubblewrap, **shown})
        if self.offered.gpus:  # who asked for none sees none
            kept |= {"CUDA_VISIBLE_DEVICES": ",".join(spec.gpu_ids)}
            kept.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
        return kept | {
            "AH_ENDPOINT": spec.endpoint, "AH_RUN_ID": spec.run, "AH_CLAIM": spec.claim,
            "AH_RUN_DIR": str(folder), "AH_CACHE_DIR": str(self.cache), "AH_UV": uv_program() or "",
            "AH_PYTHON": base_python(), "OMP_NUM_THREADS": str(max(1, round(spec.cpus))),
        }  # fmt: skip

    def limits(self, spec: RunSpec, key: str) -> dict[str, str]:
        if self.cgroups is None:
            return {}
        memory = memory_bytes(spec.memory) if spec.memory else None
        return {"AH_CGROUPS": json.dumps([str(group) for group in self.cgroups.make(group_of(key), memory, spec.cpus)])}

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

    def held_keys(self) -> list[str]:
        if not self.root.is_dir():
            return []
        return sorted(folder.name for folder in self.root.iterdir() if folder.name.startswith("hub-"))

    def cleanup(self, handle: Handle) -> None:
        folder = self.root / handle["key"]
        if folder.exists() and self.status(folder).ended:
            if not (folder / "exit.json").exists():  # its supervisor did not see to its processes
                for pid in survivors(folder):
                    end(pid)
            shutil.rmtree(folder, onerror=make_writable)
            if self.cgroups is not None:
                self.cgroups.remove(group_of(handle["key"]))

    def forget(self, sha256: str) -> None:
        (self.cache / "objects" / sha256[:2] / sha256).unlink(missing_ok=True)


def survivors(folder: Path) -> list[int]:
    """Processes of the run in this folder, by the variables that only runs have."""
    mark = re.compile(rb"(?:^|\0)AH_[A-Z]+_DIR=" + re.escape(os.fsencode(folder)) + rb"[/\0]")
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                variables = (entry / "environ").read_bytes() + b"\0"
            except OSError:
                continue  # it has ended, or is somebody else's
            if mark.search(variables):
                found.append(int(entry.name))
    return found


def end(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it went by itself


def group_of(key: str) -> str:
    return f"assethub-{key}"


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
