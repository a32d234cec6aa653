"""What owners hold, counted exactly, and what they have no room for, refused before and where it is kept."""

import hashlib
import random
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from assethub.database.tables import assets as asset_rows
from assethub.database.tables import bodies, holdings
from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.audit import Filter, Outcome
from assethub.domain.errors import Conflict, Forbidden, HubError, Invalid, NotFound, QuotaExceeded, SignInNeeded
from assethub.domain.imports import Import, ImportState
from assethub.domain.names import AssetPath, Reference, parse_asset_path
from assethub.domain.owners import Caller, Keeper, Scope, Visitor
from assethub.services import (
    archive_import,
    archives,
    assets,
    collection,
    copying,
    deletions,
    groups,
    history,
    imports,
    purging,
    quotas,
    receiving,
    uploads,
)
from assethub.services.importing import perform
from assethub.services.receiving import Upload
from assethub.services.uploads import PartUpload
from assethub.services.work import Hub
from tests.services.conftest import DATASET, MODEL, Committing, upload
from tests.services.imports.conftest import Lake, lake

__all__ = ["lake"]
COPY = parse_asset_path("ada/model/vision/copy")
ALL = (MODEL, DATASET, COPY)


@pytest.fixture
def copy(hub: Hub, ada: Caller) -> Asset:
    with hub.work(ada) as work:
        return assets.create_asset(work, COPY, "", (), TrainingSettings())


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def used(hub: Hub, owner: str = "ada") -> int:
    with hub.work(Keeper("root"), reading=True) as work:
        return quotas.owner_usage(work, owner).stored


def allow(hub: Hub, quota: int | None, owner: str = "ada") -> None:
    with hub.work(Keeper("root")) as work:
        quotas.set_quota(work, owner, quota)


def send(hub: Hub, caller: Caller, path: AssetPath, bodies: Iterable[bytes]) -> None:
    receiving.receive_small(hub, caller, path, [(digest(body), body) for body in bodies])


def send_alone(hub: Hub, caller: Caller, path: AssetPath, body: bytes, size: int | None = None) -> None:
    coming = Upload.begin(hub, caller, path, None, size)
    try:
        coming.write(body)
        coming.finish()
    finally:
        coming.discard()


def check_counters(hub: Hub) -> None:
    """Each asset's row says what the sum over its holdings is."""
    counted = (
        select(holdings.c.asset, func.sum(bodies.c.size))
        .join(bodies, bodies.c.sha256 == holdings.c.sha256)
        .where(bodies.c.pack != "")
        .group_by(holdings.c.asset)
    )
    with hub.work(None, reading=True) as work:
        sums = {row[0]: int(row[1]) for row in work.connection.execute(counted)}
        for row in work.connection.execute(select(asset_rows.c.id, asset_rows.c.stored)):
            assert row.stored == sums.get(row.id, 0)


@pytest.mark.parametrize("seed", range(3))
def test_the_counters_are_the_sums_whatever_happens(
    hub: Hub, ada: Caller, model: Asset, dataset: Asset, copy: Asset, lake: Lake, seed: int
) -> None:
    chance = random.Random(seed)
    eager = replace(hub, grace=timedelta(0))
    pool = [str(number).encode() * number for number in range(1, 30)]
    purged: set[bytes] = set()

    def some(most: int = 6) -> list[bytes]:
        return [body for body in chance.sample(pool, chance.randint(1, most)) if body not in purged]

    def commit(path: AssetPath) -> None:
        new = upload(hub, ada, path, {f"{len(body)}.txt": body.decode() for body in some()})
        with hub.work(ada) as work:
            history.commit_changes(work, path, "main", "Change", add=new)

    def copy_over(path: AssetPath) -> None:
        with hub.work(ada) as work:
            copying.copy_files(work, Reference(chance.choice(ALL)), path, message="Copy")

    def bring(path: AssetPath) -> None:
        lake.put(f"{chance.choice(pool).decode()[:20]}.txt", chance.choice(pool))
        with hub.work(ada) as work:
            made = imports.start_import(work, path, "lake", link=chance.random() < 0.7)
        perform(hub, made.id, threading.Event())

    def delete(path: AssetPath) -> None:
        with hub.work(ada) as work:
            history.commit_changes(work, path, "main", "Delete", delete=["lake/", f"{chance.randint(1, 30)}.txt"])

    def purge(path: AssetPath) -> None:
        body = chance.choice(pool)
        if body not in purged and chance.random() < 0.3:
            purging.purge(hub, digest(body), "by chance", "ada")
            purged.add(body)

    acts: list[Callable[[AssetPath], object]] = [
        lambda path: send(hub, ada, path, some()),
        lambda path: send_alone(hub, ada, path, chance.choice([body for body in pool if body not in purged])),
        commit, commit, copy_over, bring, delete, purge,
        lambda path: collection.collect(eager, drain=0),
    ]  # fmt: skip
    done = 0
    for _ in range(40):
        with suppress(HubError):  # a purged content, nothing to copy: the counters hold then too
            chance.choice(acts)(chance.choice(ALL))
            done += 1
        check_counters(hub)
    assert used(hub) > 0
    assert done >= 20


def test_a_link_counts_nothing_until_a_copy_takes_over_for_all_who_hold_it(
    hub: Hub, ada: Caller, model: Asset, copy: Asset, lake: Lake
) -> None:
    for path in (MODEL, COPY):
        with hub.work(ada) as work:
            made = imports.start_import(work, path, "lake", prefix="a.txt", link=True)
        perform(hub, made.id, threading.Event())
    assert used(hub) == 0
    with hub.work(ada, reading=True) as work:
        assert receiving.missing_bodies(work, MODEL, [digest(b"one")]) == [digest(b"one")]
    send(hub, ada, MODEL, [b"one"])
    assert used(hub) == 6
    send(hub, ada, MODEL, [b"one"])
    assert used(hub) == 6
    check_counters(hub)


def test_what_was_deleted_counts_until_it_is_gone_for_good(hub: Hub, ada: Caller, model: Asset) -> None:
    send(hub, ada, MODEL, [b"x" * 10])
    with hub.work(ada) as work:
        deletions.delete_folder(work, MODEL.parent)
    assert used(hub) == 10
    with hub.work(None) as work:
        work.folders.sweep(work.now() + timedelta(days=1))
    assert used(hub) == 0


TOLD = "ada holds 60 B of the 100 B that this hub allows them, and this needs {} more"


@pytest.fixture
def limited(hub: Hub, ada: Caller, model: Asset, dataset: Asset) -> Hub:
    """ada holds 60 bytes of the model and may hold 100."""
    send(hub, ada, MODEL, [b"x" * 60])
    allow(hub, 100)
    return hub


def test_what_there_is_no_room_for_is_refused_before_it_is_sent(limited: Hub, ada: Caller) -> None:
    new, more = digest(b"new"), digest(b"more")
    for asked, sizes, before in (([new], [41], 0), ([new, more], [20, 21], 0), ([new], [1], 40)):
        with pytest.raises(QuotaExceeded, match=TOLD.format("41 B")), limited.work(ada) as work:
            receiving.missing_bodies(work, MODEL, asked, sizes, before)
    with limited.work(ada) as work:
        assert receiving.missing_bodies(work, MODEL, [new], [40]) == [new]
        assert receiving.missing_bodies(work, MODEL, [digest(b"x" * 60), new], [60, 40]) == [new]
        assert receiving.missing_bodies(work, MODEL, [new]) == [new]  # who says no sizes is refused when they come
    with pytest.raises(Invalid, match="1 sizes for 2"), limited.work(ada) as work:
        receiving.missing_bodies(work, MODEL, [new, more], [1])
    with pytest.raises(QuotaExceeded, match=TOLD.format("41 B")):
        uploads.begin_upload(limited, ada, MODEL, new, 41)
    with pytest.raises(QuotaExceeded, match=TOLD.format("41 B")):
        Upload.begin(limited, ada, MODEL, new, 41)
    Upload.begin(limited, ada, MODEL, digest(b"x" * 60), 60).discard()  # held already


def test_bodies_that_come_all_the_same_are_refused_and_leave_nothing(limited: Hub, ada: Caller) -> None:
    before = sorted(one.key for one in limited.contents.backend.list("packs/"))
    with pytest.raises(QuotaExceeded, match=TOLD.format("41 B")):
        send(limited, ada, MODEL, [b"y" * 41, b"x" * 60])
    with pytest.raises(QuotaExceeded, match="needs 41 B more"):
        send_alone(limited, ada, MODEL, b"y" * 41)  # its size was not announced
    assert sorted(one.key for one in limited.contents.backend.list("packs/")) == before
    assert list(limited.contents.backend.list("objects/")) == []
    assert used(limited) == 60
    send(limited, ada, MODEL, [b"y" * 40])
    send(limited, ada, MODEL, [b"y" * 40, b"x" * 60])  # nothing new
    assert used(limited) == 100
    with pytest.raises(QuotaExceeded, match=r"holds 100 B of the 100 B .* needs 1 B more"):
        send(limited, ada, MODEL, [b"z"])


def test_an_upload_in_parts_waits_for_room_at_its_end(limited: Hub, ada: Caller) -> None:
    body = b"p" * 40
    state = uploads.begin_upload(limited, ada, MODEL, digest(body), 40)
    assert state.upload is not None
    send(limited, ada, MODEL, [b"q" * 10])  # others come first
    part = PartUpload.begin(limited, ada, state.upload.id, 0)
    part.write(body)
    part.finish()
    with pytest.raises(QuotaExceeded, match=r"holds 70 B of the 100 B .* needs 40 B more"):
        uploads.finish_upload(limited, ada, state.upload.id)
    allow(limited, 110)
    assert uploads.finish_upload(limited, ada, state.upload.id) == uploads.HELD
    assert used(limited) == 110


def test_copies_count_for_each_asset(limited: Hub, ada: Caller, commit: Committing) -> None:
    commit(MODEL, {"x": "x" * 60})
    with pytest.raises(QuotaExceeded, match=TOLD.format("60 B")), limited.work(ada) as work:
        copying.copy_files(work, Reference(MODEL), DATASET)
    allow(limited, 120)
    with limited.work(ada) as work:
        copying.copy_files(work, Reference(MODEL), DATASET)
    assert used(limited) == 120


def test_an_import_is_refused_before_anything_is_read(limited: Hub, ada: Caller, lake: Lake) -> None:
    def run(link: bool = False) -> Import:
        with limited.work(ada) as work:
            made = imports.start_import(work, MODEL, "lake", prefix="deep", link=link)
        perform(limited, made.id, threading.Event())
        with limited.work(ada, reading=True) as work:
            return imports.get_import(work, MODEL, made.id)

    refused = run()
    assert refused.state is ImportState.FAILED
    assert refused.read_bytes == 0
    assert refused.error is not None
    assert TOLD.format("3.0 kB") in refused.error
    assert run(link=True).state is ImportState.SUCCEEDED  # nothing is stored
    assert used(limited) == 60
    allow(limited, 60 + 3003)
    assert run().state is ImportState.SUCCEEDED
    assert used(limited) == 60 + 3003
    assert run().state is ImportState.SUCCEEDED  # all of it is held


def test_an_archive_is_refused_before_its_contents_come(limited: Hub, ada: Caller, commit: Committing) -> None:
    commit(MODEL, {"x": "x" * 60, "y": "y" * 30})
    archive = list(archives.begin_export(limited, ada, Reference(MODEL)).stream())
    target = parse_asset_path("ada/model/elsewhere/net")
    coming = iter(archive)
    with pytest.raises(QuotaExceeded, match=r"holds 90 B of the 100 B .* needs 90 B more"):
        archive_import.import_archive(limited, ada, target, coming)
    with pytest.raises(NotFound), limited.work(ada) as work:
        assets.get_asset(work, target)
    allow(limited, 180)
    archive_import.import_archive(limited, ada, target, archive)
    archive_import.import_archive(limited, ada, target, archive)  # it is there already
    assert used(limited) == 180


@pytest.mark.parametrize("attempt", range(3))
def test_uploads_side_by_side_never_hold_more_than_the_quota_together(limited: Hub, ada: Caller, attempt: int) -> None:
    begun = [Upload.begin(limited, ada, path, None, 30) for path in (MODEL, DATASET) * 3]  # each of them has room
    outcomes: list[bool] = []

    def go(number: int, one: Upload) -> None:
        one.write(f"{number}".encode() * 30)
        try:
            one.finish()
            outcomes.append(True)
        except QuotaExceeded:
            outcomes.append(False)
        finally:
            one.discard()

    threads = [threading.Thread(target=go, args=(number, one)) for number, one in enumerate(begun)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 5 + [True]
    assert used(limited) == 90
    check_counters(limited)


def test_the_hub_has_a_quota_for_all_and_owners_may_have_their_own(hub: Hub, ada: Caller, model: Asset) -> None:
    small = replace(hub, quota=50)
    with pytest.raises(QuotaExceeded):
        send(small, ada, MODEL, [b"x" * 51])
    allow(small, 60)
    send(small, ada, MODEL, [b"x" * 51])
    allow(small, 0)
    with pytest.raises(QuotaExceeded, match="holds 51 B of the 0 B"):
        send(small, ada, MODEL, [b"y"])
    with small.work(Keeper("root")) as work:
        found = quotas.set_quota(work, "ADA", None)
    assert found == quotas.OwnerUsage("ada", 51, 1, None, 50)
    for wrong in (-1, 1 << 63):
        with pytest.raises(Invalid, match="counts bytes"):
            allow(small, wrong)
    with pytest.raises(NotFound):
        allow(small, 1, "nobody")


def test_groups_have_quotas_and_their_members_see_what_they_hold(hub: Hub, ada: Caller, eve: Caller) -> None:
    path = parse_asset_path("team/model/vision/net")
    with hub.work(ada) as work:
        groups.create_group(work, "team")
        groups.put_member(work, "team", "eve")
        quotas.set_quota(work, "team", 10)
    with hub.work(eve) as work:
        assets.create_asset(work, path, "", (), TrainingSettings())
    with pytest.raises(QuotaExceeded, match=r"^team holds 0 B of the 10 B"):
        send(hub, eve, path, [b"x" * 11])
    with hub.work(Caller(eve.user, Scope.READ), reading=True) as work:
        assert quotas.owner_usage(work, "team").limit == 10
        assert quotas.owner_usage(work, "eve").limit is None
    with pytest.raises(Forbidden, match="for them and for administrators"), hub.work(eve) as work:
        quotas.owner_usage(work, "ada")
    with pytest.raises(Forbidden), hub.work(eve) as work:
        quotas.set_quota(work, "eve", None)
    with pytest.raises(SignInNeeded), hub.work(Visitor()) as work:
        quotas.owner_usage(work, "team")
    with hub.work(None, reading=True) as work:
        assert [event.detail for event in work.audit.listed(Filter(action="owner", outcome=Outcome.DONE))] == [
            {"quota": 10, "before": None}
        ]


def test_sizes_are_counted_once_however_many_holdings_there_are(hub: Hub, ada: Caller, model: Asset) -> None:
    many = [f"{number:05}".encode() for number in range(1203)]
    send(hub, ada, MODEL, many[:700])
    send(hub, ada, MODEL, many)
    assert used(hub) == 5 * len(many)
    check_counters(hub)


def test_nobody_holds_what_the_hub_does_not_have(hub: Hub, ada: Caller, model: Asset) -> None:
    send(hub, ada, MODEL, [b"here"])
    with pytest.raises(Conflict, match="collected meanwhile"), hub.work(ada) as work:
        work.holdings.add(model.id, [digest(b"here"), digest(b"not here")])
    assert used(hub) == 4
