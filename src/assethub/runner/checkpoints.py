"""What stands in saved_model/ while the command runs, committed from time to time."""

from __future__ import annotations

import os
import shutil
import stat
import threading
import time
from pathlib import Path

from assethub.runner import output
from assethub.runner.hub import PIECE, HubApi, Refused
from assethub.runner.workspace import Failed, Say, disk_problem

CALM = 2.0  # seconds for which no file has changed before they are taken
AGAIN = 1.0  # seconds until another look at files that do change
Seen = dict[str, tuple[int, int, int]]  # inode, size and time of every file


class Unsettled(Exception):
    """The folder is being written to."""


class Checkpoints(threading.Thread):
    """Every so many seconds: a copy of the folder in which nothing moved meanwhile, uploaded and committed.

    The copy lies where the command cannot reach: what is uploaded is what was looked at.
    """

    def __init__(self, api: HubApi, run: str, asset: str, folder: Path, copy: Path, every: float, say: Say) -> None:
        super().__init__(name="checkpoints", daemon=True)
        self.api, self.id, self.asset, self.say = api, run, asset, say
        self.folder, self.copy, self.every = folder, copy / folder.name, every
        self.ending = threading.Event()
        self.last: Seen = {}

    def run(self) -> None:
        pause = self.every
        while not self.ending.wait(pause):
            pause = self.every
            try:
                self.take()
            except Unsettled:
                pause = min(AGAIN, self.every)
            except (Failed, Refused) as problem:
                self.say(f"No checkpoint was kept this time: {problem}")
            except OSError as error:
                self.say(f"No checkpoint was kept this time: {disk_problem(error)}")
            finally:
                shutil.rmtree(self.copy.parent, ignore_errors=True)

    def finish(self) -> None:
        """Return once none is under way any more."""
        self.ending.set()
        self.join()

    def take(self) -> None:
        seen = listed(self.folder)
        if not seen or seen == self.last:
            return
        if time.time() - max(changed for _, _, changed in seen.values()) / 1e9 < min(CALM, self.every):
            raise Unsettled
        shutil.rmtree(self.copy.parent, ignore_errors=True)
        copy_all(self.folder, self.copy)
        if listed(self.folder) != seen:
            raise Unsettled
        files = output.upload(self.api, self.asset, self.copy, self.say)
        kept = self.api.post(f"/runs/{self.id}/checkpoint", {"output": files})
        self.last = seen
        self.say(f"Checkpoint {kept['number']} is {kept['commit'][:8]} on the branch {kept['branch']}")


def listed(folder: Path) -> Seen:
    """Every file, as it is now. Failed tells of what is no regular file."""
    found = {}
    for place, folders, names, below in os.fwalk(folder):
        for name in [*folders, *names]:
            try:
                one = os.stat(name, dir_fd=below, follow_symlinks=False)
            except FileNotFoundError:
                raise Unsettled from None
            path = Path(place, name).relative_to(folder).as_posix()
            if stat.S_ISREG(one.st_mode):
                found[path] = (one.st_ino, one.st_size, one.st_mtime_ns)
            elif not stat.S_ISDIR(one.st_mode):
                raise Failed(f"{folder.name}/{path} is no regular file; only those can be committed.")
    return found


def copy_all(folder: Path, target: Path) -> None:
    """The files below a folder, none of which is reached through a link, whatever the command does meanwhile."""
    for place, _, names, below in os.fwalk(folder):
        into = target / Path(place).relative_to(folder)
        into.mkdir(parents=True, exist_ok=True)
        for name in names:
            try:
                opened = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=below)
            except OSError:
                raise Unsettled from None  # it became a link, or went
            with os.fdopen(opened, "rb") as source, (into / name).open("wb") as copy:
                if not stat.S_ISREG(os.fstat(opened).st_mode):
                    raise Unsettled
                shutil.copyfileobj(source, copy, PIECE)
                times = os.fstat(opened)
            os.utime(into / name, ns=(times.st_atime_ns, times.st_mtime_ns))
