"""Filters of changed paths."""

from hypothesis import given
from hypothesis import strategies as st

from assethub.storage.path_filters import Wanted, filter_of, with_folders
from tests.storage.conftest import paths


def test_a_filter_is_that_of_the_documented_format() -> None:
    assert filter_of(["a/b/c", "é"]).hex() == (
        "040400000000000000008000210000000002004000803f480100080000000002"
        "0000000000000240000010000000010000800000048000000000100000200000"
    )
    assert filter_of([]) == bytes(64)
    assert len(filter_of(f"{n}" for n in range(512))) == 1024


@given(st.lists(paths, max_size=80))
def test_a_filter_never_denies_a_path_or_a_folder_that_is_in_it(given_paths: list[str]) -> None:
    inside = sorted({entry for path in given_paths for entry in with_folders(path)})
    wanted = Wanted(inside)
    assert wanted.possible(filter_of(given_paths), wanted.all).all()


def test_a_filter_denies_nearly_all_of_what_is_not_in_it() -> None:
    wanted = Wanted([f"other/{n}" for n in range(10_000)])
    for count in (1, 20, 512):
        made = filter_of(f"dir/{n}" for n in range(count))
        assert wanted.possible(made, wanted.all).sum() < 30


def test_folders_of_a_path_end_in_a_slash() -> None:
    assert with_folders("a/b/c") == ["a/b/c", "a/", "a/b/"]
    assert with_folders("a/") == ["a/"]
