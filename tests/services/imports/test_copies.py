"""Imports that copy: one commit, nothing read twice, stopped and gone on with."""

import hashlib
from threading import Event

import pytest

from assethub.domain.errors import Conflict
from assethub.domain.imports import ImportState
from assethub.domain.names import Reference
from assethub.domain.owners import Caller
from assethub.services import history, imports
from assethub.services.importing import perform
from assethub.services.work import Hub
from tests.services.conftest import MODEL, Committing
from tests.services.imports.conftest import BIG, FILES, Bringing, Lake, content, paths


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


def test_large_objects_of_a_bucket_are_read_in_windows(
    hub: Hub, ada: Caller, bring: Bringing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assethub.storage.bucket_source.WINDOW", 1 << 20)
    for link in (True, False):
        assert bring(link=link, prefix="big.bin").error is None
        assert content(hub, ada, "big.bin") == BIG
        assert content(hub, ada, "big.bin", 7, len(BIG) - 7) == BIG[7:-7]


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
    monkeypatch.setattr("assethub.services.importing.TICK", None)  # whatever the load, it waits for a unit
    lake.remove("big.bin")
    for number in range(8):
        lake.put(f"many/{number}", b"%d" % number)
    stopped = bring(ending=EndingAfter(3))  # when at most two units were kept twice, of six
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
