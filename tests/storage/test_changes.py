"""Comparing trees, pairing renames, and the laws of three-way merges."""

from collections.abc import Mapping

import pytest
from hypothesis import given

from assethub.domain.history import ChangeKind, Conflicting, Strategy
from assethub.domain.objects import Entry
from assethub.storage import nodes
from assethub.storage.changes import overlay
from assethub.storage.nodes import Bounds
from assethub.storage.trees import Tree
from tests.storage.conftest import digest, entry, few_files, few_paths, tree_of

Files = dict[str, Entry]


def merged(
    base: Files, ours: Files, theirs: Files, strategy: Strategy = Strategy.MERGE, answers: Mapping[str, str] = {}
) -> tuple[Tree, list[Conflicting]]:
    """Ours with what theirs changed since the base."""
    start, target = tree_of(base), tree_of(ours)
    edits, conflicts = overlay(start.diff(tree_of(theirs)), start.diff(target), strategy, answers)
    return target.edited(edits), conflicts


def contents(given: Mapping[str, Entry] | Tree) -> dict[str, str]:
    return {path: one.sha256 for path, one in given.items()}


@given(few_files, few_files, few_files)
def test_a_merge_takes_every_change_of_one_side_and_conflicts_where_both_differ(
    base: Files, ours: Files, theirs: Files
) -> None:
    tree, conflicts = merged(base, ours, theirs)
    expected, clashes = contents(ours), set()
    for path in base.keys() | ours.keys() | theirs.keys():
        before, mine, other = (digest(side.get(path)) for side in (base, ours, theirs))
        if other not in (before, mine):
            if mine != before:
                clashes.add(path)
            elif other is None:
                del expected[path]
            else:
                expected[path] = other
    assert [one.path for one in conflicts] == sorted(clashes, key=str.encode)
    assert contents(tree) == expected


@given(few_files, few_files, few_files)
def test_conflicts_are_the_same_from_either_side(base: Files, ours: Files, theirs: Files) -> None:
    _, conflicts = merged(base, ours, theirs)
    _, mirrored = merged(base, theirs, ours)
    assert [(one.path, digest(one.source), digest(one.target)) for one in conflicts] == [
        (one.path, digest(one.target), digest(one.source)) for one in mirrored
    ]


@given(few_files, few_files)
def test_a_side_that_changed_nothing_takes_the_other_and_equal_sides_are_kept(base: Files, side: Files) -> None:
    assert contents(merged(base, base, side)[0]) == contents(side)
    assert merged(base, side, base)[0].id == tree_of(side).id
    tree, conflicts = merged(base, side, side)
    assert (tree.id, conflicts) == (tree_of(side).id, [])


@given(few_files, few_files, few_files)
def test_strategies_and_answers_settle_every_conflict(base: Files, ours: Files, theirs: Files) -> None:
    _, conflicts = merged(base, ours, theirs)
    for strategy, side in ((Strategy.SOURCE, theirs), (Strategy.TARGET, ours)):
        tree, left = merged(base, ours, theirs, strategy)
        answered, none = merged(base, ours, theirs, answers={one.path: strategy.value for one in conflicts})
        assert (left, none, answered.id) == ([], [], tree.id)
        for one in conflicts:
            assert digest(tree.find(one.path)) == digest(side.get(one.path))


@given(few_files, few_files, few_paths, few_paths)
def test_a_part_of_a_comparison_is_that_part_of_the_whole(old: Files, new: Files, start: str, end: str) -> None:
    one, other = tree_of(old), tree_of(new)
    parts = [change for found in one.compare(other, start.encode(), end.encode()) for change in found]
    assert parts == [change for change in one.diff(other) if start.encode() <= change.path.encode() < end.encode()]


@given(few_files, few_files, few_paths)
def test_whether_a_path_or_a_folder_differs(old: Files, new: Files, path: str) -> None:
    one, other = tree_of(old), tree_of(new)
    changed = {change.path for change in one.diff(other)}
    assert one.differs(other, path) == (path in changed)
    assert one.differs(other, path + "/") == any(name.startswith(path + "/") for name in changed)


def test_a_removal_and_an_addition_of_the_same_content_are_a_rename() -> None:
    old = {"b": entry("1"), "c": entry("1"), "empty": entry("2", 0), "gone": entry("3")}
    new = {"a": entry("1"), "d": entry("1"), "e": entry("1"), "f": entry("2", 0)}
    changes = tree_of(old).diff(tree_of(new)).with_renames
    assert [(one.kind, one.old_path, one.path) for one in changes] == [
        (ChangeKind.RENAMED, "b", "a"),
        (ChangeKind.RENAMED, "c", "d"),
        (ChangeKind.ADDED, None, "e"),
        (ChangeKind.REMOVED, None, "empty"),
        (ChangeKind.ADDED, None, "f"),
        (ChangeKind.REMOVED, None, "gone"),
    ]
    assert changes[-1] == list(changes)[-1]
    assert [one.path for one in changes[changes.behind("c") :]] == ["d", "e", "empty", "f", "gone"]


@given(few_files, few_files)
def test_renames_pair_the_same_content_and_lose_nothing(old: Files, new: Files) -> None:
    plain = tree_of(old).diff(tree_of(new))
    found = list(plain.with_renames)
    for change in found:
        if change.kind is ChangeKind.RENAMED:
            assert digest(change.old) == digest(change.new)
    assert sorted(one.old_path or one.path for one in found if one.old) == sorted(one.path for one in plain if one.old)
    assert [one.path for one in found if one.new] == [one.path for one in plain if one.new]


def test_a_hundred_thousand_renames_are_all_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "LEAVES", Bounds(1000, 2000, 4000))
    old = tree_of({f"a/{n:06}": entry("1") for n in range(100_000)})
    new = tree_of({f"b/{n:06}": entry("1") for n in range(100_000)})
    changes = old.diff(new).with_renames
    assert changes.number(ChangeKind.RENAMED) == len(changes) == 100_000
    assert (changes[77_777].old_path, changes[77_777].path) == ("a/077777", "b/077777")
