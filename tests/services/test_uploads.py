"""Large contents in parts: any order, side by side, continued by another process, and never anything unverified."""

import hashlib
import os
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from assethub.domain import uploads as rules
from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Forbidden, Full, Invalid, NotFound
from assethub.domain.owners import Caller, RunCaller, Scope
from assethub.domain.uploads import OpenUpload, part_size
from assethub.services import deletions, uploads
from assethub.services.objects import locate
from assethub.services.receiving import missing_bodies
from assethub.services.uploads import HELD, PartUpload
from assethub.services.work import Hub
from assethub.storage.spools import Spools
from tests.services.conftest import MODEL

MIB = 1 << 20
BODY = os.urandom(MIB) * 2 + os.urandom(MIB) + b"the end"
SHA256 = hashlib.sha256(BODY).hexdigest()


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "PART", MIB)


def begin(hub: Hub, caller: Caller | RunCaller, sha256: str = SHA256, size: int = len(BODY)) -> OpenUpload:
    found = uploads.begin_upload(hub, caller, MODEL, sha256, size).upload
    assert found is not None
    return found


def send(hub: Hub, caller: Caller | RunCaller, upload: OpenUpload, number: int, body: bytes = BODY) -> None:
    part = PartUpload.begin(hub, caller, upload.id, number)
    try:
        start, end = upload.span(number)
        part.write(body[start:end])
        part.finish()
    finally:
        part.discard()


def restarted(hub: Hub) -> None:
    """As a killed process leaves it: rows and files, and nothing in memory."""
    object.__setattr__(hub, "spools", Spools(hub.spools.folder))


def stored(hub: Hub, caller: Caller, sha256: str = SHA256) -> bytes:
    with hub.work(caller, reading=True) as work:
        return b"".join(hub.contents.read(locate(work, [sha256])[sha256]))


def test_parts_arrive_in_any_order_and_the_whole_is_kept(hub: Hub, ada: Caller, model: Asset) -> None:
    upload = begin(hub, ada)
    assert upload.count == 4
    for number in (3, 1, 0, 2):
        send(hub, ada, upload, number)
    assert uploads.finish_upload(hub, ada, upload.id) == HELD
    assert stored(hub, ada) == BODY
    assert uploads.begin_upload(hub, ada, MODEL, SHA256, len(BODY)) == HELD
    assert hub.spools.ids() == []


def test_an_upload_goes_on_after_the_process_was_killed_at_any_moment(hub: Hub, ada: Caller, model: Asset) -> None:
    upload = begin(hub, ada)
    send(hub, ada, upload, 2)
    cut_off = PartUpload.begin(hub, ada, upload.id, 1)
    cut_off.write(b"half of it")
    restarted(hub)
    uploads.sweep_uploads(hub)
    state = uploads.begin_upload(hub, ada, MODEL, SHA256, len(BODY))
    assert state.upload is not None
    assert (state.upload.id, state.parts) == (upload.id, (2,))
    for number in (0, 1, 3):
        send(hub, ada, upload, number)
    spool = hub.spools.get(upload, ())
    hub.contents.adopt(spool.path, hashlib.sha256(BODY), len(BODY)).keep(SHA256)  # kept, and then killed
    restarted(hub)
    assert uploads.get_upload(hub, ada, upload.id).parts == (0, 1, 2, 3)
    assert uploads.finish_upload(hub, ada, upload.id) == HELD
    assert stored(hub, ada) == BODY


def test_bytes_that_are_gone_are_asked_for_again(hub: Hub, ada: Caller, model: Asset) -> None:
    upload = begin(hub, ada)
    send(hub, ada, upload, 0)
    hub.spools.discard(upload.id)
    restarted(hub)
    assert uploads.get_upload(hub, ada, upload.id).parts == ()


def test_what_is_not_what_was_announced_is_never_kept(hub: Hub, ada: Caller, model: Asset) -> None:
    upload = begin(hub, ada)
    for number in range(4):
        send(hub, ada, upload, number, BODY[:-1] + b"!")
    with pytest.raises(Invalid, match="announced"):
        uploads.finish_upload(hub, ada, upload.id)
    with pytest.raises(NotFound):
        uploads.get_upload(hub, ada, upload.id)
    with hub.work(ada, reading=True) as work:
        assert missing_bodies(work, MODEL, [SHA256]) == [SHA256]
    assert begin(hub, ada).id != upload.id


def test_a_part_that_is_done_never_changes_again(hub: Hub, ada: Caller, model: Asset) -> None:
    upload = begin(hub, ada)
    slow = PartUpload.begin(hub, ada, upload.id, 0)
    slow.write(b"\0" * 100)
    for number in range(4):
        send(hub, ada, upload, number)
    with pytest.raises(Conflict, match="part 0"):
        slow.write(b"\0" * 100)
    slow.discard()
    send(hub, ada, upload, 1, b"\0" * len(BODY))  # read, and dropped
    uploads.finish_upload(hub, ada, upload.id)
    assert stored(hub, ada) == BODY


def test_parts_of_another_size_or_number_are_refused(hub: Hub, ada: Caller, model: Asset) -> None:
    upload = begin(hub, ada)
    with pytest.raises(Invalid, match="parts 0 to 3"):
        PartUpload.begin(hub, ada, upload.id, 4)
    part = PartUpload.begin(hub, ada, upload.id, 0)
    part.write(b"short")
    with pytest.raises(Invalid, match=r"1048576 bytes, and 5 arrived"):
        part.finish()
    with pytest.raises(Invalid, match="more arrived"):
        part.write(bytes(MIB))
    part.discard()
    with pytest.raises(Invalid, match="4 of 4 parts"):
        uploads.finish_upload(hub, ada, upload.id)
    with pytest.raises(Invalid, match="not a sha256"):
        begin(hub, ada, "nonsense")


def test_an_upload_is_its_users_alone(hub: Hub, ada: Caller, eve: Caller, model: Asset) -> None:
    upload = begin(hub, ada)
    for act in (
        lambda: uploads.get_upload(hub, eve, upload.id),
        lambda: PartUpload.begin(hub, eve, upload.id, 0),
        lambda: uploads.finish_upload(hub, eve, upload.id),
        lambda: uploads.abort_upload(hub, eve, upload.id),
        lambda: begin(hub, eve),
    ):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(Forbidden):
        PartUpload.begin(hub, Caller(ada.user, Scope.READ), upload.id, 0)


def test_a_run_sends_to_its_output_only(hub: Hub, ada: Caller, model: Asset, dataset: Asset) -> None:
    run = RunCaller(ada.user, uuid4(), frozenset(), model.id)
    upload = begin(hub, run)
    for number in range(4):
        send(hub, run, upload, number)
    assert uploads.finish_upload(hub, run, upload.id) == HELD
    with pytest.raises(NotFound):
        uploads.begin_upload(hub, run, dataset.path, SHA256, len(BODY))


def test_what_was_given_up_or_deleted_says_so(hub: Hub, ada: Caller, model: Asset) -> None:
    given_up = begin(hub, ada)
    part = PartUpload.begin(hub, ada, given_up.id, 0)
    uploads.abort_upload(hub, ada, given_up.id)
    with pytest.raises(Conflict, match="given up"):
        part.write(b"x")
    part.discard()
    upload = begin(hub, ada)
    with hub.work(ada) as work:
        deletions.delete_asset(work, MODEL)
    with pytest.raises(NotFound, match="deleted"):
        PartUpload.begin(hub, ada, upload.id, 0)


def test_more_than_the_disk_takes_is_refused_at_once(hub: Hub, ada: Caller, model: Asset) -> None:
    with pytest.raises(Full, match="are free"):
        uploads.begin_upload(hub, ada, MODEL, SHA256, 1 << 50)


def test_what_nobody_goes_on_with_is_swept(
    hub: Hub, ada: Caller, model: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begin(hub, ada)
    send(hub, ada, upload, 0)
    uploads.sweep_uploads(hub)
    assert hub.spools.ids() == [upload.id]
    monkeypatch.setattr(uploads, "ABANDONED", timedelta(0))
    uploads.sweep_uploads(hub)
    assert hub.spools.ids() == []
    with pytest.raises(NotFound):
        uploads.get_upload(hub, ada, upload.id)


def test_what_takes_longer_goes_on_behind_the_answer(hub: Hub, ada: Caller, model: Asset) -> None:
    upload = begin(hub, ada)
    for number in range(4):
        send(hub, ada, upload, number)
    spool = hub.spools.get(upload, ())
    with spool.hashing:
        assert uploads.finish_upload(hub, ada, upload.id, patience=0).upload == upload
        with pytest.raises(Conflict, match="being finished"):
            uploads.abort_upload(hub, ada, upload.id)
    assert spool.finishing is not None
    spool.finishing.result()
    assert uploads.begin_upload(hub, ada, MODEL, SHA256, len(BODY)) == HELD


def test_part_sizes_keep_the_number_of_parts_bounded() -> None:
    def sizes() -> Iterator[int]:
        for size in (0, 1, MIB, 20 * MIB, 10_000 * MIB, 10_000 * MIB + 1, 1 << 50):
            upload = OpenUpload(None, None, None, SHA256, size, part_size(size), None)  # type: ignore[arg-type]
            assert upload.count <= rules.MOST_PARTS
            yield upload.span(upload.count - 1)[1] if size else 0

    assert list(sizes()) == [0, 1, MIB, 20 * MIB, 10_000 * MIB, 10_000 * MIB + 1, 1 << 50]
