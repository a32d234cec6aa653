"""A content removed for good is gone from history, is never taken in again, and leaves a receipt."""

import hashlib
from datetime import timedelta

import pytest

from assethub.domain.assets import Asset
from assethub.domain.errors import Gone, Invalid, NotFound, Unavailable
from assethub.domain.history import MAIN
from assethub.domain.names import Reference
from assethub.domain.owners import Caller
from assethub.services import history, objects, purging, receiving, staging, verification
from assethub.services.work import Hub
from tests.services.conftest import MODEL, Committing, upload

SECRET = hashlib.sha256(b"secret").hexdigest()


def stored(hub: Hub) -> bytes:
    backend = hub.contents.backend
    kept = [one.key for prefix in ("packs/", "objects/") for one in backend.list(prefix)]
    return b"".join(b"".join(backend.read(key)) for key in kept)


def test_a_purged_content_is_gone_its_neighbours_stay_and_the_receipt_says_where_it_was(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    first = commit(MODEL, {"key": "secret", "neighbour": "stays"})
    last = commit(MODEL, {"other": "x"}, delete=("key",))
    assert first is not None
    assert last is not None
    body = upload(hub, ada, MODEL, {"staged": "secret"})[0]
    with hub.work(ada) as work:
        located = objects.locate(work, [body.sha256])[body.sha256]
        staging.stage_file(work, MODEL, MAIN, "staged", located)
    done = purging.purge(hub, SECRET, "a password", "ada")
    assert b"secret" not in stored(hub)
    assert done.places == ({"asset": str(MODEL), "path": "key", "first_commit": first.id},)
    receipt = purging.receipt(hub, done)
    assert receipt["signature"] == purging.receipt(hub, done)["signature"]
    with hub.work(ada, reading=True) as work:
        assert staging.staged_status(work, MODEL, MAIN) == []
        assert history.get_commit(work, MODEL, first.id).id == first.id
        assert b"".join(objects.open_file(work, Reference(MODEL), "neighbour").read()) == b"stays"
        assert purging.list_purges(work) == [done]
    told = r"content of 'key' was removed from this hub for good on .* by ada: a password"
    with pytest.raises(Gone, match=told), hub.work(ada, reading=True) as work:
        objects.open_file(work, Reference(MODEL, first.id), "key")
    assert verification.verify(hub, deep=True).damages == ()


def test_a_purged_content_is_refused_ever_after(hub: Hub, ada: Caller, model: Asset, commit: Committing) -> None:
    commit(MODEL, {"key": "secret"})
    done = purging.purge(hub, SECRET, "a password", "ada")
    with pytest.raises(Gone, match="a password"):
        commit(MODEL, {"again": "secret"})
    assert b"secret" not in stored(hub)
    assert purging.purge(hub, SECRET, "again", "eve") == done


def test_a_copy_of_it_that_lies_beside_others_unnamed_goes_too(hub: Hub, ada: Caller, model: Asset) -> None:
    secret, stays = (SECRET, b"secret"), (hashlib.sha256(b"stays").hexdigest(), b"stays")
    first, second = hub.contents.keep_pack([secret]), hub.contents.keep_pack([secret, stays])  # two that raced
    for located in (first, second):
        with hub.work(ada) as work:
            receiving.acknowledge(work, model.id, located)
    purging.purge(hub, SECRET, "a password", "ada")
    assert stored(hub) == b"stays"


def test_a_purge_that_was_cut_off_is_not_said_to_be_done_before_the_bytes_are_gone(
    hub: Hub, ada: Caller, model: Asset, commit: Committing, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit(MODEL, {"key": "secret"})
    with monkeypatch.context() as cut:  # the machine stops between the rows and the file
        cut.setattr(type(hub.contents), "drop", stop)
        with pytest.raises(SystemError):
            purging.purge(hub, SECRET, "a password", "ada")
    with pytest.raises(Unavailable, match="Repeat this later"):
        purging.purge(hub, SECRET, "a password", "ada")
    monkeypatch.setattr(purging, "IN_FLIGHT", timedelta(0))
    assert purging.purge(hub, SECRET, "a password", "ada").reason == "a password"
    assert stored(hub) == b""


def stop(*_: object) -> None:
    raise SystemError


def test_a_purge_of_nothing_or_without_a_reason_is_refused(hub: Hub, model: Asset, commit: Committing) -> None:
    commit(MODEL, {"key": "secret"})
    for target, reason, kind in ((SECRET, " ", Invalid), ("x", "why", Invalid), ("0" * 64, "why", NotFound)):
        with pytest.raises(kind):
            purging.purge(hub, target, reason, "ada")
    assert purging.content_of(hub, Reference(MODEL), "key") == SECRET
    with pytest.raises(NotFound, match="has no file 'none'"):
        purging.content_of(hub, Reference(MODEL), "none")
