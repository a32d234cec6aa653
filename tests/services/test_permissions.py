"""Who may do what; strangers learn nothing."""

from collections.abc import Callable

import pytest

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import Forbidden, NotFound, SignInNeeded
from assethub.domain.names import Reference
from assethub.domain.owners import Caller, Keeper, Scope, Visitor
from assethub.services import (
    accounts,
    assets,
    deletions,
    evaluations,
    folders,
    history,
    keys,
    merging,
    objects,
    read_links,
    receiving,
    runs,
    sessions,
    staging,
)
from assethub.services.work import Hub, Work
from tests.services.conftest import MODEL, Committing

READS: list[Callable[[Work], object]] = [
    lambda work: folders.get_folder(work, MODEL.parent),
    lambda work: assets.list_assets(work, MODEL.parent),
    lambda work: assets.get_asset(work, MODEL),
    lambda work: assets.list_refs(work, MODEL),
    lambda work: history.log_commits(work, Reference(MODEL)),
    lambda work: history.diff_versions(work, MODEL, "main", "main"),
    lambda work: objects.list_objects(work, Reference(MODEL)),
    lambda work: objects.open_file(work, Reference(MODEL), "a"),
    lambda work: read_links.read_links(work, Reference(MODEL)).to("a"),
    lambda work: staging.staged_status(work, MODEL, "main"),
    lambda work: evaluations.list_evaluations(work, MODEL),
    lambda work: runs.list_runs(work, path=MODEL),
]
WRITES: list[Callable[[Work], object]] = [
    lambda work: folders.change_folder(work, MODEL.parent, description="x"),
    lambda work: assets.create_asset(work, MODEL.parent.asset("new"), "", (), TrainingSettings()),
    lambda work: assets.change_asset(work, MODEL, description="x"),
    lambda work: assets.create_branch(work, MODEL, "b"),
    lambda work: assets.create_tag(work, MODEL, "t"),
    lambda work: history.commit_changes(work, MODEL, "main", "x", delete=["a"]),
    lambda work: merging.merge_branch(work, MODEL, "main"),
    lambda work: staging.stage_deletion(work, MODEL, "main", "a"),
    lambda work: receiving.missing_bodies(work, MODEL, ["0" * 64]),
    lambda work: deletions.delete_asset(work, MODEL),
]


@pytest.mark.parametrize("act", [*READS, *WRITES])
def test_who_may_not_see_a_thing_gets_not_found(
    hub: Hub, eve: Caller, model: Asset, commit: Committing, act: Callable[[Work], object]
) -> None:
    commit(MODEL, {"a": "1"})
    with pytest.raises(NotFound), hub.work(eve) as work:
        act(work)
    with pytest.raises((NotFound, SignInNeeded)), hub.work(Visitor()) as work:
        act(work)


def test_a_key_that_may_only_read_reads_and_changes_nothing(
    hub: Hub, ada: Caller, model: Asset, commit: Committing
) -> None:
    commit(MODEL, {"a": "1"})
    reader = Caller(ada.user, Scope.READ)
    for act in READS:
        with hub.work(reader, reading=True) as work:
            act(work)
    for act in WRITES:
        with pytest.raises(Forbidden, match="only read"), hub.work(reader) as work:
            act(work)


def test_keys_and_passwords(hub: Hub, ada: Caller) -> None:
    with hub.work(ada) as work:
        key, secret = keys.create_key(work, "laptop", Scope.WRITE, None)
    caller = keys.key_caller(hub, secret)
    assert isinstance(caller, Caller)
    assert (caller.name, caller.scope) == ("ada", Scope.WRITE)
    with pytest.raises(Forbidden, match="wider scope"), hub.work(caller) as work:
        keys.create_key(work, "more", Scope.ADMIN, None)
    with hub.work(ada, reading=True) as work:
        (listed,) = keys.list_keys(work)
    assert listed.last_used_at is not None
    with hub.work(ada) as work:
        keys.revoke_key(work, key.id)
    with pytest.raises(SignInNeeded):
        keys.key_caller(hub, secret)
    for name, password in (("ada", "wrong"), ("nobody", "correct horse")):
        with pytest.raises(SignInNeeded, match="do not belong together"):
            accounts.check_password(hub, name, password)
    assert accounts.check_password(hub, "ADA", "correct horse").name == "ada"


def test_a_sign_in_link_works_once(hub: Hub, ada: Caller) -> None:
    secret = sessions.create_link(hub, ada.user)
    assert sessions.session_of(hub, secret) is None
    assert sessions.use_link(hub, secret).name == "ada"
    with pytest.raises(SignInNeeded, match="used before"):
        sessions.use_link(hub, secret)


def test_a_session_ends_when_it_is_closed_or_the_password_is_reset(hub: Hub, ada: Caller) -> None:
    one, other = sessions.open_session(hub, ada.user), sessions.open_session(hub, ada.user)
    signed_in = sessions.session_of(hub, one)
    assert signed_in is not None
    sessions.close_session(hub, signed_in)
    assert sessions.session_of(hub, one) is None
    assert sessions.session_of(hub, other) is not None
    with hub.work(Keeper("root")) as work:
        accounts.reset_password(work, "ada", "another horse")
    assert sessions.session_of(hub, other) is None
