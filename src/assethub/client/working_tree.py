"""A Git working tree on this machine: its commit, and everything that was changed since as a patch."""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from assethub.domain.errors import Invalid
from assethub.domain.sizes import size
from assethub.domain.tasks import TASK_FILE
from assethub.protocol.runs import LONGEST_PATCH, LocalCode

MOST_TOLD = 5
CHANGED = ("--literal-pathspecs", "diff-index", "--cached")
MOST_READ = 16 << 20  # bytes of a changed file: no patch of a larger one is small enough


@dataclass(frozen=True)
class WorkingTree:
    """The repository that a folder lies in; `below` is the folder's path in it."""

    root: Path
    below: str

    @classmethod
    def of(cls, folder: Path) -> "WorkingTree":
        if shutil.which("git") is None:
            raise Invalid("git is not installed on this machine; install it (apt-get install git).")
        if not folder.is_dir():
            raise Invalid(f"{folder} is not a folder on this machine.")
        found = run(folder, "rev-parse", "--show-toplevel", "--show-prefix")
        if found.returncode != 0:
            raise Invalid(f"{folder} is not in a Git repository, so what it holds cannot be pinned: git init it first.")
        root, below = found.stdout.decode().split("\n")[:2]
        return cls(Path(root), below.rstrip("/"))

    def capture(self) -> LocalCode:
        """The code as it is now, with files that Git does not know yet but for those that it ignores."""
        task_file = self.root / self.below / TASK_FILE
        if not task_file.is_file():
            raise Invalid(f"There is no {TASK_FILE} in {task_file.parent}; it says how to train and evaluate.")
        sha = self.told("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        if not sha:
            raise Invalid(f"The Git repository in {self.root} has no commit yet; make one first.")
        try:
            text = task_file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            raise Invalid(f"{task_file} is not UTF-8.") from None
        branch = self.told("symbolic-ref", "--quiet", "--short", "HEAD") or sha
        return LocalCode(
            url=self.address(), revision=branch, sha=sha, subpath=self.below, patch=self.patch(), task_file=text
        )

    def address(self) -> str:
        """Where the repository came from, without a name or a password that opens it; else where it lies."""
        origin = self.told("remote", "get-url", "origin")
        if "://" not in origin:
            return origin or str(self.root)
        parts = urlsplit(origin)
        plain = parts.scheme == "ssh" and not parts.password
        return origin if plain else urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))

    def patch(self) -> str:
        self.check_sizes()
        with tempfile.TemporaryDirectory(prefix="assethub-patch-") as scratch:
            index, objects, binary = (Path(scratch, name) for name in ("index", "objects", "binary"))
            objects.mkdir()
            known = self.root / self.told("rev-parse", "--git-path", "index")
            if known.exists():
                shutil.copyfile(known, index)  # with what it knows of each file, so that few are read
            apart = {  # nothing of this is left in the repository
                "GIT_INDEX_FILE": str(index), "GIT_OBJECT_DIRECTORY": str(objects),
                "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(self.root / self.told("rev-parse", "--git-path", "objects")),
            }  # fmt: skip
            added = run(self.root, "add", "--all", ".", variables=apart)
            if added.returncode != 0:
                raise Invalid(f"What was changed in {self.root} cannot be read: {complaint(added)}")
            difference = (*CHANGED, "-p", "--binary", "--full-index", "HEAD")
            made = run(self.root, *difference, variables=apart).stdout
            if not readable(made):  # then what is no text for us must be none for Git
                names = run(self.root, *CHANGED, "--name-only", "-z", "HEAD", variables=apart).stdout.split(b"\0")
                odd = [
                    one
                    for one in names
                    if one and not readable(run(self.root, *difference, "--", one, variables=apart).stdout)
                ]
                binary.write_bytes(b"".join(b"%s -diff\n" % pattern_of(one) for one in odd))
                made = run(self.root, "-c", f"core.attributesFile={binary}", *difference, variables=apart).stdout
        if len(made) > LONGEST_PATCH or not readable(made):
            limit = size(LONGEST_PATCH)
            raise Invalid(f"What was changed in {self.root} is more than a patch of {limit} can hold; commit it first.")
        return made.decode()

    def check_sizes(self) -> None:
        """Large files that Git does not know are named before they are read."""
        found = run(self.root, "ls-files", "-z", "--others", "--modified", "--exclude-standard").stdout
        sizes = {name: length(self.root / os.fsdecode(name)) for name in set(found.split(b"\0")) if name}
        large = sorted((name for name in sizes if sizes[name] > MOST_READ), key=lambda name: -sizes[name])
        if large:
            names = [f"{os.fsdecode(name)} ({size(sizes[name])})" for name in large[:MOST_TOLD]]
            raise Invalid(f"Commit these files or name them in .gitignore, they are too large: {', '.join(names)}.")

    def told(self, *arguments: str) -> str:
        """What git says, and nothing where it refuses."""
        done = run(self.root, *arguments)
        return done.stdout.decode().strip() if done.returncode == 0 else ""


def run(
    folder: Path, *arguments: str | bytes, variables: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[bytes]":
    environment = {**os.environ, "LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", **(variables or {})}
    return subprocess.run(["git", "-C", str(folder), *arguments], env=environment, capture_output=True, check=False)


def complaint(done: "subprocess.CompletedProcess[bytes]") -> str:
    return (done.stderr.decode(errors="replace").strip().splitlines() or ["git said nothing"])[-1]


def readable(patch: bytes) -> bool:
    try:
        return "\0" not in patch.decode()
    except UnicodeDecodeError:
        return False


def pattern_of(name: bytes) -> bytes:
    """A path as a pattern of a gitattributes file that it alone fits."""
    plain = re.sub(rb"([\\*?\[])", rb"\\\1", name)
    return b'"/%s"' % re.sub(rb'(["\\])', rb"\\\1", plain)


def length(path: Path) -> int:
    return path.lstat().st_size if path.is_file() and not path.is_symlink() else 0
