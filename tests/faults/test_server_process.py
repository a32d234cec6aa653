"""The server as a process of its own: how it starts, stops, and comes back after a kill -9."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from assethub.client.connection import connect
from assethub.domain.errors import HubError, Unavailable
from assethub.services.opening import FORMAT
from tests.conftest import free_port, make_repository, until
from tests.faults.conftest import Serving, admin_key, answers


def test_it_starts_in_an_empty_folder_says_how_to_sign_in_and_stops_cleanly(serve: Serving, tmp_path: Path) -> None:
    port = free_port()
    process = serve(port, ASSETHUB_ADMIN_PASSWORD="")
    until(lambda: answers(port))
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert re.search(r"signed up 'ada' with the password \S{10,}", said)
    assert re.search(rf"http://127\.0\.0\.1:{port}/sign-in/link\?token=\S+", said)
    again = serve(port, ASSETHUB_ADMIN_PASSWORD="")
    until(lambda: answers(port))
    again.terminate()
    assert "password" not in again.communicate(timeout=30)[0]


def test_a_run_goes_on_while_the_server_is_killed_and_ends_well_with_a_whole_log(
    serve: Serving, tmp_path: Path, database: str | None
) -> None:
    port = free_port()
    server = serve(port)
    until(lambda: answers(port))
    go = tmp_path / "signals" / "go"
    command = f"for n in $(seq 1 300); do echo line $n; [ $n = 100 ] && until [ -e {go} ]; do sleep 0.02; done; done"
    repository = tmp_path / "code" / "project"
    make_repository(
        repository,
        {"assethub.yaml": f"tasks:\n  train:\n    command: |\n      {command}\n      echo done > {{output}}/weights\n"},
    )
    with connect(f"http://127.0.0.1:{port}", admin_key(tmp_path, database)) as hub:
        hub.create("dataset/d/x")
        hub.create("model/m/y", git=str(repository), datasets=["dataset/d/x"])
        run = hub.model("model/m/y").train("result")
        until(lambda: "line 99" in [line.text for line in run.logs()])
        server.kill()
        server.wait()
        go.touch()  # the command goes on while nobody listens
        serve(port)
        until(lambda: answers(port))
        run.wait(120)
        lines = [line.text for line in run.logs() if line.stream == "out"]
        assert lines == [f"line {number}" for number in range(1, 301)]
        assert run.branch.read("weights") == b"done\n"


def test_the_evaluation_that_follows_starts_once_though_the_server_is_killed_again_and_again(
    serve: Serving, tmp_path: Path, database: str | None
) -> None:
    port = free_port()
    server = serve(port)
    until(lambda: answers(port))
    go = tmp_path / "signals" / "go"
    wait = f"until [ -e {go} ]; do sleep 0.02; done; echo done > {{output}}/weights"
    tasks = {
        "train": {"command": f"echo up; {wait}", "after": "evaluate"},
        "evaluate": {"command": """echo '{"score": 1}' > {results}/metrics.json"""},
    }
    repository = tmp_path / "code" / "project"
    make_repository(repository, {"assethub.yaml": json.dumps({"tasks": tasks})})
    with connect(f"http://127.0.0.1:{port}", admin_key(tmp_path, database)) as hub:
        hub.create("dataset/d/x")
        hub.create("model/m/y", git=str(repository), datasets=["dataset/d/x"])
        run = hub.model("model/m/y").train("result")
        until(lambda: "up" in [line.text for line in run.logs()])
        server.kill()
        server.wait()
        go.touch()  # the result is reported to nobody at first
        server = serve(port)
        until(lambda: answers(port))
        run.wait(120)
        server.kill()  # while the evaluation is queued or goes on
        server.wait()
        serve(port)
        until(lambda: answers(port))
        assert run.refresh().follower().wait(120).info.follows == run.number
        assert [one.info.type for one in hub.runs()] == ["evaluate", "train"]
        assert len(run.branch.list_evaluation()) == 1


def test_a_run_whose_processes_vanish_with_the_server_is_lost(
    serve: Serving, tmp_path: Path, database: str | None
) -> None:
    port = free_port()
    server = serve(port)
    until(lambda: answers(port))
    repository = tmp_path / "code" / "project"
    make_repository(repository, {"assethub.yaml": "tasks: {train: {command: 'echo up; sleep 1000'}}\n"})
    with connect(f"http://127.0.0.1:{port}", admin_key(tmp_path, database)) as hub:
        hub.create("dataset/d/x")
        run = hub.create("model/m/y", git=str(repository), datasets=["dataset/d/x"]).train("r")  # type: ignore[union-attr]
        until(lambda: "up" in [line.text for line in run.logs()])
        server.kill()
        server.wait()
        kill_everything_of(str(run.info.id))
        serve(port)
        until(lambda: answers(port))
        run.wait(120, check=False)
        assert run.state == "lost"
        assert "gone without a word" in str(run.info.reason)


def kill_everything_of(run: str) -> None:
    """As a power cut would: every process that has the run in its environment."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                if f"AH_RUN_ID={run}".encode() in (entry / "environ").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)


def test_a_taken_port_is_told_in_a_sentence(serve: Serving) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        process = serve(taken.getsockname()[1])
        said, _ = process.communicate(timeout=30)
    assert process.returncode == 5
    assert "is taken; stop what listens there, or choose another with --port" in said
    assert "Traceback" not in said


def test_a_second_server_on_the_same_data_is_refused(serve: Serving) -> None:
    port = free_port()
    serve(port)
    until(lambda: answers(port))
    second = serve(free_port())
    assert "Another `ah serve` uses the data folder" in second.communicate(timeout=30)[0]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [("photo.jpg", "x", "not empty and not a hub's data folder"), ("format", "0", "holds data in the format 0")],
)
def test_a_folder_that_is_not_ours_or_older_is_refused(
    serve: Serving, tmp_path: Path, name: str, content: str, sentence: str
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / name).write_text(content)
    process = serve(free_port())
    assert sentence in process.communicate(timeout=30)[0]
    assert process.returncode == 1


def test_a_wrong_database_and_a_wrong_setting_are_told_in_a_sentence(serve: Serving) -> None:
    for more, sentence in (
        ({"ASSETHUB_DATABASE": "postgresql://nobody@127.0.0.1:9/none"}, "The database cannot be opened"),
        ({"ASSETHUB_SLOTS": "many"}, "ASSETHUB_SLOTS: the setting 'slots' must be a whole number"),
    ):
        said, _ = serve(free_port(), **more).communicate(timeout=30)
        assert sentence in said
        assert "Traceback" not in said


def test_a_missing_git_is_told_in_a_sentence(serve: Serving, tmp_path: Path, database: str | None) -> None:
    port = free_port()
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("bash", "sh", "env"):
        (tools / name).symlink_to(str(shutil.which(name)))
    serve(port, PATH=str(tools))
    until(lambda: answers(port))
    with connect(f"http://127.0.0.1:{port}", admin_key(tmp_path, database)) as hub:
        hub.create("dataset/d/x")
        hub.create("model/m/y", git="https://example.org/x.git", datasets=["dataset/d/x"])
        with pytest.raises(Unavailable, match="git is not installed on the hub's machine; install it"):
            hub.model("model/m/y").train("b")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes at the test's data folder."""
    data = tmp_path / "data"
    data.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(data)], capture_output=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip("a small file system cannot be mounted here: this needs root")
    yield data
    subprocess.run(["umount", "-l", str(data)], check=True)


def test_a_full_disk_is_told_in_a_sentence_and_loses_nothing(
    small_disk: Path, serve: Serving, tmp_path: Path, database: str | None
) -> None:
    port = free_port()
    serve(port)
    until(lambda: answers(port))
    (tmp_path / "kept.bin").write_bytes(os.urandom(1_500_000))
    (tmp_path / "large.bin").write_bytes(os.urandom(8_000_000))
    with connect(f"http://127.0.0.1:{port}", admin_key(tmp_path, database)) as hub:
        hub.create("dataset/d/x")
        dataset = hub.dataset("dataset/d/x")
        dataset.commit("Fits", [str(tmp_path / "kept.bin")])
        with pytest.raises(HubError, match="disk is full, so nothing"):
            dataset.commit("Does not fit", [str(tmp_path / "large.bin")])
        assert [one.path for one in dataset.list_object()] == ["kept.bin"]
        assert dataset.main.read("kept.bin") == (tmp_path / "kept.bin").read_bytes()
        (tmp_path / "small.txt").write_text("still room")
        assert dataset.commit("Fits again", [str(tmp_path / "small.txt")]) is not None
        assert list((small_disk / "store" / "incoming").iterdir()) == []


def test_a_run_whose_output_does_not_fit_on_the_hubs_disk_fails_with_that_sentence(
    small_disk: Path, serve: Serving, tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    elsewhere = tmp_path / "elsewhere"  # runs have room; the hub's store has not
    elsewhere.mkdir()
    for name in ("runs", "cache"):
        (elsewhere / name).mkdir()
    (small_disk / "format").write_text(f"{FORMAT}\n")
    for name in ("runs", "cache"):
        (small_disk / name).symlink_to(elsewhere / name)
    serve(port, AH_FULL_PATIENCE="1")
    until(lambda: answers(port))
    repository = tmp_path / "code" / "project"
    task = "tasks: {train: {command: 'head -c 9000000 /dev/urandom > {output}/large'}}\n"
    make_repository(repository, {"assethub.yaml": task})
    with connect(f"http://127.0.0.1:{port}", admin_key(tmp_path, database)) as hub:
        hub.create("dataset/d/x")
        hub.create("model/m/y", git=str(repository), datasets=["dataset/d/x"])
        run = hub.model("model/m/y").train("b").wait(240, check=False)
        assert run.state == "failed"
        assert "disk is full" in str(run.info.reason)
