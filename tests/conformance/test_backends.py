"""What every storage backend must do; add a new one to the fixture and it is tested."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assethub.domain.errors import Invalid
from assethub.storage import object_store
from assethub.storage.backend import Backend, put
from assethub.storage.filesystem import FilesystemBackend
from assethub.storage.memory import MemoryBackend
from assethub.storage.object_store import ObjectStoreBackend


@pytest.fixture(params=["memory", "filesystem", "s3"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Backend:
    if request.param == "memory":
        return MemoryBackend()
    if request.param == "filesystem":
        return FilesystemBackend(tmp_path)
    return ObjectStoreBackend(request.getfixturevalue("bucket"), tmp_path / "spool")


def test_reads_what_was_kept_whole_and_by_range(backend: Backend) -> None:
    put(backend, "k/ey", b"0123456789")
    assert b"".join(backend.read("k/ey")) == b"0123456789"
    assert b"".join(backend.read("k/ey", 2, 5)) == b"234"
    assert b"".join(backend.read("k/ey", 8, 50)) == b"89"
    assert backend.size("k/ey") == 10


def test_a_missing_key_says_so_before_any_byte(backend: Backend) -> None:
    with pytest.raises(KeyError):
        backend.read("none")
    with pytest.raises(KeyError):
        backend.size("none")


def test_a_key_that_is_kept_stays_as_it_is(backend: Backend) -> None:
    put(backend, "key", b"first")
    put(backend, "key", b"second")
    assert b"".join(backend.read("key")) == b"first"


def test_a_discarded_body_leaves_nothing(backend: Backend) -> None:
    writer = backend.writer()
    writer.write(b"x")
    writer.discard()
    with pytest.raises(ValueError, match="discarded"):
        writer.keep("key")
    with pytest.raises(KeyError):
        backend.size("key")


def test_deleting_forgets_and_is_no_error_twice(backend: Backend) -> None:
    put(backend, "key", b"x")
    backend.delete("key")
    backend.delete("key")
    with pytest.raises(KeyError):
        backend.size("key")


def test_lists_what_is_kept_below_a_prefix_with_sizes_and_times(backend: Backend) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    for key in ("packs/aa/1", "packs/bb/2", "objects/aa/1"):
        put(backend, key, key.encode())
    found = {one.key: one for one in backend.list("packs/")}
    assert {key: one.size for key, one in found.items()} == {"packs/aa/1": 10, "packs/bb/2": 10}
    assert all(before < one.at < datetime.now(UTC) + timedelta(seconds=2) for one in found.values())
    assert list(backend.list("nothing/")) == []


def test_large_bodies_are_read_in_pieces(backend: Backend) -> None:
    body = bytes(range(256)) * 8192 * 2
    writer = backend.writer()
    writer.write(body[:1000])
    writer.write(body[1000:])
    writer.keep("large")
    pieces = list(backend.read("large"))
    assert b"".join(pieces) == body
    assert max(map(len, pieces)) <= 1 << 20


def test_bodies_that_a_crash_cut_off_are_swept(backend: Backend, tmp_path: Path) -> None:
    put(backend, "kept", b"x")
    backend.writer().write(b"cut off")
    if isinstance(backend, MemoryBackend):
        return
    incoming = tmp_path / ("incoming" if isinstance(backend, FilesystemBackend) else "spool")
    assert list(incoming.iterdir())
    backend.sweep()
    assert not list(incoming.iterdir())
    assert b"".join(backend.read("kept")) == b"x"


def test_a_large_body_goes_in_parts(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_store, "WINDOW", 7_000_001)
    body = bytes(range(256)) * 4096 * 20
    put(backend, "parts", body)
    assert b"".join(backend.read("parts")) == body
    assert b"".join(backend.read("parts", 17_000_000, 17_000_010)) == body[17_000_000:17_000_010]


def test_empty_bodies_and_empty_ranges(backend: Backend) -> None:
    put(backend, "empty", b"")
    put(backend, "some", b"abc")
    assert list(backend.read("empty")) == []
    assert list(backend.read("some", 1, 1)) == []


def test_a_store_that_is_none_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="cannot be used"):
        ObjectStoreBackend("nonsense://x", tmp_path)


def test_a_file_is_adopted_as_it_is_and_stays_its_owners(backend: Backend, tmp_path: Path) -> None:
    file = tmp_path / "whole"
    file.write_bytes(b"0123456789")
    for _ in range(2):
        writer = backend.adopt(file)
        writer.keep("k/adopted")
        writer.discard()
    assert file.exists()
    file.unlink()
    assert b"".join(backend.read("k/adopted", 3)) == b"3456789"
