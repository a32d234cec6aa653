"""Overlay: what it costs to lay the curves of many runs over one another, and to compare the runs.

python -m bench overlay [--runs N] [--points N]: 200 runs of 10,000 points of 4 curves unless said otherwise. The limit
is a request for one of the runs, which reads nothing of what it measured.
"""

import argparse
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import httpx2

from assethub.client.connection import connect
from assethub.domain.names import parse_asset_path
from assethub.domain.owners import Caller, Scope
from assethub.domain.runs import MetricPoint, RunState, RunType, moment_of
from assethub.server.running import RunningServer
from assethub.server.settings import Settings
from assethub.services import accounts, keys, run_reports, runs, sessions
from assethub.services.runs import RunRequest
from bench.runs import ROUNDS, show, timed

CURVES = ("loss", "accuracy", "validation/loss", "rate")
BATCH = 5000
TASKS = "tasks: {train: {command: 'true > {output}/x', params: {rate: 0.5, seed: 1, layers: 4}}}\n"


def main(arguments: Iterable[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench overlay")
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--points", type=int, default=10_000)
    options = parser.parse_args(list(arguments))
    with tempfile.TemporaryDirectory() as scratch:
        code = Path(scratch, "code")
        code.mkdir()
        (code / "assethub.yaml").write_text(TASKS)
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
        for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Tasks"]):
            subprocess.run(["git", "-C", str(code), *identity, *arguments], check=True)
        settings = Settings(data=Path(scratch, "data"), port=0, admin_user="ada", git_roots=(code,), slots=0)
        with RunningServer(settings) as server:
            look(server, fill(server, code, options.runs, options.points))


def fill(server: RunningServer, code: Path, count: int, points: int) -> list[int]:
    """So many runs that have measured so much and ended, without any process; answers their numbers."""
    key = server.create_key("ada", "bench", Scope.ADMIN)
    with server.hub.work(None, reading=True) as work:
        ada = Caller(accounts.get_user(work, "ada"), Scope.ADMIN)
    with connect(server.local_url, key) as client:
        client.create("dataset/bench/data")
        client.create("model/bench/net", git=str(code), datasets=["dataset/bench/data"])
    dice, numbers = random.Random(7), []
    for at in range(count):
        asked = RunRequest(
            RunType.TRAIN, parse_asset_path("ada/model/bench/net"), branch=f"b{at}",
            params={"seed": at, "rate": 1 / (at + 1)},
        )  # fmt: skip
        run = runs.start_run(server.hub, ada, asked)
        numbers.append(run.number)
        token, _ = run_reports.claim_run(server.hub, run.id, keys.claim_secret(server.hub, run.id, 1), "n" * 8)
        caller = keys.run_caller(server.hub, token)
        for batch, first in enumerate(range(0, points, BATCH), 1):
            told = [
                MetricPoint(float(i), moment_of(1.7e9 + i), {name: dice.random() + at for name in CURVES})
                for i in range(first, min(points, first + BATCH))
            ]
            run_reports.report_metrics(server.hub, caller, run.id, batch, told)
        ended = run_reports.RunResult(RunState.CANCELLED, None, 0, (), None, (), {})
        run_reports.finish_run(server.hub, run.id, token, ended)
    return numbers


def look(server: RunningServer, numbers: list[int]) -> None:
    with server.hub.work(None) as work:
        user = accounts.get_user(work, "ada")
    cookies = {"ah_session": sessions.open_session(server.hub, user)}
    with httpx2.Client(base_url=server.local_url, cookies=cookies, trust_env=False, timeout=60) as browser:
        limit = statistics.median(timed(partial(browser.get, f"/runs/{numbers[0]}/curves.json")) for _ in range(ROUNDS))
        print(f"{'':46}{'median':>11}{'slowest':>11}   budget      limit")
        for what, address in (
            ("console: one curve of all", "/runs/overlay.json?name=loss&"),
            ("console: two curves of all", "/runs/overlay.json?name=loss&name=accuracy&"),
            ("console: the page that compares them", "/runs/compare?"),
        ):
            ask = partial(browser.get, address + "&".join(f"run={number}" for number in numbers))
            began = time.perf_counter()
            answer = ask().raise_for_status()
            first = time.perf_counter() - began
            times = [first, *(timed(ask) for _ in range(ROUNDS))]
            show(what, times, 0.5, limit, f"{len(answer.content) >> 10} KiB")
