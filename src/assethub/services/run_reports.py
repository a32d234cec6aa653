"""The runner's side of a run: claim it, say how it goes, leave logs, metrics and the result."""

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import Any
from uuid import UUID

from assethub.database.run_records import Line
from assethub.domain.errors import Conflict, Invalid, NotFound, SignInNeeded
from assethub.domain.evaluations import Report, check_metrics, flat_metrics
from assethub.domain.folders import Role
from assethub.domain.history import MAIN, Commit, RefKind
from assethub.domain.lineage import provenance
from assethub.domain.names import COMMIT_ID
from assethub.domain.owners import Asking, RunCaller
from assethub.domain.queue import memory_bytes
from assethub.domain.runs import EDGES, MetricPoint, Run, RunState, RunType, Sample
from assethub.services import keys, versions
from assethub.services.evaluations import keep_evaluation
from assethub.services.followers import queue_follower
from assethub.services.gates import is_gated
from assethub.services.history import NewFile, check_files, commit_tree
from assethub.services.run_records import fold_log, fold_points, fold_rest
from assethub.services.runs import GRACE_SECONDS, tell_run
from assethub.services.work import Hub, Work

MOST_NAMES = 1000  # of metrics whose newest value is kept beside the run


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
        if run is None or not keys.same(secret, keys.claim_secret(hub, run.id, run.attempt)):
            raise SignInNeeded("This is not the secret of a run that waits to be claimed.")
        if run.state.final:
            raise Conflict(f"Run {run.number} has ended: it is {run.state}.")
        if run.nonce not in (None, nonce):
            raise Conflict(f"Another runner has claimed run {run.number}.")
        work.runs.change(run, {"nonce": nonce, "seen_at": work.now()})
        if run.nonce is None:
            tell_run(work, "run.claim", work.assets.any(run.asset), run, attempt=run.attempt)
        patch = work.runs.patch(run.id)
    return keys.run_token(hub, run.id, run.attempt), description(hub, run, patch)


def description(hub: Hub, run: Run, patch: str) -> dict[str, Any]:
    """What the runner needs to know."""
    task = run.task
    resources = task["resources"]
    memory = resources["memory"]
    return {
        "run": str(run.id), "number": run.number, "type": run.type.value, "attempt": run.attempt,
        "person": str(run.created_by),
        "code": {
            "url": run.code.url, "sha": run.code.sha, "subpath": run.code.subpath, "name": run.code.name,
            "patch": patch,
        },
        "inputs": [{"folder": one.folder, "asset": one.path, "commit": one.commit} for one in run.inputs],
        "command": task["command"], "params": dict(run.params), "environment": task["environment"],
        "processes": resources.get("processes_per_node", 1), "checkpoint_every": task.get("checkpoint_every"),
        "limits": {"memory": memory_bytes(memory) or None, "disk": hub.run_disk},
        "metrics": task["metrics"], "timeout": task["timeout"], "grace": GRACE_SECONDS,
        "output": None if run.type is RunType.EVALUATE else {"asset": run.path},
    }  # fmt: skip


def own_run(work: Work, id: UUID) -> Run:
    """The run whose token asks, held for this transaction."""
    if not isinstance(work.caller, RunCaller) or work.caller.run != id:
        raise NotFound.named("run", str(id))
    run = work.runs.locked(id)
    if run is None or run.state.final or run.attempt != work.caller.attempt:
        raise SignInNeeded("This attempt of the run has ended.")
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
        work.steps.add(run.id, run.attempt, state, work.now())
    return run.cancel_requested_at is not None


def report_system(work: Work, id: UUID, batch: int, samples: list[Sample]) -> bool:
    """Keep a batch of what the run used of its machine, once."""
    run = own_run(work, id)
    work.samples.add(run.id, run.attempt, batch, samples)
    work.runs.change(run, {"seen_at": work.now()})
    return run.cancel_requested_at is not None


def report_log(hub: Hub, caller: Asking, id: UUID, batch: int, lines: list[Line]) -> bool:
    """Keep a batch of lines [time, stream, text, rank] once; batch 0 only says that the runner is alive."""
    with hub.work(caller) as work:
        run = own_run(work, id)
        if batch:
            work.logs.add(
                run.id, batch, [(at, stream, text.replace("\0", "�"), *rank) for at, stream, text, *rank in lines]
            )
        work.runs.change(run, {"seen_at": work.now()})
    if batch:
        fold_log(hub, run.id)
    return run.cancel_requested_at is not None


def report_metrics(hub: Hub, caller: Asking, id: UUID, batch: int, points: list[MetricPoint]) -> bool:
    with hub.work(caller) as work:
        run = own_run(work, id)
        if work.metrics.add(run.id, batch, points):
            work.runs.change(run, {"latest": newest(run, (point.values for point in points))})
    fold_points(hub, run.id)
    return run.cancel_requested_at is not None


def newest(run: Run, values: Iterable[Mapping[str, float | None]]) -> dict[str, float | None]:
    """The newest value of each of the run's metrics, after these; None for one that is no number."""
    latest = dict(run.latest)
    for found in values:
        told = {name: value if value is not None and isfinite(value) else None for name, value in found.items()}
        latest |= {name: value for name, value in told.items() if name in latest or len(latest) < MOST_NAMES}
    return latest


def finish_run(hub: Hub, id: UUID, token: str, result: RunResult) -> Run:
    """End the run and keep what it made, once; a repeated report gets the same answer."""
    with hub.work(None, reading=True) as work:
        ended = work.runs.find(id)
    if ended is not None and ended.state.final:
        if keys.same(token, keys.run_token(hub, ended.id, ended.attempt)):
            return ended
        raise SignInNeeded("This run token is not valid, or its run has ended.")
    caller = keys.run_caller(hub, token)
    fold_rest(hub, id)
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
            values["latest"] = newest(run, [flat_metrics(result.metrics or {})])
        work.runs.change(run, values)
        ended = work.runs.find(id)
        assert ended is not None  # it was changed just now
        evaluation = str(ended.evaluation) if ended.evaluation else None
        told = {"state": ended.state, "commit": ended.commit, "evaluation": evaluation}
        tell_run(work, "run.end", work.assets.any(ended.asset), ended, **told)
        if ended.state is RunState.SUCCEEDED:
            queue_follower(work, ended)
        return ended


def keep_result(work: Work, run: Run, result: RunResult, now: datetime) -> dict[str, Any]:
    facts = provenance(run, now, result.environment, work.runs.patch(run.id))
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
        happened = "got gates" if run.branch == MAIN else "appeared"
        reason = f"The branch {run.branch!r} {happened} while the run went on, so its result is on {branch!r}."
    return {"commit": commit.id, "branch": branch, "reason": reason}


def keep_checkpoint(hub: Hub, caller: Asking, id: UUID, output: tuple[NewFile, ...]) -> tuple[Commit, str, int]:
    """Commit what saved_model/ held while the command ran; answers commit, branch and their number by now."""
    with hub.work(caller) as work:
        run = own_run(work, id)
        if run.state is not RunState.RUNNING or run.type is RunType.EVALUATE:
            raise Conflict(f"Run {run.number} is {run.state}; checkpoints are of a train or continue that is running.")
        if not output:
            raise Invalid("There is nothing in saved_model/ yet, so there is no checkpoint to keep.")
        number = run.checkpoints + 1
        metadata = {
            "provenance": provenance(run, work.now(), run.environment, work.runs.patch(run.id)) | {"checkpoint": number}
        }
        commit, branch = commit_output(work, run, output, metadata, checkpoint=number)
        values: dict[str, Any] = {"checkpoint": commit.id, "branch": branch, "checkpoints": number}
        if commit.parents[0] != run.checkpoint:
            values["laid_over"] = commit.parents[0]
        work.runs.change(run, values)
        return commit, branch, number


def commit_output(
    work: Work, run: Run, output: Iterable[NewFile], metadata: dict[str, Any], *, checkpoint: int | None = None
) -> tuple[Commit, str]:
    """Commit saved_model/ to the run's branch: alone (train), or laid over the checkpoint it continued.

    What the run has committed there while it went on is the parent then, unless somebody moved the branch since.
    """
    assert run.branch is not None  # trains and continues have one
    asset = work.asset_by_id(run.asset, needs=Role.RUNNER)
    entries = check_files(work, asset, output, work.now())
    existing = work.refs.find(asset.id, run.branch)
    branch = run.branch
    onto = existing is not None and run.onto_existing and existing.kind is RefKind.BRANCH
    own = existing is not None and existing.commit == run.checkpoint
    if existing is not None and not own and (not onto or is_gated(work, asset, branch)):
        branch, existing = free_branch(work, run), None
    head = existing.commit if existing else run.base or work.commits.first(asset.id)
    parent = work.commits.get(asset.id, head)
    if existing is None:
        work.refs.add(asset.id, RefKind.BRANCH, branch, parent.id, work.now())
    start = work.commits.get(asset.id, run.laid_over) if own and run.laid_over else parent
    below = work.trees.empty if run.type is RunType.TRAIN else versions.tree_of(work, start)
    names = {one.folder: f"{one.path.rsplit('/', 1)[-1]}:{short_ref(one.ref)}" for one in run.inputs}
    model = names.pop("model", None)
    message = f"Continue training from {model}" if model else "Train"
    message += f" on {', '.join(names.values())} (run {run.number}{f', checkpoint {checkpoint}' if checkpoint else ''})"
    commit = commit_tree(
        work, asset, branch, parent, below.with_changes(entries), message,
        committer=f"run {run.number}", metadata=metadata, allow_same=True,
    )  # fmt: skip
    assert commit is not None  # allow_same always commits
    return commit, branch


def free_branch(work: Work, run: Run) -> str:
    """A name beside that of the run's branch, which somebody else has taken."""
    names = (f"{run.branch}-run-{run.number}{f'-{count}' if count else ''}" for count in itertools.count())
    return next(name for name in names if work.refs.find(run.asset, name) is None)


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
