"""A command of the run: started in a group of its own, read to its end, stopped with all its processes."""

from __future__ import annotations

import fcntl
import json
import os
import pkgutil
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Callable, Optional, Protocol

from assethub.runner.limits import Limits

PLACEHOLDER = re.compile(r"(?<!\$)\{([A-Za-z_][A-Za-z0-9_]*)\}")
PIECE = 64 << 10
LONGEST = 1 << 20  # bytes of one line that are kept while its end is awaited
STEP = 0.05
Output = tuple[IO[bytes], str, Optional[int]]  # a pipe, the stream that it is, and whose it is


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


class Listener(Protocol):
    def write(self, stream: str, text: str, rank: Optional[int] = None) -> None:
        """A line of the stream `out` or `err`; `rank` is that of one of several processes."""


class Process:
    """A command under way, in a group of its own."""

    def __init__(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], stdin: int = subprocess.DEVNULL,
        ranks: Optional[Ranks] = None,
    ) -> None:  # fmt: skip
        self.ranks = ranks
        self.popen = subprocess.Popen(
            arguments, cwd=folder, env=environment, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            start_new_session=True, pass_fds=ranks.passed if ranks else (),
        )  # fmt: skip
        if ranks is not None:
            ranks.begun()

    def outputs(self) -> list[Output]:
        """Everything that is to be read until its end."""
        assert self.popen.stdout is not None
        assert self.popen.stderr is not None
        own: list[Output] = [(self.popen.stdout, "out", None), (self.popen.stderr, "err", None)]
        return own + (self.ranks.outputs() if self.ranks else [])

    def ended(self, within: float) -> bool:
        """Whether it has ended; waits so many seconds for it."""
        try:
            self.popen.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def wait(self) -> int:
        """The exit code, below 0 for a signal; nothing of the group is left then."""
        code = self.popen.wait()
        self.signal(signal.SIGKILL)
        return code

    def ask(self) -> None:
        """Ask all of the group to stop."""
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        try:
            os.killpg(self.popen.pid, number)
        except (ProcessLookupError, PermissionError):
            return  # nobody is left in it


class Ranks:
    """The pipes of several processes of one command, and the program that starts them."""

    def __init__(self, program: Path, metrics: Sequence[Path], grace: float) -> None:
        self.program, self.metrics, self.grace = program, metrics, grace
        content = pkgutil.get_data("assethub.runner", "ranks.py")
        assert content is not None  # it came with this module
        program.write_bytes(content)
        self.pipes = [(pipe(), pipe()) for _ in metrics]
        self.report, report = pipe()
        self.theirs = [(out[1], err[1]) for out, err in self.pipes]
        self.passed = (report, *(end for both in self.theirs for end in both))

    def command(self, python: str, arguments: Sequence[str]) -> list[str]:
        told = {
            "pipes": self.theirs, "report": self.passed[0], "metrics": [str(one) for one in self.metrics],
            "grace": self.grace,
        }  # fmt: skip
        return [python, "-I", "-S", str(self.program), json.dumps(told), *arguments]

    def begun(self) -> None:
        for end in self.passed:
            os.close(end)

    def outputs(self) -> list[Output]:
        found: list[Output] = []
        for rank, (out, err) in enumerate(self.pipes):
            found += [(os.fdopen(out[0], "rb"), "out", rank), (os.fdopen(err[0], "rb"), "err", rank)]
        return found

    def failed(self) -> Optional[int]:
        """The first rank that failed, once all have ended."""
        os.set_blocking(self.report, False)
        try:
            told = os.read(self.report, 100)
        except BlockingIOError:
            told = b""
        os.close(self.report)
        return int(told) if told else None


def pipe() -> tuple[int, int]:
    """Ends with high numbers: the low ones have a meaning on the way into a sandbox."""
    ends = os.pipe()
    high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 100) for end in ends]
    for end in ends:
        os.close(end)
    return high[0], high[1]


Places = Sequence[Path]


def start_plainly(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], readable: Places, writable: Places,
    ranks: Optional[Ranks] = None, limits: Optional[Limits] = None,
) -> Process:  # fmt: skip
    """Where commands are not confined: what they may read and write is what this user may."""
    if ranks is not None:
        arguments = ranks.command(sys.executable, arguments)
    return Process([*(limits.joining() if limits else []), *arguments], folder, environment, ranks=ranks)


def execute(
    process: Process, listener: Listener, *, timeout: Optional[float], grace: float, cancelled: Callable[[], bool],
    limits: Optional[Limits] = None,
) -> Outcome:  # fmt: skip
    """Follow the command to its end, its timeout or its cancel; none of its group outlives it."""
    readers = [
        threading.Thread(target=pump, args=(stream, name, listener, rank), daemon=True)
        for stream, name, rank in process.outputs()
    ]
    for reader in readers:
        reader.start()
    began = time.monotonic()
    stopped, problem = False, None
    while not process.ended(within=STEP):
        stopped = stopped or cancelled()
        problem = problem or (limits.exceeded(process.popen.pid) if limits else None)
        if timeout is not None and time.monotonic() - began > timeout:
            problem = problem or f"The command ran longer than its timeout of {duration(timeout)}."
        if stopped or problem:
            stop(process, grace)
            break
    code = process.wait()
    problem = problem or (limits.at_end(process.popen.pid) if limits else None)
    for reader in readers:
        reader.join(grace)  # a process that left the group may hold the pipe open: the supervisor ends it
    rank = process.ranks.failed() if process.ranks else None
    who = "The command" if rank is None else f"Rank {rank}"
    if stopped:
        return Outcome(code, "Cancelled.", True)
    if problem:
        return Outcome(code, problem, False)
    if code < 0:
        return Outcome(code, f"{who} was ended by the signal {signal.Signals(-code).name}.", False)
    if code > 0:
        return Outcome(code, f"{who} ended with exit status {code}.", False)
    return Outcome(0, None, False)


def stop(process: Process, grace: float) -> None:
    """Ask, then kill once the grace is over."""
    process.ask()
    if not process.ended(within=grace):
        process.kill()


def pump(stream: IO[bytes], name: str, listener: Listener, rank: Optional[int] = None) -> None:
    """Every line of the stream to the listener; of a line that redraws itself with \\r the last state."""
    rest = b""
    while True:
        data = os.read(stream.fileno(), PIECE)
        lines = (rest + data).split(b"\n")
        rest = lines.pop()
        for line in lines:
            listener.write(name, readable(line), rank)
        if len(rest) > LONGEST or (not data and rest):
            listener.write(name, readable(rest), rank)
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
