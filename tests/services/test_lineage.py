"""What made a version, and what was made from it, as far as the caller may see."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import event, select

from assethub.database import lineage_tables, migrations
from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import NotFound
from assethub.domain.folders import Role
from assethub.domain.history import Commit
from assethub.domain.lineage import Graph
from assethub.domain.names import AssetPath, Reference, parse_asset_path
from assethub.domain.owners import Caller
from assethub.services import assets, evaluations, lineage, merging, sharing
from assethub.services.work import Hub
from tests.services.conftest import DATASET, MODEL, Committing
from tests.services.test_deletions import run_of

SECRET = parse_asset_path("ada/model/secret/net")


@dataclass
class Scene:
    hub: Hub
    ada: Caller
    commit: Committing
    made: dict[str, Commit] = field(default_factory=dict)
    assets: dict[AssetPath, Asset] = field(default_factory=dict)

    def train(self, path: AssetPath, branch: str, *inputs: tuple[AssetPath, str]) -> int:
        """A run that made a commit on a new branch from versions that were made before."""
        with self.hub.work(self.ada) as work:
            if branch != "main":
                assets.create_branch(work, path, branch, empty=True)
        made = self.commit(path, {"w": f"{path} {branch}"}, branch=branch)
        assert made is not None
        self.made[branch] = made
        with self.hub.work(self.ada) as work:
            used = tuple((self.assets[one], self.made[name].id) for one, name in inputs)
            return run_of(work, self.assets[path], used, commit=made.id, branch=branch).number


@pytest.fixture
def scene(hub: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing) -> Scene:
    """digits → run → first → run → second (published), and secret is made from second."""
    made = Scene(hub, ada, commit)
    data = commit(DATASET, {"a": "1"})
    assert data is not None
    made.made["digits"] = data
    with hub.work(ada) as work:
        secret = assets.create_asset(work, SECRET, "", (), TrainingSettings())
    made.assets = {MODEL: model, DATASET: dataset, SECRET: secret}
    made.train(MODEL, "first", (DATASET, "digits"))
    made.train(MODEL, "second", (DATASET, "digits"), (MODEL, "first"))
    with hub.work(ada) as work:
        merging.merge_branch(work, MODEL, "second")
        assets.create_tag(work, MODEL, "v1")
        evaluations.create_evaluation(work, Reference(MODEL, "v1"), Reference(DATASET), {"accuracy": 0.9})
    made.train(SECRET, "third", (MODEL, "second"))
    return made


def lineage_of(scene: Scene, path: AssetPath, ref: str, caller: Caller | None = None, levels: int = 3) -> Graph:
    with scene.hub.work(caller or scene.ada, reading=True) as work:
        return lineage.version_lineage(work, Reference(path, ref), levels=levels)


def told(graph: Graph) -> list[tuple[int, str, str]]:
    return [(one.depth, one.kind.value, one.path.split("/", 2)[2] + (f" {one.number}" if one.number else ""))
            for one in graph.nodes]  # fmt: skip


def test_a_published_version_shows_what_made_it_and_what_came_of_it(scene: Scene) -> None:
    graph = lineage_of(scene, MODEL, "v1")
    assert told(graph) == [
        (-3, "run", "vision/net 1"),
        (-2, "version", "images/digits"),
        (-2, "version", "vision/net"),
        (-1, "run", "vision/net 2"),
        (0, "version", "vision/net"),
        (1, "run", "secret/net 3"),
        (1, "evaluation", "vision/net"),
        (2, "version", "secret/net"),
    ]
    focus = next(one for one in graph.nodes if one.id == graph.focus)
    assert set(focus.refs) == {"main", "second", "v1"}
    names = {one.id: (one.kind.value, one.path.split("/")[2], one.number) for one in graph.nodes}
    assert (("version", "images", None), ("run", "vision", 2)) in [(names[a], names[b]) for a, b in graph.edges]
    assert len(graph.edges) == 8
    assert (graph.hidden_before, graph.hidden_after, graph.cut) == (0, 0, False)


def test_a_dataset_shows_everything_that_was_made_from_it(scene: Scene) -> None:
    graph = lineage_of(scene, DATASET, "main")
    assert [one for one in told(graph) if one[1] == "run"] == [
        (1, "run", "vision/net 1"), (1, "run", "vision/net 2"), (3, "run", "secret/net 3"),
    ]  # fmt: skip
    near = lineage_of(scene, DATASET, "main", levels=1)
    assert near.cut
    assert not lineage_of(scene, SECRET, "third").cut


def test_who_may_not_see_something_learns_how_many_there_are(scene: Scene, eve: Caller) -> None:
    with scene.hub.work(scene.ada) as work:
        sharing.grant_role(work, MODEL.parent, "eve", Role.VIEWER)
    graph = lineage_of(scene, MODEL, "v1", eve)
    assert {one.path for one in graph.nodes} == {str(MODEL)}
    assert (graph.hidden_before, graph.hidden_after) == (1, 1)
    assert [one.dataset for one in graph.nodes if one.kind == "evaluation"] == [None]
    with pytest.raises(NotFound):
        lineage_of(scene, SECRET, "third", eve)


def test_an_evaluation_shows_what_it_is_of_and_on(scene: Scene) -> None:
    with scene.hub.work(scene.ada, reading=True) as work:
        ((one, _),) = evaluations.list_evaluations(work, MODEL)
        graph = lineage.evaluation_lineage(work, one.id)
    assert graph.focus == f"evaluation:{one.id}"
    assert [entry for entry in told(graph) if entry[0] >= -1] == [
        (-1, "version", "images/digits"), (-1, "version", "vision/net"), (0, "evaluation", "vision/net"),
    ]  # fmt: skip
    assert {entry[2] for entry in told(graph) if entry[1] == "run"} == {"vision/net 1", "vision/net 2"}


def test_the_number_of_queries_does_not_grow(scene: Scene) -> None:
    with counted(scene.hub) as few:
        lineage_of(scene, DATASET, "main")
    for number in range(5):
        scene.train(MODEL, f"more-{number}", (DATASET, "digits"))
        scene.train(MODEL, f"then-{number}", (MODEL, f"more-{number}"), (DATASET, "digits"))
    with counted(scene.hub) as many:
        assert len(lineage_of(scene, DATASET, "main").nodes) > 20
    assert len(many) == len(few)


def test_the_migration_finds_what_earlier_runs_used(scene: Scene) -> None:
    tables = [lineage_tables.gates, lineage_tables.run_inputs, lineage_tables.reproductions]
    (migration,) = (Path(migrations.__file__).parent / "versions").glob("*_lineage.py")
    spec = spec_from_file_location("migration", migration)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    used = select(lineage_tables.run_inputs).order_by(*lineage_tables.run_inputs.c)
    with scene.hub.work(scene.ada) as work:
        before = work.connection.execute(used).all()
        lineage_tables.gates.metadata.drop_all(work.connection, tables=tables)
        with Operations.context(MigrationContext.configure(work.connection)):
            module.upgrade()
        assert work.connection.execute(used).all() == before
    assert len(before) == 4


@contextmanager
def counted(hub: Hub) -> Iterator[list[str]]:
    found: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    event.listen(hub.engine, "before_cursor_execute", note)
    yield found
    event.remove(hub.engine, "before_cursor_execute", note)
