"""What of folders is sent, and what is left out or refused."""

import os
from pathlib import Path

import pytest

from assethub.client.sources import sources
from assethub.domain.errors import Invalid


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    return folder


def paths(*add: str, exclude: tuple[str, ...] = ()) -> list[str]:
    return [source.path for source in sources(add, exclude)]


def test_patterns_leave_out_as_gitignore_does(tmp_path: Path) -> None:
    make(tmp_path, "a.txt", "b.log", "keep.log", "deep/c.log", "cache/x", "deep/cache/y")
    given = ("*.log", "!keep.log", "/cache/")
    assert paths(f"{tmp_path}/*", exclude=given) == ["a.txt", "deep/cache/y", "keep.log"]


def test_ignore_files_count_for_their_folder_and_the_nearest_wins(tmp_path: Path) -> None:
    make(tmp_path, "a.tmp", "deep/a.tmp", "deep/b", "deep/deeper/c")
    (tmp_path / ".ahignore").write_text("# what tools leave\n*.tmp\n")
    (tmp_path / "deep" / ".ahignore").write_text("!a.tmp\n/b\ndeeper\n")
    assert paths(f"{tmp_path}/*") == [".ahignore", "deep/.ahignore", "deep/a.tmp"]
    assert paths(f"{tmp_path}/*", exclude=("a.tmp", ".ahignore")) == []


def test_links_and_special_files_are_refused_with_their_path_unless_they_are_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a")
    (tmp_path / "link").symlink_to("a")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(Invalid, match="link is a symbolic link"):
        paths(f"{tmp_path}/*")
    with pytest.raises(Invalid, match="pipe is not a regular file"):
        paths(f"{tmp_path}/*", exclude=("link",))
    assert paths(f"{tmp_path}/*", exclude=("link", "pipe")) == ["a"]


def test_a_pattern_that_is_none_is_told_with_where_it_stands(tmp_path: Path) -> None:
    make(tmp_path, "a")
    with pytest.raises(Invalid, match="--exclude: Invalid git pattern"):
        paths(f"{tmp_path}/*", exclude=("!",))
    (tmp_path / ".ahignore").write_text("!\n")
    with pytest.raises(Invalid, match=r"\.ahignore: Invalid git pattern"):
        paths(f"{tmp_path}/*")


def test_folders_go_with_or_without_their_name_and_files_anywhere(tmp_path: Path) -> None:
    make(tmp_path / "d", "x", "e/y")
    assert paths(str(tmp_path / "d")) == ["d/e/y", "d/x"]
    assert paths(f"{tmp_path}/d/") == ["e/y", "x"]
    assert [one.path for one in sources([{f"{tmp_path}/d/x": "to/"}, {f"{tmp_path}/d/*": "in"}])] == [
        "in/e/y", "in/x", "to/x",
    ]  # fmt: skip
    with pytest.raises(Invalid, match="both become 'x'"):
        paths(f"{tmp_path}/d/*", f"{tmp_path}/d/x")
