"""A queue of runs that is worked off while the hub is killed, and what must hold of every run in the end."""

import random
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx2

from assethub.client.connection import connect
from assethub.client.hub import Hub
from assethub.client.runs import Run
from tests.conftest import make_repository
from tests.faults.server import Server

NET, DIGITS = "model/vision/net", "dataset/images/digits"
TASK = "tasks: {train: {command: 'echo once; echo weights > {output}/weights', resources: {cpus: 0.1}}}\n"


@dataclass
class Figures:
    runs: int = 0
    kills: int = 0
    seconds: float = 0.0


def prepare(server: Server, folder: Path, task: str = TASK) -> str:
    """A hub with a model and a dataset; answers an administrator's key. The server is running then."""
    code = folder / "code"
    make_repository(code, {"assethub.yaml": task})
    server.environment |= {"ASSETHUB_GIT_ROOTS": str(folder), "ASSETHUB_CPUS": "2", "ASSETHUB_GPUS": "none"}
    server.start()
    key = server.create_key()
    with connect(server.url, key) as hub:
        hub.create(DIGITS)
        hub.create(NET, git=str(code), datasets=[DIGITS])
    return key


def work_off(server: Server, folder: Path, count: int, kills: int, seed: int) -> Figures:
    """Queue so many runs on two slots, and kill the hub so many times while they are worked off."""
    began = time.monotonic()
    dice = random.Random(seed)
    key = prepare(server, folder)
    with connect(server.url, key) as hub:
        hub.pause_queue("Until all of them wait.")
        model = hub.model(NET)
        for number in range(count):
            model.train(f"b{number}")
        hub.resume_queue()
        figures = Figures(runs=count)
        for number in range(kills):
            while len(ended(hub, count)) < count * (number + 1) // (kills + 1):
                time.sleep(0.1)
            time.sleep(dice.uniform(0, 0.5))
            server.kill()
            server.start()
            figures.kills += 1
        while len(ended(hub, count)) < count:
            time.sleep(0.1)
        for run in ended(hub, count):
            check(run)
        while hub.queue().placed or left(server):
            time.sleep(0.1)
    assert "Traceback" not in server.log(), server.log()
    figures.seconds = time.monotonic() - began
    return figures


def ended(hub: Hub, count: int) -> list[Run]:
    return [run for run in hub.runs(limit=min(count + 1, 1000)) if run.ended]


def left(server: Server) -> list[str]:
    """What the engine still holds."""
    return [folder.name for folder in (server.data / "runs").glob("hub-*")]


def check(run: Run) -> None:
    """It ran once, succeeded, and its result was committed once."""
    assert run.state == "succeeded", (run.number, run.state, run.info.reason)
    assert run.info.attempt == 1, run.number
    out = [line.text for line in run.logs() if line.stream == "out"]
    assert out == ["once"], (run.number, out)
    assert run.branch.read("weights") == b"weights\n", run.number
    assert [commit.message.split()[0] for commit in run.branch.list_commit()].count("Train") == 1, run.number


class Asking:
    """Asks a hub that may die at any moment, and does not wait for it to come back."""

    def __init__(self, server: Server, key: str) -> None:
        self.server = server
        self.http = httpx2.Client(
            trust_env=False, timeout=60, base_url=server.url, headers={"Authorization": f"Bearer {key}"}
        )

    def answers(self) -> bool:
        with suppress(httpx2.TransportError):
            return self.http.get("/healthz").status_code == 200
        return False

    def ask_for_run(self, branch: str) -> None:
        """Whether it was heard shows later."""
        new = {"type": "train", "model": f"ada/{NET}", "branch": branch}
        with suppress(httpx2.TransportError):
            assert self.http.post("/api/v1/runs", json=new).status_code == 201

    def all_is_over(self) -> bool:
        """Whether every run has ended and nothing of it is left."""
        with suppress(httpx2.TransportError):
            found = self.http.get("/api/v1/queue").json()
            return not (found["placed"] or found["waiting"] or left(self.server))
        return False
