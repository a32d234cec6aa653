"""Names that a file system cannot hold side by side are refused before anything is written."""

import os
from pathlib import Path

import pytest

from assethub.client.places import FileSystem, check_names, file_system, places_of
from assethub.client.ranges import partial
from assethub.domain.errors import Invalid

PLAIN = FileSystem()
FOLDING = FileSystem(folds_case=True)
MAC = FileSystem(folds_forms=True, counts_bytes=False)
WINDOWS = FileSystem(folds_case=True, windows=True, counts_bytes=False)
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


@pytest.mark.parametrize(
    ("paths", "system", "told"),
    [
        (["a", "a/b"], PLAIN, "'a' is a file, and 'a/b' lies below it"),
        (["d/A", "d/a/b"], FOLDING, "'d/A' is a file"),
        (["d/Readme", "d/README"], FOLDING, "'d/Readme' and 'd/README' are the same name"),
        ([COMPOSED, DECOMPOSED], MAC, "are the same name"),
        ([COMPOSED.upper(), DECOMPOSED], FOLDING, "are the same name"),
        (["logs/nul.txt"], WINDOWS, "Windows keeps this name"),
        (["a./b"], WINDOWS, "drops a dot"),
        (["a:b"], WINDOWS, "allows none of"),
        (["é" * 128], PLAIN, "at most 255 bytes"),
        (["x" * 144], FileSystem(longest=143), "at most 143 bytes"),
        (["é" * 256], MAC, "at most 255 characters"),
    ],
)  # fmt: skip
def test_what_cannot_lie_there_is_refused_with_its_paths(paths: list[str], system: FileSystem, told: str) -> None:
    with pytest.raises(Invalid, match="cannot all lie") as refused:
        check_names(paths, system)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("paths", "system"),
    [
        (["Readme", "README", COMPOSED, DECOMPOSED, "nul", "a:b", "é" * 127], PLAIN),
        (["A/x", "a/y"], FOLDING),
        (["é" * 255, "con"], MAC),
        (["console.txt", "a.b"], WINDOWS),
    ],
)
def test_what_can_lie_there_is_not_refused(paths: list[str], system: FileSystem) -> None:
    check_names(paths, system)


def test_the_properties_of_this_machines_file_system_are_found_and_nothing_stays(tmp_path: Path) -> None:
    found = file_system(tmp_path / "not" / "there")
    assert (found.longest, found.windows) == (os.pathconf(tmp_path, "PC_NAME_MAX"), False)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/etc/passwd", "../a", "a/../b", "a/./b", "a//b", "a/"])
def test_nothing_lies_outside_of_the_target(tmp_path: Path, path: str) -> None:
    with pytest.raises(Invalid, match="outside"):
        places_of(tmp_path, [path])


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/tmp")
    with pytest.raises(Invalid, match="symbolic link"):
        places_of(tmp_path, ["link/a"])


def test_names_of_what_is_not_whole_yet_are_short_and_all_different(tmp_path: Path) -> None:
    names = ["é" * 127, "é" * 126 + "x", "a", "日" * 85]
    parts = {partial(tmp_path / name, "tag") for name in names}
    assert len(parts) == len(names)
    for part in parts:
        part.with_suffix(".ranges").touch()
