"""A forge with a public and a private repository, and hubs that may reach it."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest

from assethub.client.connection import connect
from assethub.client.hub import Hub as Client
from assethub.domain.assets import TrainingSettings
from assethub.domain.credentials import Credential
from assethub.domain.names import AssetPath, FolderPath, Kind
from assethub.domain.outbound import Policy
from assethub.domain.owners import Caller, Scope
from assethub.domain.runs import Run, RunType
from assethub.server.running import RunningServer
from assethub.server.settings import Settings
from assethub.services import accounts, assets, credentials, keys, run_code, runs
from assethub.services.outbound import Outbound, Resolver, resolve
from assethub.services.runs import RunRequest
from assethub.services.work import Hub
from tests.conftest import PASSWORD, make_repository
from tests.git.servers import HttpsGit, https_git, make_certificates

TASKS = "tasks:\n  train:\n    command: cat code.txt {dataset}/data.txt > {output}/weights.txt\n"
TOKEN = "tok-CANARY-3f9c27d1e8b64a05"
TEAM = FolderPath("ada", Kind.MODEL, "team")
MODEL = TEAM.asset("reader")
DATASET = AssetPath("ada", Kind.DATASET, "texts", "words")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def trusting(certificates: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSL_CAINFO", str(certificates[0]))
    for variable in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(variable, raising=False)


@pytest.fixture
def served(tmp_path: Path) -> Path:
    folder = tmp_path / "served"
    for name in ("public/project", "private/project"):
        make_repository(folder / name, {"assethub.yaml": TASKS, "code.txt": f"{name}\n"})
    return folder


@pytest.fixture
def forge(served: Path, certificates: tuple[Path, Path], trusting: None) -> Iterator[HttpsGit]:
    with https_git(served, certificates[1]) as git:
        git.users["git"] = TOKEN
        yield git


@dataclass
class Desk:
    """Somebody at a hub without a server, who starts runs whose result goes to one model."""

    hub: Hub
    me: Caller
    numbers: Iterator[int]

    def reaching(self, *rules: str, resolver: Resolver = resolve) -> "Desk":
        """The same with another policy, and other names in the world."""
        return replace(self, hub=replace(self.hub, outbound=Outbound(Policy.parse(rules), resolver)))

    def as_(self, caller: Caller) -> "Desk":
        return replace(self, me=caller)

    def start(self, url: str, revision: str | None = None) -> Run:
        request = RunRequest(RunType.TRAIN, MODEL, branch=f"b{next(self.numbers)}", git=url, revision=revision)
        return runs.start_run(self.hub, self.me, request)

    def code(self, run: Run) -> bytes:
        """What the run's runner is given."""
        caller = keys.run_caller(self.hub, keys.run_token(self.hub, run.id, run.attempt))
        return b"".join(run_code.open_code(self.hub, caller, run.id))

    def keep(
        self, url: str, secret: str = TOKEN, folder: FolderPath | None = None, name: str | None = None
    ) -> Credential:
        with self.hub.work(self.me) as work:
            return credentials.create_credential(work, url, secret, folder=folder, name=name)

    def kept(self, folder: FolderPath | None = None) -> list[Credential]:
        with self.hub.work(self.me, reading=True) as work:
            return credentials.list_credentials(work, folder)


@pytest.fixture
def desk(hub: Hub, ada: Caller) -> Desk:
    """Of an administrator, at a hub that may reach loopback."""
    with hub.work(ada) as work:
        assets.create_asset(work, DATASET, "", (), TrainingSettings())
        assets.create_asset(work, MODEL, "", (), TrainingSettings(datasets=(str(DATASET),)))
    return Desk(hub, ada, count()).reaching("127.0.0.1")


def person(hub: Hub, name: str) -> Caller:
    with hub.work(None) as work:
        return Caller(accounts.add_user(work, name, PASSWORD), Scope.WRITE)


@dataclass
class Running:
    """A hub that listens, may reach loopback, and runs what is asked of it."""

    server: RunningServer
    client: Client
    data: Path
    environment: dict[str, str]


@pytest.fixture
def running(tmp_path: Path, database: str | None, store: str | None, forge: HttpsGit) -> Iterator[Running]:
    data = tmp_path / "data"
    settings = Settings(
        data=data, port=0, database=database or "", store=store or "", admin_user="ada", admin_password=PASSWORD,
        outbound=("127.0.0.1",),
    )  # fmt: skip
    (tmp_path / "data.txt").write_text("one two\n")
    with RunningServer(settings) as server:
        key = server.create_key("ada", "tests", Scope.ADMIN)
        with connect(server.local_url, key) as client:
            client.create(str(DATASET))
            client.dataset(str(DATASET)).commit("Add words", [str(tmp_path / "data.txt")])
            client.create(str(MODEL), datasets=[str(DATASET)])
            environment = {"ASSETHUB_ENDPOINT": server.local_url, "ASSETHUB_API_KEY": key}
            yield Running(server, client, data, environment)
