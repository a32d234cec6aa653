"""Imports from a server's folder (on SQLite) and from a bucket (on PostgreSQL): copied, or linked and watched."""

import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from threading import Event

import obstore
import pytest
from obstore.store import from_url

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from assethub.domain.imports import Import, ImportState
from assethub.domain.names import Reference
from assethub.domain.owners import Caller, Scope
from assethub.services import history, imports, objects, sources, verification
from assethub.services.importing import perform
from assethub.services.objects import Upload
from assethub.services.work import Hub
from tests.services.conftest import DATASET, MODEL, Committing, upload

BIG = os.urandom(3 << 20)
FILES = {"a.txt": b"one", "deep/er/b.bin": b"two" * 1000, "deep/ü #%.txt": b"one", "empty": b"", "big.bin": BIG}


class Lake:
    """A source that others write to."""

    def __init__(self, url: str) -> None:
        self.url = url

    def put(self, place: str, content: bytes) -> None:
        if self.url.startswith("/"):
            target = Path(self.url) / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        else:
            obstore.put(from_url(self.url), place, content)

    def remove(self, place: str) -> None:
        if self.url.startswith("/"):
            (Path(self.url) / place).unlink()
        else:
            obstore.delete(from_url(self.url), place)


@pytest.fixture
def lake(tmp_path: Path, hub: Hub, store: str | None) -> Lake:
    """The source `lake` with some files."""
    folder = tmp_path / "lake"
    folder.mkdir()
    found = Lake(store.replace("/hub", "/lake") if store else str(folder))
    for place, content in FILES.items():
        found.put(place, content)
    with hub.work(None) as work:
        sources.register_source(work, "lake", found.url)
    return found


Bringing = Callable[..., Import]


@pytest.fixture
def bring(hub: Hub, ada: Caller, lake: Lake, model: Asset) -> Bringing:
    """bring(prefix="", link=True, …): an import into the model, done to its end; what became of it."""

    def act(*, ending: Event | None = None, **options: object) -> Import:
        with hub.work(ada) as work:
            job = imports.start_import(work, MODEL, "lake", **options)  # type: ignore[arg-type]
        perform(hub, job.id, ending or Event())
        with hub.work(ada, reading=True) as work:
            return imports.get_import(work, MODEL, job.id)

    return act


def content(hub: Hub, ada: Caller, path: str, start: int = 0, end: int | None = None) -> bytes:
    with hub.work(ada, reading=True) as work:
        opened = objects.open_file(work, Reference(MODEL), path)
    return b"".join(opened.read(start, end))


def paths(hub: Hub, ada: Caller) -> dict[str, str]:
    with hub.work(ada, reading=True) as work:
        _, listed, _ = objects.list_objects(work, Reference(MODEL))
    return {one.path: one.entry.sha256 for one in listed if one.entry}


def test_a_copy_is_one_commit_and_needs_its_source_no_more(
    hub: Hub, ada: Caller, lake: Lake, bring: Bringing, commit: Committing
) -> None:
    commit(MODEL, {"mine": "1", "in/a.txt": "old"})
    done = bring(target="in")
    assert (done.state, done.error) == (ImportState.SUCCEEDED, None)
    size = sum(len(body) for body in FILES.values())
    assert (done.total_files, done.done_files, done.done_bytes, done.read_bytes) == (5, 5, size, size)
    assert paths(hub, ada) == {
        "mine": hashlib.sha256(b"1").hexdigest(),
        **{f"in/{place}": hashlib.sha256(body).hexdigest() for place, body in FILES.items()},
    }
    for place, body in FILES.items():
        lake.remove(place)
        assert content(hub, ada, f"in/{place}") == body
    with hub.work(ada, reading=True) as work:
        (newest, *_) = history.log_commits(work, Reference(MODEL))
    assert (newest.id, newest.message, newest.author) == (done.commit, "Import lake", "ada")
    assert newest.metadata == {"import": {"source": "lake", "prefix": "", "link": False}}


def test_what_did_not_change_is_not_read_again(hub: Hub, ada: Caller, lake: Lake, bring: Bringing) -> None:
    bring()
    again = bring()
    assert (again.state, again.commit, again.read_bytes, again.done_files) == (ImportState.SUCCEEDED, None, 0, 5)
    lake.put("a.txt", b"uno")
    changed = bring()
    assert changed.commit is not None
    assert changed.read_bytes == 3
    assert content(hub, ada, "a.txt") == b"uno"


def test_a_prefix_names_a_folder_or_one_object(hub: Hub, ada: Caller, bring: Bringing) -> None:
    bring(prefix="deep/")
    assert set(paths(hub, ada)) == {"er/b.bin", "ü #%.txt"}
    bring(prefix="deep/er/b.bin", target="one")
    bring(prefix="deep/er", target="more")
    assert set(paths(hub, ada)) == {"er/b.bin", "ü #%.txt", "one/b.bin", "more/b.bin"}
    for nothing in ("dee", "none/at/all"):
        refused = bring(prefix=nothing)
        assert (refused.state, refused.error) == (
            ImportState.FAILED, f"The source 'lake' holds nothing at {nothing!r}.",
        )  # fmt: skip


def test_linked_contents_are_read_from_where_they_are(
    hub: Hub, ada: Caller, bring: Bringing, database: str | None
) -> None:
    done = bring(link=True)
    assert done.state is ImportState.SUCCEEDED
    for place, body in FILES.items():
        assert content(hub, ada, place) == body
    assert content(hub, ada, "big.bin", 1, 2 << 20) == BIG[1 : 2 << 20]
    assert content(hub, ada, "big.bin", 5, 5) == b""
    assert verification.verify(hub, deep=True).damages == ()
    if database is None:
        kept = [one for name in ("objects", "packs") for one in (hub.folder / "store" / name).rglob("*")]
        assert [one for one in kept if one.is_file()] == []


@pytest.mark.parametrize("change", ["changed", "gone"])
def test_an_original_that_is_not_what_it_was_is_named_and_never_served(
    hub: Hub, ada: Caller, lake: Lake, bring: Bringing, change: str
) -> None:
    bring(link=True)
    if change == "gone":
        lake.remove("deep/er/b.bin")
    else:
        lake.put("deep/er/b.bin", b"owt" * 1000)
    for end in (None, 10, 0):
        with pytest.raises(
            Unavailable, match=r"'deep/er/b.bin' cannot be read: the original 'deep/er/b.bin' in the so"
        ):
            content(hub, ada, "deep/er/b.bin", 0, end)
    assert content(hub, ada, "a.txt") == b"one"
    for deep in (False, True):
        (damage,) = verification.verify(hub, deep=deep).damages
        assert (damage.path, change in damage.problem) == ("deep/er/b.bin", True)


def test_a_copy_takes_over_from_a_link_and_a_link_from_no_copy(
    hub: Hub, ada: Caller, lake: Lake, bring: Bringing
) -> None:
    bring(link=True)
    upload(hub, ada, MODEL, {"mine": "one"})
    big = Upload.begin(hub, ada, MODEL)
    big.write(BIG)
    big.finish()
    bring(link=True)
    for place in ("a.txt", "big.bin", "deep/er/b.bin"):
        lake.remove(place)
    assert content(hub, ada, "a.txt") == b"one"
    assert content(hub, ada, "big.bin") == BIG
    with pytest.raises(Unavailable, match="is gone"):
        content(hub, ada, "deep/er/b.bin")


def test_importing_again_mends_a_link_or_makes_it_a_copy(hub: Hub, ada: Caller, lake: Lake, bring: Bringing) -> None:
    bring(link=True)
    lake.put("moved/b.bin", FILES["deep/er/b.bin"])
    lake.remove("deep/er/b.bin")
    assert bring(link=True, prefix="moved").state is ImportState.SUCCEEDED
    assert content(hub, ada, "deep/er/b.bin") == FILES["deep/er/b.bin"]
    copied = bring()
    assert copied.read_bytes == copied.total_bytes
    for place in ("a.txt", "big.bin", "moved/b.bin"):
        lake.remove(place)
        assert content(hub, ada, place)


def test_a_removed_source_is_told_and_comes_back_with_its_links(
    hub: Hub, ada: Caller, lake: Lake, bring: Bringing
) -> None:
    bring(link=True)
    with pytest.raises(Conflict, match="4 contents are linked to the source 'lake'"), hub.work(ada) as work:
        sources.remove_source(work, "lake")
    with hub.work(ada) as work:
        sources.remove_source(work, "LAKE", force=True)
    with pytest.raises(Unavailable, match="an administrator removed the source"):
        content(hub, ada, "a.txt")
    with pytest.raises(NotFound, match="no source 'lake'"):
        bring()
    with hub.work(ada) as work:
        sources.add_source(work, "pond", lake.url)
    assert content(hub, ada, "a.txt") == b"one"


class EndingAfter(Event):
    """The hub's stop, coming when it was asked for some times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


def test_an_import_goes_on_where_a_stop_left_it(
    hub: Hub, ada: Caller, lake: Lake, bring: Bringing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assethub.services.importing.PACK_FILES", 2)
    monkeypatch.setattr("assethub.services.importing.THREADS", 1)
    lake.remove("big.bin")
    for number in range(8):
        lake.put(f"many/{number}", b"%d" % number)
    stopped = bring(ending=EndingAfter(4))
    assert (stopped.state, stopped.commit) == (ImportState.RUNNING, None)
    assert 0 < stopped.read_bytes < stopped.total_bytes
    assert paths(hub, ada) == {}
    assert imports.pending_imports(hub) == [stopped.id]
    perform(hub, stopped.id, Event())
    with hub.work(ada, reading=True) as work:
        done = imports.get_import(work, MODEL, stopped.id)
    assert (done.state, done.read_bytes) == (ImportState.SUCCEEDED, done.total_bytes)
    assert len(paths(hub, ada)) == 12
    assert imports.pending_imports(hub) == []


def test_a_cancelled_import_commits_nothing(hub: Hub, ada: Caller, bring: Bringing) -> None:
    stopped = bring(ending=EndingAfter(2))
    with hub.work(ada) as work:
        assert imports.cancel_import(work, MODEL, stopped.id).error == "Cancelled by ada."
    perform(hub, stopped.id, Event())
    assert paths(hub, ada) == {}
    done = bring()
    with pytest.raises(Conflict, match="has succeeded already"), hub.work(ada) as work:
        imports.cancel_import(work, MODEL, done.id)


def test_a_branch_that_moves_on_meanwhile_keeps_what_it_got(
    hub: Hub, ada: Caller, bring: Bringing, commit: Committing
) -> None:
    stopped = bring(ending=EndingAfter(3))
    commit(MODEL, {"meanwhile": "x"})
    perform(hub, stopped.id, Event())
    assert set(paths(hub, ada)) == {*FILES, "meanwhile"}


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


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_links_that_stay_inside_a_folder_are_followed(hub: Hub, ada: Caller, lake: Lake, bring: Bringing) -> None:
    root = Path(lake.url)
    (root / "file").symlink_to("deep/er/b.bin")
    (root / "folder").symlink_to("deep/er")
    assert bring(link=True).total_files == 7
    assert content(hub, ada, "file") == content(hub, ada, "folder/b.bin") == FILES["deep/er/b.bin"]
    (root / "file").unlink()
    (root / "file").symlink_to("/etc/hostname")
    (root / "deep/er/b.bin").unlink()
    with pytest.raises(Unavailable, match=r"the original .* in the source 'lake'"):
        content(hub, ada, "file")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_change_that_hides_its_size_and_time_is_seen(hub: Hub, ada: Caller, lake: Lake, bring: Bringing) -> None:
    original = Path(lake.url) / "deep/er/b.bin"
    bring(link=True)
    before = original.stat()
    original.write_bytes(b"owt" * 1000)
    os.utime(original, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (original.stat().st_size, original.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    with pytest.raises(Unavailable, match="changed since it was linked"):
        content(hub, ada, "deep/er/b.bin")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_change_in_the_middle_of_reading_breaks_the_reading_off(
    hub: Hub, ada: Caller, lake: Lake, bring: Bringing
) -> None:
    bring(link=True)
    with hub.work(ada, reading=True) as work:
        reading = objects.open_file(work, Reference(MODEL), "big.bin").read()
    served = [next(reading)]
    with (Path(lake.url) / "big.bin").open("r+b") as file:
        file.seek(2 << 20)
        file.write(b"other")
    with pytest.raises(Unavailable, match=r"'big.bin' in the source 'lake' changed since it was linked"):
        served.extend(reading)
    assert len(b"".join(served)) < len(BIG)
