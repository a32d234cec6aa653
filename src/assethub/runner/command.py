"""The run's command: started in a session of its own, read to its end, stopped with all its processes."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any, Callable, Optional

from assethub.runner.shipping import Spool

PLACEHOLDER = re.compile(r"(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}")
PIECE = 64 << 10
LONGEST = 1 << 20  # bytes of one line that are kept while its end is awaited
STEP = 0.05


def fill(command: str, values: Mapping[str, Any]) -> str:
    """The command with each {name} replaced by its shell-quoted value; ${NAME} is the shell's own."""

    def value(match: re.Match[str]) -> str:
        name = match.group(1)
        return shlex.quote(as_text(values[name])) if name in values else match.group(0)

    return PLACEHOLDER.sub(value, command)


def as_text(value: Any) -> str:
    return ("true" if value else "false") if isinstance(value, bool) else str(value)


class Outcome:
    """How a command ended: `reason` is a sentence unless it succeeded."""

    def __init__(self, code: Optional[int], reason: Optional[str], cancelled: bool) -> None:
        self.code, self.reason, self.cancelled = code, reason, cancelled


def execute(
    command: str,
    folder: Path,
    environment: dict[str, str],
    spool: Spool,
    *,
    timeout: Optional[float],
    grace: float,
    cancelled: Callable[[], bool],
) -> Outcome:
    """Run the command to its end, its timeout or its cancel; none of its group outlives it."""
    shell = shutil.which("bash") or "/bin/sh"
    process = subprocess.Popen(
        [shell, "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    readers = [
        threading.Thread(target=pump, args=(stream, name, spool), daemon=True)
        for stream, name in ((process.stdout, "out"), (process.stderr, "err"))
    ]
    for reader in readers:
        reader.start()
    began = time.monotonic()
    stopped = overdue = False
    while process.poll() is None:
        stopped = stopped or cancelled()
        overdue = timeout is not None and time.monotonic() - began > timeout
        if stopped or overdue:
            stop(process, grace)
            break
        time.sleep(STEP)
    code = process.wait()
    kill_group(process.pid, signal.SIGKILL)
    for reader in readers:
        reader.join(grace)  # a process that left the group may hold the pipe open: the supervisor ends it
    if stopped:
        return Outcome(code, "Cancelled.", True)
    if overdue:
        return Outcome(code, f"The command ran longer than its timeout of {duration(timeout or 0)}.", False)
    if code < 0:
        return Outcome(code, f"The command was ended by the signal {signal.Signals(-code).name}.", False)
    if code > 0:
        return Outcome(code, f"The command ended with exit status {code}.", False)
    return Outcome(0, None, False)


def stop(process: subprocess.Popen[bytes], grace: float) -> None:
    """TERM to the group, then KILL once the grace is over."""
    kill_group(process.pid, signal.SIGTERM)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        kill_group(process.pid, signal.SIGKILL)


def kill_group(leader: int, number: int) -> None:
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        return  # nobody is left in it


def pump(stream: IO[bytes], name: str, spool: Spool) -> None:
    """Every line of the stream into the spool; of a line that redraws itself with \\r the last state."""
    rest = b""
    while True:
        data = os.read(stream.fileno(), PIECE)
        lines = (rest + data).split(b"\n")
        rest = lines.pop()
        for line in lines:
            spool.write(name, readable(line))
        if len(rest) > LONGEST or (not data and rest):
            spool.write(name, readable(rest))
            rest = b""
        if not data:
            return


def readable(line: bytes) -> str:
    return line.rstrip(b"\r").rsplit(b"\r", 1)[-1].decode("utf-8", "replace").replace("\0", "")


def duration(seconds: float) -> str:
    """Such as 1 h 30 min."""
    whole = int(seconds)
    parts = [(whole // 3600, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"
