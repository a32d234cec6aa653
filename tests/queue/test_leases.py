"""A run is placed once, whoever dies or sleeps on the way, and whatever the clock does."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from assethub.database.run_tables import runs as rows
from assethub.domain.errors import Conflict
from assethub.domain.queue import Cause, MachineSettings
from assethub.domain.runs import Run, RunState
from assethub.executors.executor import RunSpec, State
from assethub.services import placement, runs
from assethub.services.placement import claim, keep_handle, reclaim, sweep_engine
from tests.conftest import until
from tests.queue.conftest import NOWHERE, Site


def claimed(site: Site, placer: str = "one") -> Run:
    run = claim(site.hub, placer)
    assert run is not None
    return run


def shift(site: Site, by: timedelta) -> None:
    """Let the leases end so much earlier or later: as if the clock had jumped the other way."""
    with site.hub.engine.begin() as connection:
        for id, until_ in connection.execute(rows.select().with_only_columns(rows.c.id, rows.c.lease_until)):
            if until_ is not None:
                connection.execute(update(rows).where(rows.c.id == id).values(lease_until=until_ + by))


def submit(site: Site, run: Run) -> dict[str, str]:
    spec = RunSpec(str(run.id), run.attempt, NOWHERE, "secret", 1, None, 0, 0.3)
    return dict(site.hub.executor.submit(spec, run.key))


def test_a_claimed_run_is_nobody_elses_until_its_lease_ends(site: Site) -> None:
    site.start("a")
    first = claimed(site)
    assert (first.fence, first.state) == (1, RunState.QUEUED)
    assert claim(site.hub, "two") is None
    assert reclaim(site.hub, "two") is None
    why = site.why(first)
    assert why is not None
    assert (why.cause, why.position) == (Cause.PLACING, 0)


def test_an_expired_lease_is_claimed_anew_and_what_the_old_owner_writes_is_refused(site: Site) -> None:
    site.start("a")
    first = claimed(site)
    shift(site, -2 * placement.LEASE)
    second = reclaim(site.hub, "two")
    assert second is not None
    assert (second.id, second.fence) == (first.id, first.fence + 1)
    assert keep_handle(site.hub, first, {"key": first.key}) is False
    with pytest.raises(Conflict, match="moved on"), site.hub.work(None) as work:
        work.runs.change(first, {"state": RunState.FAILED})
    assert (site.run(first).handle, site.run(first).state) == (None, RunState.QUEUED)
    assert keep_handle(site.hub, second, {"key": second.key}) is True
    assert site.run(first).handle == {"key": first.key}


def test_runs_are_claimed_once_each_by_claimants_at_the_same_time(site: Site) -> None:
    site.runner("exit 0", MachineSettings(99, 0, ()), slots=99)
    started = {site.start(f"b{number}").id for number in range(12)}

    def work_off(name: str) -> list[Run]:
        found = []
        while (run := claim(site.hub, name)) is not None:
            found.append(run)
        return found

    with ThreadPoolExecutor(4) as pool:
        found = [run for taken in pool.map(work_off, "abcd") for run in taken]
    assert Counter(run.id for run in found) == Counter(started)


@pytest.mark.parametrize("jump", [timedelta(hours=5), timedelta(hours=-5)])
def test_a_jump_of_the_clock_neither_loses_nor_doubles_a_run(site: Site, tmp_path: Path, jump: timedelta) -> None:
    site.runner(f"echo up >> {tmp_path}/started; until [ -e {tmp_path}/signals/1 ]; do sleep 0.02; done")
    site.start("a")
    first = claimed(site)
    shift(site, jump)
    site.round("two")  # takes it over, though the first one is only slow
    handle = submit(site, first)
    assert keep_handle(site.hub, first, handle) is False
    shift(site, -2 * placement.LEASE)
    site.round("two")
    assert site.run(first).handle == handle
    (tmp_path / "signals/1").touch()
    site.ended(first)
    assert (tmp_path / "started").read_text() == "up\n"


def test_a_placer_that_was_stopped_before_it_submitted_places_the_run_in_its_next_round(site: Site) -> None:
    site.start("a")
    first = claimed(site, "one")
    site.round("two")
    assert site.run(first).handle is None  # its lease goes on
    site.round("one")
    assert site.run(first).handle == {"key": first.key}
    assert site.run(first).fence > first.fence


def test_a_submission_that_was_not_written_down_is_found_again_and_not_repeated(site: Site, tmp_path: Path) -> None:
    site.runner(f"echo up >> {tmp_path}/started")
    site.start("a")
    first = claimed(site, "one")
    submit(site, first)
    shift(site, -2 * placement.LEASE)
    site.ended(first)  # by another placer
    assert (tmp_path / "started").read_text() == "up\n"


def test_a_run_that_ended_before_its_submission_was_written_down_is_cleaned_up(site: Site) -> None:
    run = site.start("a")
    submit(site, claimed(site, "one"))
    with site.hub.work(None) as work:
        current = work.runs.locked(run.id)
        assert current is not None
        work.runs.change(current, {"state": RunState.FAILED, "ended_at": work.now()})  # as its runner says
    until(lambda: site.hub.executor.poll([{"key": run.key}])[0].ended)
    site.round("one")
    site.round("one")
    assert site.hub.executor.held_keys() == []
    assert (site.run(run).handle, site.run(run).lease_until) == (None, None)


def test_a_run_that_began_and_of_which_the_engine_has_nothing_is_lost(site: Site) -> None:
    site.start("a")
    run = claimed(site, "one")
    with site.hub.work(None) as work:
        current = work.runs.locked(run.id)
        assert current is not None
        work.runs.change(current, {"state": RunState.PREPARING})
    site.round("one")
    assert (site.run(run).state, site.run(run).lease_until) == (RunState.LOST, None)


def test_a_run_that_is_cancelled_while_it_is_placed_ends_cancelled(site: Site) -> None:
    run = site.start("a")
    claimed(site, "one")
    with site.hub.work(site.ada) as work:
        asked = runs.cancel_run(work, str(run.number))
    assert (asked.state, asked.cancel_requested_at is not None) == (RunState.QUEUED, True)
    site.round("one")
    assert site.run(run).state is RunState.CANCELLED


def test_what_the_engine_holds_of_no_run_ends(site: Site, tmp_path: Path) -> None:
    site.runner(f"touch {tmp_path}/up; sleep 1000")
    run = site.start("a")
    first = claimed(site, "one")
    with site.hub.work(site.ada) as work:
        runs.cancel_run(work, str(run.number))
    site.round("one")  # nothing is there yet, so it is cancelled
    submit(site, first)  # by an owner who slept through that
    until((tmp_path / "up").exists)
    sweep_engine(site.hub)

    def gone() -> bool:
        sweep_engine(site.hub)
        return site.hub.executor.held_keys() == []

    until(gone)


def test_what_is_placed_is_not_swept(site: Site, tmp_path: Path) -> None:
    site.runner(f"until [ -e {tmp_path}/signals/1 ]; do sleep 0.02; done")
    placed = site.start("a")
    site.round()
    being_placed = site.start("b")
    submit(site, claimed(site, "one"))
    sweep_engine(site.hub)
    statuses = site.hub.executor.poll([{"key": placed.key}, {"key": being_placed.key}])
    assert {status.state for status in statuses} <= {State.PENDING, State.RUNNING}
