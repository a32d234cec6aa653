"""What a run reaches from inside its command, its requirements and its task file: nothing but what is its own."""

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assethub.client.connection import connect
from assethub.client.errors import RunFailed
from assethub.client.runs import Run
from assethub.domain.owners import Scope
from assethub.executors.local import uv_program
from assethub.runner.variables import BEGINNINGS, COMMANDS, PROXIES
from assethub.services import accounts, keys
from tests.conftest import Live, make_repository, require, until
from tests.runs.conftest import Bench, log_of, make_bench

CANARY = "canary-in-the-hub"
PRYING = (Path(__file__).parent / "prying.py").read_text()
TASK = """\
tasks:
  train:
    command: python3 prying.py {attempts} {output}
    params: {attempts: ""}
  wait:
    command: sleep 1000
"""
PACKAGE = """\
import os, pathlib, setuptools
attempts = {files!r}
read = [path for path in attempts if os.path.exists(path)]
for name in os.environ:
    if "ASSETHUB" in name or name.startswith(("AWS", "AH_", "PG")):
        read.append(name)
pathlib.Path("curious.py").write_text("read = " + repr(read) + chr(10))
setuptools.setup(name="curious", version="1", py_modules=["curious"])
"""


def usable(live: Live) -> bool:
    return live.hub.executor.isolation().problem is None


@pytest.fixture
def sandboxed(bench: Bench) -> Bench:
    require("a bubblewrap that can make a sandbox", usable(bench.live))
    return bench


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the hub's user, and the variables that the hub was started with."""
    home = tmp_path_factory.mktemp("home")
    for name, text in {
        ".git-credentials": f"https://ada:{CANARY}@git.example.org\n", ".ssh/id_ed25519": CANARY,
        ".gitconfig": "[credential]\n\thelper = store\n", ".netrc": CANARY, ".config/tokens": CANARY,
        ".local/share/keyrings/login": CANARY,
    }.items():  # fmt: skip
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
    monkeypatch.setenv("HOME", str(home))
    for name in ("ASSETHUB_ADMIN_PASSWORD", "ASSETHUB_DATABASE", "AWS_SESSION_TOKEN", "PGPASSWORD", "GITHUB_TOKEN"):
        monkeypatch.setenv(name, CANARY)
    return home


@pytest.fixture
def waiting(bench: Bench) -> Iterator[Run]:
    """Another run, which goes on meanwhile."""
    bench.command("echo private-to-the-other > $AH_CODE_DIR/private; echo up; sleep 1000")
    run = bench.train("waiting")
    until(lambda: "up" in log_of(run).splitlines())
    yield run
    run.cancel().wait(check=False)


def targets(bench: Bench, home: Path, other: Run) -> dict[str, list[Any]]:
    """What there is to be had on this machine."""
    data = bench.live.hub.folder
    (room,) = (data / "runs").glob(f"hub-{other.info.id}-*")
    supervisor = json.loads((room / "proc.json").read_text())["pid"]
    files = [data / "secret", data / "format", room / "nonce", room / "log.jsonl.0", room / "workspace/project/private"]
    files += [path for path in (data / "hub.db", data / "hub.db-wal") if path.exists()]
    files += [path for folder in ("store", "cache/objects") for path in (data / folder).rglob("*") if path.is_file()]
    files += [path for path in home.rglob("*") if path.is_file()]
    folders = [data, data / "runs", data / "store", data / "cache", data / "git", room, home]
    processes = [os.getpid(), supervisor, *below(supervisor)]
    assert [path for path in (*files, *folders) if not path.exists()] == []
    assert len(processes) > 3
    return {"files": [*map(str, files)], "folders": [*map(str, folders)], "processes": processes, "root": ["/"]}


def below(pid: int) -> list[int]:
    found = [int(one) for path in Path(f"/proc/{pid}/task").glob("*/children") for one in path.read_text().split()]
    return found + [one for child in found for one in below(child)]


def pry(bench: Bench, attempts: dict[str, list[Any]]) -> tuple[Run, dict[str, Any], bytes]:
    make_repository(bench.repository, {"assethub.yaml": TASK, "prying.py": PRYING}, message="Pry")
    run = bench.train("prying", params={"attempts": json.dumps(attempts)}).wait()
    return run, json.loads(run.branch.read("got.json")), run.branch.read("loot")


def test_a_run_cannot_reach_the_hub_its_user_or_another_run(secrets: Path, sandboxed: Bench, waiting: Run) -> None:
    attempts = targets(sandboxed, secrets, waiting)
    run, got, loot = pry(sandboxed, attempts)
    assert [got[what] for what in ("read", "signalled", "spied", "credentials")] == [[]] * 4
    hub = sandboxed.live.hub
    way = {str(hub.folder): ["runs"], str(hub.folder / "runs"): [f"hub-{run.info.id}-1"]}
    assert set(got["listed"]) <= set(way), "it sees more than the way to its own workspace"
    assert got["listed"] == {folder: way[folder] for folder in got["listed"]}
    assert not [folder for folder in attempts["folders"] if Path(folder, "planted").exists()]
    assert len(got["processes"]) <= 5, "it sees the processes of others"
    for secret in (
        CANARY, (hub.folder / "secret").read_text(), sandboxed.live.api_key, "private-to-the-other",
        *(keys.claim_secret(hub, one.info.id, 1) for one in (run, waiting)), keys.run_token(hub, waiting.info.id, 1),
    ):  # fmt: skip
        assert secret.encode() not in loot
    assert keys.run_token(hub, run.info.id, 1).encode() in loot  # its own: the loot is what it says


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("sandbox", ["off"])
def test_the_same_attempts_succeed_without_a_sandbox(secrets: Path, bench: Bench, waiting: Run, sandbox: str) -> None:
    attempts = targets(bench, secrets, waiting)
    _, got, loot = pry(bench, attempts | {"root": [str(secrets)]})
    assert (got["read"], got["wrote"], got["signalled"]) == (
        attempts["files"], attempts["folders"], attempts["processes"]
    )  # fmt: skip
    assert list(got["listed"]) == attempts["folders"]
    for pid in attempts["processes"][1:]:
        assert {f"{pid}/environ", f"{pid}/mem"} <= set(got["spied"])
    claim = keys.claim_secret(bench.live.hub, waiting.info.id, 1)
    assert claim.encode() in loot
    assert CANARY.encode() in loot


def test_a_command_gets_the_variables_of_a_list_and_those_of_its_task(
    secrets: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_SCHEDULE", "static")
    monkeypatch.setenv("UV_EXTRA_INDEX_URL", "https://user:password@packages.example.org/simple")
    bench.command("env > {output}/env", "    environment: {variables: {HF_HUB_OFFLINE: '1'}}\n")
    run = bench.train().wait()
    seen = dict(line.split("=", 1) for line in run.branch.read("env").decode().splitlines())
    known = {"PATH", "HOME", "USER", "LOGNAME", "PWD", "OLDPWD", "SHLVL", "_", "PYTHONUNBUFFERED", "HF_HUB_OFFLINE"}
    known |= {
        "PYTHONDONTWRITEBYTECODE",
        "RANK",
        "LOCAL_RANK",
        "WORLD_SIZE",
        "LOCAL_WORLD_SIZE",
        "MASTER_ADDR",
        "MASTER_PORT",
    }
    for name in set(seen) - known:
        assert name in COMMANDS or name.startswith(("AH_", *BEGINNINGS)) or name.upper() in PROXIES, name
    assert CANARY not in str(seen)
    assert (seen["OMP_SCHEDULE"], seen["HF_HUB_OFFLINE"], seen["USER"]) == ("static", "1", "runner")
    assert not {"AH_CLAIM", "AH_RUN_DIR", "AH_CACHE_DIR", "AH_SANDBOX"} & set(seen)
    assert Path(seen["HOME"]) not in (secrets, Path.home())


def test_inputs_and_environment_cannot_be_changed_and_the_rest_of_the_workspace_can(sandboxed: Bench) -> None:
    attempts = [
        "echo x >> {dataset}/data.txt", "chmod 777 {dataset}/data.txt", "rm -f {dataset}/data.txt",
        "touch {dataset}/new", "mv {dataset} {dataset}.old", "rmdir {output}", "mv {output} {output}.old",
        "mv {results} {output}/results", "ln {dataset}/data.txt {output}/link", "touch {model}/new", "touch /new",
        "touch /usr/new", "touch /etc/new",
        "unshare -Urm sh -c 'umount {dataset} || mount -o remount,bind,rw {dataset}'",
        "echo core > /proc/sys/kernel/core_pattern",
    ]  # fmt: skip
    lines = [f"{attempt} 2>/dev/null && echo {number} >> {{output}}/done" for number, attempt in enumerate(attempts)]
    fine = "touch {code}/new {results}/new {output}/new {dataset}/../new ~/new /tmp/new /var/tmp/new /dev/shm/new"
    sandboxed.command("\n      ".join([*lines, f"{fine} && cp {{dataset}}/data.txt {{output}}/"]))
    run = sandboxed.train().wait()
    assert {one.path for one in run.branch.list_object()} == {"new", "data.txt"}
    assert run.branch.read("data.txt") == b"one two three\n"
    cached = [path for path in (sandboxed.live.hub.folder / "cache/objects").rglob("*") if path.is_file()]
    assert [(path.read_text(), path.stat().st_mode & 0o777) for path in cached] == [("one two three\n", 0o444)]


def test_the_code_of_a_requirement_is_confined_while_it_is_built(secrets: Path, sandboxed: Bench) -> None:
    require("uv", uv_program() is not None)
    data = sandboxed.live.hub.folder
    attempts = [str(path) for path in (data / "secret", data / "store", data / "hub.db", secrets, secrets / ".netrc")]
    make_repository(
        sandboxed.repository,
        {"r.txt": "./curious\n", "curious/setup.py": PACKAGE.format(files=attempts)}, message="Require curious code",
    )  # fmt: skip
    sandboxed.command(
        "python -c 'import curious; print(curious.read)' > {output}/read\n"
        "      touch $VIRTUAL_ENV/new || echo kept >> {output}/read",
        "    environment: {requirements: r.txt}\n",
    )
    assert sandboxed.train().wait().branch.read("read") == b"[]\nkept\n"


def test_what_one_persons_packages_leave_reaches_nobody_else(sandboxed: Bench, tmp_path: Path) -> None:
    require("uv", uv_program() is not None)
    live = sandboxed.live
    with live.hub.work(None) as work:
        user = accounts.add_user(work, "eve", "another horse")
        _, secret = keys.make_key(work, user, "tests", Scope.WRITE)
    more = "    environment: {requirements: r.txt}\n"
    make_repository(sandboxed.repository, {"r.txt": "six==1.17.0\n"}, message="Require six")
    sandboxed.command("echo $VIRTUAL_ENV > {output}/env", more)
    mine = sandboxed.train().wait()
    shutil.rmtree(sandboxed.repository)
    with connect(live.url, secret) as hub:
        other = make_bench(live, hub, tmp_path)
        make_repository(other.repository, {"r.txt": "six==1.17.0\n"}, message="Require six")
        other.command("echo $VIRTUAL_ENV > {output}/env", more)
        theirs = other.train().wait()
        assert "Building environment" in log_of(theirs)
        assert theirs.branch.read("env") != mine.branch.read("env")


@pytest.mark.parametrize(
    ("files", "more", "sentence"),
    [
        ({"r.txt": "secret"}, "    environment: {requirements: r.txt}\n", r"'r.txt' leads out of the repository"),
        ({"sub": "."}, "    environment: {requirements: sub/secret}\n", r"'secret' leads out of the repository"),
    ],
)
def test_a_link_in_the_repository_leads_the_runner_nowhere(
    bench: Bench, files: dict[str, str], more: str, sentence: str
) -> None:
    for name, target in files.items():
        (bench.repository / name).symlink_to(bench.live.hub.folder / target)
    bench.command("true", more)
    with pytest.raises(RunFailed, match=sentence):
        bench.train().wait()
    (run,) = bench.hub.runs()
    assert (bench.live.hub.folder / "secret").read_text() not in log_of(run)


def test_a_link_in_place_of_the_metrics_leads_the_runner_nowhere(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text('{"accuracy": 1}')
    bench.command(f"echo x > {{output}}/x; ln -s {tmp_path}/metrics.json {{results}}/metrics.json")
    with pytest.raises(RunFailed, match=r"results/metrics\.json is a symbolic link"):
        bench.train().wait()


def test_a_task_cannot_have_a_program_run_outside_of_the_sandbox(
    sandboxed: Bench, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Not as its interpreter, nor through variables that shells and loaders heed."""
    require("uv", uv_program() is not None)
    mark = tmp_path_factory.mktemp("mark") / "mark"
    evil = f"#!/bin/sh\necho outside > {mark}\n"
    make_repository(sandboxed.repository, {"evil": evil, "r.txt": "six\n"}, message="Be evil")
    (sandboxed.repository / "evil").chmod(0o755)
    for environment in (
        "{python: ./evil, requirements: r.txt}", "{python: workspace/project/evil, requirements: r.txt}",
        "{variables: {BASH_ENV: ./evil, ENV: ./evil, LD_PRELOAD: ./evil, PATH: ., PYTHONSTARTUP: ./evil}}",
    ):  # fmt: skip
        sandboxed.command("true", f"    environment: {environment}\n")
        sandboxed.train("evil").wait(check=False)
        assert not mark.exists()
