"""Moves, expectations and choices among what is staged."""

import pytest

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, HubError, Invalid, NotFound
from assethub.domain.history import ChangeKind
from assethub.domain.names import Reference
from assethub.domain.owners import Caller
from assethub.services import history, objects, staging
from assethub.services.work import Hub
from tests.services.conftest import MODEL, Committing, upload

FILES = {"a.txt": "1", "data/b.txt": "22", "data/c/d.txt": "333"}


@pytest.fixture
def filled(model: Asset, commit: Committing) -> Asset:
    commit(MODEL, FILES)
    return model


def paths(hub: Hub, caller: Caller) -> list[str]:
    with hub.work(caller, reading=True) as work:
        return [one.path for one in objects.list_objects(work, Reference(MODEL))[1]]


@pytest.mark.parametrize(
    ("move", "expected"),
    [
        ({"a.txt": "z.md"}, ["data/b.txt", "data/c/d.txt", "z.md"]),
        ({"a.txt": "data/"}, ["data/a.txt", "data/b.txt", "data/c/d.txt"]),
        ({"data/": "else/where"}, ["a.txt", "else/where/b.txt", "else/where/c/d.txt"]),
        ({"data/c/": "c/", "a.txt": "c/a.txt"}, ["c/a.txt", "c/d.txt", "data/b.txt"]),
        ({"a.txt": "data/b.txt", "data/b.txt": "a.txt"}, ["a.txt", "data/b.txt", "data/c/d.txt"]),
        ({"a.txt": "a.txt/inside"}, ["a.txt/inside", "data/b.txt", "data/c/d.txt"]),
    ],
)
def test_files_and_folders_are_moved_in_one_commit_without_moving_bytes(
    hub: Hub, ada: Caller, filled: Asset, move: dict[str, str], expected: list[str]
) -> None:
    before = [one.key for one in hub.contents.backend.list("packs/")]
    with hub.work(ada) as work:
        assert history.commit_changes(work, MODEL, "main", "Move", move=move) is not None
    assert paths(hub, ada) == expected
    assert [one.key for one in hub.contents.backend.list("packs/")] == before
    with hub.work(ada, reading=True) as work:
        found = objects.list_objects(work, Reference(MODEL))[1]
    types = {one.path: one.entry.content_type for one in found if one.entry}
    assert types.get("z.md", "text/markdown") == "text/markdown"


@pytest.mark.parametrize(
    ("move", "error"),
    [
        ({"none": "b"}, NotFound),
        ({"none/": "b/"}, NotFound),
        ({"/": "b/"}, NotFound),
        ({"a.txt": "a.txt"}, Invalid),
        ({"data/": "data/"}, Invalid),
        ({"data/": "data/c/e/"}, Invalid),
        ({"a.txt": "../a.txt"}, Invalid),
        ({"a.txt": "b\0c"}, Invalid),
        ({"data/": "x" * 1020}, Invalid),
        ({"a.txt": ""}, Invalid),
        ({"a.txt": "data/b.txt"}, Conflict),
        ({"a.txt": "data"}, Conflict),
        ({"data/c/": "a.txt/"}, Conflict),
        ({"a.txt": "x", "data/b.txt": "x"}, Invalid),
        ({"data/c/d.txt": "data/b.txt/d.txt"}, Conflict),
    ],
)
def test_a_move_that_makes_no_sense_or_would_write_something_over_is_refused(
    hub: Hub, ada: Caller, filled: Asset, move: dict[str, str], error: type[HubError]
) -> None:
    with pytest.raises(error), hub.work(ada) as work:
        history.commit_changes(work, MODEL, "main", "Move", move=move)
    with pytest.raises(error), hub.work(ada) as work:
        staging.stage_changes(work, MODEL, "main", move=move)
    assert paths(hub, ada) == sorted(FILES)


def test_who_expects_something_else_at_a_path_gets_a_conflict(
    hub: Hub, ada: Caller, filled: Asset, commit: Committing
) -> None:
    (old,) = upload(hub, ada, MODEL, {"a.txt": "1"})
    (new,) = upload(hub, ada, MODEL, {"a.txt": "2"})
    with hub.work(ada) as work:
        expected = {"a.txt": old.sha256, "new": None}
        assert history.commit_changes(work, MODEL, "main", "Edit", add=[new], expected=expected) is not None
    for wrong in ({"a.txt": old.sha256}, {"a.txt": None}, {"data": None}, {"a.txt/below": None}):
        with pytest.raises(Conflict), hub.work(ada) as work:
            history.commit_changes(work, MODEL, "main", "Edit", add=[old], expected=wrong)


def test_staged_changes_say_what_they_are_and_moves_are_found_among_them(
    hub: Hub, ada: Caller, filled: Asset, commit: Committing
) -> None:
    (edited, added) = upload(hub, ada, MODEL, {"a.txt": "2", "new": "n"})
    with hub.work(ada) as work:
        staging.stage_changes(work, MODEL, "main", add=[edited, added], move={"data/": "else/"})
        found = staging.list_waiting(work, MODEL, "main")
    assert {one.path: one.kind for one in found.left} == {
        "a.txt": ChangeKind.CHANGED, "new": ChangeKind.ADDED, "else/b.txt": ChangeKind.ADDED,
        "else/c/d.txt": ChangeKind.ADDED,
    }  # fmt: skip
    assert found.moved == {"else/b.txt": "data/b.txt", "else/c/d.txt": "data/c/d.txt"}
    assert {one.staged_by for one in found.changes} == {"ada"}
    commit(MODEL, {"a.txt": "meanwhile"})
    with hub.work(ada, reading=True) as work:
        first = staging.list_waiting(work, MODEL, "main", limit=2)
        rest = staging.list_waiting(work, MODEL, "main", after=first.next or "")
    assert first.stale == {"a.txt"}
    assert [one.path for one in (*first.changes, *rest.changes)] == [one.path for one in found.changes]


def test_what_is_staged_back_to_how_the_branch_has_it_waits_no_more(hub: Hub, ada: Caller, filled: Asset) -> None:
    with hub.work(ada) as work:
        staging.stage_changes(work, MODEL, "main", move={"data/": "else/"})
        assert staging.stage_changes(work, MODEL, "main", move={"else/": "data/"}) == []
        assert staging.staged_status(work, MODEL, "main") == []


def test_just_the_chosen_of_what_is_staged_is_committed(hub: Hub, ada: Caller, filled: Asset) -> None:
    (edited, added) = upload(hub, ada, MODEL, {"a.txt": "2", "new": "n"})
    with hub.work(ada) as work:
        staging.stage_changes(work, MODEL, "main", add=[edited, added], delete=["data/"])
        made = history.commit_changes(work, MODEL, "main", "Some", staged=True, only=["new", "data/b.txt"])
        assert made is not None
        assert (made.added, made.changed, made.removed) == (1, 0, 1)
        assert [one.path for one in staging.staged_status(work, MODEL, "main")] == ["a.txt", "data/c/d.txt"]
    with pytest.raises(NotFound), hub.work(ada) as work:
        history.commit_changes(work, MODEL, "main", "Some", staged=True, only=["new"])


def test_more_than_an_act_may_stage_is_refused(
    hub: Hub, ada: Caller, filled: Asset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(staging, "MOST_AT_ONCE", 3)
    with pytest.raises(Invalid), hub.work(ada) as work:
        staging.stage_changes(work, MODEL, "main", move={"data/": "else/"})


def test_the_staged_view_never_shows_what_was_staged_before(hub: Hub, ada: Caller, filled: Asset) -> None:
    for content in ("first", "second"):
        with hub.work(ada) as work:
            staging.reset_staged(work, MODEL, "main")
        new = upload(hub, ada, MODEL, {"new": content})
        with hub.work(ada) as work:
            staging.stage_changes(work, MODEL, "main", add=new)
        with hub.work(ada) as work:
            assert staging.stage_changes(work, MODEL, "main", expected={"new": new[0].sha256}) == []
