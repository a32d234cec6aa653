"""A cancel reaches a run wherever it is, and a runner whose claim was answered to nobody claims again."""

from datetime import timedelta

import pytest

from assethub.domain.errors import Conflict, SignInNeeded
from assethub.domain.runs import Run, RunState
from assethub.services import keys, placement, run_reports, runs
from assethub.services.placement import claim
from tests.conftest import until
from tests.queue.conftest import Site

WAY = (RunState.PREPARING, RunState.RUNNING, RunState.SAVING)
PLACES = ("waiting", "claimed", "placed", *WAY)


def go(site: Site, run: Run, place: str) -> None:
    """Bring the run as far as that."""
    if place == "waiting":
        return
    if place == "claimed":
        assert claim(site.hub, "another") is not None
        return
    site.round()
    if place == "placed":
        return
    token, _ = run_reports.claim_run(site.hub, run.id, keys.claim_secret(site.hub, run.id, 1), "n" * 8)
    for state in WAY[: WAY.index(RunState(place)) + 1]:
        with site.hub.work(keys.run_caller(site.hub, token)) as work:
            run_reports.report_state(work, run.id, state)


@pytest.mark.parametrize("place", PLACES)
def test_a_cancel_ends_a_run_in_every_state(site: Site, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setattr(placement, "CANCEL_AFTER", timedelta())  # this runner does not heed what it is told
    site.runner("sleep 1000")
    run = site.start("a")
    go(site, run, place)
    with site.hub.work(site.ada) as work:
        runs.cancel_run(work, str(run.number))
    if place == "claimed":
        site.round("another")
    ended = site.ended(run)
    assert ended.state is RunState.CANCELLED
    assert site.hub.executor.held_keys() == []
    with site.hub.work(site.ada) as work:
        assert runs.cancel_run(work, str(run.number)).state is RunState.CANCELLED


def test_a_cancel_changes_nothing_of_a_run_that_has_ended(site: Site) -> None:
    run = site.start("a")
    state = site.ended(run).state
    with site.hub.work(site.ada) as work:
        runs.cancel_run(work, str(run.number))
    assert (site.run(run).state, site.run(run).cancel_requested_at) == (state, None)


def test_a_claim_whose_answer_was_lost_is_repeated_by_its_runner_alone(site: Site) -> None:
    site.runner("sleep 1000")
    run = site.start("a")
    site.round()
    secret = keys.claim_secret(site.hub, run.id, 1)
    first = run_reports.claim_run(site.hub, run.id, secret, "n" * 8)
    assert run_reports.claim_run(site.hub, run.id, secret, "n" * 8) == first
    with pytest.raises(Conflict, match="Another runner has claimed"):
        run_reports.claim_run(site.hub, run.id, secret, "m" * 8)


def test_what_an_earlier_attempt_still_says_is_refused(site: Site) -> None:
    site.runner("exit 3")
    run = site.start("a")
    site.round()
    token, _ = run_reports.claim_run(site.hub, run.id, keys.claim_secret(site.hub, run.id, 1), "n" * 8)
    old = keys.run_caller(site.hub, token)
    site.ended(run)
    site.runner("sleep 1000")
    with site.hub.work(site.ada) as work:
        runs.retry_run(work, str(run.number))
    site.round()
    until(lambda: site.run(run).handle is not None)
    with pytest.raises(SignInNeeded):
        keys.run_caller(site.hub, token)
    with pytest.raises(SignInNeeded, match="has ended"), site.hub.work(old) as work:
        run_reports.report_state(work, run.id, RunState.PREPARING)
    assert site.run(run).state is RunState.QUEUED
