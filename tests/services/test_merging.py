"""Merging branches and publishing into main."""

import pytest

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict
from assethub.domain.history import Strategy
from assethub.domain.names import Reference
from assethub.domain.owners import Caller
from assethub.services import assets, evaluations, merging, objects
from assethub.services.work import Hub
from tests.services.conftest import DATASET, MODEL, Committing


def content(hub: Hub, caller: Caller, ref: str) -> dict[str, str]:
    with hub.work(caller, reading=True) as work:
        _, listed, _ = objects.list_objects(work, Reference(MODEL, ref))
        opened = objects.open_files(work, Reference(MODEL, ref), [one.path for one in listed])
    return {one.path: b"".join(one.read()).decode() for one in opened}


@pytest.fixture
def diverged(hub: Hub, ada: Caller, model: Asset, commit: Committing) -> None:
    """`side` and `main` both changed `both`, and each has changes of its own."""
    commit(MODEL, {"both": "base", "gone": "x", "README.md": "card"})
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "side")
        assets.create_branch(work, MODEL, "other")
    commit(MODEL, {"both": "side", "s": "1"}, branch="side", delete=("gone", "README.md"))
    commit(MODEL, {"both": "other", "o": "1"}, branch="other")


@pytest.mark.usefixtures("diverged")
def test_a_conflict_changes_nothing_and_lists_every_path(hub: Hub, ada: Caller) -> None:
    before = content(hub, ada, "other")
    with pytest.raises(Conflict, match="both sides") as refused, hub.work(ada) as work:
        merging.merge_branch(work, MODEL, "side", "other")
    assert [line.split(":")[0] for line in refused.value.details] == ["both"]
    assert content(hub, ada, "other") == before


@pytest.mark.usefixtures("diverged")
@pytest.mark.parametrize(
    ("how", "both"),
    [({"answers": {"both": "source"}}, "side"), ({"answers": {"both": "target"}}, "other"),
     ({"strategy": Strategy.SOURCE}, "side"), ({"strategy": Strategy.TARGET}, "other")],
)  # fmt: skip
def test_conflicts_are_answered_by_path_or_by_strategy(
    hub: Hub, ada: Caller, how: dict[str, object], both: str
) -> None:
    with hub.work(ada) as work:
        made = merging.merge_branch(work, MODEL, "side", "other", **how)  # type: ignore[arg-type]
    assert made is not None
    assert len(made.parents) == 2
    assert content(hub, ada, "other") == {"both": both, "s": "1", "o": "1"}


@pytest.mark.usefixtures("diverged")
def test_publishing_replaces_main_and_keeps_its_card(hub: Hub, ada: Caller) -> None:
    with hub.work(ada) as work:
        assert merging.merge_branch(work, MODEL, "side") is not None
    assert content(hub, ada, "main") == {"both": "side", "s": "1", "README.md": "card"}
    with hub.work(ada) as work:
        assert merging.merge_branch(work, MODEL, "side") is None


@pytest.mark.usefixtures("diverged")
def test_a_card_of_the_source_wins_over_the_targets(hub: Hub, ada: Caller, commit: Committing) -> None:
    commit(MODEL, {"readme.txt": "mine"}, branch="side")
    with hub.work(ada) as work:
        merging.merge_branch(work, MODEL, "side")
    assert "README.md" not in content(hub, ada, "main")


@pytest.mark.usefixtures("diverged")
def test_evaluations_follow_the_model_files_onto_the_merge_commit(hub: Hub, ada: Caller, dataset: Asset) -> None:
    with hub.work(ada) as work:
        evaluations.create_evaluation(work, Reference(MODEL, "side"), Reference(DATASET), {"accuracy": 0.9})
        merging.merge_branch(work, MODEL, "side")
    with hub.work(ada, reading=True) as work:
        ((shown, refs),) = evaluations.list_evaluations(work, MODEL, "main")
        assert evaluations.list_evaluations(work, MODEL, "other") == []
    assert (dict(shown.metrics), refs) == ({"accuracy": 0.9}, ["main", "side"])


def test_a_branch_that_main_holds_already_is_not_merged_again(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "old")
    commit(MODEL, {"a": "1"})
    for strategy in (Strategy.MERGE, Strategy.SOURCE):
        with hub.work(ada) as work:
            assert merging.merge_branch(work, MODEL, "old", strategy=strategy) is None


def test_publishing_an_older_version_puts_its_files_back(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    first = commit(MODEL, {"a": "1"})
    commit(MODEL, {"a": "2", "b": "2"})
    assert first is not None
    with hub.work(ada) as work:
        assert merging.merge_branch(work, MODEL, first.id) is not None
    assert content(hub, ada, "main") == {"a": "1"}


def test_a_revert_takes_back_one_commit_and_keeps_what_came_after(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    commit(MODEL, {"a": "1", "b": "1"})
    wrong = commit(MODEL, {"a": "2", "new": "x"}, delete=("b",))
    commit(MODEL, {"c": "3"})
    assert wrong is not None
    with hub.work(ada) as work:
        made = merging.revert_commit(work, MODEL, wrong.id[:8])
    assert made is not None
    assert made.title == "Revert 'Change'"
    assert content(hub, ada, "main") == {"a": "1", "b": "1", "c": "3"}
    with hub.work(ada) as work:
        assert merging.revert_commit(work, MODEL, wrong.id) is None


def test_a_revert_of_what_changed_again_lists_the_paths(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    commit(MODEL, {"a": "1"})
    wrong = commit(MODEL, {"a": "2"})
    commit(MODEL, {"a": "3"})
    assert wrong is not None
    with pytest.raises(Conflict) as refused, hub.work(ada) as work:
        merging.revert_commit(work, MODEL, wrong.id)
    assert [line.split(":")[0] for line in refused.value.details] == ["a"]
    with hub.work(ada) as work:
        merging.revert_commit(work, MODEL, wrong.id, answers={"a": "source"})
    assert content(hub, ada, "main") == {"a": "1"}


@pytest.mark.usefixtures("diverged")
def test_a_cherry_pick_makes_one_commits_change_on_another_branch(hub: Hub, ada: Caller, commit: Committing) -> None:
    picked = commit(MODEL, {"extra": "1"}, branch="side", message="Add extra")
    assert picked is not None
    with hub.work(ada) as work:
        made = merging.cherry_pick(work, MODEL, picked.id, "other")
    assert made is not None
    assert made.title == "Add extra"
    assert content(hub, ada, "other")["extra"] == "1"
    assert "s" not in content(hub, ada, "other")
    with hub.work(ada) as work:
        assert merging.cherry_pick(work, MODEL, picked.id, "other") is None
