"""The environment of a run: built once by uv from its lock, read-only, reused by every run with the same lock."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from assethub.runner.workspace import Failed, Say


@dataclass(frozen=True)
class Built:
    """An environment's folder, and the lock that it was made from."""

    folder: Path
    lock: str
    python: str


def prepare(requirements: Path, python: Optional[str], cache: Path, say: Say) -> Built:
    """The environment for a requirements file; `python` is a version such as 3.12, else the engine's own."""
    uv = Uv(cache, say)
    if not requirements.is_file():
        raise Failed(f"The task's requirements file {requirements.name!r} is not in the repository.")
    interpreter = python or os.environ.get("AH_PYTHON") or sys.executable
    text = requirements.read_text(encoding="utf-8")
    version = uv.version_of(interpreter)
    lock = uv.lock(requirements, text, interpreter, version)
    key = digest(lock, version, platform.machine(), sys.platform)
    final = cache / "environments" / key
    packages = sum(1 for line in lock.splitlines() if "==" in line)
    if final.exists():
        say(f"Environment {key[:8]} with {packages} packages is there already (Python {version})")
    else:
        say(f"Building environment {key[:8]} with {packages} packages (Python {version})")
        uv.build(lock, interpreter, final)
    return Built(final, lock, version)


class Uv:
    def __init__(self, cache: Path, say: Say) -> None:
        program = os.environ.get("AH_UV") or shutil.which("uv")
        if not program or not os.access(program, os.X_OK):
            raise Failed("uv is not installed where the run was placed; install it (pip install uv) and retry.")
        self.program, self.cache, self.say = program, cache, say
        self.environment = {"UV_CACHE_DIR": str(cache / "uv"), **os.environ, "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
        self.environment.pop("VIRTUAL_ENV", None)

    def run(self, arguments: list[str], problem: str, folder: Optional[Path] = None) -> str:
        """What uv printed; Failed with the problem and uv's own reason if it failed."""
        done = subprocess.run(
            [self.program, *arguments], env=self.environment, cwd=folder, stdin=subprocess.DEVNULL, text=True,
            capture_output=True, errors="replace", check=False,
        )  # fmt: skip
        if done.returncode != 0:
            told = [line for line in done.stderr.splitlines() if line.strip()]
            for line in told:
                self.say(f"uv: {line}")
            raise Failed(f"{problem}: {' '.join(line.strip() for line in told[-3:]) or 'uv said nothing'}")
        return done.stdout

    def version_of(self, interpreter: str) -> str:
        found = self.run(
            ["python", "find", "--no-project", interpreter],
            f"There is no Python {interpreter} where the run was placed",
        ).strip()
        done = subprocess.run([found, "-I", "-V"], capture_output=True, text=True, check=True)
        return done.stdout.split()[-1]

    def lock(self, requirements: Path, text: str, interpreter: str, version: str) -> str:
        """Exact versions of everything. Remembered, so that a file means the same packages from run to run."""
        alone = not any(line.lstrip().startswith("-") for line in text.splitlines())
        known = self.cache / "locks" / f"{digest(text, version, platform.machine(), sys.platform)}.txt"
        if alone and known.exists():
            return known.read_text(encoding="utf-8")
        self.say(f"Resolving {requirements.name}")
        lock = self.run(
            ["pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python", interpreter, requirements.name],
            f"The requirements in {requirements.name} cannot be resolved",
            requirements.parent,
        )
        if alone:
            known.parent.mkdir(parents=True, exist_ok=True)
            fresh = known.with_suffix(f".{os.getpid()}.new")
            fresh.write_text(lock, encoding="utf-8")
            fresh.rename(known)
        return lock

    def build(self, lock: str, interpreter: str, final: Path) -> None:
        """Build beside the place and move there, so that a half-built environment is never found."""
        final.parent.mkdir(parents=True, exist_ok=True)
        fresh = final.with_name(f"{final.name}.{os.getpid()}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self.run(["venv", "--quiet", "--relocatable", "--no-project", "--python", interpreter, str(fresh)],
                 "The environment cannot be made")  # fmt: skip
        pins = fresh / "lock.txt"
        pins.write_text(lock, encoding="utf-8")
        # Copies, not hard links: what is made read-only below must not be the same files as those of uv's cache.
        self.run(
            ["pip", "install", "--quiet", "--no-deps", "--link-mode", "copy", "--compile-bytecode", "--python",
             str(fresh / "bin" / "python"), "-r", str(pins)],
            "The requirements cannot be installed",
        )  # fmt: skip
        protect(fresh)
        try:
            fresh.rename(final)
        except OSError:  # another run built the same meanwhile
            unprotect(fresh)
            shutil.rmtree(fresh)
            if not final.exists():
                raise


def protect(folder: Path) -> None:
    """Nothing below can be written, so no run changes what the next one gets. (The folder itself must be renamable.)"""
    for place, _, files in os.walk(folder, topdown=False):
        for name in files:
            path = os.path.join(place, name)
            if not os.path.islink(path):
                os.chmod(path, os.stat(path).st_mode & 0o555)
        if place != str(folder):
            os.chmod(place, 0o555)


def unprotect(folder: Path) -> None:
    for place, _, _ in os.walk(folder):
        os.chmod(place, 0o755)


def digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
