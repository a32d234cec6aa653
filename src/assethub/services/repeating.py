"""Runs once more: with other parameters or datasets, and else from the same pins."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict
from assethub.domain.folders import Role
from assethub.domain.names import check_ref_name
from assethub.domain.owners import Asking
from assethub.domain.parameters import Value
from assethub.domain.queue import Need
from assethub.domain.runs import Priority, Run, RunState, RunType
from assethub.services import engines, runs
from assethub.services.runs import RunRequest
from assethub.services.work import Hub, Work


def repeat_run(
    hub: Hub, caller: Asking, id: str, branch: str | None = None, *, params: Mapping[str, Value] | None = None,
    datasets: Sequence[str] = (),
) -> Run:  # fmt: skip
    """A new run with the code, the checkpoint and what is not given of an old one; its result goes to a new branch."""
    if not params and not datasets:
        with hub.work(caller) as work:
            return run_again(work, id, branch)
    with hub.work(caller, reading=True) as work:
        request = repeated(work, id, branch, params or {}, tuple(datasets))
    return runs.start_run(hub, caller, request)


def repeated(
    work: Work, id: str, branch: str | None, params: Mapping[str, Value], datasets: tuple[str, ...]
) -> RunRequest:
    """What to ask for to get the same again, but for what is given here."""
    old = runs.get_run(work, id, needs=Role.RUNNER)
    if work.runs.patch(old.id):
        raise Conflict(f"Run {old.number} ran uncommitted code, so it is run again as it was or not at all.")
    pinned = {
        one.folder: f"{work.asset_by_id(one.asset, needs=Role.VIEWER).path}:{one.commit}" for one in old.inputs
        if not (datasets and one.folder != "model")
    }  # fmt: skip
    model = pinned.pop("model", None)
    evaluating = old.type is RunType.EVALUATE
    return RunRequest(
        type=old.type, model=work.asset_by_id(old.asset, needs=Role.RUNNER).path,
        ref=model.rpartition(":")[2] if evaluating and model else None,
        branch=None if evaluating else branch or f"{old.branch}-again", checkpoint=None if evaluating else model,
        datasets=datasets or tuple(pinned.values()), git=old.code.url, revision=old.code.sha, subpath=old.code.subpath,
        params={**old.params, **params},
    )  # fmt: skip


def run_again(work: Work, id: str, branch: str | None = None) -> Run:
    """A new run from the same pins; a train or continue needs a branch that does not exist yet."""
    old = runs.get_run(work, id, needs=Role.RUNNER)
    asset = work.asset_by_id(old.asset, needs=Role.RUNNER)
    engines.check_engine(work, asset.path)
    engines.check_queue(work, asset.path, Need.of(old.task["resources"]))
    for source in old.inputs:
        given = work.asset_by_id(source.asset, needs=Role.VIEWER)
        work.commits.get(given.id, source.commit)
    chosen = None
    if old.type is not RunType.EVALUATE:
        chosen = check_ref_name("branch", branch or f"{old.branch}-again")
    check_new(work, asset, chosen)
    run = queue_copy(work, old, chosen)
    runs.tell_run(work, "run.again", asset, run, again=old.number)
    return run


def check_new(work: Work, asset: Asset, branch: str | None) -> None:
    if branch and work.refs.find(asset.id, branch):
        raise Conflict(f"{asset.path} has {branch!r} already; name another branch (-b).")
    runs.check_free(work, asset, branch)


def queue_copy(work: Work, old: Run, branch: str | None, **other: Any) -> Run:
    """Queue a new run of the caller's from the pins of an old one; `other` are fields that differ."""
    user = work.person.user
    run = replace(
        old, id=work.new_id(), number=0, state=RunState.QUEUED, reason=None, branch=branch, onto_existing=False,
        attempt=1, nonce=None, handle=None, cancel_requested_at=None, exit_code=None, commit=None, evaluation=None,
        environment={}, created_by=user.id, creator=user.name, created_at=work.now(), started_at=None, ended_at=None,
        seen_at=None, engine=work.hub.executor.name, sweep=None, sweep_number=None, follows=None, leader=None,
        follower=None, latest={}, priority=Priority.NORMAL, fence=0, lease_until=None, gpus=(), checkpoint=None,
        laid_over=None, checkpoints=0, **other,
    )  # fmt: skip
    run = replace(run, number=work.runs.add(run))
    if patch := work.runs.patch(old.id):
        work.runs.keep_patch(run.id, patch)
    return run
