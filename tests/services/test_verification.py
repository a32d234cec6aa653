"""Damage on the disk is found, and told by the paths that it hurts."""

from dataclasses import replace
from pathlib import Path

import pytest

from assethub.domain.assets import Asset
from assethub.domain.errors import Unavailable
from assethub.domain.names import Reference
from assethub.domain.owners import Caller
from assethub.services import history, objects, verification
from assethub.services.receiving import Upload
from assethub.services.work import Hub
from assethub.storage.tree_store import NodeCache
from tests.services.conftest import MODEL, Committing


@pytest.fixture
def database() -> str | None:
    """Files are damaged by hand here, so they lie on the local disk."""
    return None


def spoil(path: Path, *, cut: bool = False) -> None:
    path.chmod(0o600)
    body = path.read_bytes()
    path.write_bytes(body[: len(body) // 2] if cut else body[:-1] + bytes([body[-1] ^ 1]))


def only(folder: Path) -> Path:
    (found,) = (path for path in folder.rglob("*") if path.is_file())
    return found


def test_a_sound_hub_is_well(hub: Hub, model: Asset, commit: Committing) -> None:
    commit(MODEL, {"a": "1", "b": "2"})
    for deep in (False, True):
        found = verification.verify(hub, deep=deep)
        assert (found.bodies, found.bytes, found.commits, found.damages) == (2, 2, 2, ())


def test_a_flipped_bit_is_found_by_reading_and_a_cut_file_by_looking(
    hub: Hub, model: Asset, commit: Committing
) -> None:
    commit(MODEL, {"a": "first", "b": "second"})
    pack = only(hub.folder / "store" / "packs")
    spoil(pack)
    assert verification.verify(hub).damages == ()
    (damage,) = verification.verify(hub, deep=True).damages
    assert (damage.asset, damage.path, "another sha256" in damage.problem) == (str(MODEL), "b", True)
    spoil(pack, cut=True)
    assert {one.path for one in verification.verify(hub).damages} == {"b"}
    pack.unlink()
    assert {one.path for one in verification.verify(hub).damages} == {"a", "b"}


def test_a_lost_body_hurts_its_own_path_only_and_is_told_when_it_is_read(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    commit(MODEL, {"well": "1"})
    upload = Upload.begin(hub, ada, MODEL)
    upload.write(b"lost")
    body = upload.finish()
    with hub.work(ada) as work:
        new = [history.NewFile("lost", body.sha256, body.size)]
        history.commit_changes(work, MODEL, "main", "Add", add=new)
    only(hub.folder / "store" / "objects").unlink()
    assert [one.path for one in verification.verify(hub).damages] == ["lost"]
    with hub.work(ada, reading=True) as work:
        well, lost = objects.open_files(work, Reference(MODEL), ["well", "lost"])
    assert b"".join(well.read()) == b"1"
    with pytest.raises(Unavailable, match="content of 'lost'"):
        b"".join(lost.read())


def test_a_lost_tree_hurts_its_commit_and_the_others_stay_readable(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    first = commit(MODEL, {"a": "1"})
    before = set((hub.folder / "store" / "trees").rglob("*"))
    second = commit(MODEL, {"a": "2"})
    assert first is not None
    assert second is not None
    for path in set((hub.folder / "store" / "trees").rglob("*")) - before:
        if path.is_file():
            path.unlink()
    hub = replace(hub, nodes=NodeCache(hub.nodes.backend))  # as after a restart
    assert {one.commit for one in verification.verify(hub).damages} == {second.id}
    with hub.work(ada, reading=True) as work:
        assert objects.stat_object(work, Reference(MODEL, first.id), "a")
    with pytest.raises(Unavailable, match=f"version {second.id[:8]} cannot be read"), hub.work(ada) as work:
        objects.stat_object(work, Reference(MODEL), "a")
