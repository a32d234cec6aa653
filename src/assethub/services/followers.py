"""The run that a task asks for after its own success: queued in the transaction that records the success."""

from dataclasses import replace

from assethub.database.assets import Assets
from assethub.domain.folders import Role
from assethub.domain.owners import Caller, Scope
from assethub.domain.runs import Input, Run, RunState, RunType
from assethub.services.runs import tell_run
from assethub.services.work import Work


def queue_follower(work: Work, run: Run) -> None:
    """Queue an evaluation of the commit that a run made, from the same code and datasets, if its task says so.

    The row names the run that it follows and no two may name one, so that it is queued once whatever is repeated.
    """
    wanted = run.task.get("after")
    if wanted is None or run.commit is None or run.branch is None:
        return
    model = Input("model", run.asset, run.path, run.branch, run.commit)
    follower = replace(
        run, id=work.new_id(), number=0, type=RunType.EVALUATE, state=RunState.QUEUED, reason=None, branch=None,
        onto_existing=False, base=None, inputs=(*(one for one in run.inputs if one.folder != "model"), model),
        params=wanted["params"], task=wanted["task"], engine=work.hub.executor.name, attempt=1, nonce=None,
        handle=None, cancel_requested_at=None, exit_code=None, commit=None, evaluation=None, environment={},
        created_at=work.now(), started_at=None, ended_at=None, seen_at=None, sweep=None, follows=run.id, latest={},
        fence=0, lease_until=None, gpus=(), checkpoint=None, laid_over=None, checkpoints=0,
    )  # fmt: skip
    lost = lost_right(work, follower)
    if lost is not None:
        work.logs.note(run.id, work.now(), f"No evaluation follows: {run.creator} {lost}.")
        return
    follower = replace(follower, number=work.runs.add(follower))
    tell_run(work, "run.follow", work.assets.any(run.asset), follower, follows=run.number)
    work.logs.note(run.id, work.now(), f"Run {follower.number} follows and evaluates {run.commit[:8]}")


def lost_right(work: Work, run: Run) -> str | None:
    """What whoever started a run may not do any more of what the run needs, in the middle of a sentence."""
    user = work.users.by_id(run.created_by)
    reader = work.hub.reader_of(Caller(user, Scope.ADMIN))
    assets = Assets(work.connection, reader)
    for one in run.inputs:
        found = assets.by_id(one.asset)
        role = reader.role(found[1]) if found else None
        needed = Role.RUNNER if one.asset == run.asset else Role.VIEWER
        if role is None or role < needed:
            return f"may not {'start runs for' if needed is Role.RUNNER else 'see'} {one.path} any more"
    return None
