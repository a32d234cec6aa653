"""Whose turn it is, what fits, and why the others wait."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from assethub.domain.errors import Invalid
from assethub.domain.queue import Cause, Holding, Need, Offers, Queue, Queued, QueueState, free_gpus, memory_bytes, plan
from assethub.domain.runs import Priority

ADA, BOB, TEAM = UUID(int=1), UUID(int=2), UUID(int=3)
LOW, NORMAL, HIGH = Priority
ONE, OPEN = Need(), Queue("local")
MACHINE = Offers(4, 8 << 30, ("0", "1"))


def waits(
    number: int, user: UUID = ADA, need: Need = ONE, *, priority: Priority = NORMAL, group: UUID | None = None
) -> Queued:
    return Queued(UUID(int=100 + number), number, priority, user, group, need)


def holds(number: int, user: UUID = ADA, need: Need = ONE, gpus: tuple[str, ...] = ()) -> Holding:
    return Holding(UUID(int=100 + number), number, user, None, need, gpus)


def told(
    waiting: Sequence[Queued], holding: Sequence[Holding] = (), *, slots: int = 2, queue: Queue = OPEN,
    offers: Offers | None = MACHINE,
) -> list[tuple[int, Cause]]:  # fmt: skip
    return [(one.number, why.cause) for one, why in plan(queue, slots, offers, waiting, holding)]


def test_the_oldest_goes_first_and_who_finds_no_slot_waits_for_one() -> None:
    assert told([waits(2), waits(1), waits(3)]) == [(1, Cause.NEXT), (2, Cause.NEXT), (3, Cause.RUNS)]


def test_a_higher_priority_goes_first() -> None:
    found = told([waits(1, priority=LOW), waits(2), waits(3, priority=HIGH)])
    assert [number for number, _ in found] == [3, 2, 1]


def test_users_take_turns_within_a_priority() -> None:
    found = told([waits(1), waits(2), waits(3), waits(4, BOB), waits(5, BOB)])
    assert [number for number, _ in found] == [1, 4, 2, 5, 3]


def test_who_has_runs_under_way_goes_after_who_has_none() -> None:
    found = told([waits(3), waits(4, BOB)], [holds(1), holds(2)])
    assert [number for number, _ in found] == [4, 3]


def test_a_users_limit_lets_the_others_pass() -> None:
    found = told([waits(2), waits(3), waits(4, BOB)], [holds(1)], slots=9, queue=Queue("local", per_user=1))
    assert found == [(4, Cause.NEXT), (2, Cause.USER), (3, Cause.USER)]


def test_a_groups_limit_counts_the_runs_in_its_folders_whoever_started_them() -> None:
    waiting = [waits(1, group=TEAM), waits(2, BOB, group=TEAM), waits(3, BOB)]
    found = told(waiting, slots=9, queue=Queue("local", per_group=1))
    assert found == [(1, Cause.NEXT), (2, Cause.GROUP), (3, Cause.NEXT)]


def test_the_engines_limit_goes_before_the_setting() -> None:
    assert told([waits(1), waits(2)], queue=Queue("local", runs=1)) == [(1, Cause.NEXT), (2, Cause.RUNS)]


def test_a_paused_queue_places_nothing_and_a_draining_one_what_it_has() -> None:
    assert told([waits(1)], queue=Queue("local", QueueState.PAUSED)) == [(1, Cause.PAUSED)]
    assert told([waits(1)], queue=Queue("local", QueueState.DRAINING)) == [(1, Cause.NEXT)]


@pytest.mark.parametrize(
    ("need", "cause"),
    [(Need(cpus=3.5), Cause.CPUS), (Need(memory=6 << 30), Cause.MEMORY), (Need(gpus=2), Cause.GPUS)],
)
def test_a_run_is_placed_only_where_what_it_asks_for_is_free(need: Need, cause: Cause) -> None:
    holding = [holds(1, need=Need(1, 4 << 30, 1), gpus=("0",))]
    assert told([waits(2, BOB, need)], holding, slots=9) == [(2, cause)]
    assert told([waits(2, BOB, need)], [], slots=9) == [(2, Cause.NEXT)]
    assert told([waits(2, BOB, need)], holding, slots=9, offers=None) == [(2, Cause.NEXT)]


def test_a_run_that_waits_for_resources_is_not_made_to_wait_longer_by_smaller_ones() -> None:
    holding = [holds(1, need=Need(cpus=2))]
    large, small = waits(2, BOB, Need(cpus=4)), waits(3, UUID(int=9), Need(cpus=1))
    assert told([large, small], holding, slots=9) == [(2, Cause.CPUS), (3, Cause.CPUS)]
    cards = [waits(number, UUID(int=number), Need(cpus=1, gpus=2)) for number in (4, 5, 6)]
    found = told([*cards, waits(7, UUID(int=7))], [holds(1, need=Need(gpus=1))], slots=9)
    assert found == [(4, Cause.GPUS), (5, Cause.GPUS), (6, Cause.GPUS), (7, Cause.NEXT)]


def test_fractions_of_cpus_add_up() -> None:
    found = told([waits(number, need=Need(cpus=0.1)) for number in range(11)], slots=99, offers=Offers(1, 0))
    assert [cause for _, cause in found] == [*[Cause.NEXT] * 10, Cause.CPUS]


def test_cards_are_free_once_nobody_holds_them() -> None:
    assert free_gpus(MACHINE, [holds(1, gpus=("0",))]) == ["1"]
    assert free_gpus(None, []) == []


def test_sentences_say_what_is_missing() -> None:
    ((_, why),) = plan(Queue("local"), 2, MACHINE, [waits(2, need=Need(cpus=4))], [holds(1)])
    assert why.sentence == "It asks for 4 CPUs, and 3 are free."
    for cause in Cause:
        assert type(why)(cause).sentence.endswith(".")


@pytest.mark.parametrize(
    ("need", "sentence"),
    [
        (Need(cpus=5), "asks for 5 CPUs, and the engine 'local' has 4"),
        (Need(gpus=3), "asks for 3 GPUs, and the engine 'local' has 2"),
        (Need(memory=9 << 30), "asks for 9.7 GB of memory, and the engine 'local' has 8.6 GB"),
    ],
)
def test_more_than_the_machine_has_is_refused(need: Need, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence):
        MACHINE.check(need, "local")


@pytest.mark.parametrize(
    ("written", "count"), [(None, 0), ("4Gi", 4 << 30), ("512M", 512_000_000), ("1.5G", 1_500_000_000), ("100", 100)]
)
def test_memory_is_read_as_the_task_file_writes_it(written: str | None, count: int) -> None:
    assert memory_bytes(written) == count
