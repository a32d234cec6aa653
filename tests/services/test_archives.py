"""Histories as files: out of one hub and into another, and what is refused of them."""

import hashlib
import io
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from assethub.domain.assets import TrainingSettings
from assethub.domain.errors import Conflict, Forbidden, HubError, Invalid, NotFound, SignInNeeded, Unavailable
from assethub.domain.history import Commit, RefKind
from assethub.domain.names import AssetPath, Reference, parse_asset_path
from assethub.domain.owners import Caller, RunCaller, Scope, Visitor
from assethub.protocol.archives import Reader
from assethub.services import (
    accounts,
    archive_import,
    archives,
    assets,
    history,
    merging,
    receiving,
    verification,
)
from assethub.services.archive_import import Imported
from assethub.services.opening import open_hub
from assethub.services.work import Hub
from assethub.storage import nodes
from assethub.storage.nodes import Bounds
from tests.conftest import PASSWORD
from tests.services.conftest import DATASET, MODEL, upload

COPY = parse_asset_path("ada/model/copies/net")
TRAINING = TrainingSettings("https://example.org/code", datasets=(str(DATASET),), params={"lr": 0.1})


@pytest.fixture(autouse=True)
def small_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes of a few entries, so that small trees are deep."""
    monkeypatch.setattr(nodes, "LEAVES", Bounds(2, 4, 8))
    monkeypatch.setattr(nodes, "INNERS", Bounds(2, 3, 5))


@pytest.fixture
def source(tmp_path: Path) -> Iterator[Hub]:
    """The hub that histories come from: SQLite and the local disk."""
    opened = open_hub(tmp_path / "source")
    with opened.hub.work(None) as work:
        accounts.add_user(work, "ada", PASSWORD, admin=True)
    yield opened.hub
    opened.close()


def ada_of(hub: Hub) -> Caller:
    with hub.work(None, reading=True) as work:
        return Caller(accounts.get_user(work, "ada"), Scope.ADMIN)


def put(hub: Hub, path: AssetPath, files: Mapping[str, str], branch: str = "main", **options: Any) -> Commit:
    ada = ada_of(hub)
    new = upload(hub, ada, path, files)
    with hub.work(ada) as work:
        made = history.commit_changes(work, path, branch, "Change", add=new, **options)
    assert made is not None
    return made


@pytest.fixture
def model(source: Hub) -> AssetPath:
    """A model with a published branch, a tag, an unpublished branch, a large file, and one tree of several levels."""
    ada = ada_of(source)
    with source.work(ada) as work:
        assets.create_asset(work, DATASET, "", (), TrainingSettings())
        assets.create_asset(work, MODEL, "A net", ("demo",), TRAINING)
        assets.create_branch(work, MODEL, "v1")
        assets.create_branch(work, MODEL, "v2")
    put(source, MODEL, {f"layers/{number:03}": str(number % 50) for number in range(200)}, "v1")
    large = receiving.Upload.begin(source, ada, MODEL)
    large.write(b"large " * 200_000)
    body = large.finish()
    with source.work(ada) as work:
        new = [history.NewFile("weights ü.bin", body.sha256, body.size)]
        history.commit_changes(work, MODEL, "v1", "Add weights\n\nLarge ones.", add=new, delete=["layers/007"])
        merging.merge_branch(work, MODEL, "v1")
        assets.create_tag(work, MODEL, "release")
    put(source, MODEL, {"other": "2"}, "v2")
    return MODEL


def exported(hub: Hub, path: AssetPath, ref: str | None = None, *, everything: bool = False) -> bytes:
    export = archives.begin_export(hub, ada_of(hub), Reference(path, ref), everything=everything)
    return b"".join(export.stream())


def bring(hub: Hub, archive: bytes, path: AssetPath = MODEL, *, piece: int = 1000) -> Imported:
    parts = (archive[at : at + piece] for at in range(0, len(archive), piece))
    return archive_import.import_archive(hub, ada_of(hub), path, parts)


def state(hub: Hub, path: AssetPath) -> tuple[dict[str, tuple[str, str]], list[Commit]]:
    """Refs, and commits without the asset's own id."""
    with hub.work(ada_of(hub), reading=True) as work:
        asset = assets.get_asset(work, path)
        refs = {ref.name: (str(ref.kind), ref.commit) for ref in work.refs.of(asset.id)}
        commits = [Commit(**{**vars(one), "asset": MODEL}) for one in work.commits.all(asset.id)]
    return refs, commits


def assert_nothing(hub: Hub) -> None:
    with hub.work(None, reading=True) as work:
        assert work.assets.all() == []
        assert work.folders.listed() == []


def test_everything_of_a_history_comes_over_and_goes_back_byte_for_byte(
    source: Hub, model: AssetPath, hub: Hub
) -> None:
    archive = exported(source, model, everything=True)
    made = bring(hub, archive)
    assert (made.commits, made.objects) == (5, 51)
    assert state(hub, MODEL) == state(source, MODEL)
    assert (made.asset.description, made.asset.labels, made.asset.training) == ("A net", ("demo",), TRAINING)
    assert verification.verify(hub, deep=True).damages == ()
    assert exported(hub, MODEL, everything=True) == archive
    put(hub, MODEL, {"new": "1"})  # what came is held like what was uploaded


def test_a_version_comes_with_its_own_history_and_tags_only(source: Hub, model: AssetPath, hub: Hub) -> None:
    refs, _ = state(source, model)
    bring(hub, exported(source, model), COPY)
    assert state(hub, COPY)[0] == {name: refs[name] for name in ("main", "release")}
    other = AssetPath("ada", MODEL.kind, "copies", "branch")
    bring(hub, exported(source, model, "v2"), other)
    assert state(hub, other)[0] == {"v2": refs["v2"], "main": refs["v2"]}
    tagged = AssetPath("ada", MODEL.kind, "copies", "tag")
    bring(hub, exported(source, model, "tag/release"), tagged)
    assert state(hub, tagged)[0] == {"release": refs["release"], "main": ("branch", refs["release"][1])}


def test_a_later_archive_moves_branches_forward_and_never_elsewhere(source: Hub, model: AssetPath, hub: Hub) -> None:
    first = exported(source, model, everything=True)
    bring(hub, first)
    assert bring(hub, first).refs == []
    put(source, model, {"more": "1"}, "v2")
    with source.work(ada_of(source)) as work:
        assets.create_tag(work, model, "later", "v2")
    moved = bring(hub, exported(source, model, everything=True)).refs
    assert [(ref.kind, ref.name) for ref in moved] == [(RefKind.TAG, "later"), (RefKind.BRANCH, "v2")]
    assert state(hub, MODEL) == state(source, MODEL)

    put(hub, MODEL, {"mine": "1"}, "v2")
    before = state(hub, MODEL)
    put(source, model, {"theirs": "1"}, "v2")
    with pytest.raises(Conflict, match="archive's 'v2' does not continue"):
        bring(hub, exported(source, model, everything=True))
    assert state(hub, MODEL) == before
    with source.work(ada_of(source)) as work:
        work.refs.delete(assets.get_asset(work, model).id, RefKind.TAG, "release", id=work.new_id(), now=work.now())
        assets.create_tag(work, model, "release", "v1")
    with pytest.raises(Conflict, match="tag 'release' already"):
        bring(hub, exported(source, model, "v1"))


def test_a_dataset_is_a_dataset_everywhere(source: Hub, model: AssetPath, hub: Hub) -> None:
    put(source, DATASET, {"a": "1"})
    archive = exported(source, DATASET)
    bring(hub, archive, DATASET)
    assert set(state(hub, DATASET)[0]) == {"main"}
    with pytest.raises(Invalid, match="holds a dataset"):
        bring(hub, archive)
    with pytest.raises(Invalid, match="holds a model"):
        bring(hub, exported(source, model), DATASET)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_may_not_see_or_write_does_not(source: Hub, model: AssetPath, hub: Hub, ada: Caller, eve: Caller) -> None:
    archive = exported(source, model)
    made = bring(hub, archive)
    with pytest.raises(NotFound):
        archives.begin_export(hub, eve, Reference(MODEL))
    run = RunCaller(ada.user, made.asset.id, frozenset({(made.asset.id, made.refs[0].commit)}), None)
    reader = Caller(ada.user, Scope.READ)
    with pytest.raises(Forbidden, match="run's token"):
        archives.begin_export(hub, run, Reference(MODEL))
    for caller, path, refusal in (
        (eve, MODEL, NotFound), (eve, COPY, NotFound), (Visitor(), COPY, SignInNeeded), (run, COPY, Forbidden),
        (reader, MODEL, Forbidden), (reader, COPY, Forbidden),
    ):  # fmt: skip
        with pytest.raises(refusal):
            archive_import.import_archive(hub, caller, path, never())


def never() -> Iterator[bytes]:
    raise AssertionError("nothing is read of what is not allowed")
    yield b""


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_export_of_what_is_lost_names_the_path_or_ends_with_a_sentence(
    source: Hub, model: AssetPath, hub: Hub
) -> None:
    export = archives.begin_export(source, ada_of(source), Reference(model))
    large = next((source.folder / "store" / "objects").rglob("*/*"))
    large.chmod(0o600)
    whole = large.read_bytes()
    large.write_bytes(b"x" + whole[1:])
    archive = b"".join(export.stream())
    with pytest.raises(Invalid, match=r"had to stop: .* is damaged or gone"):
        for _ in Reader([archive]):
            pass
    with pytest.raises(Invalid, match="has the sha256"):
        bring(hub, archive)
    assert_nothing(hub)
    large.write_bytes(whole[:-1])
    with pytest.raises(Unavailable, match=r"does not hold the content of 'weights ü\.bin'"):
        archives.begin_export(source, ada_of(source), Reference(model))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_archive_cut_or_changed_anywhere_is_refused_and_leaves_nothing(source: Hub, hub: Hub) -> None:
    with source.work(ada_of(source)) as work:
        assets.create_asset(work, MODEL, "", (), TrainingSettings())
    put(source, MODEL, {f"{number:02}": str(number) for number in range(12)})
    archive = exported(source, MODEL)
    for at in [*range(0, len(archive), 1009), len(archive) - 1, len(archive) - 1024, len(archive) - 2048]:
        with pytest.raises(Invalid, match="cut off"):
            bring(hub, archive[:at])
    for at in [*range(0, len(archive), 211), len(archive) - 1]:
        with pytest.raises(HubError):
            bring(hub, archive[:at] + bytes([archive[at] ^ 1]) + archive[at + 1 :])
    with pytest.raises(Invalid, match="follows its end"):
        bring(hub, archive + b"\0")
    with pytest.raises(Invalid, match="not an archive"):
        bring(hub, b"PK" + bytes(2000))
    assert_nothing(hub)
    bring(hub, archive, piece=1)


def test_people_can_look_inside_with_tar(source: Hub, model: AssetPath) -> None:
    with tarfile.open(fileobj=io.BytesIO(exported(source, model)), mode="r|") as archive:
        found = [(info.name.split("/")[0], info.mode, info.mtime, info.isreg()) for info in archive]
    order = ["assethub.json", "refs.jsonl", "commits", "nodes", "objects", "end.json"]
    assert list(dict.fromkeys(found)) == [(name, 0o644, 0, True) for name in order]


def test_objects_are_what_their_names_say(source: Hub, model: AssetPath) -> None:
    with tarfile.open(fileobj=io.BytesIO(exported(source, model)), mode="r:") as archive:
        for info in archive:
            if info.name.startswith("objects/"):
                file = archive.extractfile(info)
                assert file is not None
                assert hashlib.sha256(file.read()).hexdigest() == info.name.removeprefix("objects/")
