"""Versions as a file system, through fsspec itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest

from assethub.client.connection import connect
from assethub.client.hub import Hub
from tests.conftest import Live

ROOT = "ada/model/nlp/bert"


@pytest.fixture
def database() -> None:
    """SQLite and the local disk: what differs elsewhere is tests/services' to show."""


@pytest.fixture
def hub_(live: Live, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A model with files on main, and branches `exp` and `exp/lr/1`... as Git names them: `lr/1` and `lr/10`."""
    monkeypatch.setenv("ASSETHUB_CACHE", str(tmp_path / "cache"))
    with connect(live.url, live.api_key) as hub:
        hub.create("model/nlp/bert")
        model = hub.model("model/nlp/bert")
        for name, text in {"a.txt": "main a", "deep/b.txt": "0123456789", "deep/er/c.bin": "c", "deepest": "d"}.items():
            (tmp_path / "files" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "files" / name).write_text(text)
        model.commit("Begin", [f"{tmp_path}/files/*"])
        for name in ("lr/1", "lr/10"):
            model.create_branch(name)
            (tmp_path / "name").write_text(name)
            model.branch(name).commit("Name", [{str(tmp_path / "name"): "name"}])
        yield hub


@pytest.fixture
def fs(hub_: Hub, live: Live) -> Iterator[Any]:
    made = fsspec.filesystem("ah", endpoint=live.url, api_key=live.api_key)
    yield made
    made.hub.close()
    made.clear_instance_cache()


def test_a_version_is_listed_walked_globbed_and_looked_at(fs: Any) -> None:
    assert fs.ls(ROOT, detail=False) == [f"{ROOT}/deep", f"{ROOT}/a.txt", f"{ROOT}/deepest"]
    assert fs.ls(f"ah://{ROOT}/deep/", detail=False) == [f"{ROOT}/deep/er", f"{ROOT}/deep/b.txt"]
    assert fs.find(ROOT) == [f"{ROOT}/a.txt", f"{ROOT}/deep/b.txt", f"{ROOT}/deep/er/c.bin", f"{ROOT}/deepest"]
    assert fs.glob(f"{ROOT}/**/*.txt") == [f"{ROOT}/a.txt", f"{ROOT}/deep/b.txt"]
    assert [(head, sorted(files)) for head, _, files in fs.walk(f"{ROOT}/deep")] == [
        (f"{ROOT}/deep", ["b.txt"]), (f"{ROOT}/deep/er", ["c.bin"]),
    ]  # fmt: skip
    assert (fs.isdir(f"{ROOT}/deep"), fs.isfile(f"{ROOT}/deep")) == (True, False)
    assert (fs.exists(f"{ROOT}/dee"), fs.exists(f"{ROOT}/deepest"), fs.exists("ada/model/nlp/no/x")) == (
        False, True, False,
    )  # fmt: skip
    assert (fs.size(f"{ROOT}/deep/b.txt"), len(fs.info(f"{ROOT}/deep/b.txt")["sha256"])) == (10, 64)
    assert fs.ls("ada/model/nlp", detail=False) == [ROOT]
    assert fs.ls("", detail=False) == ["ada"]
    with pytest.raises(FileNotFoundError):
        fs.ls(f"{ROOT}/none")


def test_bytes_are_read_whole_by_range_and_by_block(fs: Any, live: Live) -> None:
    path = f"{ROOT}/deep/b.txt"
    assert (fs.cat(path), fs.cat_file(path, 2, 5), fs.cat_file(path, -3), fs.cat_file(path, 0, -8)) == (
        b"0123456789", b"234", b"789", b"01",
    )  # fmt: skip
    assert fs.cat_ranges([path, f"{ROOT}/a.txt"], [1, 0], [3, 4]) == [b"12", b"main"]
    assert isinstance(fs.cat_ranges([f"{ROOT}/no"], [0], [1])[0], FileNotFoundError)
    with fs.open(path, block_size=4) as file:
        file.seek(8)
        assert (file.read(), file.seek(1), file.read(2)) == (b"89", 1, b"12")
    options = {"endpoint": live.url, "api_key": live.api_key}
    with fsspec.open(f"ah://{path}", "rt", **options) as file:
        assert file.read() == "0123456789"
    assert fs.cat("model/nlp/bert/a.txt") == b"main a"


@pytest.mark.parametrize(
    ("ref", "name"),
    [("lr/1", "lr/1"), ("lr/10", "lr/10"), ("branch/lr/10", "lr/10")],
)
def test_the_longest_ref_that_fits_wins(fs: Any, ref: str, name: str) -> None:
    assert fs.cat(f"{ROOT}@{ref}/name") == name.encode()
    assert fs.ls(f"{ROOT}@{ref}", detail=False)[-1] == f"{ROOT}@{ref}/name"


def test_tags_and_commits_are_refs_too_and_others_are_told(fs: Any, hub_: Hub) -> None:
    model = hub_.model("model/nlp/bert")
    model.create_tag("v1")
    head = model.main.head().id
    for ref in ("v1", "tag/v1", head[:8], f"commit/{head}"):
        assert fs.cat(f"{ROOT}@{ref}/a.txt") == b"main a"
    with pytest.raises(FileNotFoundError, match="no branch, tag or commit"):
        fs.cat(f"{ROOT}@lr/2/name")


def test_what_is_written_is_committed_and_a_transaction_is_one_commit(fs: Any, hub_: Hub, tmp_path: Path) -> None:
    model = hub_.model("model/nlp/bert")
    before = len(model.list_commit())
    with fs.open(f"{ROOT}@main/new/x.bin", "wb") as file:
        file.write(b"x" * (6 << 20))
    assert fs.size(f"{ROOT}/new/x.bin") == 6 << 20
    with fs.transaction:
        fs.pipe(f"{ROOT}/one", b"1")
        fs.pipe(f"{ROOT}/two", b"")
        assert not fs.exists(f"{ROOT}/one")
    assert (fs.cat(f"{ROOT}/one"), fs.cat(f"{ROOT}/two")) == (b"1", b"")
    fs.start_transaction()
    fs.pipe(f"{ROOT}/three", b"3")
    fs.transaction.__exit__(ValueError, ValueError(), None)
    assert not fs.exists(f"{ROOT}/three")
    fs.rm(f"{ROOT}/new", recursive=True)
    assert [one.message for one in model.list_commit()][:3] == [
        "Delete new/",
        "Write one and 1 more",
        "Write new/x.bin",
    ]
    assert len(model.list_commit()) == before + 3
    with pytest.raises(ValueError, match="neither"):
        fs.open(f"{ROOT}/one", "ab")
