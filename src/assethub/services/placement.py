"""Bringing queued runs onto the engine, and noticing how they fare there.

A run is claimed before it is placed: the claim is a row with a lease, by the database's clock, and a fence, which is
higher than that of any claim before. What a claimant writes later carries its fence and is refused once somebody else
has claimed the run. Should two of them place it after all, then under the same key, which the engine starts once, and
of two runners only one can claim the run. So a clock that jumps costs time at most: a lease that it ends early makes
nothing happen twice, and one that it would prolong does not hold, since no lease can be longer than LEASE.
"""

import logging
import socket
from datetime import timedelta
from typing import Any

from assethub.domain.queue import Cause, Holding, Queue, Queued, free_gpus, plan
from assethub.domain.runs import Run, RunState
from assethub.executors.executor import Handle, RunSpec, State, Status
from assethub.services import engines
from assethub.services.keys import claim_secret
from assethub.services.runs import GRACE_SECONDS, begin_attempt, next_attempt, tell_run
from assethub.services.work import Hub, Work

log = logging.getLogger("assethub.placement")
LEASE = timedelta(seconds=60)  # longer than handing a run to an engine takes
CANCEL_AFTER = timedelta(seconds=GRACE_SECONDS + 5)  # the runner stops its command itself before this


def place_runs(hub: Hub, endpoint: str, placer: str | None = None) -> None:
    """One round: follow what is placed, clean up what has ended, act on cancels, submit what has room.

    `placer` is who claims; it does one round after the other. Of itself, a data folder has one.
    """
    me = placer or f"{socket.gethostname()}:{hub.folder}"[-200:]
    with hub.work(None, reading=True) as work:
        placed = work.runs.placed()
    follow(hub, placed)
    while (left := reclaim(hub, me)) is not None:
        recover(hub, left)
    while (run := claim(hub, me)) is not None:
        submit(hub, run, endpoint)


def claim(hub: Hub, placer: str) -> Run | None:
    """The next run that can be placed, claimed with what it asks for; None if all wait for something."""
    engine = hub.executor.name
    with hub.work(None, reading=True) as work:
        if not placeable(work, work.queues.get(engine), work.queues.holding(engine)):
            return None  # and nobody is kept from writing
    with hub.work(None) as work:
        queue = work.queues.locked(engine)
        holding = work.queues.holding(engine)
        gpus, until = free_gpus(hub.executor.offers(), holding), work.queues.now() + LEASE
        for one in placeable(work, queue, holding):
            run = work.queues.claim(one.run, placer, until, gpus[: one.need.gpus])
            if run is not None:
                return run
    return None


def placeable(work: Work, queue: Queue, holding: list[Holding]) -> list[Queued]:
    """Those that can be placed now beside what is, in the order of the queue."""
    hub = work.hub
    turns = plan(queue, hub.slots, hub.executor.offers(), work.queues.waiting(queue.engine), holding)
    return [one for one, why in turns if why.cause is Cause.NEXT]


def reclaim(hub: Hub, placer: str) -> Run | None:
    """A run that somebody began to place and did not say how it went."""
    engine = hub.executor.name
    with hub.work(None, reading=True) as work:
        if not work.queues.claims(engine):
            return None
    with hub.work(None) as work:
        return work.queues.reclaim(engine, placer, work.queues.now(), LEASE)


def recover(hub: Hub, run: Run) -> None:
    """What the engine has of it is followed from now on; if it has nothing, a run that did not begin waits again."""
    handle = hub.executor.find(run.key)
    if handle is not None:
        keep_handle(hub, run, handle)
        return
    if run.state is not RunState.QUEUED:
        settle(hub, run, Status(State.LOST), None)
        return
    with hub.work(None) as work:
        current = claimed(work, run)
        if current is None:
            return
        values: dict[str, Any] = {"lease_until": None, "placer": None, "gpus": []}
        if current.cancel_requested_at is not None:
            values |= {"state": RunState.CANCELLED, "ended_at": work.now(), "reason": "Cancelled before it began."}
            tell_run(work, "run.end", work.assets.any(current.asset), current, state=RunState.CANCELLED)
        work.runs.change(current, values)


def claimed(work: Work, run: Run) -> Run | None:
    """The run as it is now, locked, if the claim under which it was read still holds."""
    current = work.runs.locked(run.id)
    same = current is not None and (current.attempt, current.fence) == (run.attempt, run.fence)
    return current if same else None


def keep_handle(hub: Hub, run: Run, handle: Handle) -> bool:
    """Answers whether the claim still held."""
    with hub.work(None) as work:
        current = claimed(work, run)
        if current is not None:
            work.runs.change(current, {"handle": dict(handle), "lease_until": None})
        return current is not None


def submit(hub: Hub, run: Run, endpoint: str) -> None:
    """Hand the claimed run to the engine; the key makes a repeated submission find the first one."""
    handle = hub.executor.find(run.key)
    if handle is None and refuse(hub, run):
        return
    spec = RunSpec(
        run=str(run.id), attempt=run.attempt, endpoint=endpoint, claim=claim_secret(hub, run.id, run.attempt),
        cpus=run.task["resources"]["cpus"], memory=run.task["resources"]["memory"],
        gpus=run.task["resources"]["gpus"], grace=GRACE_SECONDS, gpu_ids=run.gpus,
    )  # fmt: skip
    handle = handle or hub.executor.submit(spec, run.key)
    if keep_handle(hub, run, handle):
        log.info("run %s placed as %s", run.number, run.key)
    else:
        log.warning("run %s was placed as %s after its claim had ended", run.number, run.key)


def refuse(hub: Hub, run: Run) -> bool:
    """End a run whose user may not start it any more; answers whether it was so."""
    with hub.work(None, reading=True) as work:
        refused = engines.refusal(work, work.users.by_id(run.created_by))
    if refused is None:
        return False
    with hub.work(None) as work:
        current = claimed(work, run)
        if current is not None and current.state is RunState.QUEUED:
            work.logs.note(current.id, work.now(), refused)
            ended = {"state": RunState.FAILED, "ended_at": work.now(), "reason": refused, "lease_until": None}
            work.runs.change(current, ended)
            tell_run(work, "run.end", work.assets.any(current.asset), current, state=RunState.FAILED)
    return True


def follow(hub: Hub, placed: list[Run]) -> None:
    handles: dict[str, Handle] = {run.key: run.handle for run in placed if run.handle is not None}
    statuses = hub.executor.poll(list(handles.values())) if handles else []
    for run, status in zip(placed, statuses, strict=True):
        handle = handles[run.key]
        if status.ended:
            settle(hub, run, status, handle)
        elif run.cancel_requested_at is not None or run.state.final:
            with hub.work(None, reading=True) as work:
                since = run.cancel_requested_at or run.ended_at
                overdue = since is not None and work.now() - since > CANCEL_AFTER
            if overdue:
                hub.executor.cancel(handle, GRACE_SECONDS)


def settle(hub: Hub, run: Run, status: Status, handle: Handle | None) -> None:
    """The engine says that the runner is gone: end the run if it did not say so itself, then clean up."""
    with hub.work(None) as work:
        current = claimed(work, run)
        if current is None:
            return
        values: dict[str, Any] = {}
        if not current.state.final:
            values = verdict(current, status) | {"ended_at": work.now()}
            if values["state"] is RunState.LOST and current.attempt <= current.task["retries"]:
                values = next_attempt(current)
                note = f"{current.reason or 'The machine went silent.'} Attempt {current.attempt + 1} follows."
            else:
                note = values["reason"]
            work.logs.note(current.id, work.now(), note)
            if "attempt" in values:
                begin_attempt(work, current)
            else:
                work.runs.change(current, values)
            asset = work.assets.any(current.asset)
            if "attempt" in values:
                tell_run(work, "run.retry", asset, current, attempt=values["attempt"])
            else:
                tell_run(work, "run.end", asset, current, state=values["state"])
    if handle is not None:
        hub.executor.cleanup(handle)
    if "attempt" not in values:
        with hub.work(None) as work:
            ended = claimed(work, run)
            if ended is not None:
                work.runs.change(ended, {"handle": None, "lease_until": None})


def verdict(run: Run, status: Status) -> dict[str, Any]:
    """How a run ended whose runner could not say it."""
    if run.cancel_requested_at is not None:
        return {"state": RunState.CANCELLED, "reason": "Cancelled; its processes were stopped."}
    if status.state is State.LOST:
        reason = "The run's processes are gone without a word: the machine went down, or something killed them."
        return {"state": RunState.LOST, "reason": reason}
    detail = f" with exit status {status.code}" if status.code is not None else ""
    return {
        "state": RunState.FAILED,
        "reason": f"The runner ended{detail} before it could report a result. {status.reason or ''}".strip(),
    }


def sweep_engine(hub: Hub) -> None:
    """Stop and forget what the engine holds of no run: a hub that was killed left it, or somebody whose claim ended."""
    keys = hub.executor.held_keys()  # before the rows: a claim is written before the engine hears of it
    if not keys:
        return
    with hub.work(None, reading=True) as work:
        known = work.queues.keys(hub.executor.name)
    for key in keys:
        handle = None if key in known else hub.executor.find(key)
        if handle is not None:
            log.info("%s is on the engine for no run, so it ends", key)
            hub.executor.cancel(handle, GRACE_SECONDS)
            hub.executor.cleanup(handle)
