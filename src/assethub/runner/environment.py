"""The environment of a run: built once by uv from its lock, read-only, reused by every run with the same lock."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Optional

from assethub.runner import software, variables
from assethub.runner.command import Outcome
from assethub.runner.workspace import Failed, Say

PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")
DIRECTORY = re.compile(r"^\s*(\[packages\.directory\]|(packages\.)?directory\s*[=.])", re.MULTILINE)
FIND = 'found=$("$0" python find --no-project -- "$1") && exec "$found" -I -V'


@dataclass(frozen=True)
class Built:
    """An environment's folder, and the lock that it was made from."""

    folder: Path
    lock: str
    python: str


@dataclass(frozen=True)
class Heard:
    """What a command of the building printed, and how it ended."""

    outcome: Outcome
    out: str
    err: Sequence[str]


# Runs a command in a folder with variables, and with further places to read and to write.
Hear = Callable[[Sequence[str], Path, Mapping[str, str], Sequence[Path], Sequence[Path]], Heard]


def prepare(
    files: Sequence[Path], code: Path, python: Optional[str], cache: Path, home: Path, hear: Hear, say: Say, *,
    exact: bool = False, pinned: Optional[str] = None,
) -> Built:  # fmt: skip
    """The environment for requirements files of the code, or (`exact`) for its one lock file, installed as it is.

    `python` is a version, else the engine's own is taken. `cache` is one person's: packages run code of their own
    while they are built, and what that leaves there reaches nobody else.
    `pinned` is the lock of an earlier run, which is taken instead of resolving the files again.
    """
    uv = Uv(code, cache, home, hear, say)
    what = "lock" if exact else "requirements"
    for file in files:
        if not file.is_file():
            raise Failed(f"The task's {what} file {file.name!r} is not in the repository.")
        if not software.within(file.resolve(), code.resolve()):
            raise Failed(f"The task's {what} file {file.name!r} leads out of the repository.")
    interpreter = python or os.environ.get("AH_PYTHON") or sys.executable
    texts = [read(file) for file in files]
    version = uv.version_of(interpreter)
    if exact:
        check_lock(files[0], texts[0])
    lock = texts[0] if exact else pinned if pinned is not None else uv.lock(files, texts, interpreter, version)
    key = digest(lock, version, platform.machine(), sys.platform, *(["exact"] if exact else []))
    final = cache / "environments" / key
    packages = sum(1 for line in lock.splitlines() if "==" in line or line.strip() == "[[packages]]")
    if final.exists():
        say(f"Environment {key[:8]} with {packages} packages is there already (Python {version})")
    else:
        say(f"Building environment {key[:8]} with {packages} packages (Python {version})")
        uv.build(lock, interpreter, final, files[0] if exact else None)
    return Built(final, lock, version)


def read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Failed(f"The task's file {file.name!r} is no text in UTF-8.") from None


def check_lock(file: Path, text: str) -> None:
    """Failed for what no hash pins, since the environment is kept by the lock's text."""
    if PYLOCK.fullmatch(file.name) and DIRECTORY.search(text):
        raise Failed(f"The lock file {file.name!r} has a package in a folder, whose content no hash pins.")
    if not PYLOCK.fullmatch(file.name) and "--hash=" not in text:
        raise Failed(f"The lock file {file.name!r} has no hashes; make it with `uv pip compile --generate-hashes`.")


class Uv:
    def __init__(self, code: Path, cache: Path, home: Path, hear: Hear, say: Say) -> None:
        program = os.environ.get("AH_UV") or shutil.which("uv")
        if not program or not os.access(program, os.X_OK):
            raise Failed("uv is not installed where the run was placed; install it (pip install uv) and retry.")
        self.program, self.code, self.cache, self.hear, self.say = program, code, cache, hear, say
        own = {"UV_CACHE_DIR": str(cache / "uv"), "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
        self.environment = {**variables.of_build(home), **own}
        self.readable = [Path(program), *software.package_sources()]
        (cache / "uv").mkdir(parents=True, exist_ok=True)

    def run(
        self, arguments: Sequence[str], problem: str, folder: Path, readable: Sequence[Path] = (),
        writable: Sequence[Path] = (),
    ) -> str:  # fmt: skip
        """What uv printed; Failed with the problem and uv's own reason if it failed."""
        heard = self.hear(
            arguments, folder, self.environment, [*self.readable, *readable],
            [self.cache / "uv", self.code, *writable],
        )  # fmt: skip
        if heard.outcome.reason is not None:
            told = [line for line in heard.err if line.strip()]
            for line in told:
                self.say(f"uv: {line}")
            raise Failed(f"{problem}: {' '.join(line.strip() for line in told[-6:]) or heard.outcome.reason}")
        return heard.out

    def version_of(self, interpreter: str) -> str:
        """Found and asked where commands run: `interpreter` is the task's own word, and may name any program."""
        said = self.run(
            ["/bin/sh", "-c", FIND, self.program, interpreter],
            f"There is no Python {interpreter} where the run was placed", self.code,
        )  # fmt: skip
        return (said.split() or ["unknown"])[-1]

    def lock(self, files: Sequence[Path], texts: Sequence[str], interpreter: str, version: str) -> str:
        """Exact versions of everything. Remembered, so that files mean the same packages from run to run."""
        alone = not any(line.lstrip().startswith("-") for text in texts for line in text.splitlines())
        known = self.cache / "locks" / f"{digest(*texts, version, platform.machine(), sys.platform)}.txt"
        if alone and known.exists():
            return known.read_text(encoding="utf-8")
        names, folder = " and ".join(file.name for file in files), files[0].parent
        self.say(f"Resolving {names}")
        lock = self.run(
            [self.program, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python", interpreter,
             "--", *(os.path.relpath(file, folder) for file in files)],
            f"The requirements in {names} cannot be resolved", folder,
        )  # fmt: skip
        if alone:
            known.parent.mkdir(parents=True, exist_ok=True)
            fresh = known.with_suffix(f".{os.getpid()}.new")
            fresh.write_text(lock, encoding="utf-8")
            fresh.rename(known)
        return lock

    def build(self, lock: str, interpreter: str, final: Path, exact: Optional[Path]) -> None:
        """Build beside the place and move there, so that a half-built environment is never found.

        A lock file of the code (`exact`) is installed from where it lies: it may name files beside it.
        """
        fresh = final.with_name(f"{final.name}.{os.getpid()}.new")
        pins = final.with_name(f"{fresh.name}.txt")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        pins.write_text(lock, encoding="utf-8")
        try:
            self.run([self.program, "venv", "--quiet", "--relocatable", "--no-project", "--python", interpreter,
                      str(fresh)], "The environment cannot be made", self.code, writable=[fresh])  # fmt: skip
            strict = ["--no-deps"]
            if exact is not None:
                strict = [] if PYLOCK.fullmatch(exact.name) else ["--require-hashes"]
            # Copies, not hard links: what is made read-only below must not be the same files as those of uv's cache.
            self.run(
                [self.program, "pip", "install", "--quiet", *strict, "--link-mode", "copy", "--compile-bytecode",
                 "--python", str(fresh / "bin" / "python"), "-r", exact.name if exact else str(pins)],
                "The requirements cannot be installed", exact.parent if exact else self.code, readable=[pins],
                writable=[fresh],
            )  # fmt: skip
        finally:
            pins.unlink()
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
