"""What every executor must do; add a new one to the fixture and it is tested."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from assethub.domain.queue import MachineSettings, Offers
from assethub.executors.executor import Executor, Handle, RunSpec, State
from assethub.executors.local import LocalExecutor
from assethub.executors.supervisor import stat_of
from tests.conftest import until

SPEC = RunSpec("run", 1, "http://127.0.0.1:9", "claim secret", 1, None, 0, grace=0.3)
Making = Callable[[str], Executor]


@pytest.fixture(params=["local"])
def executor(tmp_path: Path) -> Iterator[Making]:
    """An executor whose runner is a given shell script."""
    made: list[LocalExecutor] = []

    def make(script: str) -> Executor:
        made.append(LocalExecutor(tmp_path / "runs", tmp_path / "cache", ["bash", "-c", script]))
        return made[-1]

    yield make
    for one in made:
        for folder in (tmp_path / "runs").glob("*"):
            one.cancel({"key": folder.name}, 0)


def end(executor: Executor, handle: Handle) -> None:
    until(lambda: executor.poll([handle])[0].ended)


def test_success(executor: Making) -> None:
    engine = executor("exit 0")
    handle = engine.submit(SPEC, "key")
    end(engine, handle)
    assert engine.poll([handle])[0].state is State.SUCCEEDED


def test_an_exit_code_and_the_last_words_are_kept(executor: Making) -> None:
    engine = executor("echo out of cheese; exit 3")
    handle = engine.submit(SPEC, "key")
    end(engine, handle)
    (status,) = engine.poll([handle])
    assert (status.state, status.code, status.reason) == (State.FAILED, 3, "out of cheese")


def test_a_command_that_does_not_exist_fails(tmp_path: Path) -> None:
    engine = LocalExecutor(tmp_path / "runs", tmp_path / "cache", ["no-such-program"])
    handle = engine.submit(SPEC, "key")
    end(engine, handle)
    assert engine.poll([handle])[0].code == 127


def test_a_cancel_ends_every_process_also_one_that_left_and_ignores_term(executor: Making, tmp_path: Path) -> None:
    grandchild = tmp_path / "grandchild"
    stubborn = f"trap '' TERM; echo $$ > {grandchild}; while true; do sleep 0.1; done"
    engine = executor(f'setsid bash -c "{stubborn.replace("$$", chr(92) + "$" + chr(92) + "$")}" & sleep 1000')
    handle = engine.submit(SPEC, "key")
    until(lambda: grandchild.exists() and grandchild.read_text().strip())
    engine.cancel(handle, 0.3)
    engine.cancel(handle, 0.3)
    end(engine, handle)
    assert engine.poll([handle])[0].state is State.CANCELLED
    assert not Path(f"/proc/{grandchild.read_text().strip()}").exists()


def test_a_key_is_started_once(executor: Making, tmp_path: Path) -> None:
    count = tmp_path / "count"
    engine = executor(f"echo started >> {count}; sleep 0.2")
    first = engine.submit(SPEC, "key")
    assert engine.submit(SPEC, "key") == first == engine.find("key")
    end(engine, first)
    assert engine.submit(SPEC, "key") == first
    assert count.read_text() == "started\n"


def test_an_unknown_key_is_not_found_and_its_handle_is_lost(executor: Making) -> None:
    engine = executor("true")
    assert engine.find("nobody") is None
    assert engine.poll([{"key": "nobody"}])[0].state is State.LOST


def test_a_supervisor_killed_with_9_is_lost(executor: Making, tmp_path: Path) -> None:
    engine = executor("sleep 1000")
    handle = engine.submit(SPEC, "key")
    process = tmp_path / "runs" / "key" / "proc.json"
    until(process.exists)
    children = Path(f"/proc/{json.loads(process.read_text())['pid']}/task")
    pid = json.loads(process.read_text())["pid"]
    below = [int(child) for task in children.iterdir() for child in (task / "children").read_text().split()]
    os.kill(pid, signal.SIGKILL)
    end(engine, handle)
    assert engine.poll([handle])[0].state is State.LOST
    until(lambda: not any(alive(child) for child in below))


def test_what_a_killed_supervisor_left_ends_when_the_run_is_cleaned_up(executor: Making, tmp_path: Path) -> None:
    left = tmp_path / "left"
    engine = executor(f"setsid bash -c 'echo $$ > {left}; exec sleep 1000' & sleep 1000")
    handle = engine.submit(SPEC, "key")
    until(lambda: left.exists() and left.read_text().strip() and (tmp_path / "runs/key/proc.json").exists())
    os.kill(json.loads((tmp_path / "runs/key/proc.json").read_text())["pid"], signal.SIGKILL)
    end(engine, handle)
    engine.cleanup(handle)
    until(lambda: not alive(int(left.read_text())))
    assert engine.held_keys() == []


def test_a_runner_killed_with_9_has_failed_and_leaves_nothing(executor: Making, tmp_path: Path) -> None:
    left = tmp_path / "left"
    engine = executor(f"setsid sleep 1000 & echo $$ $! > {left}; wait")
    handle = engine.submit(SPEC, "key")
    until(lambda: left.exists() and len(left.read_text().split()) == 2)
    runner, grandchild = map(int, left.read_text().split())
    os.kill(runner, signal.SIGKILL)
    end(engine, handle)
    (status,) = engine.poll([handle])
    assert (status.state, status.code) == (State.FAILED, -signal.SIGKILL)
    assert not alive(grandchild)


def test_what_a_runner_leaves_at_its_end_ends_too(executor: Making, tmp_path: Path) -> None:
    left = tmp_path / "left"
    engine = executor(f"setsid bash -c \"trap '' TERM; while true; do sleep 0.1; done\" & echo $! > {left}")
    handle = engine.submit(SPEC, "key")
    end(engine, handle)
    assert engine.poll([handle])[0].state is State.SUCCEEDED
    assert not alive(int(left.read_text()))


def test_a_cancel_finds_a_run_in_every_state(executor: Making, tmp_path: Path) -> None:
    engine = executor(f"until [ -e {tmp_path}/go ]; do sleep 0.02; done")
    engine.cancel({"key": "nobody"}, 0.3)
    handle = engine.submit(SPEC, "key")
    until(lambda: engine.poll([handle])[0].state is State.RUNNING)
    engine.cancel(handle, 0.3)
    end(engine, handle)
    engine.cancel(handle, 0.3)
    assert engine.poll([handle])[0].state is State.CANCELLED
    (tmp_path / "go").touch()
    other = engine.submit(SPEC, "other")
    end(engine, other)
    engine.cancel(other, 0.3)
    assert engine.poll([other])[0].state is State.SUCCEEDED


def test_a_key_that_is_submitted_by_several_at_once_is_started_once(executor: Making, tmp_path: Path) -> None:
    engine = executor(f"echo started >> {tmp_path}/count; until [ -e {tmp_path}/go ]; do sleep 0.02; done")
    with ThreadPoolExecutor(6) as pool:
        handles = list(pool.map(lambda _: engine.submit(SPEC, "key"), range(6)))
    assert all(handle == handles[0] for handle in handles)
    (tmp_path / "go").touch()
    end(engine, handles[0])
    assert (tmp_path / "count").read_text() == "started\n"


def test_the_log_is_followed_while_it_grows(executor: Making, tmp_path: Path) -> None:
    engine = executor(f"for n in 1 2 3; do echo line $n; until [ -e {tmp_path}/go$n ]; do sleep 0.02; done; done")
    handle = engine.submit(SPEC, "key")
    seen, offset = b"", 0
    for number in (1, 2, 3):
        while f"line {number}\n".encode() not in seen:
            data, offset = engine.logs(handle, offset)
            seen += data
            assert len(seen) == offset
        (tmp_path / f"go{number}").touch()
    end(engine, handle)
    assert engine.logs(handle, 0) == (seen, offset)


def test_a_run_gets_the_cards_that_it_holds(tmp_path: Path) -> None:
    machine = MachineSettings(1, 0, ("0", "4"))
    engine = LocalExecutor(
        tmp_path / "runs", tmp_path / "cache", ["bash", "-c", f"env > {tmp_path}/$AH_RUN_ID"], machine=machine
    )
    assert engine.offers() == Offers(1, 0, ("0", "4"))
    for name, cards in (("some", ("4",)), ("none", ())):
        end(engine, engine.submit(replace(SPEC, run=name, gpu_ids=cards), name))
        assert f"CUDA_VISIBLE_DEVICES={','.join(cards)}\n" in (tmp_path / name).read_text()


def alive(pid: int) -> bool:
    """Whether it still runs: one that has ended and waits for its parent does not."""
    try:
        return stat_of(pid)[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_what_the_runner_printed_is_read_by_offset(executor: Making) -> None:
    engine = executor("echo one; echo two >&2")
    handle = engine.submit(SPEC, "key")
    end(engine, handle)
    first, offset = engine.logs(handle, 0)
    assert (first, offset) == (b"one\ntwo\n", 8)
    assert engine.logs(handle, 4) == (b"two\n", 8)
    assert engine.logs(handle, 8) == (b"", 8)


def test_a_run_goes_on_when_its_submitter_is_killed(executor: Making, tmp_path: Path) -> None:
    engine = executor("true")
    program = (
        "import os, signal; from pathlib import Path; from assethub.executors.local import LocalExecutor;"
        "from tests.conformance.test_executors import SPEC;"
        f"LocalExecutor(Path({str(tmp_path / 'runs')!r}), Path({str(tmp_path / 'cache')!r}),"
        f" ['bash', '-c', 'until [ -e {tmp_path}/go ]; do sleep 0.05; done; exit 7']).submit(SPEC, 'key');"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", program], check=False, cwd=Path(__file__).parents[2])
    assert engine.poll([{"key": "key"}])[0].state in (State.RUNNING, State.PENDING)
    (tmp_path / "go").touch()
    end(engine, {"key": "key"})
    assert engine.poll([{"key": "key"}])[0].code == 7


def test_cleanup_removes_an_ended_run_and_spares_a_live_one(executor: Making, tmp_path: Path) -> None:
    engine = executor(
        f"mkdir -p $AH_RUN_DIR/w/locked; chmod 555 $AH_RUN_DIR/w/locked $AH_RUN_DIR/w; touch {tmp_path}/up;"
        f"until [ -e {tmp_path}/go ]; do sleep 0.05; done"
    )
    handle = engine.submit(SPEC, "key")
    until((tmp_path / "up").exists)
    engine.cleanup(handle)
    assert (tmp_path / "runs" / "key").exists()
    (tmp_path / "go").touch()
    end(engine, handle)
    engine.cleanup(handle)
    engine.cleanup(handle)
    assert not (tmp_path / "runs" / "key").exists()


def test_the_runner_gets_its_variables_and_none_of_the_hubs_secrets(
    executor: Making, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSETHUB_ADMIN_PASSWORD", "canary")
    engine = executor(f"env > {tmp_path}/env; tr '\\0' ' ' < /proc/$PPID/cmdline > {tmp_path}/argv")
    end(engine, engine.submit(SPEC, "key"))
    seen = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines() if "=" in line)
    assert (seen["AH_RUN_ID"], seen["AH_CLAIM"], seen["AH_ENDPOINT"]) == ("run", "claim secret", "http://127.0.0.1:9")
    assert "canary" not in (tmp_path / "env").read_text()
    assert "claim secret" not in (tmp_path / "argv").read_text()
