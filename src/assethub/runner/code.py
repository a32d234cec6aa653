"""The run's code, out of the hub's copy of its repository: the runner needs no way to the Git server, nor its keys."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Callable

from assethub.runner.hub import PIECE, HubApi
from assethub.runner.workspace import Failed, patiently

POINTER = b"version https://git-lfs.github.com/spec/v1\n"
LARGEST_POINTER = 1024
MOST_TOLD = 5
Say = Callable[[str], None]


def take_code(api: HubApi, run: str, code: Mapping[str, str], target: Path, say: Say) -> list[str]:
    """The repository at one commit, as a clone of that commit alone would be, with what was changed since.

    Answers what of it is not there.

    AH_CODE_FROM names a repository on this machine that has the commit.
    """
    url, sha, source = code["url"], code["sha"], os.environ.get("AH_CODE_FROM")
    if shutil.which("git") is None:
        raise Failed("git is not installed where the run was placed; install it (apt-get install git) and retry.")
    say(f"Code of {url} at {sha[:8]}")
    if source:
        copy(Path(source), target)
    else:
        patiently(receive, api, run, sha, target)
    complaint = git(target, "checkout", "--quiet", "--detach", sha)
    if complaint is not None:
        raise Failed(f"The commit {sha[:8]} of {url} could not be checked out: {complaint}")
    apply(code["patch"], target, f"{sha[:8]} of {url}", say)
    lacking = what_is_lacking(target)
    for sentence in lacking:
        say(sentence)
    return lacking


def apply(patch: str, target: Path, commit: str, say: Say) -> None:
    """What was changed since the commit."""
    if patch:
        say(f"with what was changed since ({patch.count(chr(10)):,} lines of a patch)")
        complaint = git(target, "apply", "--whitespace=nowarn", "-", said=patch)
        if complaint is not None:
            raise Failed(f"The changes could not be applied to the commit {commit}: {complaint}")


def copy(source: Path, target: Path) -> None:
    """A repository with the objects of one on this machine."""
    made = git(source, "-c", "protocol.file.allow=always", "clone", "--quiet", "--no-checkout", ".", str(target))
    if made is not None:
        raise Failed(f"The repository in {source} could not be copied: {made}")


def what_is_lacking(folder: Path) -> list[str]:
    """A sentence about submodules, and one about files of Git LFS: neither is fetched."""
    listed = subprocess.run(
        command(folder, "ls-files", "-s", "-z"), env=environment(), stdin=subprocess.DEVNULL, capture_output=True,
        check=False,
    ).stdout  # fmt: skip
    entries = [entry.split(b"\t", 1) for entry in listed.split(b"\0") if entry]
    modules = [os.fsdecode(path) for facts, path in entries if facts.startswith(b"160000 ")]
    pointers = [os.fsdecode(path) for facts, path in entries if is_pointer(folder, facts, path)]
    found = []
    if modules:
        found.append(f"Submodules are not fetched, so these folders are empty: {some(modules)}.")
    if pointers:
        found.append(
            f"What Git LFS holds is not fetched, so these files are pointers to it: {some(pointers)}. Keep large files "
            "in a dataset or a model of the hub."
        )
    return found


def is_pointer(folder: Path, facts: bytes, path: bytes) -> bool:
    """Whether a plain file stands for one of Git LFS."""
    if not facts.startswith((b"100644 ", b"100755 ")):
        return False
    place = os.path.join(os.fsencode(folder), path)
    try:
        if os.lstat(place).st_size > LARGEST_POINTER:
            return False
        with open(place, "rb") as file:
            return file.read(len(POINTER)) == POINTER
    except OSError:
        return False  # a path that this disk cannot hold was left out by git


def some(names: list[str]) -> str:
    told = ", ".join(repr(name) for name in names[:MOST_TOLD])
    return told + (f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else "")


def receive(api: HubApi, run: str, sha: str, target: Path) -> None:
    """A repository with the commit in it; git checks every byte as it arrives."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    made = git(target, "init", "--quiet")
    if made is not None:
        raise Failed(f"git init failed: {made}")
    (target / ".git" / "shallow").write_text(f"{sha}\n")  # its parents are not here
    with api.request("GET", f"/runs/{run}/code", None, None) as answer:
        taking = subprocess.Popen(
            command(target, "index-pack", "--stdin"), env=environment(), stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert taking.stdin is not None
        try:
            for piece in iter(lambda: answer.read(PIECE), b""):
                taking.stdin.write(piece)
        except BrokenPipeError:
            pass  # git has said why
        except BaseException:
            taking.kill()
            raise
        finally:
            _, said = taking.communicate()
    if taking.returncode != 0:
        raise Failed(f"The code could not be unpacked: {last_line(said.decode(errors='replace'))}")


def git(folder: Path, *arguments: str, said: str = "") -> str | None:
    """What git complained of, having heard what is `said`; None if all went well."""
    done = subprocess.run(
        command(folder, *arguments), env=environment(), input=said.encode("utf-8", "surrogateescape"),
        capture_output=True, check=False,
    )  # fmt: skip
    return None if done.returncode == 0 else last_line(done.stderr.decode(errors="replace"))


def command(folder: Path, *arguments: str) -> list[str]:
    options = ["-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false", "-c", "protocol.allow=never"]
    return ["git", *options, "-C", str(folder), *arguments]


def environment() -> dict[str, str]:
    """No settings of the machine or of this user: a filter that they name would run on what a repository holds."""
    alone = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ATTR_NOSYSTEM": "1"}
    return {**os.environ, **alone, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def last_line(text: str) -> str:
    return (text.strip().splitlines() or ["git said nothing"])[-1]
