"""The queue of the engine: why runs wait, and what administrators decide of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from assethub.domain.errors import Conflict, Forbidden, Invalid
from assethub.domain.folders import Role
from assethub.domain.owners import Caller
from assethub.domain.queue import Cause, Holding, Offers, Queue, QueueState, Waiting, plan
from assethub.domain.runs import Priority, Run, RunState
from assethub.services.runs import get_run, own_run, tell_run
from assethub.services.work import Work

LONGEST_NOTE = 500
MOST_RUNS = 1_000_000
ACTS = {QueueState.PAUSED: "queue.pause", QueueState.DRAINING: "queue.drain", QueueState.OPEN: "queue.resume"}


@dataclass(frozen=True)
class QueueView:
    """The queue in order, of which `waiting` is the beginning, and what each placed run holds."""

    queue: Queue
    runs: int  # that may be under way at once, whoever said so
    offers: Offers | None
    placed: list[tuple[Run, Holding]]
    waiting: list[tuple[Run, Waiting]]
    length: int


def explain(work: Work, runs: Sequence[Run]) -> dict[UUID, Waiting]:
    """Why each of these waits that has not begun; what else is in the queue is not told."""
    queued = [run for run in runs if run.state is RunState.QUEUED]
    found = {
        run.id: Waiting(Cause.ENGINE if run.handle is not None else Cause.PLACING)
        for run in queued
        if not run.untouched
    }
    if len(found) == len(queued):
        return found
    wanted = {run.id for run in queued}
    return found | {one.run: why for one, why in planned(work)[0] if one.run in wanted}


def planned(work: Work) -> tuple[list[Any], list[Holding], Queue]:
    engine = work.hub.executor
    queue, holding = work.queues.get(engine.name), work.queues.holding(engine.name)
    return plan(queue, work.hub.slots, engine.offers(), work.queues.waiting(engine.name), holding), holding, queue


def show_queue(work: Work, limit: int = 1000) -> QueueView:
    """All of it, for administrators."""
    work.administrator("queue.show")
    turns, holding, queue = planned(work)
    shown = turns[:limit]
    runs = work.queues.details([one.run for one in holding] + [one.run for one, _ in shown])
    return QueueView(
        queue, work.hub.slots if queue.runs is None else queue.runs, work.hub.executor.offers(),
        [(runs[one.run], one) for one in holding], [(runs[one.run], why) for one, why in shown], len(turns),
    )  # fmt: skip


def change_queue(
    work: Work, *, state: QueueState | None = None, note: str = "", runs: int | None = None,
    per_user: int | None = None, per_group: int | None = None,
) -> Queue:  # fmt: skip
    """Pause, drain or open the queue, or change its limits (0 takes one away); what is under way goes on."""
    person = work.administrator(ACTS.get(state, "queue.limits") if state else "queue.limits")
    engine = work.hub.executor.name
    before = work.queues.locked(engine)
    values: dict[str, Any] = {}
    given = {"runs": runs, "per_user": per_user, "per_group": per_group}
    for name, count in given.items():
        if count is not None:
            if not 0 <= count <= MOST_RUNS:
                raise Invalid(f"A limit counts runs from 0 (no limit) to {MOST_RUNS:,}, not {count}.")
            values[name] = count or None
    if values:
        work.record("queue.limits", engine, **values)
    if state is not None:
        told = note.strip()[:LONGEST_NOTE]
        values |= {"state": state, "note": told}
        work.record(ACTS[state], engine, note=told, before=before.state)
    if values:
        work.queues.change(engine, values | {"changed_by": person.name[:96], "changed_at": work.now()})
    return work.queues.get(engine)


def set_priority(work: Work, id: str, priority: Priority) -> Run:
    """Let a run that waits go earlier or later; above normal is for hub administrators."""
    run = work.runs.locked(own_run(work, id, "run.priority").id)
    assert run is not None  # it was found just now, and runs stay
    asset = work.asset_by_id(run.asset, needs=Role.RUNNER)
    if not run.untouched:
        raise Conflict(f"Run {run.number} does not wait in the queue any more; it is {run.state}.")
    if priority is run.priority:
        return run
    may = isinstance(work.caller, Caller) and work.caller.admin
    if max(priority, run.priority) > Priority.NORMAL and not may:
        told = f"Only a hub administrator may give a run the priority {Priority.HIGH.word}, or take it away."
        raise work.refused(Forbidden(told), "run.priority", str(asset.path), asset.folder)
    work.runs.change(run, {"priority": priority})
    tell_run(work, "run.priority", asset, run, priority=priority.word, before=run.priority.word)
    return get_run(work, id)
