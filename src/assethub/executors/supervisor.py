"""Runs one command so that it outlives the server: supervisor.py RUN_DIR GRACE -- COMMAND…  (Linux, standard library).

Leaves in RUN_DIR: `lock` (held while it lives), `proc.json` (who it is), `log` (what the command printed) and at the
end `exit.json`. SIGTERM cancels: TERM to every descendant, KILL after GRACE seconds. No descendant is left behind.
The command does not outlive its supervisor.
"""

import ctypes
import fcntl
import json
import os
import signal
import sys
import time
from contextlib import suppress

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def stat_of(pid: int) -> list[str]:
    """The fields of /proc/PID/stat behind the name: parent is 1, start time is 19."""
    with open(f"/proc/{pid}/stat") as file:
        content = file.read()
    return content[content.rindex(")") + 2 :].split()


def boot_id() -> str:
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


def descendants() -> list[int]:
    """Every process below this one: as a subreaper it inherits those whose parents are gone."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                children.setdefault(int(stat_of(int(name))[1]), []).append(int(name))
            except (OSError, ValueError, IndexError):
                continue  # it ended while we looked
    found: list[int] = []
    waiting = [os.getpid()]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def signal_all(number: int) -> None:
    for pid in descendants():
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def write(folder: str, name: str, value: dict[str, object]) -> None:
    """All of the file or none of it, also after a power cut."""
    path = os.path.join(folder, name)
    with open(path + ".new", "w") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    os.rename(path + ".new", path)
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def detach() -> None:
    """No longer a child of the server, nor of its session: its end and its terminal's Ctrl-C pass by."""
    for _ in range(2):
        if os.fork():
            os._exit(0)
        os.setsid()


def hold(folder: str) -> bool:
    """Take the run's lock: it stays with whoever this process forks into, so the run is never seen without it."""
    lock = os.open(os.path.join(folder, "lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False  # another supervisor has this run
    return not os.path.exists(os.path.join(folder, "proc.json"))  # else it ran already


def supervise(folder: str, grace: float, command: list[str]) -> None:
    kernel = ctypes.CDLL(None, use_errno=True)
    if kernel.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "this kernel has no subreapers")
    log = os.open(os.path.join(folder, "log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number in (1, 2):
        os.dup2(log, number)
    cancelled: list[float] = []
    signal.signal(signal.SIGTERM, lambda *_: cancelled.append(time.monotonic()))
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    me = os.getpid()
    main = os.fork()
    if main == 0:
        kernel.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != me:
            os._exit(127)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.setsid()
        try:
            os.execvp(command[0], command)
        except OSError as error:
            print(f"cannot start {command[0]}: {error}", flush=True)
            os._exit(127)
    write(folder, "proc.json", {"pid": me, "start": stat_of(me)[19], "boot": boot_id()})
    code, killed = watch(main, grace, cancelled)
    for group in json.loads(os.environ.get("AH_CGROUPS", "[]")):
        with suppress(OSError):  # the hub tries again when it cleans up
            os.rmdir(group)
    write(folder, "exit.json", {"code": code, "cancelled": bool(cancelled), "killed": killed, "at": time.time()})


def watch(main: int, grace: float, cancelled: list[float]) -> tuple[int | None, bool]:
    """Reap until nothing is left; answers the command's exit code and whether something had to be killed."""
    code: int | None = None
    asked: float | None = None
    killed = False
    while True:
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    break
                if pid == main:
                    code = os.waitstatus_to_exitcode(status)
        except ChildProcessError:
            return code, killed
        if asked is None and (cancelled or code is not None):
            asked = time.monotonic()
            signal_all(signal.SIGTERM)
        elif asked is not None and time.monotonic() - asked > grace:
            signal_all(signal.SIGKILL)
            killed = True
        time.sleep(0.05)


if __name__ == "__main__":
    if hold(sys.argv[1]):
        detach()
        supervise(sys.argv[1], float(sys.argv[2]), sys.argv[4:])
