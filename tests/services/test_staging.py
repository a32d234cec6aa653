"""Changes that wait for a commit."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Thread

import pytest

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Invalid, NotFound
from assethub.domain.names import Reference
from assethub.domain.owners import Caller
from assethub.services import history, objects, receiving, staging
from assethub.services.history import NewFile
from assethub.services.receiving import Upload
from assethub.services.work import Hub
from tests.services.conftest import MODEL, Committing, upload


def stage(hub: Hub, caller: Caller, path: str, content: str) -> None:
    upload = Upload.begin(hub, caller, MODEL)
    upload.write(content.encode())
    body = upload.finish()
    with hub.work(caller) as work:
        staging.stage_file(work, MODEL, "main", path, body)


def test_staged_changes_are_seen_only_by_the_staged_view_until_they_are_committed(
    hub: Hub, ada: Caller, model: Asset
) -> None:
    stage(hub, ada, "a", "1")
    stage(hub, ada, "a", "2")
    with hub.work(ada, reading=True) as work:
        assert [one.path for one in staging.staged_status(work, MODEL, "main")] == ["a"]
        assert objects.list_objects(work, Reference(MODEL))[1] == []
    with hub.work(ada) as work:
        made = history.commit_changes(work, MODEL, "main", "Staged", staged=True)
    assert made is not None
    assert (made.added, made.size) == (1, 1)
    with hub.work(ada, reading=True) as work:
        assert staging.staged_status(work, MODEL, "main") == []


def test_many_files_are_staged_at_once_over_what_is_staged_already(hub: Hub, ada: Caller, model: Asset) -> None:
    stage(hub, ada, "0", "before")
    bodies = {str(number): str(number).encode() for number in range(1200)}
    sha256s = {path: hashlib.sha256(body).hexdigest() for path, body in bodies.items()}
    receiving.receive_small(hub, ada, MODEL, [(sha256s[path], body) for path, body in bodies.items()])
    files = [NewFile(path, sha256s[path], len(body)) for path, body in bodies.items()]
    with hub.work(ada) as work:
        assert len(staging.stage_changes(work, MODEL, "main", add=files)) == 1200
    with hub.work(ada, reading=True) as work:
        found = {one.path: one.entry.sha256 for one in staging.staged_status(work, MODEL, "main") if one.entry}
    assert found == sha256s
    with hub.work(ada) as work, pytest.raises(Invalid, match="was not uploaded"):
        staging.stage_changes(work, MODEL, "main", add=[NewFile("x", "ab" * 32, 1)])
    with hub.work(ada) as work:
        made = history.commit_changes(work, MODEL, "main", "Staged", staged=True)
    assert made is not None
    assert made.added == 1200


def test_a_head_that_moved_on_under_a_staged_path_is_a_conflict_unless_forced(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    stage(hub, ada, "a", "staged")
    commit(MODEL, {"a": "meanwhile"})
    with pytest.raises(Conflict) as refused, hub.work(ada) as work:
        history.commit_changes(work, MODEL, "main", "Staged", staged=True)
    assert refused.value.details == ("a",)
    with hub.work(ada) as work:
        assert history.commit_changes(work, MODEL, "main", "Staged", staged=True, force=True) is not None


def test_a_staged_deletion_and_a_reset(hub: Hub, ada: Caller, model: Asset, commit: Committing) -> None:
    commit(MODEL, {"a": "1", "b": "1"})
    with hub.work(ada) as work:
        staging.stage_deletion(work, MODEL, "main", "a")
        staging.stage_deletion(work, MODEL, "main", "b")
        assert staging.reset_staged(work, MODEL, "main", ["b"]) == 1
        made = history.commit_changes(work, MODEL, "main", "Delete", staged=True)
    assert made is not None
    assert (made.removed, made.files) == (1, 1)


def test_a_write_that_is_acknowledged_while_a_commit_is_under_way_stays_staged(
    hub: Hub, ada: Caller, model: Asset
) -> None:
    (early,) = upload(hub, ada, MODEL, {"early": "1"})
    body = receiving.Received(early.sha256, early.size, "")
    slow = ExitStack()

    def write() -> None:
        staging.stage_file(slow.enter_context(hub.work(ada)), MODEL, "main", "early", body)

    def acknowledge() -> None:
        if not overlap:
            write()
        slow.close()

    overlap = hub.engine.dialect.name == "postgresql"  # on SQLite the write waits for the commit's end
    if overlap:
        write()  # its number is dealt now, and lower than the one of what is known earlier
    stage(hub, ada, "known", "2")
    writing = Thread(target=acknowledge)

    def meanwhile() -> Iterator[history.NewFile]:
        """Begun when the commit has read what is staged."""
        writing.start()
        if overlap:
            writing.join()
        yield from ()

    with hub.work(ada) as work:
        made = history.commit_changes(work, MODEL, "main", "Staged", add=meanwhile(), staged=True)
    writing.join()
    assert made is not None
    assert made.files == 1
    with hub.work(ada) as work:
        assert [one.path for one in staging.staged_status(work, MODEL, "main")] == ["early"]
        made = history.commit_changes(work, MODEL, "main", "The rest", staged=True)
    assert made is not None
    assert made.files == 2


def test_staging_needs_a_branch_that_exists(hub: Hub, ada: Caller, model: Asset) -> None:
    with pytest.raises(NotFound), hub.work(ada, reading=True) as work:
        staging.staged_status(work, MODEL, "nope")
