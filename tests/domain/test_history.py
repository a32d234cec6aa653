from datetime import UTC, datetime

from assethub.domain.history import Change, ChangeKind, Strategy, commit_id, merge_changes, with_renames
from assethub.domain.objects import Entry

AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def entry(content: str, size: int = 1) -> Entry:
    return Entry(content, size, AT, "text/plain")


def changed(path: str, old: str | None, new: str | None) -> Change:
    kind = ChangeKind.ADDED if old is None else ChangeKind.REMOVED if new is None else ChangeKind.CHANGED
    return Change(kind, path, entry(old) if old else None, entry(new) if new else None)


def test_commit_ids_are_those_of_the_documented_format() -> None:
    made = commit_id("1" * 64, ["2" * 64], "ada", "run 7", AT, "Träin\n", {"b": 1, "a": [True, None]})
    assert made == "24a29f54a25c749c986ca8356202669e542bcea75c08768804fe75f38d6137f1"


def test_a_removal_and_an_addition_of_the_same_content_are_a_rename() -> None:
    found = with_renames([changed("new", None, "x"), changed("old", "x", None), changed("other", None, "y")])
    assert [(one.kind, one.old_path, one.path) for one in found] == [
        (ChangeKind.RENAMED, "old", "new"),
        (ChangeKind.ADDED, None, "other"),
    ]


def test_changes_of_different_paths_merge_without_asking() -> None:
    merged = merge_changes([changed("a", "1", "2")], [changed("b", "1", "2")], Strategy.MERGE, {})
    assert (dict(merged.changes), merged.conflicts) == ({"a": entry("2")}, [])


def test_the_same_change_on_both_sides_is_no_conflict() -> None:
    merged = merge_changes([changed("a", "1", "2")], [changed("a", "1", "2")], Strategy.MERGE, {})
    assert (merged.changes, merged.conflicts) == ({}, [])


def test_different_changes_of_one_path_conflict_until_they_are_answered() -> None:
    theirs, ours = [changed("a", "1", "2")], [changed("a", "1", None)]
    assert [one.path for one in merge_changes(theirs, ours, Strategy.MERGE, {}).conflicts] == ["a"]
    assert merge_changes(theirs, ours, Strategy.MERGE, {"a": "source"}).changes == {"a": entry("2")}
    assert merge_changes(theirs, ours, Strategy.MERGE, {"a": "target"}).changes == {}
    assert merge_changes(theirs, ours, Strategy.SOURCE, {}).changes == {"a": entry("2")}
    assert merge_changes(theirs, ours, Strategy.TARGET, {}).changes == {}
