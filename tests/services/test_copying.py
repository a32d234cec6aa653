"""Files are copied between assets without moving bytes, by those who may read one and write the other."""

import pytest

from assethub.domain.assets import Asset
from assethub.domain.errors import Invalid, NotFound
from assethub.domain.history import MAIN
from assethub.domain.names import AssetPath, Kind, Reference
from assethub.domain.owners import Caller
from assethub.services import assets, copying, objects, usage
from assethub.services.work import Hub
from tests.services.conftest import DATASET, MODEL, Committing

FILES = {"a.txt": "1", "data/b.txt": "22", "data/c/d.txt": "333"}


def listed(hub: Hub, caller: Caller, path: AssetPath) -> dict[str, str]:
    with hub.work(caller, reading=True) as work:
        _, found, _ = objects.list_objects(work, Reference(path))
        files = objects.open_files(work, Reference(path), [one.path for one in found])
    return {file.path: b"".join(file.read()).decode() for file in files}


@pytest.mark.parametrize(
    ("paths", "to", "expected"),
    [
        ((), "", FILES),
        (("a.txt", "data/c/"), "", {"a.txt": "1", "data/c/d.txt": "333"}),
        (("data/",), "kept/", {"kept/data/b.txt": "22", "kept/data/c/d.txt": "333"}),
    ],
)
def test_files_lie_where_they_were_or_below_a_folder_and_no_bytes_move(
    hub: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing,
    paths: tuple[str, ...], to: str, expected: dict[str, str],
) -> None:  # fmt: skip
    commit(DATASET, FILES)
    commit(MODEL, {"own": "stays"})
    before = [one.key for one in hub.contents.backend.list("packs/")]
    with hub.work(ada) as work:
        made = copying.copy_files(work, Reference(DATASET), MODEL, paths=paths, to=to)
        assert made is not None
        assert made.title == f"Copy from {DATASET}"
    assert listed(hub, ada, MODEL) == expected | {"own": "stays"}
    assert [one.key for one in hub.contents.backend.list("packs/")] == before
    with hub.work(ada) as work:
        assert copying.copy_files(work, Reference(DATASET), MODEL, paths=paths, to=to) is None


def test_what_is_not_there_may_not_be_seen_or_leads_nowhere_is_refused(
    hub: Hub, ada: Caller, eve: Caller, model: Asset, dataset: Asset, commit: Committing
) -> None:
    commit(DATASET, FILES)
    for paths, to, kind in ((("none",), "", NotFound), (("none/",), "", NotFound), ((), "a/../b", Invalid)):
        with pytest.raises(kind), hub.work(ada) as work:
            copying.copy_files(work, Reference(DATASET), MODEL, paths=paths, to=to)
    own = AssetPath("eve", Kind.DATASET, "mine", "copy")
    with hub.work(eve) as work:
        assets.create_asset(work, own, "", (), model.training)
    with pytest.raises(NotFound), hub.work(eve) as work:
        copying.copy_files(work, Reference(DATASET), own)
    with pytest.raises(NotFound), hub.work(eve) as work:
        copying.copy_files(work, Reference(own), DATASET)


def test_usage_counts_equal_contents_once_and_tells_own_from_shared(
    hub: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing
) -> None:
    commit(DATASET, {"a": "x" * 10, "b": "x" * 10, "c": "y" * 5})
    commit(DATASET, {"d": "z" * 7, "e": "y" * 5})
    with hub.work(ada) as work:
        copying.copy_files(work, Reference(DATASET), MODEL, paths=["a"])
    with hub.work(ada, reading=True) as work:
        of_asset = usage.asset_usage(work, DATASET)
        of_version = usage.version_usage(work, Reference(DATASET, MAIN))
    assert (of_asset.contents, of_asset.own, of_asset.shared, of_asset.stored) == (3, 12, 10, 22)
    sizes = (of_version.files, of_version.listed, of_version.stored, of_version.added)
    assert sizes == (5, 37, 22, 12)
