from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from assethub.domain.history import ChangeKind
from assethub.domain.objects import Entry
from assethub.storage.trees import Tree, decode

AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
segments = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=6)
paths = st.lists(segments.filter(lambda s: s not in (".", "..")), min_size=1, max_size=3).map("/".join)
entries = st.builds(
    Entry, st.sampled_from(["a" * 64, "b" * 64, "c" * 64]), st.integers(0, 9), st.just(AT), st.just("text/plain")
)
files = st.dictionaries(paths, entries, max_size=30)


@given(files, files, st.randoms())
def test_any_order_of_edits_gives_the_tree_of_a_full_rebuild(
    old: dict[str, Entry], new: dict[str, Entry], random: Random
) -> None:
    edits: list[tuple[str, Entry | None]] = [*new.items(), *((path, None) for path in old.keys() - new.keys())]
    random.shuffle(edits)
    tree = Tree.of(old)
    for path, entry in edits:
        tree = tree.with_changes({path: None}).with_changes({path: entry}) if entry else tree.with_changes({path: None})
    assert tree.id == Tree.of(new).id


@given(files)
def test_a_tree_reads_back_as_it_was_written(given_files: dict[str, Entry]) -> None:
    tree = Tree.of(given_files)
    assert decode(tree.encoded) == tree


@given(files, files)
def test_the_diff_of_two_trees_leads_from_one_to_the_other(old: dict[str, Entry], new: dict[str, Entry]) -> None:
    before, after = Tree.of(old), Tree.of(new)
    changes = {change.path: change.new for change in before.diff(after)}
    digests = {path: entry.sha256 for path, entry in before.with_changes(changes).items()}
    assert digests == {path: entry.sha256 for path, entry in after.items()}


@given(files, st.integers(1, 5), st.sampled_from(["", "/"]))
def test_pages_together_list_everything_once_and_in_order(given_files: dict[str, Entry], limit: int, by: str) -> None:
    tree = Tree.of(given_files)
    listed, after = [], ""
    while True:
        page, more = tree.page("", by, after, limit)
        listed += page
        if more is None:
            break
        after = more
    expected = sorted(
        {path.split("/", 1)[0] + "/" if by and "/" in path else path for path in given_files}, key=str.encode
    )
    assert [one.path for one in listed] == expected
    assert sum(one.files for one in listed) == len(given_files)


def test_content_that_did_not_change_keeps_its_old_time() -> None:
    later = Entry("a" * 64, 1, datetime(2027, 1, 1, tzinfo=UTC), "text/plain")
    tree = Tree.of({"x": Entry("a" * 64, 1, AT, "text/plain")})
    assert tree.with_changes({"x": later}).id == tree.id


def test_times_alone_are_no_difference() -> None:
    one = Tree.of({"x": Entry("a" * 64, 1, AT, "text/plain")})
    other = Tree.of({"x": Entry("a" * 64, 1, datetime(2027, 1, 1, tzinfo=UTC), "text/plain")})
    assert one.diff(other) == []
    assert one.diff(Tree.of({}))[0].kind is ChangeKind.REMOVED


def test_tree_ids_are_those_of_the_documented_format() -> None:
    tree = Tree.of({"é": Entry("a" * 64, 5, AT, "text/plain"), "a/b": Entry("b" * 64, 0, AT, "image/png")})
    assert tree.id == "cbdfd4429921a1416f348d06315709ab38da1963e69ab2237726121d6fe396ac"
