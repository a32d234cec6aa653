"""What is remembered of files that were hashed, whatever a crash leaves of it."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assethub.client import journal
from assethub.client.journal import RACY, Journal, Known, line, parse
from assethub.client.ranges import durable

NUMBERS = st.integers(0, 2**62)
KNOWN = st.builds(Known, NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.text("0123456789abcdef", min_size=64, max_size=64))
LINES = st.lists(st.tuples(st.binary(max_size=20).map(lambda name: name.replace(b"\n", b"")), KNOWN), max_size=8)


@given(LINES, st.data())
def test_any_prefix_of_a_journal_is_an_earlier_state_of_it(
    lines: list[tuple[bytes, Known]], data: st.DataObject
) -> None:
    whole = b"".join(line(path, known) for path, known in lines)
    prefix = whole[: data.draw(st.integers(0, len(whole)))]
    assert parse(prefix)[0] == dict(lines[: prefix.count(b"\n")])


@given(LINES, st.integers(0, 200), LINES)
def test_a_torn_line_hides_nothing_that_is_written_after_it(
    before: list[tuple[bytes, Known]], cut: int, after: list[tuple[bytes, Known]]
) -> None:
    torn = line(b"torn", Known(1, 2, 3, 4, "a" * 64))[:cut].removesuffix(b"\n")
    text = b"".join(line(*one) for one in before) + torn + b"\n" + b"".join(line(*one) for one in after)
    known = parse(text)[0]
    assert {path: known[path] for path in dict(after)} == dict(after)
    assert set(known) <= {path for path, _ in (*before, *after)} | {b"torn"}


@given(st.sets(st.integers(0, 10**6)), st.data())
def test_any_prefix_of_a_downloads_journal_names_ranges_that_were_noted(ranges: set[int], data: st.DataObject) -> None:
    whole = "".join(f"{one}\n" for one in ("header", *ranges)).encode()
    assert durable(whole, "header") == ranges
    assert durable(whole, "other") == set()
    assert durable(whole[: data.draw(st.integers(0, len(whole)))], "header") <= ranges


def old_file(path: Path, content: bytes = b"x") -> os.stat_result:
    path.write_bytes(content)
    return path.stat()


def later(found: os.stat_result) -> int:
    """A moment at which nobody can be writing the file any more."""
    return found.st_mtime_ns + 10 * RACY


def test_a_file_that_did_not_change_is_known_to_the_next_process(tmp_path: Path) -> None:
    found = old_file(tmp_path / "a")
    first = Journal(str(tmp_path), tmp_path / "cache")
    first.add("a", found, "f" * 64, later(found))
    first.save()
    with (tmp_path / "cache" / first.file.name).open("ab") as file:
        file.write(b"torn")
    second = Journal(str(tmp_path), tmp_path / "cache")
    assert second.find("a", found) == "f" * 64
    second.add("b", found, "e" * 64, later(found))
    second.save()
    third = Journal(str(tmp_path), tmp_path / "cache")
    assert (third.find("a", found), third.find("b", found), third.find("c", found)) == ("f" * 64, "e" * 64, None)
    assert third.find("a", old_file(tmp_path / "a", b"xy")) is None
    assert Journal(str(tmp_path / "elsewhere"), tmp_path / "cache").find("a", found) is None


def test_a_file_that_was_written_a_moment_before_is_not_trusted(tmp_path: Path) -> None:
    found = old_file(tmp_path / "a")
    one = Journal(str(tmp_path), tmp_path / "cache")
    for began in (found.st_mtime_ns, found.st_mtime_ns + RACY - 1, found.st_mtime_ns - 10 * RACY):
        one.add("a", found, "f" * 64, began)
    assert one.find("a", found) is None


def test_a_journal_is_written_anew_before_it_grows_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "SPARE", 5)
    found = old_file(tmp_path / "a")
    one = Journal(str(tmp_path), tmp_path / "cache")
    for number in range(50):
        one.add("a", found, f"{number:064}", later(found))
        one.save()
    assert one.file.read_bytes().count(b"\n") < 10
    assert Journal(str(tmp_path), tmp_path / "cache").find("a", found) == f"{49:064}"


def test_a_cache_that_cannot_be_kept_is_no_reason_to_fail(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cache").write_text("in the way")
    one = Journal(str(tmp_path), tmp_path / "cache")
    found = old_file(tmp_path / "a")
    one.add("a", found, "f" * 64, later(found))
    one.save()
    assert "not remembered" in caplog.text
