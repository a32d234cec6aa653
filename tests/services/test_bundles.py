"""Versions packed as one tar or zip."""

import io
import tarfile
import zipfile
from datetime import UTC, datetime

import pytest

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Invalid, NotFound
from assethub.domain.names import Reference
from assethub.domain.owners import Caller, RunCaller
from assethub.services import bundles, history
from assethub.services.bundles import Packing
from assethub.services.work import Hub
from tests.services.conftest import DATASET, Committing, upload

AT = datetime(2026, 1, 2, 3, 4, 6, 999_999, tzinfo=UTC)
FILES = {"a b/ü.txt": "one", "a b/x": "", "data/1": "1", "data/" + "long/" * 60 + "2": "2", "data-more": "3", "z": "4"}


def packed(hub: Hub, caller: Caller | RunCaller, packing: Packing, prefix: str = "", ref: str | None = None) -> bytes:
    bundle = bundles.begin_bundle(hub, caller, Reference(DATASET, ref), packing, prefix=prefix)
    return b"".join(bundle.stream())


def contents(packing: Packing, data: bytes) -> dict[str, tuple[str, int, float]]:
    """Text, mode and time of each file, as standard tools read them."""
    if packing is Packing.ZIP:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            return {
                info.filename: (
                    archive.read(info).decode(), info.external_attr >> 16 & 0o777,
                    datetime(*info.date_time, tzinfo=UTC).timestamp(),
                )
                for info in archive.infolist()
            }  # fmt: skip
    found = {}
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            file = tar.extractfile(member)
            assert file is not None
            found[member.name] = (file.read().decode(), member.mode, float(member.mtime))
    return found


@pytest.fixture
def filled(hub: Hub, ada: Caller, dataset: Asset) -> None:
    new = [history.NewFile(file.path, file.sha256, file.size, AT) for file in upload(hub, ada, DATASET, FILES)]
    with hub.work(ada) as work:
        history.commit_changes(work, DATASET, "main", "Add", add=new)


@pytest.mark.parametrize("packing", Packing)
def test_a_version_is_packed_with_what_it_is(hub: Hub, ada: Caller, filled: None, packing: Packing) -> None:
    data = packed(hub, ada, packing)
    found = contents(packing, data)
    assert list(found) == sorted(FILES, key=str.encode)
    assert found == {path: (text, 0o644, AT.replace(microsecond=0).timestamp()) for path, text in FILES.items()}
    assert packed(hub, ada, packing, ref="main") == data
    assert set(contents(packing, packed(hub, ada, packing, "data"))) == {name for name in FILES if "data/" in name}
    assert set(contents(packing, packed(hub, ada, packing, "a b/"))) == {"a b/ü.txt", "a b/x"}
    with pytest.raises(NotFound, match="no folder 'dat/'"):
        packed(hub, ada, packing, "dat")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_cannot_be_packed_is_refused_before_it_begins(
    hub: Hub, ada: Caller, eve: Caller, filled: None, commit: Committing, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound):
        bundles.begin_bundle(hub, eve, Reference(DATASET), Packing.TAR)
    made = commit(DATASET, {"data": "5", "empty/": ""})
    with pytest.raises(Conflict, match="'data' and 'data/1' cannot both"):
        bundles.begin_bundle(hub, ada, Reference(DATASET), Packing.TAR)
    assert len(contents(Packing.TAR, packed(hub, ada, Packing.TAR, "data"))) == 2
    monkeypatch.setattr(bundles, "MOST_ZIPPED", 3)
    commit(DATASET, {}, delete=("data",))
    with pytest.raises(Invalid, match="6 files, and a zip may have 3; take a tar"):
        bundles.begin_bundle(hub, ada, Reference(DATASET), Packing.ZIP)
    assert made is not None
    run = RunCaller(ada.user, made.asset, frozenset({(made.asset, made.parents[0])}), None)
    with pytest.raises(NotFound):
        packed(hub, run, Packing.TAR)
    assert len(contents(Packing.TAR, packed(hub, run, Packing.TAR, ref=made.parents[0]))) == 6


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_file_is_named_after_the_version(hub: Hub, ada: Caller, filled: None) -> None:
    for ref, prefix, name in (
        (None, "", "digits-main.tar"), ("main", "data/long", "digits-main-data-long.tar"),
    ):  # fmt: skip
        assert bundles.begin_bundle(hub, ada, Reference(DATASET, ref), Packing.TAR, prefix=prefix).name == name
