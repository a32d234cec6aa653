"""Runs: how soon a command starts, and what long logs and curves cost to look at.

python -m bench runs [--lines N] [--points N]: a log of 1,000,000 lines and 10 curves of as many points unless said
otherwise. Beside each budget stands a limit: what the same machine needs for the part that cannot be spared.
"""

import argparse
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import httpx2

from assethub.client.connection import connect
from assethub.domain.owners import Scope
from assethub.domain.runs import MetricPoint, RunState, moment_of
from assethub.server.running import RunningServer
from assethub.server.settings import Settings
from assethub.services import accounts, keys, run_reports, sessions
from assethub.services.work import Hub

ROUNDS = 5
CURVES = 10
BATCH = 5000
TASKS = """\
tasks:
  train:
    command: "date +%s.%N > {output}/started; sleep {seconds}"
    params: {seconds: 0}
"""


def main(arguments: Iterable[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench runs")
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--points", type=int, default=1_000_000)
    options = parser.parse_args(list(arguments))
    with tempfile.TemporaryDirectory() as scratch:
        code = Path(scratch, "code")
        settings = Settings(data=Path(scratch, "data"), port=0, admin_user="ada", git_roots=(code,), slots=1)
        with RunningServer(settings) as server:
            Bench(server, code).run(options.lines, options.points)


def commit(folder: Path, tasks: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "assethub.yaml").write_text(tasks)
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    for arguments in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Tasks"]):
        subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True)


class Bench:
    def __init__(self, server: RunningServer, code: Path) -> None:
        self.hub: Hub = server.hub
        commit(code, TASKS)
        key = server.create_key("ada", "bench", Scope.ADMIN)
        with self.hub.work(None) as work:
            user = accounts.get_user(work, "ada")
        self.client = connect(server.local_url, key)
        cookies = {"ah_session": sessions.open_session(self.hub, user)}
        self.browser = httpx2.Client(base_url=server.local_url, cookies=cookies, trust_env=False, timeout=60)
        self.api = httpx2.Client(
            base_url=f"{server.local_url}/api/v1", headers={"Authorization": f"Bearer {key}"}, trust_env=False,
            timeout=60,
        )  # fmt: skip
        self.client.create("dataset/bench/data")
        self.client.create("model/bench/net", git=str(code), datasets=["dataset/bench/data"])
        self.model = self.client.model("model/bench/net")
        print(f"{'':46}{'median':>11}{'slowest':>11}   budget      limit")

    def run(self, lines: int, points: int) -> None:
        self.overhead()
        number = self.fill(lines, points)
        self.look(number, lines)

    def overhead(self) -> None:
        """From the request until the command says the time; the limit is a shell that does."""
        times = []
        for at in range(ROUNDS + 1):
            began = time.time()
            run = self.model.train(f"b{at}").wait()
            times.append(float(run.branch.read("started")) - began)
        plain = [timed(partial(subprocess.run, ["bash", "-c", "date > /dev/null"], check=True)) for _ in range(ROUNDS)]
        show("run: from the request to its command's start", times[1:], 1.0, statistics.median(plain))

    def fill(self, lines: int, points: int) -> int:
        """A run that has said this much, behind one that holds the only place; answers its number."""
        blocking = self.model.train("blocking", params={"seconds": 1000})
        while blocking.refresh().state != "running":
            time.sleep(0.05)
        number = self.model.train("long").number
        with self.hub.work(None, reading=True) as work:
            run = work.runs.find(number=number)
        assert run is not None
        token, _ = run_reports.claim_run(self.hub, run.id, keys.claim_secret(self.hub, run.id, 1), "n" * 8)
        caller = keys.run_caller(self.hub, token)
        start = time.perf_counter()
        for batch, at in enumerate(range(0, lines, BATCH), 1):
            said = [(time.time(), "out", f"epoch {at // 1000} step {at + i} loss {i / 7:.6f}") for i in range(BATCH)]
            run_reports.report_log(self.hub, caller, run.id, batch, said)
        print(f"{lines / (time.perf_counter() - start):,.0f} lines a second arrive in the hub")
        dice, start = random.Random(7), time.perf_counter()
        for batch, at in enumerate(range(0, points, BATCH), 1):
            measured = [MetricPoint(float(i), moment_of(1e9 + i), values(dice, i)) for i in range(at, at + BATCH)]
            run_reports.report_metrics(self.hub, caller, run.id, batch, measured)
        print(f"{points / (time.perf_counter() - start):,.0f} points of {CURVES} curves a second arrive in the hub")
        ended = run_reports.RunResult(RunState.CANCELLED, None, 0, (), None, (), {})
        run_reports.finish_run(self.hub, run.id, token, ended)
        blocking.cancel().wait(check=False)
        return number

    def look(self, number: int, lines: int) -> None:
        """The limit is a request for the run itself, which reads nothing of what it said."""
        run = f"/runs/{number}"
        limit = statistics.median(timed(partial(self.api.get, run)) for _ in range(ROUNDS))
        asked = [
            ("console: page of the run with log and curves", partial(self.browser.get, run)),
            ("console: a page in the middle of the log", partial(self.browser.get, f"{run}/log?after={lines // 2}")),
            ("log: 1,000 lines from the middle", partial(self.api.get, f"{run}/log?after={lines // 2}")),
            ("log: a search in the next 32 MiB", partial(self.api.get, f"{run}/log?search=no+such+text")),
            ("curves: all of them from afar", partial(self.api.get, f"{run}/curves")),
            ("curves: 1,000 points of one from near",
             partial(self.api.get, f"{run}/curves?name=m0&start=500000&end=501000&buckets=1000")),
            ("metrics: 1,000 points from the middle", partial(self.api.get, f"{run}/metrics?after=500000&limit=1000")),
        ]  # fmt: skip
        for what, ask in asked:
            answer = ask().raise_for_status()
            show(what, [timed(ask) for _ in range(ROUNDS)], 0.5, limit, f"{len(answer.content) >> 10} KiB")


def values(dice: random.Random, at: int) -> dict[str, float]:
    return {f"m{number}": dice.random() + at / 1e6 for number in range(CURVES)}


def show(what: str, times: list[float], budget: float, limit: float, more: str = "") -> None:
    print(f"{what:46}{statistics.median(times) * 1000:8.0f} ms{max(times) * 1000:8.0f} ms   <= {budget:.1f} s   "
          f"{limit * 1000:6.1f} ms   {more}", flush=True)  # fmt: skip


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
