"""What may be a source, what may not be in it, and who may import."""

import os
import re
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Forbidden, Invalid, NotFound
from assethub.domain.imports import ImportState
from assethub.domain.owners import Caller, Scope
from assethub.services import imports, sources
from assethub.services.work import Hub
from tests.services.conftest import DATASET, MODEL
from tests.services.imports.conftest import Bringing, Lake, paths


def test_strangers_learn_nothing_and_readers_import_nothing(
    hub: Hub, ada: Caller, eve: Caller, lake: Lake, bring: Bringing, dataset: Asset
) -> None:
    done = bring()
    reader = Caller(ada.user, Scope.READ)
    with hub.work(reader) as work:
        assert imports.list_imports(work, MODEL) == [done]
        with pytest.raises(Forbidden):
            imports.start_import(work, MODEL, "lake")
        with pytest.raises(Forbidden):
            imports.cancel_import(work, MODEL, done.id)
        assert (imports.may_import(work, MODEL), [one.url for one in sources.list_sources(work)]) == (False, [None])
    with hub.work(eve) as work:
        for act in (
            lambda: imports.start_import(work, MODEL, "lake"), lambda: imports.list_imports(work, MODEL),
            lambda: imports.get_import(work, MODEL, done.id), lambda: imports.cancel_import(work, MODEL, done.id),
        ):  # fmt: skip
            with pytest.raises(NotFound):
                act()
        assert [(one.name, one.url) for one in sources.list_sources(work)] == [("lake", None)]
        with pytest.raises(Forbidden, match="administrator"):
            sources.add_source(work, "mine", "/")
        with pytest.raises(Forbidden, match="administrator"):
            sources.remove_source(work, "lake")
    with hub.work(ada) as work:
        assert [one.url for one in sources.list_sources(work)] == [lake.url]
        with pytest.raises(NotFound):
            imports.get_import(work, DATASET, done.id)
        with pytest.raises(NotFound, match="branch"):
            imports.start_import(work, MODEL, "lake", branch="none")
        for wrong in ("../up", "a//b"):
            with pytest.raises(Invalid, match="segment"):
                imports.start_import(work, MODEL, "lake", prefix=wrong)
            with pytest.raises(Invalid, match="segment"):
                imports.start_import(work, MODEL, "lake", target=wrong)


def test_sources_are_folders_or_buckets_apart_from_the_hubs_own(
    hub: Hub, ada: Caller, tmp_path: Path, store: str | None
) -> None:
    data, link = hub.folder, tmp_path / "link"
    (data / "runs").mkdir(exist_ok=True)
    link.symlink_to(data)
    no_address, secret, own = "is not the address of a source", "carries no credentials", "the hub's own"
    for url, sentence in [
        ("relative/folder", no_address), ("https://host/x", no_address), ("file:///etc", no_address),
        ("s3://", no_address), ("s3://key:secret@bucket/x", secret), ("s3://bucket/x?a=b", secret),
        ("s3://bucket/a/../b", "segment"), ("/none/at/all", "There is no folder"), ("/", own), (str(data), own),
        (str(data / "runs"), own), (str(link), own),
        *([(store, own), (f"{store}/packs", own), (store.removesuffix("/hub"), own)] if store else []),
    ]:  # fmt: skip
        with pytest.raises(Invalid, match=sentence) as refused, hub.work(ada) as work:
            sources.add_source(work, "x", url)
        assert "secret" not in str(refused.value)


def test_names_of_sources_are_taken_once(hub: Hub, ada: Caller, tmp_path: Path, lake: Lake) -> None:
    with hub.work(ada) as work:
        with pytest.raises(Conflict, match="'LAKE' exists already"):
            sources.add_source(work, "LAKE", str(tmp_path))
        with pytest.raises(Invalid, match="Source name"):
            sources.add_source(work, "a b", str(tmp_path))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda root: (root / "bad").symlink_to("/etc/hostname"), "'bad' is a symbolic link, .* out of the source"),
        (lambda root: (root / "deep/bad").symlink_to("/etc"), "'deep/bad' is a symbolic link, .* out of the source"),
        (lambda root: (root / "bad").symlink_to("none"), "'bad' is a symbolic link that leads nowhere"),
        (lambda root: (root / "deep/bad").symlink_to(".."), "'deep/bad' is a symbolic link that leads back"),
        (lambda root: os.mkfifo(root / "bad"), "'bad' is not a file but a pipe"),
        (lambda root: (root / "new\nline").write_bytes(b""), "control character"),
        (lambda root: Path(os.fsdecode(bytes(root) + b"/\xff")).write_bytes(b""), "not valid UTF-8"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_a_folder_must_not_lead_to_is_refused_by_its_path(
    hub: Hub, ada: Caller, lake: Lake, bring: Bringing, make: Callable[[Path], object], sentence: str
) -> None:
    make(Path(lake.url))
    refused = bring()
    assert refused.state is ImportState.FAILED
    assert refused.error is not None
    assert re.search(sentence, refused.error)
    assert paths(hub, ada) == {}


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_markers_of_folders_in_a_bucket_are_no_files_and_keys_that_are_no_paths_are_refused(
    hub: Hub, ada: Caller, lake: Lake, bring: Bringing
) -> None:
    address = f"{os.environ['AWS_ENDPOINT']}/{lake.url.removeprefix('s3://')}"
    httpx2.put(f"{address}/deep/folder/", content=b"", trust_env=False).raise_for_status()
    done = bring(prefix="deep")
    assert (done.error, set(paths(hub, ada))) == (None, {"er/b.bin", "ü #%.txt"})
    httpx2.put(f"{address}/deep//double", content=b"x", trust_env=False).raise_for_status()
    refused = bring(prefix="deep")
    assert refused.error is not None
    assert "a key that cannot be a path" in refused.error
    assert "deep//double" in refused.error
