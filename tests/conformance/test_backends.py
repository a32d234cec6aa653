"""What every storage backend must do; add a new one to the fixture and it is tested."""

from pathlib import Path

import pytest

from assethub.storage.backend import Backend, put
from assethub.storage.filesystem import FilesystemBackend


@pytest.fixture(params=["filesystem"])
def backend(tmp_path: Path) -> Backend:
    return FilesystemBackend(tmp_path)


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


def test_large_bodies_are_read_in_pieces(backend: Backend) -> None:
    body = bytes(range(256)) * 8192 * 2
    writer = backend.writer()
    writer.write(body[:1000])
    writer.write(body[1000:])
    writer.keep("large")
    pieces = list(backend.read("large"))
    assert b"".join(pieces) == body
    assert max(map(len, pieces)) <= 1 << 20


def test_bodies_that_a_crash_cut_off_are_swept_at_the_next_start(tmp_path: Path) -> None:
    FilesystemBackend(tmp_path).writer().write(b"cut off")
    assert list((tmp_path / "incoming").iterdir())
    FilesystemBackend(tmp_path)
    assert not list((tmp_path / "incoming").iterdir())
