"""Taking away, bringing back, and paths that were before."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from assethub.database.tables import assets as asset_rows
from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import Conflict, NotFound
from assethub.domain.folders import Role
from assethub.domain.names import FolderPath, Kind, Reference
from assethub.domain.owners import Caller
from assethub.domain.runs import Code, Input, Run, RunState, RunType
from assethub.services import assets, deletions, evaluations, folders, gates, history, merging, sharing
from assethub.services.work import Hub, Work
from tests.services.conftest import DATASET, MODEL, Committing


def test_a_deleted_asset_is_gone_its_name_is_free_and_it_comes_back_whole(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    made = commit(MODEL, {"a": "1"})
    assert made is not None
    with hub.work(ada) as work:
        deletions.delete_asset(work, MODEL)
    with pytest.raises(NotFound), hub.work(ada, reading=True) as work:
        assets.get_asset(work, MODEL)
    with hub.work(ada, reading=True) as work:
        assert folders.get_folder(work, MODEL.parent).assets == 0
        assert [one.path for one in deletions.deleted_assets(work, MODEL.parent)] == [MODEL]
    with hub.work(ada) as work:
        other = assets.create_asset(work, MODEL, "another", (), TrainingSettings())
    with pytest.raises(Conflict, match="Another asset is at"), hub.work(ada) as work:
        deletions.restore_asset(work, MODEL)
    with hub.work(ada) as work:
        assets.change_asset(work, MODEL, name="other")
        assert deletions.restore_asset(work, MODEL).id == model.id != other.id
    with hub.work(ada, reading=True) as work:
        assert history.log_commits(work, Reference(MODEL))[0].id == made.id


def test_a_deleted_folder_takes_its_assets_along_and_brings_them_back(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    with hub.work(ada) as work:
        deletions.delete_folder(work, MODEL.parent)
    with hub.work(ada, reading=True) as work:
        assert folders.list_folders(work) == []
        assert assets.recent_assets(work) == []
    with pytest.raises(NotFound), hub.work(ada, reading=True) as work:
        assets.get_asset(work, MODEL)
    with hub.work(ada) as work:
        deletions.restore_folder(work, MODEL.parent)
        assert assets.get_asset(work, MODEL).id == model.id


def test_a_deleted_branch_comes_back_where_it_was(hub: Hub, ada: Caller, model: Asset, commit: Committing) -> None:
    made = commit(MODEL, {"a": "1"})
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "side")
        deletions.delete_branch(work, MODEL, "side")
    commit(MODEL, {"a": "2"})
    with hub.work(ada) as work:
        back = deletions.restore_ref(work, MODEL, "side")
    assert made is not None
    assert back.commit == made.id
    with pytest.raises(Conflict), hub.work(ada) as work:
        deletions.restore_ref(work, MODEL, "side")
    with pytest.raises(NotFound, match="No branch or tag 'never'"), hub.work(ada) as work:
        deletions.restore_ref(work, MODEL, "never")


def test_after_fourteen_days_it_is_gone_for_good(hub: Hub, ada: Caller, model: Asset) -> None:
    with hub.work(ada) as work:
        deletions.delete_asset(work, MODEL)
        long_ago = work.now() - timedelta(days=15)
        work.connection.execute(update(asset_rows).values(deleted_at=long_ago))
    with pytest.raises(NotFound, match="last 14 days"), hub.work(ada) as work:
        deletions.restore_asset(work, MODEL)
    deletions.sweep_deleted(hub)
    with hub.work(ada, reading=True) as work:
        assert work.connection.execute(asset_rows.select()).all() == []


def test_what_evaluations_rest_on_is_deleted_only_by_force(hub: Hub, ada: Caller, model: Asset, dataset: Asset) -> None:
    with hub.work(ada) as work:
        evaluations.create_evaluation(work, Reference(MODEL), Reference(DATASET), {"accuracy": 0.9})
    with pytest.raises(Conflict, match="1 models rest on") as refused, hub.work(ada) as work:
        deletions.delete_asset(work, DATASET)
    assert refused.value.details == (str(MODEL),)
    with pytest.raises(Conflict), hub.work(ada) as work:
        deletions.delete_folder(work, DATASET.parent)
    with hub.work(ada) as work:
        deletions.delete_asset(work, DATASET, force=True)
        deletions.restore_asset(work, DATASET)


def run_of(work: Work, model: Asset, inputs: tuple[tuple[Asset, str], ...], **facts: object) -> Run:
    """A training that has ended, from these versions."""
    made = Run(
        id=work.new_id(), number=0, type=RunType.TRAIN, state=RunState.SUCCEEDED, reason=None, asset=model.id,
        path=str(model.path), branch="out", onto_existing=False, base=None, code=Code("/code", "main", "0" * 40, ""),
        inputs=tuple(Input(str(at), one.id, str(one.path), "main", commit) for at, (one, commit) in enumerate(inputs)),
        params={}, task={"command": "true"}, engine="local", attempt=1, nonce=None, handle=None,
        cancel_requested_at=None, exit_code=0, commit=None, evaluation=None, environment={},
        created_by=work.person.user.id, creator="ada", created_at=work.now(), started_at=None, ended_at=None,
        seen_at=None,
    )  # fmt: skip
    made = replace(made, **facts)  # type: ignore[arg-type]
    return replace(made, number=work.runs.add(made))


def test_what_models_were_made_from_is_deleted_only_by_force(
    hub: Hub, ada: Caller, eve: Caller, model: Asset, dataset: Asset, commit: Committing
) -> None:
    data, weights = commit(DATASET, {"a": "1"}), commit(MODEL, {"w": "1"})
    assert data is not None
    assert weights is not None
    with hub.work(ada) as work:
        run_of(work, model, ((dataset, data.id),), commit=weights.id)
        sharing.grant_role(work, DATASET.parent, "eve", Role.OWNER)
    with pytest.raises(Conflict, match="1 models rest on") as refused, hub.work(ada) as work:
        deletions.delete_asset(work, DATASET)
    assert refused.value.details == (str(MODEL),)
    for delete in (deletions.delete_asset, deletions.delete_folder):
        path = DATASET if delete is deletions.delete_asset else DATASET.parent
        with pytest.raises(Conflict) as refused, hub.work(eve) as work:
            delete(work, path)  # type: ignore[arg-type]
        assert refused.value.details == ("1 models that you cannot see",)
    with hub.work(eve) as work:
        deletions.delete_folder(work, DATASET.parent, force=True)


def test_a_gate_stands_before_the_deletion_of_its_dataset(hub: Hub, ada: Caller, model: Asset, dataset: Asset) -> None:
    with hub.work(ada) as work:
        gates.add_gate(work, MODEL.parent, str(DATASET), "accuracy >= 0.5")
    with pytest.raises(Conflict, match="the gates of 1 folders rest on") as refused, hub.work(ada) as work:
        deletions.delete_asset(work, DATASET)
    assert refused.value.details == (f"the gates of {MODEL.parent}",)


def test_a_branch_that_versions_in_use_hang_on_is_deleted_only_by_force(
    hub: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing
) -> None:
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "side")
    first = commit(MODEL, {"w": "1"}, branch="side")
    commit(MODEL, {"w": "2"}, branch="side")
    assert first is not None
    with hub.work(ada) as work:
        evaluations.create_evaluation(work, Reference(MODEL, first.id), Reference(DATASET), {"accuracy": 0.9})
        made = run_of(work, model, ((model, first.id),), commit=first.id)
    with pytest.raises(Conflict, match="2 runs or evaluations rest on versions that only") as refused:
        delete_branch(hub, ada, "side")
    assert refused.value.details == (f"evaluation of {MODEL} by ada", f"run {made.number} of {MODEL}")
    with hub.work(ada) as work:
        assets.create_tag(work, MODEL, "kept", "side")
    delete_branch(hub, ada, "side")
    with pytest.raises(Conflict, match="only the tag 'kept' leads to"), hub.work(ada) as work:
        deletions.delete_tag(work, MODEL, "kept")
    with hub.work(ada) as work:
        deletions.delete_tag(work, MODEL, "kept", force=True)


def delete_branch(hub: Hub, caller: Caller, name: str) -> None:
    with hub.work(caller) as work:
        deletions.delete_branch(work, MODEL, name)


def test_a_branch_that_was_published_is_deleted_without_asking(
    hub: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing
) -> None:
    with hub.work(ada) as work:
        assets.create_branch(work, MODEL, "side")
    commit(MODEL, {"w": "1"}, branch="side")
    with hub.work(ada) as work:
        evaluations.create_evaluation(work, Reference(MODEL, "side"), Reference(DATASET), {"accuracy": 0.9})
        merging.merge_branch(work, MODEL, "side")
    delete_branch(hub, ada, "side")


def test_the_old_path_leads_to_what_was_renamed_until_it_is_taken(hub: Hub, ada: Caller, model: Asset) -> None:
    sight = FolderPath("ada", Kind.MODEL, "sight")
    with hub.work(ada) as work:
        assets.change_asset(work, MODEL, name="mesh")
        folders.change_folder(work, MODEL.parent, name="sight")
        assets.change_asset(work, sight.asset("mesh"), name="grid")
    for old in (MODEL, MODEL.parent.asset("mesh"), sight.asset("mesh"), sight.asset("grid")):
        with hub.work(ada, reading=True) as work:
            assert str(assets.get_asset(work, old).path) == "ada/model/sight/grid"
    with hub.work(ada) as work:
        new = assets.create_asset(work, MODEL.parent.asset("mesh"), "", (), TrainingSettings())
    assert str(new.path) == "ada/model/sight/mesh"
    with hub.work(ada) as work:
        folders.create_folder(work, MODEL.parent)
    with pytest.raises(NotFound), hub.work(ada, reading=True) as work:
        assets.get_asset(work, MODEL.parent.asset("grid"))
