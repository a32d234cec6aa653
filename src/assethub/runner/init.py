"""The first process of a sandbox: takes its instructions from standard input (Linux, standard library).

It lays down what it has of root, starts the command, passes on the wish that it stops, and tells how it ended. Its own
end is that of everything in the sandbox.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
from contextlib import suppress
from typing import Any

PR_SET_DUMPABLE = 4


def main() -> None:
    """The instructions are a line of JSON; what follows it asks the command to stop."""
    data = b""
    while b"\n" not in data:
        piece = os.read(0, 1 << 16)
        if not piece:
            return
        data += piece
    line, _, wish = data.partition(b"\n")
    told = json.loads(line)
    control = os.dup(0)  # not inherited by the command
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0)  # the command shall not look into this process, nor hold it
    if told["user"] is not None:
        become(told["user"], told["groups"])
    waker, woken = os.pipe()
    os.set_blocking(woken, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # which ends the command, and not the first process of a namespace
    command = os.fork()
    with suppress(OSError):  # for a command that is further than this already
        os.setpgid(command, command)
    if command == 0:
        start(told)
    if wish:
        stop(command)
    os.write(control, b"%d\n" % watch(command, control, waker))


def become(user: int, groups: list[int]) -> None:
    """Nobody that this machine knows, in the groups of its graphics cards; there is no way back."""
    os.chmod("/dev/shm", 0o1777)
    os.setgroups(groups)
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)


def start(told: dict[str, Any]) -> None:
    try:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # which Python ignores
            signal.signal(number, signal.SIG_DFL)
        os.chdir(told["folder"])
        os.execvpe(told["arguments"][0], told["arguments"], told["environment"])
    except OSError as error:
        print(f"cannot start {told['arguments'][0]}: {error}", file=sys.stderr, flush=True)
        os._exit(127)


def stop(command: int) -> None:
    try:
        os.killpg(command, signal.SIGTERM)
    except ProcessLookupError:
        return  # nobody is left in its group


def watch(command: int, control: int, waker: int) -> int:
    """Wait for the command's end, and reap what others leave; answers its exit code."""
    while True:
        ready, _, _ = select.select([control, waker], [], [])
        if control in ready:
            if not os.read(control, 1 << 10):
                os._exit(1)  # the runner is gone, or gives up
            stop(command)
        if waker in ready:
            os.read(waker, 1 << 10)
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == command:
                return os.waitstatus_to_exitcode(status)
            if pid == 0:
                break


if __name__ == "__main__":
    main()
