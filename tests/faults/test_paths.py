"""Lists of paths as nobody would write them, through the doors that take them."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from assethub.client.assets import Dataset
from assethub.client.connection import asset_url, connect
from assethub.domain.assets import Asset
from assethub.domain.errors import Invalid
from assethub.domain.names import Reference
from assethub.domain.owners import Caller
from assethub.protocol.history import NewCommit, NewEntry
from assethub.services import history, objects
from assethub.services.work import Hub
from tests.conftest import Live
from tests.faults.sparse import send_holes
from tests.services.conftest import MODEL, model, upload

__all__ = ["model"]  # a fixture
MANY = 100_000


@pytest.fixture
def dataset(live: Live) -> Iterator[Dataset]:
    with connect(live.url, live.api_key) as hub:
        hub.create("dataset/d/x")
        yield hub.dataset("dataset/d/x")


def commit(dataset: Dataset, paths: list[str], body: bytes = b"one content") -> None:
    """By REST, where nothing is sorted or checked before it is sent; all paths get the same content."""
    digest = hashlib.sha256(body).hexdigest()
    connection = dataset.connection
    connection.request("PUT", f"{asset_url(dataset.where)}/objects/{digest}", content=body)
    new = NewCommit(message="Odd", add=[NewEntry(path=path, sha256=digest, size=len(body)) for path in paths])
    connection.request("POST", f"{asset_url(dataset.where)}/commits", json=new.model_dump(mode="json"))


def test_odd_lists_of_paths_are_kept_or_refused_with_the_path(dataset: Dataset, tmp_path: Path) -> None:
    longest = "/".join(["n" * 200] * 5) + "/" + "é" * 9 + "n"
    assert len(longest.encode()) == 1024
    pairs = ["a", "a/b", "A", "a.b", "a/B", "ﬁ", "fi", " leading", longest, *(f"empty/{number}" for number in range(5))]
    with pytest.raises(Invalid, match="'twice' is given twice in one commit"):
        commit(dataset, ["twice", "once", "twice"])
    for wrong, sentence in (
        (longest + "n", "must have 1 to 1024 bytes, not 1025"), ("a//b", "empty, '.' or '..' segment"),
        ("../up", "empty, '.' or '..' segment"), ("line\nbreak", "control character"), ("", "1 to 1024 bytes"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=sentence):
            commit(dataset, ["fine", wrong])
    assert dataset.list_object() == []
    commit(dataset, pairs, b"")
    assert [one.path.encode() for one in dataset.list_object()] == sorted(path.encode() for path in pairs)
    assert dataset.main.read(longest) == b""
    with pytest.raises(Invalid, match="'a' is a file, and 'a/b' lies below it"):
        dataset.download(["a", "a/b"], to=tmp_path / "down")
    (down,) = dataset.download(["empty/3"], to=tmp_path / "down")
    assert down.read_bytes() == b""
    for name in ("first", "second"):
        (tmp_path / name).touch()
    with pytest.raises(Invalid, match="would both become 'same'"):
        dataset.commit("Twice", [{str(tmp_path / name): "same"} for name in ("first", "second")])


def test_a_large_file_of_holes(dataset: Dataset, tmp_path: Path) -> None:
    send_holes(dataset, tmp_path, 64 << 20)


def test_a_hundred_thousand_files_in_one_folder(hub: Hub, ada: Caller, model: Asset) -> None:
    (one,) = upload(hub, ada, MODEL, {"one": "content"})
    with hub.work(ada) as work:
        new = [history.NewFile(f"flat/{number:06}", one.sha256, one.size) for number in range(MANY)]
        made = history.commit_changes(work, MODEL, "main", "Many", add=new)
    assert made is not None
    assert made.files == MANY
    with hub.work(ada) as work:
        _, page, more = objects.list_objects(work, Reference(MODEL), prefix="flat/", after="flat/099997", limit=10)
        assert [listed.path for listed in page] == ["flat/099998", "flat/099999"]
        assert more is None
        assert objects.stat_object(work, Reference(MODEL), "flat/050000")[2].size == one.size
        _, page, _ = objects.list_objects(work, Reference(MODEL), delimiter="/")
        assert [listed.path for listed in page] == ["flat/"]
        again = history.commit_changes(work, MODEL, "main", "One less", delete=["flat/050000"])
    assert again is not None
    assert (again.files, again.removed) == (MANY - 1, 1)
