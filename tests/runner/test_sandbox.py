"""The sandbox by itself: what ends a command and how that is told, what it reaches, and where none can be made."""

import errno
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from assethub.executors.archive import write_archive
from assethub.runner.command import Process
from assethub.runner.sandbox import USER, Sandbox, find_problem
from assethub.runner.workspace import Failed
from tests.conftest import require, until

Starting = Callable[..., Process]


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    program = shutil.which("bwrap")
    (tmp_path / "trial").mkdir()
    require("a bubblewrap that can make a sandbox", find_problem(program, tmp_path / "trial", [], []) is None)
    assert program is not None
    return Sandbox(program, [tmp_path / "hidden"], [], tmp_path / "scratch", tmp_path / "workspace")


@pytest.fixture
def start(sandbox: Sandbox, tmp_path: Path) -> Iterator[Starting]:
    """Starts a shell script in the sandbox."""
    code = tmp_path / "workspace" / "code"
    code.mkdir(parents=True)
    started: list[Process] = []

    def start(script: str, variables: Mapping[str, str] | None = None, readable: Sequence[Path] = ()) -> Process:
        given = {"PATH": os.defpath, **(variables or {})}
        started.append(sandbox.start(["bash", "-c", script], code, given, readable, [code]))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.popen.communicate()
        process.wait()


def heard(process: Process) -> tuple[int, str]:
    out, err = process.popen.communicate(timeout=60)
    return process.wait(), (out + err).decode()


def line(process: Process) -> str:
    assert process.popen.stdout is not None
    return process.popen.stdout.readline().decode().strip()


@pytest.mark.parametrize(
    ("script", "code"),
    [("exit 0", 0), ("exit 3", 3), ("exit 137", 137), ("kill -9 $$", -9), ("kill -TERM $$", -15), ("no-program", 127)],
)
def test_the_exit_code_is_the_commands_own(start: Starting, script: str, code: int) -> None:
    assert heard(start(script))[0] == code


def test_a_command_is_asked_to_stop_with_its_children_and_may_save(start: Starting) -> None:
    child = "(trap 'echo child; exit' TERM; echo up; while :; do sleep 0.05; done)"
    process = start(f"trap 'wait; echo saved; exit 5' TERM; {child} & wait")
    assert line(process) == "up"
    process.ask()
    code, said = heard(process)
    assert (code, [one for one in said.splitlines() if one != "Terminated"]) == (5, ["child", "saved"])


def test_a_wish_to_stop_is_not_lost_before_the_command_is_there(start: Starting) -> None:
    process = start("sleep 1000")
    process.ask()
    assert heard(process)[0] == -signal.SIGTERM


def test_a_kill_and_the_commands_own_end_leave_nothing_behind(start: Starting, tmp_path: Path) -> None:
    stubborn = "setsid bash -c \"trap '' TERM; echo up; while :; do sleep 0.05; done\" &"
    killed, ended = start(f"{stubborn} wait"), start(f"{stubborn} until [ -e go ]; do sleep 0.05; done")
    inside = []
    for process in (killed, ended):
        assert line(process) == "up"
        inside += below(process.popen.pid)
    killed.kill()
    (tmp_path / "workspace" / "code" / "go").touch()
    assert (killed.wait(), ended.wait()) == (-signal.SIGKILL, 0)
    until(lambda: not [pid for pid in inside if Path(f"/proc/{pid}").exists()])


def below(pid: int) -> list[int]:
    found = [int(one) for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split()]
    return found + [one for child in found for one in below(child)]


def test_the_end_of_bubblewrap_alone_is_the_end_of_its_sandbox(start: Starting) -> None:
    process = start("echo up; sleep 1000")
    assert line(process) == "up"
    inside = below(process.popen.pid)
    process.popen.kill()
    assert process.wait() == -signal.SIGKILL
    until(lambda: not [pid for pid in inside if Path(f"/proc/{pid}").exists()])


def test_a_term_to_every_process_leaves_the_command_its_grace(start: Starting) -> None:
    process = start("trap 'sleep 0.2; echo saved; exit 0' TERM; echo up; while :; do sleep 0.05; done")
    assert line(process) == "up"
    for pid in (process.popen.pid, *below(process.popen.pid)):
        os.kill(pid, signal.SIGTERM)
    code, said = heard(process)
    assert (code, said.splitlines()[0]) == (0, "saved")


def test_a_sandbox_ends_with_the_process_that_made_it(sandbox: Sandbox, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from assethub.runner.sandbox import Sandbox;"
        f"p = Sandbox({sandbox.program!r}, [], [], Path({str(tmp_path / 'other')!r}), Path('/srv/place'))"
        ".start(['bash', '-c', 'echo up; sleep 1000'], Path('/tmp'), {'PATH': '/usr/bin:/bin'}, [], []);"
        "print(p.popen.stdout.readline().decode(), flush=True); p.wait()"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as maker:
        assert maker.stdout is not None
        assert maker.stdout.readline() == b"up\n"
        inside = below(maker.pid)
        maker.kill()
    assert len(inside) >= 3
    until(lambda: not [pid for pid in inside if Path(f"/proc/{pid}").exists()])


def test_nothing_that_a_run_chose_is_in_the_environment_of_a_process_outside(start: Starting) -> None:
    process = start("echo $LD_AUDIT; sleep 1000", {"LD_AUDIT": "chosen"})
    line(process)
    assert b"chosen" not in Path(f"/proc/{process.popen.pid}/environ").read_bytes()
    assert b"chosen" not in Path(f"/proc/{process.popen.pid}/cmdline").read_bytes()


def test_a_command_is_nobody_and_has_no_capability(start: Starting) -> None:
    code, said = heard(
        start("id -u; id -un; grep -E '^(CapEff|CapPrm|NoNewPrivs)' /proc/self/status; echo x > /proc/1/mem")
    )
    assert said.splitlines()[:2] == [str(USER), "runner"]
    facts = dict(one.split(":\t") for one in said.splitlines() if ":\t" in one)
    assert (int(facts["CapEff"], 16), int(facts["CapPrm"], 16), facts["NoNewPrivs"]) == (0, 0, "1")
    assert code == 1


def test_a_number_of_root_does_not_open_the_kernels_switches(start: Starting) -> None:
    tried = "for file in core_pattern modprobe hotplug; do echo hostile > /proc/sys/kernel/$file && echo wrote; done"
    assert "wrote" not in heard(start(f"({tried}; echo h > /proc/sysrq-trigger && echo wrote) 2>/dev/null"))[1]


def test_the_keys_that_the_kernel_keeps_for_the_hubs_user_are_out_of_reach(start: Starting) -> None:
    first = {"x86_64": 248, "aarch64": 217, "riscv64": 217, "ppc64le": 269, "s390x": 278}.get(platform.machine())
    require("a machine whose calls are known", first is not None)
    calls = [f"print(c.syscall({first} + {one}, 0, 0, 0, 0, 0), ctypes.get_errno());" for one in range(3)]
    script = f"import ctypes; c = ctypes.CDLL(None, use_errno=True); {''.join(calls)}"
    assert heard(start(f'python3 -c "{script}"')) == (0, f"-1 {errno.ENOSYS}\n" * 3)


def test_what_is_hidden_in_a_folder_of_the_system_is_covered(sandbox: Sandbox, tmp_path: Path) -> None:
    hidden = [Path("/usr/share/doc"), Path("/usr/bin/git")]
    assert all(path.exists() for path in hidden)
    other = Sandbox(sandbox.program, hidden, [], tmp_path / "other", tmp_path / "place")
    process = other.start(["bash", "-c", "ls -A /usr/share/doc; wc -c < /usr/bin/git"], Path("/tmp"), {}, [], [])
    assert "x" not in heard(process)[1]


def test_a_place_that_would_show_what_is_hidden_is_not_shown(start: Starting, tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "secret").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "hidden")
    for place in (tmp_path, tmp_path / "hidden", tmp_path / "link"):
        assert heard(start(f"cat {place}/secret {place}/hidden/secret 2>/dev/null; true", readable=[place])) == (0, "")


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may use."""
    folder = Path(tempfile.mkdtemp(prefix="assethub-sandbox-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def test_a_user_who_is_not_root_can_confine_commands_too(open_folder: Path) -> None:
    require("bubblewrap", shutil.which("bwrap") is not None)
    archive = write_archive(open_folder)
    program = (
        f"import os, sys; sys.path.insert(0, {str(archive)!r}); from pathlib import Path;"
        "from assethub.runner.sandbox import find_problem;"
        f"print(os.geteuid(), find_problem({shutil.which('bwrap')!r}, Path({str(open_folder / 'scratch')!r}), [], []))"
    )
    user = 65534 if os.geteuid() == 0 else None
    python = "/usr/bin/python3" if user else sys.executable
    require("a Python that every user may run", os.access(python, os.X_OK))
    done = subprocess.run(
        [python, "-I", "-c", program], user=user, group=user, capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == (f"{user or os.geteuid()} None\n", "")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("echo 'bwrap: No permissions to create new namespace' >&2; exit 1", "No permissions to create new namespace"),
        ("exit 0", "it ends without a word"),
        ('while [ "$1" != -- ]; do shift; done; shift; exec "$@"', "it ends without a word"),
    ],
)
def test_a_bubblewrap_that_confines_nothing_is_found_out(open_folder: Path, script: str, said: str) -> None:
    program = open_folder / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    problem = find_problem(str(program), open_folder / "scratch", [], [])
    assert problem is not None
    assert problem.what == f"bubblewrap cannot make a sandbox here ({said})"


def test_a_sandbox_that_cannot_be_made_fails_the_run_and_never_runs_the_command(tmp_path: Path) -> None:
    sandbox = Sandbox("/bin/false", [], [], tmp_path / "scratch", tmp_path / "workspace")
    process = sandbox.start(["touch", str(tmp_path / "ran")], tmp_path, {"PATH": os.defpath}, [], [])
    process.popen.communicate()
    with pytest.raises(Failed, match="sandbox of this run could not be made"):
        process.wait()
    assert not (tmp_path / "ran").exists()


def test_without_bubblewrap_the_problem_says_what_to_install(tmp_path: Path) -> None:
    problem = find_problem(None, tmp_path, [], [])
    assert problem is not None
    assert (problem.what, "apt-get install bubblewrap" in problem.remedy) == ("bubblewrap is not installed", True)
