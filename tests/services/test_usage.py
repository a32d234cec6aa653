"""What owners hold, counted exactly, whatever happens to it."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import Conflict, HubError
from assethub.domain.names import AssetPath, Reference, parse_asset_path
from assethub.domain.owners import Caller
from assethub.services import assets, collection, copying, deletions, history, imports, purging, receiving
from assethub.services.importing import perform
from assethub.services.work import Hub
from tests.services.conftest import DATASET, MODEL, upload
from tests.services.holding import check_counters, digest, send, send_alone, used
from tests.services.imports.conftest import Lake, lake

__all__ = ["lake"]
COPY = parse_asset_path("ada/model/vision/copy")
ALL = (MODEL, DATASET, COPY)


@pytest.fixture
def copy(hub: Hub, ada: Caller) -> Asset:
    with hub.work(ada) as work:
        return assets.create_asset(work, COPY, "", (), TrainingSettings())


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
