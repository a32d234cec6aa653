"""A scene where everything can be done, and short ways to read what was recorded."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.audit import Event, Filter
from assethub.domain.names import FolderPath, Kind, Reference, parse_asset_path
from assethub.domain.owners import Caller, Origin
from assethub.services import (
    assets,
    deletions,
    folders,
    history,
    objects,
    sources,
    staging,
)
from assethub.services.work import Hub, Work
from tests.conftest import make_repository
from tests.services.conftest import DATASET, MODEL, Committing, upload

FOLDER = MODEL.parent
ATTIC, CELLAR = FolderPath("ada", Kind.MODEL, "attic"), FolderPath("ada", Kind.MODEL, "cellar")
COPY = parse_asset_path("ada/model/vision/copy")
TASKS = 'tasks: {train: {command: "true"}}\n'
DOCS = Path(__file__).parents[3] / "docs" / "audit.md"
HOME = Origin("the key laptop", "203.0.113.7")


def events(hub: Hub, after: int = 0, wanted: Filter = Filter()) -> list[Event]:  # noqa: B008
    with hub.work(None, reading=True) as work:
        return work.audit.following(wanted, after=after, limit=1000)


def last(hub: Hub) -> int:
    with hub.work(None, reading=True) as work:
        return work.audit.last()


class TakenBackError(Exception):
    """Ends a transaction after an act."""


def act_and_fail(work: Work, act: Callable[[Work], object], error: Exception) -> None:
    act(work)
    raise error


IN_FOLDERS = ("asset", "branch", "tag", "commit", "stage", "evaluation", "import", "folder")


@pytest.fixture
def me(ada: Caller) -> Caller:
    return replace(ada, origin=HOME)


@pytest.fixture
def scene(hub: Hub, me: Caller, eve: Caller, model: Asset, dataset: Asset, commit: Committing, tmp_path: Path) -> Hub:
    """A model with a branch, tags and something staged; a dataset; a source; what was deleted."""
    commit(MODEL, {"a.txt": "one"})
    commit(DATASET, {"d.txt": "data"})
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "more.txt").write_text("more")
    (body,) = upload(hub, me, MODEL, {"s.txt": "staged"})
    with hub.work(me) as work:
        assets.create_branch(work, MODEL, "other")
        assets.create_branch(work, MODEL, "gone")
        assets.create_tag(work, MODEL, "v1")
        deletions.delete_branch(work, MODEL, "gone")
        assets.create_asset(work, FOLDER.asset("lost"), "", (), TrainingSettings())
        deletions.delete_asset(work, FOLDER.asset("lost"))
        folders.create_folder(work, ATTIC)
        folders.create_folder(work, CELLAR)
        deletions.delete_folder(work, CELLAR)
        sources.add_source(work, "shelf", str(shelf))
        staging.stage_file(work, MODEL, "main", "s.txt", objects.locate(work, [body.sha256])[body.sha256])
    commit(MODEL, {"b.txt": "two"}, branch="other", message="On the other branch")
    return hub


def staged(work: Work, file: str) -> object:
    sha256 = hashlib.sha256(b"staged").hexdigest()
    return staging.stage_file(work, MODEL, "main", file, objects.locate(work, [sha256])[sha256])


def head(work: Work, branch: str) -> str:
    return history.log_commits(work, Reference(MODEL, branch), limit=1)[0].id


@pytest.fixture
def running(scene: Hub, me: Caller, tmp_path: Path) -> Hub:
    make_repository(tmp_path / "code", {"assethub.yaml": TASKS})
    return replace(scene, git_roots=(tmp_path,))
