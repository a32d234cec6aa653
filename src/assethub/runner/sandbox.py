"""Commands in a sandbox of bubblewrap, which shows them what is theirs, the machine's software, and nothing else."""

from __future__ import annotations

import glob
import json
import os
import pkgutil
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Optional

from assethub.runner import software
from assethub.runner.command import Places, Process, Ranks
from assethub.runner.limits import Limits
from assethub.runner.syscalls import filter_program
from assethub.runner.workspace import Failed

USER = 65533  # who a command is inside: a number that no account of a machine has
CARDS = ("/dev/nvidia*", "/dev/dri", "/dev/kfd", "/dev/dxg")
ABOUT_CARDS = ("/sys/bus", "/sys/class", "/sys/dev", "/sys/devices", "/sys/module")
PATIENCE = 30.0  # seconds for what takes far less
FILTER = 9  # the number that bubblewrap reads the filter of calls under
CODE, LONGEST_CODE = re.compile(rb"-?\d{1,3}\n"), 16
ACCOUNTS = {
    "passwd": "root:x:0:0:root:/root:/usr/sbin/nologin\nrunner:x:{user}:{user}:runner:{home}:/bin/sh\n"
    "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n",
    "group": "root:x:0:\nrunner:x:{user}:\nnogroup:x:65534:\n",
}


class Problem(NamedTuple):
    """Why no command can be confined on this machine, and what to do about it, each a part of a sentence."""

    what: str
    remedy: str


def find_problem(
    program: Optional[str], scratch: Path, hidden: Sequence[Path], folders: Sequence[Path]
) -> Optional[Problem]:
    """None once a command was confined here, in the way of those of a run."""
    if program is None:
        return Problem("bubblewrap is not installed", "install it (apt-get install bubblewrap) and start the hub again")
    try:
        complaint = Sandbox(program, hidden, folders, scratch, scratch / "workspace").complaint()
    except OSError as error:
        complaint = str(error)
    if complaint is None:
        return None
    return Problem(f"bubblewrap cannot make a sandbox here ({complaint})", "follow docs/sandbox.md")


class View:
    """The options that lay things into a sandbox, each at its path, in folders that everybody may pass."""

    def __init__(self) -> None:
        self.options: list[str] = []
        self.made = {Path("/")}

    def put(self, path: Path, option: str, *source: Path) -> None:
        for folder in reversed(path.parents):
            if folder not in self.made:
                self.options += ["--dir", str(folder)]
        self.made |= {path, *path.parents}
        self.options += [option, *map(str, source), str(path)]


class Sandbox:
    """`program` is bubblewrap, `hidden` what no command may see, `folders` what all may read, `scratch` its own.

    As root, commands become a user that owns nothing else here: without any capability, root's number alone would
    still open /proc/sys. Others keep their number, and have a user namespace to be nobody in.
    """

    def __init__(
        self, program: str, hidden: Sequence[Path], folders: Sequence[Path], scratch: Path, workspace: Path,
        variables: Mapping[str, str] = os.environ,
    ) -> None:  # fmt: skip
        self.user = USER if os.geteuid() == 0 else None
        self.program, self.scratch, self.workspace = program, scratch, workspace
        self.home, self.tmp, self.floor = scratch / "home", scratch / "tmp", scratch / "floor"
        secrets = {*hidden, *software.homes(variables)}
        self.hidden = sorted(secrets | {path.resolve() for path in secrets}, key=lambda path: path.parts)
        self.software = software.readable(variables, self.hidden, folders)
        self.python = str(getattr(sys, "_base_executable", sys.executable))
        for own in (self.home, self.tmp, self.floor):
            own.mkdir(parents=True, exist_ok=True)
            self.give(own)
        content = pkgutil.get_data("assethub.runner", "init.py")
        assert content is not None  # it came with this module
        (scratch / "init.py").write_bytes(content)
        (scratch / "filter").write_bytes(filter_program())
        for name, text in ACCOUNTS.items():
            (scratch / name).write_text(text.format(user=USER, home=self.home), encoding="utf-8")

    def start(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], readable: Places,
        writable: Places, ranks: Optional[Ranks] = None, limits: Optional[Limits] = None,
    ) -> Process:  # fmt: skip
        """The command in a sandbox that also shows these places, each at its own path."""
        for place in writable:
            self.give(place)
        if ranks is not None:
            arguments, readable = ranks.command(self.python, arguments), [*readable, ranks.program]
        view = View()
        for temporary in ("/tmp", "/var/tmp"):
            view.put(Path(temporary), "--bind", self.tmp)
        self.machine(view)
        self.own(view, readable, writable)
        box = [self.program, *self.namespaces(), *view.options, "--remount-ro", "/", "--"]
        box += [self.python, "-I", "-S", str(self.scratch / "init.py")]
        told = {
            "arguments": list(arguments), "folder": str(folder), "environment": dict(environment), "user": self.user,
            "groups": groups_of_cards(),
        }  # fmt: skip
        return Confined(box, self.scratch / "filter", told, ranks, limits)

    def give(self, place: Path) -> None:
        """What root lets a command write belongs to the user that it becomes."""
        if self.user is None or place.lstat().st_uid == self.user:
            return
        if place.is_dir():
            for _, folders, files, below in os.fwalk(place):  # which no link leads astray
                for name in (*folders, *files):
                    os.chown(name, self.user, self.user, dir_fd=below, follow_symlinks=False)
        os.lchown(place, self.user, self.user)  # last: it says that all is done

    def namespaces(self) -> list[str]:
        options = "--unshare-pid --unshare-ipc --unshare-uts --unshare-cgroup-try --die-with-parent --new-session"
        options += f" --as-pid-1 --cap-drop ALL --seccomp {FILTER}"
        if self.user is None:
            options += f" --unshare-user --uid {USER} --gid {USER}"
        else:
            options += " --cap-add CAP_SETUID --cap-add CAP_SETGID"  # for the first process, until it is that user
        return options.split()

    def machine(self, view: View) -> None:
        """The software, empty folders in place of what is hidden in it, and the devices."""
        covered = {secret for secret in self.hidden if any(software.within(secret, seen) for seen in self.software)}
        for path in sorted({*self.software, *covered}, key=lambda path: path.parts):
            if path in covered and os.path.isdir(path):
                view.put(path, "--tmpfs")
            elif path in covered:
                view.put(path, "--ro-bind", Path(os.devnull))
            elif path.is_symlink() and path.parent == Path("/"):
                view.put(path, "--symlink", Path(os.readlink(path)))
            else:
                view.put(path, "--ro-bind", path.resolve())
        view.put(Path("/proc"), "--proc")
        view.put(Path("/dev"), "--dev")
        view.put(Path("/dev/shm"), "--tmpfs")
        cards = [Path(card) for pattern in CARDS for card in sorted(glob.glob(pattern))]
        for card in cards:
            view.put(card, "--dev-bind", card)
        for name in ABOUT_CARDS if cards else ("/sys/devices/system",):
            if os.path.exists(name):
                view.put(Path(name), "--ro-bind", Path(name))

    def own(self, view: View, readable: Places, writable: Places) -> None:
        view.put(self.workspace, "--bind", self.floor)  # what lies in it is laid over this empty folder
        for name in ACCOUNTS:
            view.put(Path("/etc", name), "--ro-bind", self.scratch / name)
        view.put(self.scratch / "init.py", "--ro-bind", self.scratch / "init.py")
        shown = [(path, "--bind") for path in (self.home, *writable)]
        shown += [(path, "--ro-bind") for path in readable if not software.holds(path, self.hidden)]
        for path, option in sorted(shown, key=lambda one: one[0].parts):
            view.put(path, option, path)

    def complaint(self) -> Optional[str]:
        """What is said where a command cannot be confined; None once one was."""
        trial = self.scratch / "trial"
        trial.mkdir()
        script = (
            'test "$(id -u)-$PPID" = "$1-1" && echo x > "$2/file" && echo x > /tmp/file && exec "$0" -I -c "print(1)"'
        )
        process = self.start(
            ["/bin/sh", "-c", script, self.python, str(USER), str(trial)], trial, {"PATH": os.defpath}, (), (trial,)
        )
        try:
            said, complaint = process.popen.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            said, complaint = process.popen.communicate()
        with suppress(Failed):  # of which bubblewrap has told the reason
            if process.wait() == 0 and said == b"1\n":
                return None
        lines = complaint.decode(errors="replace").strip().splitlines() or ["it ends without a word"]
        return lines[-1].removeprefix("bwrap: ")


class Confined(Process):
    """A command in its sandbox: its first process is told what to do, and tells how the command ended."""

    def __init__(
        self,
        box: Sequence[str],
        filter: Path,
        told: Mapping[str, Any],
        ranks: Optional[Ranks],
        limits: Optional[Limits],
    ) -> None:
        self.control, theirs = socket.socketpair()
        self.killed = False
        # Bubblewrap itself must outlive a TERM to all processes of the run, since its end is that of the command.
        patient = [
            *(limits.joining() if limits else []),
            "/bin/sh",
            "-c",
            f'trap \'\' TERM; exec "$@" {FILTER}< "$0"',
            str(filter),
            *box,
        ]
        # Nothing that the run chose is in this environment: it is that of a process outside of the sandbox.
        super().__init__(patient, Path("/"), {"PATH": os.defpath}, theirs.fileno(), ranks)
        theirs.close()
        self.send(json.dumps(told).encode() + b"\n")

    def send(self, data: bytes) -> None:
        with suppress(BrokenPipeError, ConnectionResetError):  # for a sandbox that has ended: `wait` says how
            self.control.sendall(data)

    def wait(self) -> int:
        ended = self.popen.wait()  # after everything inside, unless it was killed by itself:
        self.give_up()
        code = CODE.fullmatch(self.heard())
        if code:
            return int(code[0])
        if self.killed:
            return -signal.SIGKILL
        if ended < 0 or ended > 128:  # bubblewrap was killed, or the first process
            return ended if ended < 0 else 128 - ended
        raise Failed("The sandbox of this run could not be made; the last lines of the log say why.")

    def heard(self) -> bytes:
        """What the first process said before its end, which is waited for."""
        told = b""
        with suppress(OSError):  # for one that is stuck: the supervisor ends it
            self.control.settimeout(PATIENCE)
            while len(told) < LONGEST_CODE and (piece := self.control.recv(LONGEST_CODE)):
                told += piece
        self.control.close()
        return told

    def give_up(self) -> None:
        """Whose end of the line is closed ends, with all of its sandbox: root's has no other word of an end."""
        with suppress(OSError):  # for a sandbox that has ended
            self.control.shutdown(socket.SHUT_WR)

    def ask(self) -> None:
        self.send(b"stop\n")

    def kill(self) -> None:
        self.killed = True
        self.give_up()
        self.popen.kill()


def groups_of_cards() -> list[int]:
    """The groups that may use this machine's graphics cards; what else they may is not seen in a sandbox."""
    nodes = [node for pattern in ("/dev/nvidia*", "/dev/dri/*", "/dev/kfd") for node in glob.glob(pattern)]
    found = [os.stat(node) for node in nodes]
    return sorted({one.st_gid for one in found if one.st_mode & stat.S_IRGRP and not one.st_mode & stat.S_IROTH} - {0})
