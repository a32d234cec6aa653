"""Imports that link: contents are read from where they are, and never when they are not what they were."""

import hashlib
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from assethub.domain.errors import Conflict, Gone, NotFound, Unavailable
from assethub.domain.imports import ImportState
from assethub.domain.names import Reference
from assethub.domain.owners import Caller
from assethub.services import deletions, objects, purging, receiving, sources, verification
from assethub.services.collection import collect
from assethub.services.receiving import Upload
from assethub.services.work import Hub
from tests.services.conftest import MODEL, upload
from tests.services.imports.conftest import BIG, FILES, Bringing, Lake, content


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
    digests = [hashlib.sha256(body).hexdigest() for body in (b"one", BIG)]
    with hub.work(ada) as work:
        assert receiving.missing_bodies(work, MODEL, digests) == digests
    upload(hub, ada, MODEL, {"mine": "one"})
    big = Upload.begin(hub, ada, MODEL)
    big.write(BIG)
    big.finish()
    with hub.work(ada) as work:
        assert receiving.missing_bodies(work, MODEL, digests) == []
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


def test_links_that_nothing_needs_are_forgotten_and_purged_ones_too(
    hub: Hub, ada: Caller, lake: Lake, bring: Bringing
) -> None:
    bring(link=True)
    eager = replace(hub, grace=timedelta(0))
    assert collect(eager, drain=0).contents == 0
    done = purging.purge(hub, hashlib.sha256(BIG).hexdigest(), "not ours", "ada")
    assert [place["path"] for place in done.places] == ["big.bin"]
    with pytest.raises(Gone, match="not ours"):
        content(hub, ada, "big.bin")
    with hub.work(ada) as work:
        deletions.delete_asset(work, MODEL)
    with hub.work(None) as work:
        work.assets.sweep(work.now())
    assert (collect(eager, dry=True).contents, collect(eager, drain=0).contents) == (3, 3)
    with hub.work(None, reading=True) as work:
        assert work.bodies.linked("", 10) == []
