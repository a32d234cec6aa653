"""What owners have no room for, refused before it is sent and where it is kept."""

import threading
from dataclasses import replace

import pytest

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.audit import Filter, Outcome
from assethub.domain.errors import Forbidden, Invalid, NotFound, QuotaExceeded, SignInNeeded
from assethub.domain.imports import Import, ImportState
from assethub.domain.names import Reference, parse_asset_path
from assethub.domain.owners import Caller, Keeper, Scope, Visitor
from assethub.services import archive_import, archives, assets, copying, groups, imports, quotas, receiving, uploads
from assethub.services.importing import perform
from assethub.services.receiving import Upload
from assethub.services.uploads import PartUpload
from assethub.services.work import Hub
from tests.services.conftest import DATASET, MODEL, Committing
from tests.services.holding import check_counters, digest, send, send_alone, used
from tests.services.imports.conftest import Lake, lake

__all__ = ["lake"]


def allow(hub: Hub, quota: int | None, owner: str = "ada") -> None:
    with hub.work(Keeper("root")) as work:
        quotas.set_quota(work, owner, quota)


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
