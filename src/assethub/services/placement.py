"""Bringing queued runs onto the engine, and noticing how they fare there."""

import logging
from datetime import timedelta
from typing import Any

from assethub.domain.runs import Run, RunState
from assethub.executors.executor import Handle, RunSpec, State, Status
from assethub.services.accounts import claim_secret
from assethub.services.runs import GRACE_SECONDS, next_attempt
from assethub.services.work import Hub

log = logging.getLogger("assethub.placement")
CANCEL_AFTER = timedelta(seconds=GRACE_SECONDS + 5)  # the runner stops its command itself before this


def place_runs(hub: Hub, endpoint: str) -> None:
    """One round: submit what has room, act on cancels, follow what is placed, clean up what has ended."""
    with hub.work(None, reading=True) as work:
        placed, queued = work.runs.placed(), work.runs.queued()
    follow(hub, placed)
    room = hub.slots - sum(1 for run in placed if not run.state.final)
    for run in queued[: max(room, 0)]:
        submit(hub, run, endpoint)


def submit(hub: Hub, run: Run, endpoint: str) -> None:
    """Hand the run to the engine; the key makes a repeated submission find the first one."""
    spec = RunSpec(
        run=str(run.id), attempt=run.attempt, endpoint=endpoint, claim=claim_secret(hub, run.id, run.attempt),
        cpus=run.task["resources"]["cpus"], memory=run.task["resources"]["memory"],
        gpus=run.task["resources"]["gpus"], grace=GRACE_SECONDS,
    )  # fmt: skip
    handle = hub.executor.find(run.key) or hub.executor.submit(spec, run.key)
    with hub.work(None) as work:
        current = work.runs.locked(run.id)
        if current is not None and current.attempt == run.attempt:
            work.runs.change(current, {"handle": dict(handle)})
    log.info("run %s placed as %s", run.number, run.key)


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


def settle(hub: Hub, run: Run, status: Status, handle: Handle) -> None:
    """The engine says that the runner is gone: end the run if it did not say so itself, then clean up."""
    with hub.work(None) as work:
        current = work.runs.locked(run.id)
        if current is None or current.attempt != run.attempt:
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
            work.runs.change(current, values)
    hub.executor.cleanup(handle)
    if "attempt" not in values:
        with hub.work(None) as work:
            ended = work.runs.locked(run.id)
            if ended is not None and ended.attempt == run.attempt:
                work.runs.change(ended, {"handle": None})


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
