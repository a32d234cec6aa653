"""What a run uses of its machine, as the runner sees it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from assethub.runner.system import MANY, System, used_below
from tests.conftest import until

WORK = """
import os, signal, subprocess, sys
held = bytearray(64 << 20)
child = subprocess.Popen([sys.executable, "-c", "while True: pass"])
print("begun", flush=True)
signal.pause()
"""


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_command_is_seen_with_all_that_it_started(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100_000)
    clock = Clock()
    system = System([tmp_path], {"PATH": ""}, clock)
    assert system.ready(True) == []  # nothing is watched yet
    process = subprocess.Popen([sys.executable, "-c", WORK], stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"begun\n"
        system.watch(process.pid)
        before = used_below(process.pid)[0]
        until(lambda: used_below(process.pid)[0] > before + 0.2)
        clock.now += 2
        assert system.ready(False) == []  # it waits for more
        clock.now += 5
        first, second = system.ready(False)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert first["values"]["cpu"] >= 0.1
    assert first["values"]["memory"] > 64 << 20
    assert first["values"]["disk"] >= 100_000
    assert "gpu" not in first["values"]
    assert second["time"] >= first["time"]
    system.stop()
    clock.now += 100
    assert system.ready(True) == []
    assert used_below(process.pid) == (0.0, 0)


def test_cards_are_asked_for_what_they_tell_and_no_more_once_they_fail(tmp_path: Path) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\necho "$@" >> "$0.log"\necho "50, 1000"\necho "100, 3000"\n')
    program.chmod(0o755)
    clock = Clock()
    system = System([], {"PATH": str(tmp_path), "CUDA_VISIBLE_DEVICES": "0,2"}, clock)
    system.watch(os.getpid())
    clock.now += 2
    (sample,) = system.ready(True)
    assert (sample["values"]["gpu"], sample["values"]["gpu_memory"]) == (0.75, 4000 << 20)
    assert "-i 0,2" in (tmp_path / "nvidia-smi.log").read_text()
    program.write_text("#!/bin/sh\nexit 9\n")
    clock.now += 2
    (sample,) = system.ready(True)
    assert "gpu" not in sample["values"]
    assert system.program is None


def test_samples_grow_rarer_as_a_run_goes_on() -> None:
    clock = Clock()
    system = System([], {"PATH": ""}, clock)
    system.watch(os.getpid())
    system.count = MANY - 1
    clock.now = system.due
    assert len(system.ready(True)) == 1
    assert system.due == clock.now + 4.0
