"""Files both ways through the SDK: in parts, gone on with after any break, verified, and never what they were not."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from assethub.client import committing, ranges, uploading
from assethub.client.assets import Dataset
from assethub.client.connection import connect
from assethub.client.journal import RACY, Journal
from assethub.client.ranges import partial
from assethub.domain import uploads as rules
from assethub.domain.errors import Invalid
from tests.conftest import Live

MIB = 1 << 20


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(rules, "PART", MIB)
    monkeypatch.setattr(uploading, "PARTED", 2 * MIB)
    monkeypatch.setattr(ranges, "RANGE", MIB)
    monkeypatch.setenv("ASSETHUB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def database() -> None:
    """SQLite and the local disk: what differs elsewhere is tests/services' to show."""


@pytest.fixture
def dataset(live: Live) -> Iterator[Dataset]:
    with connect(live.url, live.api_key) as hub:
        hub.create("dataset/images/digits")
        yield hub.dataset("dataset/images/digits")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def make(folder: Path) -> Path:
    sizes = {"large": 5 * MIB + 3, "middle": MIB + 1, "exact": 3 * MIB, "small/a": 10, "small/empty": 0, "é" * 127: 7}
    for name, size in sizes.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(os.urandom(size))
    return folder


def test_what_was_sent_comes_back_and_progress_ends_at_its_size(dataset: Dataset, tmp_path: Path) -> None:
    source = make(tmp_path / "source")
    told: list[tuple[int, int]] = []
    dataset.commit("All", [f"{source}/*"], progress=lambda done, total: told.append((done, total)))
    total = sum(map(len, contents(source).values()))
    assert told[-1] == (total, total)
    assert told == sorted(told)
    told.clear()
    dataset.download(to=tmp_path / "back", progress=lambda done, total: told.append((done, total)))
    assert contents(tmp_path / "back") == contents(source)
    assert told[-1] == (total, total)


def test_an_interrupted_upload_sends_only_what_the_hub_lacks(dataset: Dataset, tmp_path: Path) -> None:
    source = tmp_path / "large"
    source.write_bytes(os.urandom(6 * MIB))

    def interrupt(done: int, total: int) -> None:
        if done >= 2 * MIB:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dataset.commit("Large", [str(source)], progress=interrupt)
    told: list[int] = []
    dataset.commit("Large", [str(source)], progress=lambda done, total: told.append(done))
    assert next(done for done in told if done) >= 2 * MIB
    assert dataset.main.read("large") == source.read_bytes()


def test_an_interrupted_download_fetches_only_what_is_not_there(dataset: Dataset, tmp_path: Path) -> None:
    source = make(tmp_path / "source")
    dataset.commit("All", [f"{source}/*"])

    def interrupt(done: int, total: int) -> None:
        if done >= 2 * MIB:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dataset.download(["large"], tmp_path / "back", progress=interrupt)
    assert not (tmp_path / "back" / "large").exists()
    told: list[int] = []
    dataset.download(["large"], tmp_path / "back", progress=lambda done, total: told.append(done))
    assert next(done for done in told if done) >= 2 * MIB
    assert contents(tmp_path / "back") == {"large": (source / "large").read_bytes()}


def test_what_lies_there_damaged_is_found_and_fetched_anew(dataset: Dataset, tmp_path: Path) -> None:
    source = make(tmp_path / "source")
    dataset.commit("All", [f"{source}/*"])
    back = tmp_path / "back"
    back.mkdir()
    (back / "large").write_bytes(bytes(5 * MIB + 3))
    entry = next(one for one in dataset.list_object() if one.path == "exact")
    part = partial(back / "exact", entry.sha256)
    part.write_bytes(bytes(3 * MIB))  # the journal promises what the disk lost
    part.with_suffix(".ranges").write_bytes(b"%d %d\n0\n1\n2\n" % (3 * MIB, MIB))
    with pytest.raises(Exception, match="arrived damaged"):
        dataset.download(to=back)
    dataset.download(to=back)
    assert contents(back) == contents(source)


def test_a_file_that_changes_while_it_is_sent_is_refused_by_name(dataset: Dataset, tmp_path: Path) -> None:
    for name, size in (("large", 6 * MIB), ("small", 10)):
        source = tmp_path / name
        source.write_bytes(os.urandom(size))

        def write(done: int, total: int, source: Path = source) -> None:
            with source.open("r+b") as file:
                file.write(b"changed")

        with pytest.raises(Invalid, match=f"{name} changed while it was read"):
            dataset.commit("Changing", [str(source)], progress=write)
    assert dataset.list_object() == []


def test_what_is_in_the_way_of_a_download_is_named(dataset: Dataset, tmp_path: Path) -> None:
    source = make(tmp_path / "source")
    dataset.commit("All", [f"{source}/*"])
    (tmp_path / "back" / "large").mkdir(parents=True)
    with pytest.raises(Invalid, match="back/large is in the way"):
        dataset.download(["large"], tmp_path / "back")


def test_what_did_not_change_is_not_read_again(dataset: Dataset, tmp_path: Path) -> None:
    source = make(tmp_path / "source")
    dataset.commit("All", [f"{source}/*"])
    journal = Journal(str(source))
    other = next(one for one in dataset.list_object() if one.path == "exact")
    found = (source / "small" / "a").stat()
    journal.add("small/a", found, other.sha256, found.st_ctime_ns + RACY)
    journal.save()
    with pytest.raises(Invalid, match="'small/a' has 3145728 bytes"):  # the journal's word was taken
        dataset.commit("Again", [f"{source}/*"])
    (source / "small" / "a").write_bytes(b"x")
    assert dataset.commit("Again", [f"{source}/*"]) is not None
    assert dataset.main.read("small/a") == b"x"


def test_only_what_changed_is_told_while_nobody_else_committed(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committing, "MANY", 1)
    source = tmp_path / "source"
    source.mkdir()
    for name in ("a", "b", "c"):
        (source / name).write_text(name)
    first = dataset.commit("All", [f"{source}/*"])
    assert dataset.commit("Nothing", [f"{source}/*"]) is None
    (source / "b").write_text("changed")
    second = dataset.commit("One", [f"{source}/*"])
    assert first is not None
    assert second is not None
    assert (second.parents, second.changed, second.added) == ([first.id], 1, 0)
    (tmp_path / "a").write_text("of another")
    monkeypatch.setenv("ASSETHUB_CACHE", str(tmp_path / "another"))
    dataset.commit("Another", [str(tmp_path / "a")])
    monkeypatch.setenv("ASSETHUB_CACHE", str(tmp_path / "cache"))
    assert dataset.commit("All again", [f"{source}/*"]) is not None
    assert {one.path: dataset.main.read(one.path) for one in dataset.list_object()} == {
        "a": b"a", "b": b"changed", "c": b"c",
    }  # fmt: skip
    dataset.commit("Less", delete=["a"])
    assert dataset.commit("And again", [f"{source}/*"], delete=["b"]) is not None
    assert [one.path for one in dataset.list_object()] == ["a", "b", "c"]
    (next((tmp_path / "cache" / "committed").iterdir())).write_text("damaged")
    assert dataset.commit("Nothing", [f"{source}/*"]) is None
