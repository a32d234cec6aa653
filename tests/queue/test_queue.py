"""What people and administrators see and decide of the queue."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from assethub.domain.assets import TrainingSettings
from assethub.domain.audit import Filter
from assethub.domain.errors import Conflict, Forbidden, HubError, Invalid
from assethub.domain.folders import Role
from assethub.domain.names import parse_asset_path
from assethub.domain.queue import Cause, MachineSettings, QueueState, Waiting
from assethub.domain.runs import Priority, Run, RunState
from assethub.services import assets, groups, queue, runs, sharing
from assethub.services.repeating import run_again
from tests.queue.conftest import DIGITS, NET, Site

WAITS_FOR = "until [ -e {0}/signals/1 ]; do sleep 0.02; done"


def waiting(why: Waiting | None) -> tuple[Cause, int]:
    assert why is not None
    return why.cause, why.position


def placed(site: Site) -> list[int]:
    with site.hub.work(None, reading=True) as work:
        return [run.number for run in work.runs.placed()]


def test_who_waits_is_told_why_and_how_many_go_first(site: Site, tmp_path: Path) -> None:
    site.runner(WAITS_FOR.format(tmp_path), slots=1)
    first, second, third = (site.start(name) for name in "abc")
    site.round()
    assert waiting(site.why(first)) == (Cause.ENGINE, 0)
    assert waiting(site.why(second)) == (Cause.RUNS, 1)
    assert waiting(site.why(third)) == (Cause.RUNS, 2)
    (tmp_path / "signals/1").touch()
    site.ended(first)
    assert site.why(first) is None


def test_cards_are_leased_to_one_run_each_and_hidden_from_who_asks_for_none(site: Site, tmp_path: Path) -> None:
    script = 'echo "[$CUDA_VISIBLE_DEVICES]" > ' + f"{tmp_path}/seen-$AH_RUN_ID; {WAITS_FOR.format(tmp_path)}"
    site.runner(script, MachineSettings(8, 8 << 30, ("3", "5")), slots=9)
    cards = [site.start(name, resources="{gpus: 1}") for name in "abc"]
    plain = site.start("d", resources="{}")
    site.round()
    assert [site.run(run).gpus for run in cards] == [("3",), ("5",), ()]
    assert waiting(site.why(cards[2])) == (Cause.GPUS, 1)
    (tmp_path / "signals/1").touch()
    for run in (*cards, plain):
        site.ended(run)
    seen = [(tmp_path / f"seen-{run.id}").read_text().strip() for run in (*cards, plain)]
    assert seen[:2] == ["[3]", "[5]"]
    assert seen[2] in ("[3]", "[5]")
    assert seen[3] == "[]"


def test_cpus_and_memory_are_not_given_twice(site: Site, tmp_path: Path) -> None:
    site.runner(WAITS_FOR.format(tmp_path), slots=9)
    first = site.start("a", resources="{cpus: 3, memory: 1Gi}")
    second = site.start("b", resources="{cpus: 2, memory: 1Gi}")
    site.round()
    assert placed(site) == [first.number]
    assert waiting(site.why(second)) == (Cause.CPUS, 1)
    (tmp_path / "signals/1").touch()
    site.ended(first)
    site.ended(second)


@pytest.mark.parametrize("resources", ["{cpus: 5}", "{memory: 9Gi}", "{gpus: 1}"])
def test_a_run_that_can_never_fit_is_refused_at_its_start(site: Site, resources: str) -> None:
    with pytest.raises(Invalid, match="and the engine 'local' has"):
        site.start("a", resources=resources)


def test_limits_of_a_user_and_of_a_group_hold(site: Site, tmp_path: Path) -> None:
    site.runner(WAITS_FOR.format(tmp_path), MachineSettings(9, 0, ()), slots=9)
    eve, theirs = site.user("eve"), parse_asset_path("team/model/vision/net")
    with site.hub.work(site.ada) as work:
        groups.create_group(work, "team")
        groups.put_member(work, "team", "eve")
        assets.create_asset(work, theirs, "", (), TrainingSettings())
        for folder in (NET.parent, DIGITS.parent):
            sharing.grant_role(work, folder, "eve", Role.RUNNER)
        queue.change_queue(work, per_user=2, per_group=1)
    mine = [site.start(name) for name in "abc"]
    of_team = [site.start(name, caller=eve, model=theirs) for name in "de"]
    site.round()
    assert sorted(placed(site)) == [mine[0].number, mine[1].number, of_team[0].number]
    assert site.why(mine[2]) is not None
    assert {waiting(site.why(run))[0] for run in (mine[2], of_team[1])} == {Cause.USER, Cause.GROUP}
    with site.hub.work(site.ada) as work:
        queue.change_queue(work, per_user=0, per_group=0)
    site.round()
    assert len(placed(site)) == 5


def test_a_paused_queue_places_nothing_and_goes_on_when_it_is_resumed(site: Site) -> None:
    with site.hub.work(site.ada) as work:
        queue.change_queue(work, state=QueueState.PAUSED, note="New disks.")
    run = site.start("a")
    site.round()
    why = site.why(run)
    assert why is not None
    assert (why.cause, why.sentence) == (Cause.PAUSED, "The queue is paused: New disks.")
    with site.hub.work(site.ada) as work:
        queue.change_queue(work, state=QueueState.OPEN)
    assert site.ended(run).state.final


def test_a_draining_queue_takes_no_more_runs_and_places_those_it_has(site: Site) -> None:
    run = site.start("a")
    with site.hub.work(site.ada) as work:
        queue.change_queue(work, state=QueueState.DRAINING, note="Moving")
    with pytest.raises(Conflict, match="takes no more runs for now: Moving"):
        site.start("b")
    with pytest.raises(Conflict, match="takes no more runs for now: Moving"):
        again(site, run)
    assert site.ended(run).state is RunState.FAILED  # its runner says nothing
    with pytest.raises(Conflict, match="takes no more runs"), site.hub.work(site.ada) as work:
        runs.retry_run(work, str(run.number))


def again(site: Site, run: Run) -> Run:
    with site.hub.work(site.ada) as work:
        return run_again(work, str(run.number))


def test_only_administrators_raise_a_run_above_normal(site: Site) -> None:
    eve = site.user("eve")
    with site.hub.work(site.ada) as work:
        for folder in (NET.parent, DIGITS.parent):
            sharing.grant_role(work, folder, "eve", Role.RUNNER)
    with pytest.raises(Forbidden, match="Only a hub administrator may give a run the priority high"):
        site.start("a", caller=eve, priority=Priority.HIGH)
    run = site.start("a", caller=eve, priority=Priority.LOW)
    with site.hub.work(eve) as work:
        assert queue.set_priority(work, str(run.number), Priority.NORMAL).priority is Priority.NORMAL
    with pytest.raises(Forbidden), site.hub.work(eve) as work:
        queue.set_priority(work, str(run.number), Priority.HIGH)
    with site.hub.work(site.ada) as work:
        queue.set_priority(work, str(run.number), Priority.HIGH)
    with pytest.raises(Forbidden), site.hub.work(eve) as work:
        queue.set_priority(work, str(run.number), Priority.NORMAL)
    assert again(site, run).priority is Priority.NORMAL


def test_a_run_that_left_the_queue_keeps_its_priority(site: Site) -> None:
    run = site.start("a")
    site.ended(run)
    with pytest.raises(Conflict, match="does not wait in the queue any more"), site.hub.work(site.ada) as work:
        queue.set_priority(work, str(run.number), Priority.LOW)


def test_a_later_run_of_a_higher_priority_is_placed_first(site: Site, tmp_path: Path) -> None:
    site.runner(WAITS_FOR.format(tmp_path), slots=1)
    site.start("a", priority=Priority.LOW)
    high = site.start("b", priority=Priority.HIGH)
    site.round()
    assert placed(site) == [high.number]


def test_what_is_decided_of_the_queue_is_told_to_the_audit_log(site: Site) -> None:
    with site.hub.work(site.ada) as work:
        queue.change_queue(work, state=QueueState.PAUSED, note="x", runs=3)
        queue.change_queue(work, state=QueueState.OPEN)
    run = site.start("a")
    with site.hub.work(site.ada) as work:
        queue.set_priority(work, str(run.number), Priority.LOW)
    with site.hub.work(None, reading=True) as work:
        told = [(event.action, event.target) for event in work.audit.following(Filter(), after=0, limit=1000)]
    assert [one for one in told if one[0].startswith("queue.")] == [
        ("queue.limits", "local"), ("queue.pause", "local"), ("queue.resume", "local"),
    ]  # fmt: skip
    assert ("run.priority", run.path) in told


def test_others_than_administrators_do_not_see_or_change_the_queue(site: Site) -> None:
    eve = site.user("eve")
    with pytest.raises(Forbidden), site.hub.work(eve, reading=True) as work:
        queue.show_queue(work)
    with pytest.raises(Forbidden), site.hub.work(eve) as work:
        queue.change_queue(work, state=QueueState.PAUSED)


def test_a_branch_that_is_asked_for_twice_at_once_goes_to_one_run(site: Site) -> None:
    def ask(_: int) -> Run | HubError:
        try:
            return site.start("same")
        except HubError as refused:
            return refused

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(ask, range(6)))
    assert len([one for one in answers if isinstance(one, Run)]) == 1
    refused = [one for one in answers if not isinstance(one, Run)]
    assert all(isinstance(one, Conflict) and "writes to the branch 'same'" in str(one) for one in refused)
