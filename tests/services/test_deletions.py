"""Taking away, bringing back, and paths that were before."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from assethub.database.tables import assets as asset_rows
from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import Conflict, NotFound
from assethub.domain.names import FolderPath, Kind, Reference
from assethub.domain.owners import Caller
from assethub.services import assets, deletions, evaluations, folders, history
from assethub.services.work import Hub
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
    assert refused.value.details == ("net",)
    with pytest.raises(Conflict), hub.work(ada) as work:
        deletions.delete_folder(work, DATASET.parent)
    with hub.work(ada) as work:
        deletions.delete_asset(work, DATASET, force=True)
        deletions.restore_asset(work, DATASET)


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
