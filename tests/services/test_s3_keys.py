"""S3 keys: what they are for, how far they reach, and what ends them; and the names of buckets."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.audit import Filter
from assethub.domain.errors import Damaged, Forbidden, Invalid, NotFound
from assethub.domain.folders import Role
from assethub.domain.names import AssetPath, Reference
from assethub.domain.owners import Caller, OwnerKind, Scope
from assethub.domain.s3_keys import S3Key
from assethub.domain.search import Search, split_words
from assethub.services import (
    accounts,
    assets,
    audit,
    deletions,
    evaluations,
    folders,
    groups,
    history,
    keys,
    objects,
    runs,
    s3_keys,
    search,
    sharing,
    summaries,
)
from assethub.services.work import Hub, Work
from tests.services.conftest import DATASET, MODEL, Committing

FOLDER = MODEL.parent
OTHER = FOLDER.asset("other")


def make(hub: Hub, by: Caller, name: str = "laptop", **terms: object) -> tuple[S3Key, str]:
    with hub.work(by) as work:
        return s3_keys.create_s3_key(work, name, **terms)  # type: ignore[arg-type]


def caller_of(hub: Hub, key: S3Key) -> Caller:
    found = s3_keys.find_s3_key(hub, key.access_key, "192.0.2.7")
    assert found is not None
    return found[0]


def add(hub: Hub, by: Caller, path: AssetPath) -> Asset:
    with hub.work(by) as work:
        return assets.create_asset(work, path, "", (), TrainingSettings())


def test_a_key_is_found_with_its_secret_and_stands_for_its_user(hub: Hub, ada: Caller, model: Asset) -> None:
    key, secret = make(hub, ada, " laptop ", write=True, folder=FOLDER, commit_after=30, days=2)
    assert (len(key.access_key), key.access_key[:2], len(secret)) == (20, "AH", 40)
    found = s3_keys.find_s3_key(hub, key.access_key, "192.0.2.7")
    assert found is not None
    caller, same, told = found
    assert (same, told) == (key, secret)
    assert (caller.name, caller.scope, caller.asset, caller.admin) == ("ada", Scope.WRITE, None, False)
    assert (caller.origin.via, caller.origin.address) == ("S3 key laptop", "192.0.2.7")
    assert (key.folder_path, key.commit_after) == (str(FOLDER), 30)
    reading = caller_of(hub, make(hub, ada)[0])
    with pytest.raises(Forbidden, match="only read"), hub.work(reading) as work:
        assets.create_tag(work, MODEL, "t")
    assert s3_keys.find_s3_key(hub, "AH" + "A" * 18, "") is None


def test_the_last_use_is_noted_every_five_minutes(hub: Hub, ada: Caller) -> None:
    key, _ = make(hub, ada)
    start = key.created_at

    def used(minutes: float) -> datetime | None:
        found = s3_keys.find_s3_key(hub, key.access_key, "")
        assert found is not None
        s3_keys.note_use(hub, found[1], start + timedelta(minutes=minutes))
        with hub.work(ada, reading=True) as work:
            return s3_keys.list_s3_keys(work)[0].last_used_at

    assert [used(minutes) for minutes in (1, 5.9, 6.1)] == [
        start + timedelta(minutes=minutes) for minutes in (1, 1, 6.1)
    ]


def test_a_key_ends_when_it_expires_is_revoked_or_its_user_is_deactivated(
    hub: Hub, ada: Caller, eve: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, long, revoked = make(hub, eve, days=1)[0], make(hub, eve)[0], make(hub, eve)[0]
    with pytest.raises(NotFound), hub.work(ada) as work:
        s3_keys.revoke_s3_key(work, revoked.access_key)  # an administrator has keys of their own alone
    with hub.work(eve) as work:
        s3_keys.revoke_s3_key(work, revoked.access_key)
    assert s3_keys.find_s3_key(hub, revoked.access_key, "") is None
    with monkeypatch.context() as later:
        later.setattr(Work, "now", lambda _: short.created_at + timedelta(days=1))
        assert s3_keys.find_s3_key(hub, short.access_key, "") is None
        assert s3_keys.find_s3_key(hub, long.access_key, "") is not None
    with hub.work(ada) as work:
        accounts.change_user(work, "eve", active=False)
        accounts.change_user(work, "eve", active=True)
    assert s3_keys.find_s3_key(hub, long.access_key, "") is None


@pytest.mark.parametrize("folder", [False, True])
def test_a_key_ends_with_the_asset_or_folder_that_it_is_for(
    hub: Hub, ada: Caller, model: Asset, *, folder: bool
) -> None:
    asset, place, free = make(hub, ada, asset=MODEL)[0], make(hub, ada, write=True, folder=FOLDER)[0], make(hub, ada)[0]
    with hub.work(ada) as work:
        if folder:
            deletions.delete_folder(work, FOLDER)
            deletions.restore_folder(work, FOLDER)
        else:
            deletions.delete_asset(work, MODEL)
            deletions.restore_asset(work, MODEL)
    left = {key.access_key for key in (asset, place, free) if s3_keys.find_s3_key(hub, key.access_key, "")}
    assert left == {free.access_key} | (set() if folder else {place.access_key})


def test_what_is_asked_of_a_key_has_to_go_together(hub: Hub, ada: Caller, eve: Caller, model: Asset) -> None:
    for terms, told in (
        ({"write": True, "asset": MODEL, "folder": FOLDER}, "makes no others"),
        ({"folder": FOLDER}, "makes no buckets"),
        ({"commit_after": 5}, "nothing to commit"),
        ({"write": True, "commit_after": 0}, "1 second to 24 hours"),
        ({"name": " "}, "1 to 100 characters"),
        ({"name": "a\nb"}, "printable"),
    ):
        with pytest.raises(Invalid, match=told):
            make(hub, ada, **terms)
    for hidden in ({"asset": MODEL}, {"write": True, "folder": FOLDER}):
        with pytest.raises(NotFound):
            make(hub, eve, **hidden)
    with hub.work(ada) as work:
        sharing.grant_role(work, FOLDER, "eve", Role.VIEWER)
    assert make(hub, eve, asset=MODEL)[0].bucket == model.bucket
    for more in ({"asset": MODEL}, {"folder": FOLDER}):
        with pytest.raises(Forbidden, match="role editor"):
            make(hub, eve, write=True, **more)


def test_a_key_that_may_only_read_or_is_for_one_place_makes_none(hub: Hub, ada: Caller, model: Asset) -> None:
    narrow = [
        replace(ada, scope=Scope.READ), replace(ada, scope=Scope.WRITE, folder=model.folder),
        caller_of(hub, make(hub, ada)[0]), caller_of(hub, make(hub, ada, write=True, asset=MODEL)[0]),
    ]  # fmt: skip
    for caller in narrow:
        with pytest.raises(Forbidden):
            make(hub, caller)
    assert make(hub, replace(ada, scope=Scope.WRITE), write=True)


def test_administrators_keep_the_keys_of_service_accounts(hub: Hub, ada: Caller, eve: Caller, model: Asset) -> None:
    with hub.work(ada) as work:
        accounts.create_user(work, "ci", None, kind=OwnerKind.SERVICE)
    key, _ = make(hub, ada, "nightly", write=True, asset=MODEL, account="ci")
    caller = caller_of(hub, key)
    assert caller.name == "ci"
    with pytest.raises(NotFound), hub.work(caller, reading=True) as work:
        assets.get_asset(work, MODEL)  # the folder is not shared with it
    with hub.work(ada) as work:
        sharing.grant_role(work, FOLDER, "ci", Role.EDITOR)
    with hub.work(caller, reading=True) as work:
        assert assets.get_asset(work, MODEL).role is Role.EDITOR
    for name, told in (("ci", "hub administrator"), ("ada", "hub administrator")):
        with pytest.raises(Forbidden, match=told):
            make(hub, eve, account=name)
    with pytest.raises(Invalid, match="no service account"):
        make(hub, ada, account="eve")
    with hub.work(ada) as work:
        assert s3_keys.list_s3_keys(work, "ci") == [
            replace(key, last_used_at=s3_keys.list_s3_keys(work, "ci")[0].last_used_at)
        ]
        s3_keys.revoke_s3_key(work, key.access_key, "ci")
        assert s3_keys.list_s3_keys(work, "ci") == []
        assert s3_keys.list_s3_keys(work) == []


HIDDEN: list[Callable[[Work], object]] = [
    lambda work: folders.get_folder(work, FOLDER),
    lambda work: assets.list_assets(work, FOLDER),
    lambda work: summaries.folder_cards(work, FOLDER),
    lambda work: deletions.deleted_assets(work, FOLDER),
    lambda work: sharing.get_sharing(work, FOLDER),
    lambda work: folders.change_folder(work, FOLDER, description="x"),
    lambda work: deletions.delete_folder(work, FOLDER),
    lambda work: deletions.restore_asset(work, OTHER),
    lambda work: audit.list_events(work, Filter(), FOLDER),
    lambda work: assets.get_asset(work, OTHER),
    lambda work: objects.list_objects(work, Reference(OTHER)),
    lambda work: history.log_commits(work, Reference(OTHER)),
    lambda work: history.commit_changes(work, OTHER, "main", "x", delete=["a"]),
    lambda work: evaluations.list_evaluations(work, OTHER),
    lambda work: runs.list_runs(work, path=OTHER),
    lambda work: deletions.delete_asset(work, OTHER),
    lambda work: assets.get_asset(work, DATASET),
]
REFUSED: list[Callable[[Work], object]] = [
    lambda work: assets.create_asset(work, FOLDER.asset("third"), "", (), TrainingSettings()),
    lambda work: folders.create_folder(work, replace(FOLDER, folder="mine")),
    lambda work: keys.create_key(work, "wider", Scope.READ),
    lambda work: keys.list_keys(work),
    lambda work: s3_keys.list_s3_keys(work),
    lambda work: groups.create_group(work, "team"),
    lambda work: accounts.list_users(work),
    lambda work: audit.list_events(work, Filter()),
]


def test_a_key_for_one_asset_reaches_it_and_nothing_else_of_its_folder(
    hub: Hub, ada: Caller, model: Asset, dataset: Asset, commit: Committing
) -> None:
    add(hub, ada, OTHER)
    for path in (MODEL, OTHER):
        commit(path, {"a": "1"})
    caller = caller_of(hub, make(hub, ada, write=True, asset=MODEL)[0])
    for act in HIDDEN:
        with pytest.raises(NotFound), hub.work(caller) as work:
            act(work)
    for act in REFUSED:
        with pytest.raises(Forbidden, match=r"one asset only|administrator"), hub.work(caller) as work:
            act(work)
    with hub.work(caller) as work:
        assert assets.get_asset(work, MODEL).role is Role.OWNER
        assert [asset.path for asset in assets.recent_assets(work)] == [MODEL]
        assert folders.list_folders(work) == []
        for words in ("ada", "vision", "other net"):
            found = search.search(work, Search(split_words(words)))
            assert found.folders == []
            assert {asset.path for asset in found.assets} <= {MODEL}
        assert runs.list_runs(work) == []
        assert work.assets.by_bucket(model.bucket) is not None
        assert work.assets.by_bucket(dataset.bucket) is None
        assets.create_tag(work, MODEL, "mine")
        assert history.commit_changes(work, MODEL, "main", "Remove it", delete=["a"]) is not None


def test_a_sealed_secret_opens_for_its_own_key_alone(hub: Hub, ada: Caller) -> None:
    one, other = make(hub, ada, "one")[0], make(hub, ada, "other")[0]
    with hub.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE s3_keys SET sealed = (SELECT sealed FROM s3_keys WHERE access_key = :o) WHERE access_key = :k"
            ),
            {"o": other.access_key, "k": one.access_key},
        )
    with pytest.raises(Damaged, match="'one' cannot be used; revoke it"):
        s3_keys.find_s3_key(hub, one.access_key, "")


def test_making_and_revoking_are_in_the_audit_log(hub: Hub, ada: Caller, model: Asset) -> None:
    key, secret = make(hub, ada, "laptop", write=True, asset=MODEL)
    with hub.work(ada) as work:
        s3_keys.revoke_s3_key(work, key.access_key)
        revoked, created, *_ = audit.list_events(work, Filter())
    assert (created.action, created.target, created.detail["asset"]) == ("s3key.create", "ada", str(MODEL))
    assert (revoked.action, revoked.detail["key"], revoked.folder) == ("s3key.revoke", "laptop", model.folder)
    assert secret not in str(created) + str(revoked)


def test_a_bucket_keeps_its_name_and_is_found_by_it_or_by_the_id(
    hub: Hub, ada: Caller, eve: Caller, model: Asset
) -> None:
    assert model.bucket == "ada-vision-net"
    with hub.work(ada) as work:
        assets.change_asset(work, MODEL, name="renamed")
        for name in (model.bucket, str(model.id)):
            found = work.assets.by_bucket(name)
            assert found is not None
            assert (found[0].id, found[0].bucket, found[0].role) == (model.id, model.bucket, Role.OWNER)
    second = add(hub, ada, MODEL)
    assert second.bucket == f"ada-vision-net-{second.id.hex[-8:]}"
    with hub.work(eve, reading=True) as work:
        assert [work.assets.by_bucket(name) for name in (model.bucket, str(model.id), "x", "")] == [None] * 4


@pytest.mark.parametrize("taken", [0, 1, 2])
def test_a_bucket_gets_more_of_the_id_as_long_as_names_are_taken(hub: Hub, ada: Caller, taken: int) -> None:
    with hub.work(ada) as work:
        names = tuple(f"ada-vision-n{number}" for number in range(4))
        for number in range(taken):
            assets.create_asset(work, FOLDER.asset(f"n{number}"), "", (), TrainingSettings())
        assert work.assets.free_bucket(names) == names[taken]
        assert work.assets.free_bucket(names[:taken]) is None
