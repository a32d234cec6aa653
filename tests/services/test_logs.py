"""Histories in pages and by what they touched, branches and tags in pages, and what a merge would do."""

import pytest

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Invalid, NotFound
from assethub.domain.history import ChangeKind, Commit, RefKind, Strategy
from assethub.domain.names import Reference
from assethub.domain.owners import Caller
from assethub.services import assets, deletions, history, logs, merging, refs
from assethub.services.work import Hub, Work
from tests.services.conftest import MODEL, Committing

MAIN = Reference(MODEL)


def titles(log: logs.Log) -> list[str]:
    return [one.title for one in log.commits]


@pytest.fixture
def forked(hub: Hub, ada: Caller, model: Asset, commit: Committing) -> None:
    """main: a, c, merge of side; side: b. `a.txt` in a and c, `b/b.txt` in b."""
    commit(MODEL, {"a.txt": "1", "both": "0"}, message="Add a")
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "side")
    commit(MODEL, {"b/b.txt": "1"}, branch="side", message="Add b 100%")
    commit(MODEL, {"a.txt": "2"}, message="Change a")
    with hub.work(ada) as work:
        merging.merge_branch(work, MODEL, "side", strategy=Strategy.MERGE, message="Bring both together")


@pytest.mark.usefixtures("forked")
def test_a_history_turns_page_by_page_both_ways(hub: Hub, ada: Caller) -> None:
    with hub.work(ada, reading=True) as work:
        whole = logs.log_page(work, MAIN, limit=50)
        ids = [one.id for one in whole.commits]
        assert (len(ids), whole.older, whole.newer) == (5, None, None)
        first = logs.log_page(work, MAIN, limit=2)
        second = logs.log_page(work, MAIN, limit=2, after=first.older)
        third = logs.log_page(work, MAIN, limit=2, after=second.older)
        assert [one.id for page in (first, second, third) for one in page.commits] == ids
        assert (first.newer, second.newer, third.older) == (None, "", None)
        assert third.newer is not None
        assert logs.log_page(work, MAIN, limit=2, after=third.newer) == second
        assert logs.log_page(work, MAIN, after="0" * 64).commits == []


@pytest.mark.usefixtures("forked")
def test_a_history_is_narrowed_to_a_path_an_author_or_words(hub: Hub, ada: Caller) -> None:
    with hub.work(ada, reading=True) as work:

        def told(**chosen: str) -> list[str]:
            return titles(logs.log_page(work, MAIN, **chosen))  # type: ignore[arg-type]

        assert told(path="a.txt") == ["Change a", "Add a"]
        assert told(path="b/b.txt") == told(path="b/") == ["Add b 100%"]
        assert told(path="none.txt") == []
        assert told(text="100%") == ["Add b 100%"]
        assert told(text="ADD") == ["Add b 100%", "Add a"]
        assert told(text="_") == []
        assert told(author="ada", path="a.txt", text="change") == ["Change a"]
        assert told(author="nobody") == []
        head = logs.log_page(work, MAIN, limit=1).commits[0]
        assert told(text=head.id[:10]) == ["Bring both together"]
        assert logs.list_authors(work, MODEL) == ["ada"]


@pytest.mark.usefixtures("model")
def test_a_path_that_went_and_came_back_keeps_its_whole_history(hub: Hub, ada: Caller, commit: Committing) -> None:
    commit(MODEL, {"x": "1", "y": "1"}, message="One")
    commit(MODEL, {}, delete=("x",), message="Two")
    commit(MODEL, {"y": "2"}, message="Other")
    commit(MODEL, {"x": "1"}, message="Three")
    with hub.work(ada, reading=True) as work:
        assert titles(logs.log_page(work, MAIN, path="x")) == ["Three", "Two", "One"]


@pytest.mark.usefixtures("model")
def test_branches_and_tags_come_in_pages_and_are_searched(hub: Hub, ada: Caller) -> None:
    names = [f"exp/{at}" for at in range(5)]
    with hub.work(ada) as work:
        for name in names:
            assets.create_branch(work, MODEL, name)
        assets.create_tag(work, MODEL, "EXP_1", message="  Worth keeping  ")

    def walk(work: Work, **chosen: object) -> list[str]:
        found, after = [], ""
        while True:
            page, more = refs.find_refs(work, MODEL, limit=2, after=after, **chosen)  # type: ignore[arg-type]
            found += [one.name for one in page]
            if more is None:
                return found
            after = more

    with hub.work(ada, reading=True) as work:
        assert walk(work, kind=RefKind.BRANCH) == sorted([*names, "main"])
        assert walk(work, kind=RefKind.BRANCH, recent=True) == [*reversed(names), "main"]
        assert sorted(walk(work, search="exp")) == sorted(["EXP_1", *names])
        assert walk(work, search="p_") == ["EXP_1"]
        ((tag,), _) = refs.find_refs(work, MODEL, RefKind.TAG)
        assert tag.message == "Worth keeping"
        with pytest.raises(Invalid):
            refs.find_refs(work, MODEL, limit=0)
    with hub.work(ada) as work:
        deletions.delete_tag(work, MODEL, "EXP_1")
        assert deletions.restore_ref(work, MODEL, "EXP_1").message == "Worth keeping"


@pytest.mark.usefixtures("forked")
def test_how_far_versions_are_from_one_another_is_counted(hub: Hub, ada: Caller, commit: Committing) -> None:
    for at in range(3):
        commit(MODEL, {"s": str(at)}, branch="side", message=f"Side {at}")
    with hub.work(ada, reading=True) as work:
        found, _ = refs.find_refs(work, MODEL)
        rows = {row.ref.name: (row.ahead, row.behind) for row in refs.ref_rows(work, MODEL, found, measured=True)}
        assert rows == {"main": (0, 0), "side": (3, 2)}
        between = history.between(work, MODEL, "main", "side", most=2)
        assert between.base is not None
        assert (between.base.title, between.ahead, between.behind) == ("Add b 100%", 3, 2)
        assert [one.title for one in between.commits] == ["Side 2", "Side 1"]
        assert history.between(work, MODEL, "main", "main").commits == []


@pytest.mark.usefixtures("forked")
def test_a_preview_tells_what_the_merge_then_does(hub: Hub, ada: Caller, commit: Committing) -> None:
    commit(MODEL, {"both": "side", "new": "1"}, branch="side")
    commit(MODEL, {"both": "main"})
    with hub.work(ada, reading=True) as work:
        plan = merging.preview_merge(work, MODEL, "side", strategy=Strategy.MERGE)
        assert [one.path for one in plan.conflicts] == ["both"]
        assert [(one.kind, one.path) for one in plan.changes] == [(ChangeKind.ADDED, "new")]
        assert merging.apart(work, plan) == (1, 3)
        whole = merging.preview_merge(work, MODEL, "side")
        assert whole.strategy is Strategy.REPLACE
        assert [one.path for one in whole.changes] == ["a.txt", "both", "new"]
        with pytest.raises(NotFound):
            merging.preview_merge(work, MODEL, "side", "nowhere")
    with pytest.raises(Conflict), hub.work(ada) as work:
        merging.merge_branch(work, MODEL, "side", strategy=Strategy.MERGE)
    with hub.work(ada) as work:
        made = merging.merge_branch(work, MODEL, "side", strategy=Strategy.MERGE, answers={"both": "source"})
    assert isinstance(made, Commit)
    with hub.work(ada, reading=True) as work:
        assert merging.preview_merge(work, MODEL, "side", strategy=Strategy.MERGE).nothing


@pytest.mark.usefixtures("model")
def test_changes_are_chosen_by_name_and_kind_and_turned_both_ways(hub: Hub, ada: Caller, commit: Committing) -> None:
    commit(MODEL, {f"old/{at}.txt": f"{at}" for at in range(6)} | {"Keep.md": "1"})
    made = commit(
        MODEL, {f"new/{at}.txt": f"n{at}" for at in range(6)} | {"Keep.md": "2"},
        delete=tuple(f"old/{at}.txt" for at in range(6)),
    )  # fmt: skip
    assert made is not None
    with hub.work(ada, reading=True) as work:
        _, _, all_of_it = history.commit_diff(work, MODEL, made.id)
        tally = all_of_it.tally
        assert {kind.value: count for kind, count in tally.kinds.items() if count} == {
            "added": 6, "changed": 1, "removed": 6,
        }  # fmt: skip
        assert (tally.lost, tally.gained) == (7, 13)
        md = all_of_it.choose("KEEP")
        assert ([one.path for one in md.page("", 10)], len(md)) == (["Keep.md"], 1)
        gone = all_of_it.choose("", [ChangeKind.REMOVED])
        first = gone.page("", 2)
        second = gone.page(first[-1].path, 2)
        third = gone.page(second[-1].path, 2)
        assert [one.path for one in first + second + third] == [f"old/{at}.txt" for at in range(6)]
        assert gone.before(first[-1].path, 2) == ""
        assert gone.before(second[-1].path, 2) == first[-1].path
        assert len(all_of_it.choose("txt", [ChangeKind.ADDED])) == 6
        found = all_of_it.find("Keep.md")
        assert found is not None
        assert found.kind is ChangeKind.CHANGED
        assert all_of_it.find("old") is None
