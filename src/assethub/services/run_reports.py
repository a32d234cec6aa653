"""The runner's side of a run: claim it, say how it goes, leave logs, metrics and the result."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from assethub.domain.errors import Conflict, Invalid, NotFound, SignInNeeded
from assethub.domain.evaluations import Report, check_metrics, flat_metrics
from assethub.domain.folders import Role
from assethub.domain.history import Commit, RefKind
from assethub.domain.lineage import provenance
from assethub.domain.names import COMMIT_ID
from assethub.domain.owners import RunCaller
from assethub.domain.runs import EDGES, Run, RunState, RunType
from assethub.services import accounts, versions
from assethub.services.evaluations import keep_evaluation
from assethub.services.history import NewFile, check_files, commit_tree
from assethub.services.runs import GRACE_SECONDS
from assethub.services.work import Hub, Work


@dataclass(frozen=True)
class RunResult:
    """What the runner says at the end. `reason` is a sentence; the output's contents have been uploaded."""

    outcome: RunState
    reason: str | None
    exit_code: int | None
    output: tuple[NewFile, ...]
    metrics: dict[str, Any] | None
    reports: tuple[NewFile, ...]
    environment: dict[str, Any]


def claim_run(hub: Hub, id: UUID, secret: str, nonce: str) -> tuple[str, dict[str, Any]]:
    """The run's token and what to do, for the runner with this nonce; others get Conflict."""
    with hub.work(None) as work:
        run = work.runs.locked(id)
        if run is None or not accounts.same(secret, accounts.claim_secret(hub, run.id, run.attempt)):
            raise SignInNeeded("This is not the secret of a run that waits to be claimed.")
        if run.state.final:
            raise Conflict(f"Run {run.number} has ended: it is {run.state}.")
        if run.nonce not in (None, nonce):
            raise Conflict(f"Another runner has claimed run {run.number}.")
        work.runs.change(run, {"nonce": nonce, "seen_at": work.now()})
    return accounts.run_token(hub, run.id, run.attempt), description(run)


def description(run: Run) -> dict[str, Any]:
    """What the runner needs to know."""
    task = run.task
    return {
        "run": str(run.id), "number": run.number, "type": run.type.value, "attempt": run.attempt,
        "code": {"url": run.code.url, "sha": run.code.sha, "subpath": run.code.subpath, "name": run.code.name},
        "inputs": [{"folder": one.folder, "asset": one.path, "commit": one.commit} for one in run.inputs],
        "command": task["command"], "params": dict(run.params), "environment": task["environment"],
        "metrics": task["metrics"], "timeout": task["timeout"], "grace": GRACE_SECONDS,
        "output": None if run.type is RunType.EVALUATE else {"asset": run.path},
    }  # fmt: skip


def own_run(work: Work, id: UUID) -> Run:
    """The run whose token asks, held for this transaction."""
    if not isinstance(work.caller, RunCaller) or work.caller.run != id:
        raise NotFound.named("run", str(id))
    run = work.runs.locked(id)
    if run is None or run.state.final:
        raise SignInNeeded("This run has ended.")
    return run


def report_state(work: Work, id: UUID, state: RunState) -> bool:
    """Move the run along; answers whether it is to be cancelled."""
    run = own_run(work, id)
    if state is not run.state:
        if state not in EDGES[run.state]:
            raise Conflict(f"Run {run.number} is {run.state}; it cannot become {state}.")
        values: dict[str, Any] = {"state": state, "seen_at": work.now()}
        if run.started_at is None:
            values["started_at"] = work.now()
        work.runs.change(run, values)
    return run.cancel_requested_at is not None


def report_log(work: Work, id: UUID, batch: int, lines: list[tuple[float, str, str]]) -> bool:
    """Keep a batch of lines once; batch 0 only says that the runner is alive."""
    run = own_run(work, id)
    if batch:
        work.logs.add(run.id, batch, [(at, stream, text.replace("\0", "�")) for at, stream, text in lines])
    work.runs.change(run, {"seen_at": work.now()})
    return run.cancel_requested_at is not None


def report_metrics(work: Work, id: UUID, batch: int, points: list[dict[str, Any]]) -> bool:
    run = own_run(work, id)
    work.metrics.add(run.id, batch, points)
    return run.cancel_requested_at is not None


def finish_run(hub: Hub, id: UUID, token: str, result: RunResult) -> Run:
    """End the run and keep what it made, once; a repeated report gets the same answer."""
    with hub.work(None, reading=True) as work:
        ended = work.runs.find(id)
    if ended is not None and ended.state.final:
        if accounts.same(token, accounts.run_token(hub, ended.id, ended.attempt)):
            return ended
        raise SignInNeeded("This run token is not valid, or its run has ended.")
    caller = accounts.run_caller(hub, token)
    try:
        return end_run(hub, caller, id, result)
    except (Invalid, NotFound) as error:  # about the result itself: no retry can help, so the run has failed with it
        if result.outcome is not RunState.SUCCEEDED:
            raise
        failed = RunResult(RunState.FAILED, str(error), result.exit_code, (), None, (), result.environment)
        return end_run(hub, caller, id, failed)


def end_run(hub: Hub, caller: RunCaller, id: UUID, result: RunResult) -> Run:
    with hub.work(caller) as work:
        run = own_run(work, id)
        now = work.now()
        values: dict[str, Any] = {
            "state": result.outcome, "reason": result.reason, "exit_code": result.exit_code, "ended_at": now,
            "seen_at": now, "environment": result.environment,
        }  # fmt: skip
        if result.outcome is RunState.SUCCEEDED:
            values |= keep_result(work, run, result, now)
        work.runs.change(run, values)
        ended = work.runs.find(id)
        assert ended is not None  # it was changed just now
        return ended


def keep_result(work: Work, run: Run, result: RunResult, now: datetime) -> dict[str, Any]:
    facts = provenance(run, now, result.environment)
    if run.type is RunType.EVALUATE:
        return {"evaluation": keep_metrics(work, run, result, facts)}
    if not result.output:
        empty = (
            "The command succeeded but left saved_model/ empty, so there is nothing to commit; "
            "write the model to the folder that {output} and AH_OUTPUT_DIR name."
        )
        return {"state": RunState.FAILED, "reason": empty}
    metadata: dict[str, Any] = {"provenance": facts}
    if result.metrics:
        metadata["metrics"] = flat_metrics(result.metrics)
    commit, branch = commit_output(work, run, result.output, metadata)
    reason = None
    if branch != run.branch:
        reason = f"The branch {run.branch!r} appeared while the run went on, so its result is on {branch!r}."
    return {"commit": commit.id, "branch": branch, "reason": reason}


def commit_output(work: Work, run: Run, output: Iterable[NewFile], metadata: dict[str, Any]) -> tuple[Commit, str]:
    """Commit saved_model/ to the run's branch: alone (train), or laid over the checkpoint it continued."""
    assert run.branch is not None  # trains and continues have one
    asset = work.asset_by_id(run.asset, needs=Role.RUNNER)
    entries = check_files(work, asset, output, work.now())
    existing = work.refs.find(asset.id, run.branch)
    branch = run.branch
    if existing is not None and not (run.onto_existing and existing.kind is RefKind.BRANCH):
        branch, existing = f"{run.branch}-run-{run.number}", None
    head = existing.commit if existing else run.base or work.commits.first(asset.id)
    parent = work.commits.get(asset.id, head)
    if existing is None:
        work.refs.add(asset.id, RefKind.BRANCH, branch, parent.id, work.now())
    below = work.trees.empty if run.type is RunType.TRAIN else versions.tree_of(work, parent)
    names = {one.folder: f"{one.path.rsplit('/', 1)[-1]}:{short_ref(one.ref)}" for one in run.inputs}
    start = names.pop("model", None)
    message = f"Continue training from {start}" if start else "Train"
    message += f" on {', '.join(names.values())} (run {run.number})"
    commit = commit_tree(
        work, asset, branch, parent, below.with_changes(entries), message,
        committer=f"run {run.number}", metadata=metadata, allow_same=True,
    )  # fmt: skip
    assert commit is not None  # allow_same always commits
    return commit, branch


def short_ref(ref: str) -> str:
    return ref[:8] if COMMIT_ID.fullmatch(ref) else ref


def keep_metrics(work: Work, run: Run, result: RunResult, facts: dict[str, Any]) -> UUID:
    model = next(one for one in run.inputs if one.folder == "model")
    data = next(one for one in run.inputs if one.folder != "model")
    asset = work.asset_by_id(run.asset, needs=Role.VIEWER)
    dataset = work.asset_by_id(data.asset, needs=Role.VIEWER)
    reports = check_files(work, asset, result.reports, work.now())
    evaluation = keep_evaluation(
        work, asset, work.commits.get(asset.id, model.commit), dataset, data.commit,
        check_metrics(result.metrics or {}), created_by=run.creator, run=(run.id, run.number), provenance=facts,
        reports=tuple(Report(path, entry.sha256, entry.size) for path, entry in reports.items()),
    )  # fmt: skip
    return evaluation.id
