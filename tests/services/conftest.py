"""Short ways to put files into a hub."""

import hashlib
from collections.abc import Callable, Mapping

import pytest

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.history import MAIN, Commit
from assethub.domain.names import AssetPath, parse_asset_path
from assethub.domain.owners import Caller
from assethub.services import assets, history, objects
from assethub.services.history import NewFile
from assethub.services.work import Hub

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
    objects.receive_small(hub, caller, path, [(digests[name], body) for name, body in bodies.items()])
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
