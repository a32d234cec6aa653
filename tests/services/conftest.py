"""Short ways to put files into a hub, and runs that say what a test wants."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.history import MAIN, Commit
from assethub.domain.names import AssetPath, parse_asset_path
from assethub.domain.owners import Caller, RunCaller
from assethub.domain.runs import MetricPoint, Run, RunState, RunType, Sample
from assethub.services import assets, history, keys, receiving, run_reports, runs
from assethub.services.history import NewFile
from assethub.services.objects import OpenFile
from assethub.services.runs import RunRequest
from assethub.services.work import Hub
from tests.conftest import make_repository
from tests.services.originals import Opening, linked

MODEL = parse_asset_path("ada/model/vision/net")
DATASET = parse_asset_path("ada/dataset/images/digits")

Committing = Callable[..., Commit | None]


@pytest.fixture
def model(hub: Hub, ada: Caller) -> Asset:
    with hub.work(ada) as work:
        return assets.create_asset(work, MODEL, "", (), TrainingSettings())


@pytest.fixture
def dataset(hub: Hub, ada: Caller) -> Asset:
    with hub.work(ada) as work:
        return assets.create_asset(work, DATASET, "", (), TrainingSettings())


def upload(hub: Hub, caller: Caller, path: AssetPath, files: Mapping[str, str]) -> list[NewFile]:
    bodies = {name: content.encode() for name, content in files.items()}
    digests = {name: hashlib.sha256(body).hexdigest() for name, body in bodies.items()}
    receiving.receive_small(hub, caller, path, [(digests[name], body) for name, body in bodies.items()])
    return [NewFile(name, digests[name], len(body)) for name, body in bodies.items()]


@pytest.fixture
def commit(hub: Hub, ada: Caller) -> Committing:
    """commit(path, {file: text}, branch=…, delete=[…]) as ada."""

    def act(
        path: AssetPath, files: Mapping[str, str], *, branch: str = MAIN, delete: tuple[str, ...] = (),
        message: str = "Change",
    ) -> Commit | None:  # fmt: skip
        new = upload(hub, ada, path, files)
        with hub.work(ada) as work:
            return history.commit_changes(work, path, branch, message, add=new, delete=delete)

    return act


@pytest.fixture
def opening(hub: Hub, tmp_path: Path) -> Opening:
    """opening(name, bytes, size): a file of the hub with these first bytes, and zeros up to its size."""

    def act(name: str, head: bytes, size: int | None = None) -> OpenFile:
        (tmp_path / name).write_bytes(head)
        os.truncate(tmp_path / name, size or len(head))
        return linked(hub, tmp_path, name)

    return act


NONE = timedelta(0)


class Runner:
    """Says what a runner says, batch by batch."""

    def __init__(self, hub: Hub, run: Run) -> None:
        self.hub, self.run = hub, run
        token, _ = run_reports.claim_run(hub, run.id, keys.claim_secret(hub, run.id, run.attempt), "n" * 8)
        self.caller: RunCaller = keys.run_caller(hub, token)
        self.log = self.metrics = self.samples = 0

    def say(self, lines: list[Any]) -> None:
        self.log += 1
        run_reports.report_log(self.hub, self.caller, self.run.id, self.log, lines)

    def measure(self, points: list[MetricPoint]) -> None:
        self.metrics += 1
        run_reports.report_metrics(self.hub, self.caller, self.run.id, self.metrics, points)

    def sample(self, *samples: Sample) -> None:
        self.samples += 1
        with self.hub.work(self.caller) as work:
            run_reports.report_system(work, self.run.id, self.samples, list(samples))

    def end(self) -> None:
        token = keys.run_token(self.hub, self.run.id, self.caller.attempt)
        failed = run_reports.RunResult(RunState.FAILED, "x", 1, (), None, (), {})
        run_reports.finish_run(self.hub, self.run.id, token, failed)


@pytest.fixture
def running(hub: Hub, tmp_path: Path) -> Hub:
    make_repository(tmp_path / "code", {"assethub.yaml": "tasks: {train: {command: 'true'}}\n"})
    return replace(hub, git_roots=(tmp_path / "code",), grace=NONE)


@pytest.fixture
def runner(running: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing, tmp_path: Path) -> Runner:
    commit(DATASET, {"a": "1"})
    request = RunRequest(RunType.TRAIN, MODEL, branch="out", datasets=(str(DATASET),), git=str(tmp_path / "code"))
    return Runner(running, runs.start_run(running, ada, request))
