"""Runs on the machine of whoever starts them: code as it lies there, and what the hub keeps as of any other run."""

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from assethub.client.runs import Run
from assethub.client.working_tree import WorkingTree
from assethub.database.run_tables import runs
from assethub.domain.errors import Conflict, Invalid
from assethub.protocol.runs import LocalCode, LocalRunInfo, NewLocalRun
from assethub.services.local_runs import end_silent_runs
from tests.conftest import make_repository, until
from tests.runs.conftest import Bench, log_of, processes

AH = Path(sys.executable).with_name("ah")
TASKS = """\
tasks:
  train:
    command: "cp *.txt *.bin {output}/; ls {output}; echo '{rate}' > {output}/rate"
    params: {rate: 0.5}
  evaluate:
    command: "printf '{\\"size\\": %s}' $(cat {model}/*.txt | wc -c) > {results}/metrics.json"
"""


@pytest.fixture
def project(bench: Bench) -> Path:
    """A folder of a working tree with changes of every kind since its commit."""
    root = bench.live.code / "mine"
    files = {"p/assethub.yaml": "tasks: {}", "p/old.txt": "old", "p/gone.txt": "x", "p/same.txt": "s"}
    make_repository(root, {**files, ".gitignore": "*.big\n"})
    folder = root / "p"
    (folder / "assethub.yaml").write_text(TASKS)
    (folder / "old.txt").write_bytes(b"changed\r\n  \xc3\xa9")
    (folder / "gone.txt").unlink()
    (folder / 'a "new" [*] \\ é.txt').write_bytes(b"caf\xe9 again\n")
    (folder / "new.txt").write_bytes(b"caf\xe9 is no UTF-8\n")
    (folder / "raw.bin").write_bytes(bytes(range(256)))
    (folder / "ignored.big").write_bytes(os.urandom(20_000_000))
    return folder


def ah(bench: Bench, folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    environment = {**os.environ, **bench.live.environment}
    return subprocess.Popen(
        [str(AH), *arguments], cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def test_uncommitted_code_is_run_here_kept_as_a_patch_and_run_again_elsewhere(bench: Bench, project: Path) -> None:
    before = git(project, "status", "--porcelain", "--ignored"), git(project, "count-objects")
    started = ah(bench, project, "train", "model/texts/reader", "-b", "mine", "--here", "-p", "rate=2")
    said, _ = started.communicate(timeout=240)
    assert started.returncode == 0, said
    assert "raw.bin" in said
    assert (git(project, "status", "--porcelain", "--ignored"), git(project, "count-objects")) == before
    (run,) = bench.model.runs()
    branch = bench.model.branch("mine")
    files = {one.path: branch.read(one.path) for one in branch.list_object()}
    here = {path.name: path.read_bytes() for path in project.glob("*.*") if path.suffix in (".txt", ".bin")}
    assert files == {**here, "rate": b"2.0\n"}
    assert (run.info.engine, run.info.code.subpath, run.info.code.url) == ("here", "p", str(project.parent))
    provenance = branch.list_commit()[0].metadata["provenance"]
    assert provenance["engine"] == "here"
    assert provenance["code"]["patch"] == run.patch()
    assert "+    params: {rate: 0.5}" in run.patch()
    again = run.again("again").wait(240)
    assert again.info.engine == "local"
    assert {one.path: again.branch.read(one.path) for one in again.branch.list_object()} == files
    with pytest.raises(Conflict, match="only a failed"):
        run.retry()
    evaluated = ah(bench, project.parent, "evaluate", "model/texts/reader:mine", "--here", "-s", "p", "--json")
    told, _ = evaluated.communicate(timeout=240)
    assert evaluated.returncode == 0, told
    assert json.loads(told)["state"] == "succeeded"
    assert bench.model.list_evaluation()[0].metrics.keys() == {"size"}
    kept = Path(os.environ["ASSETHUB_CACHE"]) / "runs"
    until(lambda: not list(kept.iterdir()))


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


def test_what_cannot_be_captured_is_refused_and_nothing_is_started(bench: Bench, tmp_path: Path, project: Path) -> None:
    empty = tmp_path / "no-commit"
    empty.mkdir()
    git(empty, "init", "-q")
    (empty / "assethub.yaml").write_text(TASKS)
    large = make(tmp_path / "large", {"assethub.yaml": TASKS})
    (large / "data.bin").write_bytes(os.urandom(300_000))
    huge = make(tmp_path / "huge", {"assethub.yaml": TASKS})
    with (huge / "data.bin").open("wb") as file:
        file.truncate(10**12)
    for folder, sentence in (
        (tmp_path / "nowhere", "is not a folder"),
        (tmp_path, "not in a Git repository"),
        (empty, "has no commit yet"),
        (project.parent, r"There is no assethub\.yaml"),
        (large, "more than a patch"),
        (huge, r"data\.bin \(1\.0 TB\)"),
    ):
        with pytest.raises(Invalid, match=sentence):
            bench.train("b", here=folder)
    with pytest.raises(Invalid, match="leave the repository"):
        bench.train("b", here=project, git="https://example.org/x.git")
    (project / "assethub.yaml").write_text("tasks: {train: {command: x, colour: red}}")
    with pytest.raises(Invalid, match=r"assethub\.yaml, line 1: unknown key 'colour'"):
        bench.train("b", here=project)
    assert bench.model.runs() == []


def make(folder: Path, files: dict[str, str]) -> Path:
    make_repository(folder, files)
    return folder


@pytest.mark.parametrize(
    ("origin", "kept"),
    [
        ("https://token@example.org/a/b.git", "https://example.org/a/b.git"),
        ("https://me:pass@example.org:8443/a.git", "https://example.org:8443/a.git"),
        ("ssh://git@example.org/a.git", "ssh://git@example.org/a.git"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
    ],
)
def test_what_opens_the_origin_is_not_kept(tmp_path: Path, origin: str, kept: str) -> None:
    folder = make(tmp_path / "x", {"assethub.yaml": TASKS})
    git(folder, "remote", "add", "origin", origin)
    code = WorkingTree.of(folder).capture()
    assert (code.url, code.patch, code.revision) == (kept, "", "main")


def test_ctrl_c_cancels_it_and_no_process_stays(bench: Bench, tmp_path: Path) -> None:
    mark = f"mark-{os.urandom(8).hex()}"
    command = f"setsid bash -c \"trap '' TERM; echo up; while true; do sleep 0.1; done\" {mark} & wait"
    folder = make(tmp_path / "x", {"assethub.yaml": json.dumps({"tasks": {"train": {"command": command}}})})
    typing = ah(bench, folder, "train", "model/texts/reader", "-b", "mine", "--here")
    until(lambda: processes(mark) and "up" in log_of(bench.model.runs()[0]))
    typing.send_signal(signal.SIGINT)
    said, _ = typing.communicate(timeout=120)
    assert typing.returncode == 1, said
    assert bench.model.runs()[0].state == "cancelled"
    until(lambda: not processes(mark))


def test_it_goes_on_when_the_command_line_is_killed(bench: Bench, tmp_path: Path) -> None:
    go = tmp_path / "go"
    command = f"echo up; until [ -e {go} ]; do sleep 0.05; done; echo done > {{output}}/x"
    folder = make(tmp_path / "x", {"assethub.yaml": json.dumps({"tasks": {"train": {"command": command}}})})
    typing = ah(bench, folder, "train", "model/texts/reader", "-b", "mine", "--here")
    until(lambda: bench.model.runs() and "up" in log_of(bench.model.runs()[0]))
    typing.kill()
    typing.communicate()
    go.touch()
    assert bench.model.runs()[0].wait(120).branch.read("x") == b"done\n"


def unheard(bench: Bench, branch: str) -> Run:
    """A run that was started here and whose runner never came."""
    code = LocalCode(url="/x", revision="main", sha="0" * 40, task_file="tasks: {train: {command: x}}")
    wanted = NewLocalRun(type="train", model="model/texts/reader", branch=branch, code=code)
    return Run(bench.hub.connection, bench.hub.connection.send(LocalRunInfo, "POST", "/runs/here", wanted).run)


def test_a_run_that_nobody_speaks_for_any_more_is_lost(bench: Bench) -> None:
    silent, cancelled, young = (unheard(bench, name) for name in ("a", "b", "c"))
    cancelled.cancel()
    now = datetime.now(UTC)
    for run, minutes in ((silent, 6), (cancelled, 1), (young, 4)):
        change(bench, run, created_at=now - timedelta(minutes=minutes))
    end_silent_runs(bench.live.hub, now)  # a hub that was away itself waits first
    assert [run.refresh().state for run in (silent, young)] == ["queued", "queued"]
    end_silent_runs(bench.live.hub, now - timedelta(days=1))
    assert silent.refresh().state == "lost"
    assert "gone silent" in str(silent.info.reason)
    assert cancelled.refresh().state == "cancelled"
    assert young.refresh().state == "queued"
    with pytest.raises(Conflict, match="start it there again"):
        silent.retry()


def change(bench: Bench, run: Run, **values: Any) -> None:
    with bench.live.hub.engine.begin() as connection:
        connection.execute(update(runs).where(runs.c.id == run.info.id).values(**values))


def test_no_engine_of_the_hub_takes_it_and_a_secret_in_its_address_is_refused(bench: Bench) -> None:
    waiting = unheard(bench, "a")
    assert bench.train("other").wait(240).state == "succeeded"  # which was queued later
    assert waiting.refresh().state == "queued"
    tasks = "tasks: {train: {command: x}}"
    code = LocalCode(url="https://u:p@example.org/x", revision="m", sha="0" * 40, task_file=tasks)
    wanted = NewLocalRun(type="train", model="model/texts/reader", branch="b", code=code)
    with pytest.raises(Invalid, match="before its host"):
        bench.hub.connection.send(LocalRunInfo, "POST", "/runs/here", wanted)
