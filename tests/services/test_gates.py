"""Gates of model folders: what may be published, and that no door leads around them."""

from pathlib import Path

import pytest

from assethub.domain.assets import Asset
from assethub.domain.audit import Filter
from assethub.domain.errors import Conflict, Forbidden, Invalid, NotFound
from assethub.domain.folders import Role
from assethub.domain.gates import GateState, Standing, parse_rule
from assethub.domain.names import AssetPath, Reference, parse_asset_path
from assethub.domain.owners import Caller
from assethub.domain.runs import RunType
from assethub.services import (
    archive_import,
    archives,
    assets,
    copying,
    deletions,
    evaluations,
    gates,
    history,
    imports,
    merging,
    objects,
    runs,
    sharing,
    sources,
    staging,
)
from assethub.services.runs import RunRequest
from assethub.services.work import Hub
from tests.services.conftest import DATASET, MODEL, Committing, upload


@pytest.fixture
def gated(hub: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing) -> None:
    """`main` holds the first weights, `side` others, and accuracy must be 0.9 on the digits."""
    commit(DATASET, {"a.txt": "1"})
    commit(MODEL, {"w": "1", "README.md": "card"})
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "side")
    commit(MODEL, {"w": "2"}, branch="side")
    with hub.work(ada) as work:
        gates.add_gate(work, MODEL.parent, str(DATASET), "accuracy >= 0.9")


def evaluate(hub: Hub, caller: Caller, ref: str, **metrics: float) -> None:
    with hub.work(caller) as work:
        evaluations.create_evaluation(work, Reference(MODEL, ref), Reference(DATASET), metrics)


def states(hub: Hub, caller: Caller, ref: str = "side") -> list[GateState]:
    with hub.work(caller, reading=True) as work:
        return gates.gate_states(work, MODEL, ref)


def publish(hub: Hub, caller: Caller, ref: str = "side", **how: object) -> None:
    with hub.work(caller) as work:
        assert merging.merge_branch(work, MODEL, ref, **how) is not None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "shown"),
    [("accuracy>=0.9", "accuracy >= 0.9"), ("val/loss <= 2e-1", "val/loss <= 0.2"), ("f1 >= main", "f1 >= main"),
     ("f1 >= main-0.01", "f1 >= main - 0.01"), ("loss <= main + .5", "loss <= main + 0.5"), ("a b >= -1", "a b >= -1")],
)  # fmt: skip
def test_a_rule_is_read_and_shown(text: str, shown: str) -> None:
    assert str(parse_rule(text)) == shown
    assert parse_rule(shown) == parse_rule(text)


@pytest.mark.parametrize(
    "text",
    ["", "accuracy", "accuracy > 0.9", "accuracy >= high", ">= 1", "a >= main + 1", "a <= main - 1", "a >= 1e999"],
)
def test_what_is_no_rule_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        parse_rule(text)


@pytest.mark.usefixtures("gated")
def test_a_publish_needs_an_evaluation_of_these_files_that_is_good_enough(hub: Hub, ada: Caller) -> None:
    assert [one.standing for one in states(hub, ada)] == [Standing.UNEVALUATED]
    with pytest.raises(Conflict, match="The gate let this not pass") as refused, hub.work(ada) as work:
        merging.merge_branch(work, MODEL, "side")
    assert refused.value.details == (
        f"accuracy >= 0.9 on {DATASET}: these files are not evaluated on it as it is now; evaluate them first",
    )
    evaluate(hub, ada, "main", accuracy=1.0)  # other files
    evaluate(hub, ada, "side", accuracy=0.95)
    evaluate(hub, ada, "side", accuracy=0.85)  # the newest counts
    with pytest.raises(Conflict) as refused, hub.work(ada) as work:
        merging.merge_branch(work, MODEL, "side")
    assert refused.value.details == (f"accuracy >= 0.9 on {DATASET}: 0.85 is not >= 0.9",)
    evaluate(hub, ada, "side", accuracy=0.9)
    publish(hub, ada)
    with hub.work(ada, reading=True) as work:
        blocked = [event for event in work.audit.listed(Filter()) if event.action == "gate.block"]
    assert len(blocked) == 2


@pytest.mark.usefixtures("gated")
def test_an_evaluation_counts_as_long_as_the_dataset_holds_the_same(hub: Hub, ada: Caller, commit: Committing) -> None:
    evaluate(hub, ada, "side", accuracy=0.95)
    commit(DATASET, {"README.md": "about them"})
    assert [one.standing for one in states(hub, ada)] == [Standing.PASSED]
    commit(DATASET, {"b.txt": "2"})
    assert [one.standing for one in states(hub, ada)] == [Standing.UNEVALUATED]


@pytest.mark.usefixtures("gated")
def test_not_worse_than_main_compares_with_what_is_published(hub: Hub, ada: Caller) -> None:
    with hub.work(ada) as work:
        (old,) = gates.list_gates(work, MODEL.parent)
        gates.remove_gate(work, MODEL.parent, old.id)
        gates.add_gate(work, MODEL.parent, str(DATASET), "loss <= main + 0.01")
    evaluate(hub, ada, "side", loss=0.5)
    (state,) = states(hub, ada)
    assert state.standing is Standing.MAIN_UNEVALUATED
    with hub.work(ada, reading=True) as work:
        assert state.missing == work.refs.branch(work.asset(MODEL, needs=Role.VIEWER).id, "main").commit
    evaluate(hub, ada, "main", loss=0.4)
    assert [(one.standing, one.limit) for one in states(hub, ada)] == [(Standing.FAILED, 0.41000000000000003)]
    evaluate(hub, ada, "side", loss=0.41)
    publish(hub, ada)


def test_nothing_is_worse_than_an_empty_main(
    hub: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing
) -> None:
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "side")
        gates.add_gate(work, MODEL.parent, str(DATASET), "accuracy >= main")
    commit(MODEL, {"w": "1"}, branch="side")
    assert [one.standing for one in states(hub, ada)] == [Standing.UNEVALUATED]
    evaluate(hub, ada, "side", accuracy=0.1)
    publish(hub, ada)


@pytest.mark.usefixtures("gated")
def test_a_gate_can_ask_for_numbers_of_runs(hub: Hub, ada: Caller) -> None:
    with hub.work(ada) as work:
        gates.add_gate(work, MODEL.parent, str(DATASET), "f1 >= 0.5", by_run=True)
    evaluate(hub, ada, "side", accuracy=1.0, f1=1.0)
    assert [one.standing for one in states(hub, ada)] == [Standing.PASSED, Standing.UNEVALUATED]


@pytest.mark.usefixtures("gated")
def test_a_merge_that_makes_files_nobody_evaluated_is_no_publish(hub: Hub, ada: Caller, commit: Committing) -> None:
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "other")
    commit(MODEL, {"more": "1"}, branch="other")
    evaluate(hub, ada, "side", accuracy=0.95)
    publish(hub, ada)
    evaluate(hub, ada, "other", accuracy=0.95)
    with pytest.raises(Conflict) as refused:
        publish(hub, ada, "other", strategy="source")
    assert "mixes files of both sides" in refused.value.details[0]
    publish(hub, ada, "other")


@pytest.mark.usefixtures("gated")
def test_the_card_of_main_changes_as_on_any_branch(hub: Hub, ada: Caller, commit: Committing) -> None:
    assert commit(MODEL, {"README.md": "better"}) is not None


def go_through(door: str, hub: Hub, ada: Caller, commit: Committing, folder: Path) -> None:
    with hub.work(ada, reading=True) as work:
        head, side = (history.log_commits(work, Reference(MODEL, ref))[0].id for ref in ("main", "side"))
    if door == "commit":
        commit(MODEL, {"w": "3"})
    elif door == "staged":
        (new,) = upload(hub, ada, MODEL, {"w": "3"})
        with hub.work(ada) as work:
            staging.stage_file(work, MODEL, "main", "w", objects.locate(work, [new.sha256])[new.sha256])
            history.commit_changes(work, MODEL, "main", "x", staged=True)
    elif door == "revert":
        with hub.work(ada) as work:
            merging.revert_commit(work, MODEL, head)
    elif door == "pick":
        with hub.work(ada) as work:
            merging.cherry_pick(work, MODEL, side, "main")
    elif door == "copy":
        with hub.work(ada) as work:
            copying.copy_files(work, Reference(MODEL, "side"), MODEL)
    elif door == "import":
        with hub.work(ada) as work:
            (folder / "shelf").mkdir()
            sources.add_source(work, "shelf", str(folder / "shelf"))
            imports.start_import(work, MODEL, "shelf")
    elif door == "run":
        request = RunRequest(RunType.TRAIN, MODEL, branch="main", git="/x", onto_existing=True)
        with hub.work(ada) as work:
            runs.receiving_model(work, request)
    elif door == "archive":
        free = parse_asset_path("ada/model/free/net")
        archive_import.import_archive(hub, ada, free, [archived(hub, ada, MODEL)])
        commit(free, {"w": "3"})
        archive_import.import_archive(hub, ada, MODEL, [archived(hub, ada, free)])
    elif door == "new":
        archive_import.import_archive(hub, ada, MODEL.parent.asset("copy"), [archived(hub, ada, MODEL)])


@pytest.mark.usefixtures("gated")
@pytest.mark.parametrize("door", ["commit", "staged", "revert", "pick", "copy", "import", "run", "archive", "new"])
def test_no_other_door_leads_into_main(hub: Hub, ada: Caller, commit: Committing, tmp_path: Path, door: str) -> None:
    with hub.work(ada, reading=True) as work:
        before = work.refs.branch(work.asset(MODEL, needs=Role.VIEWER).id, "main").commit
    with pytest.raises(Conflict, match=r"takes only what is published: .*`ah merge"):
        go_through(door, hub, ada, commit, tmp_path)
    with hub.work(ada, reading=True) as work:
        assert work.refs.branch(work.asset(MODEL, needs=Role.VIEWER).id, "main").commit == before


def archived(hub: Hub, caller: Caller, path: AssetPath) -> bytes:
    return b"".join(archives.begin_export(hub, caller, Reference(path, "main")).stream())


@pytest.mark.usefixtures("gated")
def test_owners_alone_set_gates_and_only_on_datasets_they_see(hub: Hub, ada: Caller, eve: Caller) -> None:
    with hub.work(ada) as work:
        sharing.grant_role(work, MODEL.parent, "eve", Role.EDITOR)
    with pytest.raises(Forbidden), hub.work(eve) as work:
        gates.add_gate(work, MODEL.parent, str(DATASET), "loss <= 1")
    with hub.work(eve, reading=True) as work:
        (gate,) = gates.list_gates(work, MODEL.parent)
    assert gate.dataset_path is None
    with pytest.raises(Conflict) as refused, hub.work(eve) as work:
        merging.merge_branch(work, MODEL, "side")
    assert "on a dataset that you cannot see" in refused.value.details[0]
    with pytest.raises(Forbidden), hub.work(eve) as work:
        gates.remove_gate(work, MODEL.parent, gate.id)
    with hub.work(ada) as work:
        sharing.grant_role(work, MODEL.parent, "eve", Role.OWNER)
    with pytest.raises(NotFound), hub.work(eve) as work:
        gates.add_gate(work, MODEL.parent, str(DATASET), "loss <= 1")
    with pytest.raises(Conflict, match="already"), hub.work(ada) as work:
        gates.add_gate(work, MODEL.parent, str(DATASET), "accuracy >= 0.5")
    with pytest.raises(Invalid, match="folder of models"), hub.work(ada) as work:
        gates.add_gate(work, DATASET.parent, str(DATASET), "accuracy >= 0.5")
    with hub.work(eve) as work:
        gates.remove_gate(work, MODEL.parent, gate.id)
        assert gates.list_gates(work, MODEL.parent) == []
    with hub.work(ada, reading=True) as work:
        told = [event.action for event in work.audit.listed(Filter()) if event.action.startswith("gate.")]
    assert {"gate.add", "gate.remove", "gate.block"} <= set(told)


@pytest.mark.usefixtures("gated")
def test_a_gate_whose_dataset_was_deleted_lets_nothing_pass(hub: Hub, ada: Caller) -> None:
    evaluate(hub, ada, "side", accuracy=1.0)
    with hub.work(ada) as work:
        deletions.delete_asset(work, DATASET, force=True)
    assert [one.standing for one in states(hub, ada)] == [Standing.DATASET_GONE]
    with pytest.raises(Conflict, match="let this not pass"):
        publish(hub, ada)


def test_whatever_moves_a_branch_asks_the_gates_first() -> None:
    services = Path(gates.__file__).parent
    moving = [path.name for path in services.glob("*.py") if "refs.move(" in path.read_text()]
    assert sorted(moving) == ["archive_import.py", "history.py"]
    assert all("pass_gates(" in (services / name).read_text() for name in moving)
