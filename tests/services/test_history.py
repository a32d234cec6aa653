"""Committing, reading and comparing versions."""

import threading
from datetime import timedelta

import pytest

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import Conflict, Forbidden, Invalid, NotFound
from assethub.domain.history import Change, ChangeKind, Commit, Strategy
from assethub.domain.names import AssetPath, Reference
from assethub.domain.owners import Caller
from assethub.services import assets, history, last_commits, merging, objects, read_links, receiving, versions
from assethub.services.history import NewFile
from assethub.services.work import Hub
from assethub.storage import tree_store
from tests.services.conftest import MODEL, Committing, upload


def paths(hub: Hub, caller: Caller, ref: str) -> list[str]:
    with hub.work(caller, reading=True) as work:
        _, listed, _ = objects.list_objects(work, Reference(MODEL, ref))
    return [one.path for one in listed]


def text(hub: Hub, caller: Caller, ref: str, path: str) -> str:
    with hub.work(caller, reading=True) as work:
        opened = objects.open_file(work, Reference(MODEL, ref), path)
    return b"".join(opened.read()).decode()


def test_a_new_asset_has_one_empty_commit_on_main(hub: Hub, ada: Caller, model: Asset) -> None:
    with hub.work(ada, reading=True) as work:
        (first,) = history.log_commits(work, Reference(MODEL))
    assert (first.message, first.files, first.parents) == ("Repository created", 0, ())


def test_a_commit_deletes_first_and_then_adds(hub: Hub, ada: Caller, model: Asset, commit: Committing) -> None:
    commit(MODEL, {"old/a": "1", "old/b": "2", "keep": "3"})
    made = commit(MODEL, {"old/b": "new"}, delete=("old/", "never-there"))
    assert made is not None
    assert (made.added, made.changed, made.removed, made.files) == (0, 1, 1, 2)
    assert paths(hub, ada, "main") == ["keep", "old/b"]
    assert text(hub, ada, "main", "old/b") == "new"


def test_a_commit_that_changes_nothing_is_not_made(model: Asset, commit: Committing) -> None:
    assert commit(MODEL, {"a": "1"}) is not None
    assert commit(MODEL, {"a": "1"}) is None


def test_a_stale_writer_gets_a_conflict(hub: Hub, ada: Caller, model: Asset, commit: Committing) -> None:
    first = commit(MODEL, {"a": "1"})
    commit(MODEL, {"a": "2"})
    new = upload(hub, ada, MODEL, {"a": "3"})
    assert first is not None
    with pytest.raises(Conflict, match="not at"), hub.work(ada) as work:
        history.commit_changes(work, MODEL, "main", "Stale", add=new, expected_parent=first.id)
    assert text(hub, ada, "main", "a") == "2"


def test_content_that_was_not_uploaded_here_cannot_be_committed(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    with pytest.raises(Invalid, match="was not uploaded"), hub.work(ada) as work:
        history.commit_changes(work, MODEL, "main", "Guess", add=[NewFile("a", "0" * 64, 1)])


def test_knowing_a_hash_gives_no_access(hub: Hub, ada: Caller, eve: Caller, model: Asset, commit: Committing) -> None:
    commit(MODEL, {"secret": "treasure"})
    with hub.work(ada, reading=True) as work:
        _, _, entry = objects.stat_object(work, Reference(MODEL), "secret")
    own = AssetPath("eve", MODEL.kind, "mine", "copy")
    with hub.work(eve) as work:
        assets.create_asset(work, own, "", (), TrainingSettings())
    with hub.work(eve) as work:
        assert receiving.missing_bodies(work, own, [entry.sha256]) == [entry.sha256]
    with pytest.raises(Invalid, match="was not uploaded"), hub.work(eve) as work:
        history.commit_changes(work, own, "main", "Steal", add=[NewFile("a", entry.sha256, entry.size)])


@pytest.mark.parametrize("bad", ["../escape", "a//b", "/etc/passwd", "a\x00b", ""])
def test_paths_that_break_the_rules_are_refused_and_nothing_is_committed(
    hub: Hub, ada: Caller, model: Asset, commit: Committing, bad: str
) -> None:
    with pytest.raises(Invalid, match="not allowed"):
        commit(MODEL, {"good": "1", bad: "2"})
    assert paths(hub, ada, "main") == []


def test_a_ref_is_a_branch_then_a_tag_then_a_commit_prefix(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    made = commit(MODEL, {"a": "1"})
    assert made is not None
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "exp/a")
        assets.create_tag(work, MODEL, "v1")
    for ref in ("main", "exp/a", "v1", "branch/exp/a", "tag/v1", made.id[:4], made.id, f"commit/{made.id[:9]}"):
        with hub.work(ada, reading=True) as work:
            assert versions.commit_at(work, model, ref).id == made.id
    for ref in ("nope", "tag/main", "branch/v1", made.id[:3], "commit/0000"):
        with pytest.raises(NotFound), hub.work(ada, reading=True) as work:
            versions.commit_at(work, model, ref)


def test_a_branch_or_tag_that_reads_as_a_prefix_of_a_commit_is_meant_before_the_commit(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    first, second = commit(MODEL, {"a": "1"}), commit(MODEL, {"a": "2"})
    assert first is not None
    assert second is not None
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, second.id[:6], first.id)
        assets.create_tag(work, MODEL, first.id[:6], second.id)
    for ref, meant in (
        (second.id[:6], first), (f"branch/{second.id[:6]}", first), (f"commit/{second.id[:6]}", second),
        (first.id[:6], second), (f"tag/{first.id[:6]}", second), (f"commit/{first.id[:6]}", first),
        (first.id[:7], first),
    ):  # fmt: skip
        with hub.work(ada, reading=True) as work:
            assert versions.commit_at(work, model, ref).id == meant.id
    for ref in (f"tag/{second.id[:6]}", f"branch/{first.id[:6]}", f"branch/{first.id[:7]}"):
        with pytest.raises(NotFound), hub.work(ada, reading=True) as work:
            versions.commit_at(work, model, ref)


def test_an_ambiguous_prefix_lists_the_candidates(hub: Hub, ada: Caller, model: Asset, commit: Committing) -> None:
    with hub.work(ada) as work:
        base = work.commits.get(model.id, work.refs.branch(model.id, "main").commit)
        for end in ("0", "1"):
            work.commits.add(Commit(**{**base.__dict__, "id": "abcd" + end * 60, "message": f"Twin {end}"}))
    with pytest.raises(Conflict, match="several commits") as refused, hub.work(ada, reading=True) as work:
        versions.commit_at(work, model, "abcd")
    assert refused.value.details == ("abcd00000000 Twin 0", "abcd11111111 Twin 1")


def test_a_tag_and_a_branch_never_share_a_name_and_none_is_inside_another(hub: Hub, ada: Caller, model: Asset) -> None:
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "a/b")
    for name in ("a/b", "a", "a/b/c"):
        with pytest.raises(Conflict), hub.work(ada) as work:
            assets.create_tag(work, MODEL, name)


def test_a_dataset_refuses_a_second_branch_and_says_why(hub: Hub, ada: Caller, dataset: Asset) -> None:
    with pytest.raises(Conflict, match="exactly one branch"), hub.work(ada) as work:
        assets.create_branch(work, dataset.path, "other")


def test_an_empty_branch_starts_at_the_first_commit(hub: Hub, ada: Caller, model: Asset, commit: Committing) -> None:
    commit(MODEL, {"a": "1"})
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "empty", empty=True)
    assert paths(hub, ada, "empty") == []


def test_the_log_is_paged_newest_first(hub: Hub, ada: Caller, model: Asset, commit: Committing) -> None:
    for number in range(4):
        commit(MODEL, {"a": str(number)}, message=f"Number {number}")
    with hub.work(ada, reading=True) as work:
        first = history.log_commits(work, Reference(MODEL), limit=2)
        rest = history.log_commits(work, Reference(MODEL), after=first[-1].id, limit=10)
    assert [one.message for one in first + rest] == [
        "Number 3",
        "Number 2",
        "Number 1",
        "Number 0",
        "Repository created",
    ]


def test_a_diff_finds_renames_by_content(hub: Hub, ada: Caller, model: Asset, commit: Committing) -> None:
    commit(MODEL, {"a": "same", "b": "1"})
    commit(MODEL, {"c": "same", "b": "2"}, delete=("a",))
    with hub.work(ada, reading=True) as work:
        log = history.log_commits(work, Reference(MODEL))
        _, _, changes = history.diff_versions(work, MODEL, log[1].id, "main")
    assert [(one.kind, one.old_path, one.path) for one in changes] == [
        (ChangeKind.CHANGED, None, "b"),
        (ChangeKind.RENAMED, "a", "c"),
    ]


def test_a_comparison_of_very_many_changes_is_read_page_by_page_without_renames(
    hub: Hub, ada: Caller, model: Asset, commit: Committing, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = commit(MODEL, {f"old/{number}": str(number) for number in range(8)})
    after = commit(MODEL, {"new": "1", "x": "other"}, delete=("old/",))
    assert before is not None
    assert after is not None
    with hub.work(ada, reading=True) as work:
        _, _, held = history.diff_versions(work, MODEL, before.id, after.id)
        assert [(one.kind, one.old_path) for one in held.page("", 1)] == [(ChangeKind.RENAMED, "old/1")]
        hub.nodes.changes.values.clear()
        monkeypatch.setattr(tree_store, "MOST_PAIRED", 9)
        _, _, streamed = history.diff_versions(work, MODEL, before.id, after.id)
        assert {one.kind for one in streamed} == {ChangeKind.ADDED, ChangeKind.REMOVED}
        assert (len(streamed), streamed[-1], streamed[2:4]) == (10, list(streamed)[9], list(streamed)[2:4])
        found: list[Change] = []
        last = ""
        while page := streamed.page(last, 3):
            found, last = [*found, *page], page[-1].path
        assert found == list(streamed)
        shown = streamed.excerpt(4)
    assert (len(shown), shown[:2]) == (10, found[:2])


def test_the_last_commit_of_each_path_is_found_through_merges(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    commit(MODEL, {"base": "1", "dir/x": "1"}, message="Base")
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "side")
    commit(MODEL, {"dir/y": "2"}, branch="side", message="On the side")
    commit(MODEL, {"main": "3"}, message="On main")
    with hub.work(ada) as work:
        merging.merge_branch(work, MODEL, "side", strategy=Strategy.MERGE)
    with hub.work(ada, reading=True) as work:
        found = last_commits.last_commits(work, Reference(MODEL), ["base", "dir/", "main"])
    assert {path: one.message for path, one in found.items()} == {
        "base": "Base",
        "dir/": "On the side",
        "main": "On main",
    }


def test_of_many_writers_each_commits_or_is_told_of_a_conflict(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    outcomes: list[str] = []

    def write(number: int) -> None:
        try:
            commit(MODEL, {f"f{number}": str(number)})
            outcomes.append("made")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 8
    assert len(paths(hub, ada, "main")) == outcomes.count("made") >= 1


def test_a_file_link_reads_one_file_until_it_is_too_old(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    commit(MODEL, {"a.png": "picture"})
    with hub.work(ada, reading=True) as work:
        token, now = read_links.read_links(work, Reference(MODEL)).to("a.png"), work.now()
    assert b"".join(read_links.open_link(hub, token, now).read()) == b"picture"
    for bad, when in ((token + "x", now), ("x" + token, now), ("", now), (token, now + timedelta(days=1))):
        with pytest.raises(Forbidden):
            read_links.open_link(hub, bad, when)
