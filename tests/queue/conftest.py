"""A hub with a queue that tests work off by hand: its runners are shell scripts, its rounds are calls."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from assethub.domain.assets import TrainingSettings
from assethub.domain.names import AssetPath, parse_asset_path
from assethub.domain.owners import Caller, Scope
from assethub.domain.queue import ALL_OF_IT, MachineSettings, Waiting
from assethub.domain.runs import Priority, Run, RunType
from assethub.executors.local import LocalExecutor
from assethub.services import accounts, assets, queue, runs
from assethub.services.opening import open_hub
from assethub.services.placement import place_runs
from assethub.services.runs import RunRequest
from assethub.services.work import Hub
from tests.conftest import PASSWORD, make_repository, until

NET, DIGITS = parse_asset_path("ada/model/vision/net"), parse_asset_path("ada/dataset/images/digits")
NOWHERE = "http://127.0.0.1:9"
MACHINE = MachineSettings(4, 8 << 30, ())


@dataclass
class Site:
    hub: Hub
    folder: Path
    ada: Caller

    def tasks(self, resources: str = "{}", more: str = "") -> None:
        text = f"tasks:\n  train:\n    command: 'true'\n    resources: {resources}\n{more}"
        file = self.folder / "code" / "assethub.yaml"
        if not file.exists() or file.read_text() != text:
            make_repository(file.parent, {file.name: text}, message="Change")

    def start(
        self, branch: str, *, caller: Caller | None = None, resources: str | None = None,
        priority: Priority = Priority.NORMAL, model: AssetPath = NET,
    ) -> Run:  # fmt: skip
        if resources is not None:
            self.tasks(resources)
        request = RunRequest(
            RunType.TRAIN, model, branch=branch, datasets=(str(DIGITS),), git=str(self.folder / "code"),
            priority=priority,
        )  # fmt: skip
        return runs.start_run(self.hub, caller or self.ada, request)

    def runner(self, script: str, machine: MachineSettings = MACHINE, *, slots: int = 2) -> None:
        """From now on runners are this script, on such a machine."""
        executor = LocalExecutor(self.folder / "runs", self.folder / "cache", ["bash", "-c", script], machine=machine)
        self.hub = replace(self.hub, executor=executor, slots=slots)

    def round(self, placer: str | None = None) -> None:
        place_runs(self.hub, NOWHERE, placer)

    def run(self, run: Run) -> Run:
        with self.hub.work(None, reading=True) as work:
            found = work.runs.find(run.id)
        assert found is not None
        return found

    def why(self, run: Run) -> Waiting | None:
        with self.hub.work(None, reading=True) as work:
            return queue.explain(work, [self.run(run)]).get(run.id)

    def ended(self, run: Run) -> Run:
        """Rounds until the run has ended and nothing of it is left on the engine."""

        def over() -> bool:
            self.round()
            now = self.run(run)
            return now.state.final and now.handle is None

        until(over)
        return self.run(run)

    def user(self, name: str) -> Caller:
        with self.hub.work(None) as work:
            return Caller(accounts.add_user(work, name, PASSWORD), Scope.ADMIN)


@pytest.fixture
def site(tmp_path: Path, database: str | None) -> Iterator[Site]:
    (tmp_path / "signals").mkdir()
    opened = open_hub(tmp_path / "data", database=database, git_roots=(tmp_path,), machine=ALL_OF_IT, sandbox="off")
    with opened.hub.work(None) as work:
        ada = Caller(accounts.add_user(work, "ada", PASSWORD, admin=True), Scope.ADMIN)
    with opened.hub.work(ada) as work:
        for path in (NET, DIGITS):
            assets.create_asset(work, path, "", (), TrainingSettings())
    site = Site(opened.hub, tmp_path, ada)
    site.tasks()
    site.runner("exit 0")
    yield site
    for key in site.hub.executor.held_keys():
        site.hub.executor.cancel({"key": key}, 0)
    for number in range(1, 9):
        (tmp_path / "signals" / str(number)).touch()
    opened.close()
