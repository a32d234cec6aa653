"""Runs on the machine of whoever starts them: the hub pins and keeps, and places nothing."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from assethub.domain.errors import Invalid
from assethub.domain.names import check_path
from assethub.domain.owners import Asking
from assethub.domain.repositories import refuse_secrets
from assethub.domain.runs import HERE, Code, Run, RunState
from assethub.domain.sweeps import plan_runs
from assethub.protocol.task_file import tasks_of
from assethub.services.keys import claim_secret
from assethub.services.runs import RunRequest, new_run, pin_inputs, queue_run, receiving_model, tell_run
from assethub.services.work import Hub

SILENCE = timedelta(minutes=5)  # after which nobody is thought to work on it any more
CANCELLED = timedelta(seconds=30)  # the same, once its end was asked for: it says something every few seconds


@dataclass(frozen=True)
class LocalCode:
    """Code as it lies there: a commit, what was changed since as a patch, and the task file with its changes."""

    code: Code
    patch: str
    task_file: str


def start_local_run(hub: Hub, caller: Asking, request: RunRequest, local: LocalCode) -> tuple[Run, str]:
    """Pin the inputs and keep the run; its secret is for the runner that the caller starts.

    Nobody but the caller saw the code, so what is kept of it is their word: its engine says so.
    """
    refuse_secrets(local.code.url)
    if local.code.subpath:
        check_path(local.code.subpath)
    tasks = tasks_of(local.task_file)  # before anybody is kept from writing
    with hub.work(caller) as work:
        asset = receiving_model(work, request, here=True)
        plan = plan_runs(tasks, request.type, request.params, {}, asset.training.params)
        if plan.swept or request.sweep:
            raise Invalid("A run here is one run: give one value for each parameter of the sweep (-p).")
        inputs, base = pin_inputs(work, asset, request)
        start = replace(plan.starts[0], task={**plan.starts[0].task, "after": None})  # here, nothing follows by itself
        run = queue_run(work, asset, new_run(work, asset, request, local.code, start, inputs, base, here=True))
        if local.patch:
            work.runs.keep_patch(run.id, local.patch)
    return run, claim_secret(hub, run.id, run.attempt)


def end_silent_runs(hub: Hub, listening_since: datetime) -> None:
    """End the runs elsewhere that have said nothing for long, while this hub was there to be told."""
    with hub.work(None, reading=True) as work:
        now = work.now()
        silent = [run for run in work.runs.unplaced(HERE) if silence(run, now, listening_since)]
    for found in silent:
        with hub.work(None) as work:
            run = work.runs.locked(found.id)
            if run is None or run.state.final or not silence(run, now, listening_since):
                continue
            state, reason = RunState.LOST, "The machine that it was started on has gone silent."
            if run.cancel_requested_at is not None:
                state, reason = RunState.CANCELLED, "Cancelled; the machine that it was started on has gone silent."
            work.logs.note(run.id, now, reason)
            work.runs.change(run, {"state": state, "reason": reason, "ended_at": now})
            tell_run(work, "run.end", work.assets.any(run.asset), run, state=state)


def silence(run: Run, now: datetime, listening_since: datetime) -> bool:
    """Whether it has lasted too long."""
    heard = max(run.seen_at or run.created_at, listening_since)
    return now - heard > (CANCELLED if run.cancel_requested_at else SILENCE)
