"""What people do with runs: start, look, cancel, retry, run again."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Forbidden, Invalid, NotFound
from assethub.domain.folders import Role
from assethub.domain.history import RefKind
from assethub.domain.names import AssetPath, Kind, Reference, check_ref_name
from assethub.domain.owners import Caller, Scope
from assethub.domain.runs import ACTIVE, Code, Input, LogLine, MetricPoint, Run, RunState, RunType
from assethub.domain.tasks import Task, Value, choose_task, fill_params
from assethub.services import repositories, versions
from assethub.services.work import Hub, Work

GRACE_SECONDS = 10
MOST_LINES = 10_000


@dataclass(frozen=True)
class RunRequest:
    """What somebody asks for; what is left out comes from the model's training settings."""

    type: RunType
    model: AssetPath
    ref: str | None = None  # evaluate: the version to evaluate
    branch: str | None = None  # train, continue: receives the result
    checkpoint: str | None = None  # continue: a model reference
    datasets: tuple[str, ...] = ()
    git: str | None = None
    revision: str | None = None
    subpath: str | None = None
    params: Mapping[str, Value] = field(default_factory=dict)
    onto_existing: bool = False


def start_run(hub: Hub, caller: Caller | None, request: RunRequest) -> Run:
    """Pin everything, then queue the run. Invalid or NotFound say what of it does not exist; nothing is kept then."""
    with hub.work(caller, reading=True) as work:
        asset = receiving_model(work, request)
        inputs, base = pin_inputs(work, asset, request)
        training = asset.training
        git = request.git or training.git
        if git is None:
            raise Invalid(
                f"No Git repository is given, and the training settings of {asset.path} name none; "
                "give one with -r, or keep one with `ah update`."
            )
    own = request.git is None or request.git == training.git
    code, tasks = repositories.pin(
        hub, git, request.revision or (training.revision if own else None),
        request.subpath if request.subpath is not None else (training.subpath if own else None),
    )  # fmt: skip
    task = choose_task(tasks, request.type)
    params = fill_params(task, request.params, lenient=training.params)
    with hub.work(caller) as work:
        asset = receiving_model(work, request)
        return queue_run(work, asset, request, code, task, params, inputs, base)


def receiving_model(work: Work, request: RunRequest) -> Asset:
    """The model that receives the result, once the request makes sense for it."""
    asset = work.asset(request.model, needs=Role.EDITOR if request.onto_existing else Role.RUNNER)
    if work.person.scope < Scope.WRITE:
        raise Forbidden("This API key may only read; use one with the scope write.")
    if asset.path.kind is not Kind.MODEL:
        raise Invalid(f"{asset.path} is a dataset; runs train, continue and evaluate models.")
    if request.type is RunType.EVALUATE:
        return asset
    if not request.branch:
        raise Invalid("Name the branch that receives the result (-b).")
    check_ref_name("branch", request.branch)
    taken = work.refs.find(asset.id, request.branch)
    if taken is not None and (taken.kind is RefKind.TAG or not request.onto_existing):
        hint = "" if taken.kind is RefKind.TAG else ", or say --onto-existing"
        raise Conflict(f"{asset.path} has a {taken.kind} {request.branch!r} already; choose another name{hint}.")
    return asset


def pin_inputs(work: Work, asset: Asset, request: RunRequest) -> tuple[tuple[Input, ...], str | None]:
    """The inputs at their commits now, and the commit that the output is laid over."""
    me = work.person.name
    datasets = [Reference.parse(text, me=me) for text in request.datasets or asset.training.datasets]
    if not datasets:
        raise Invalid(f"No dataset is given, and the training settings of {asset.path} name none; give one with -d.")
    for reference in datasets:
        if reference.asset.kind is not Kind.DATASET:
            raise Invalid(f"{reference.asset} is a model; -d names a dataset.")
    names = [reference.asset.name for reference in datasets]
    if len(set(names)) < len(names):
        raise Invalid("Two of the datasets have the same name, so they would share a folder of the workspace.")
    inputs = []
    for reference in datasets:
        folder = "dataset" if len(datasets) == 1 else f"dataset/{reference.asset.name}"
        inputs.append(pin_input(work, reference, folder))
    if request.type is RunType.TRAIN:
        return tuple(inputs), None
    if request.type is RunType.EVALUATE:
        return (*inputs, pin_input(work, Reference(asset.path, request.ref), "model")), None
    if not request.checkpoint:
        raise Invalid("Name the model version to continue from (-c MODEL:REF).")
    checkpoint = Reference.parse(request.checkpoint, me=me)
    if checkpoint.asset.kind is not Kind.MODEL:
        raise Invalid(f"{checkpoint.asset} is a dataset; a checkpoint is a model version.")
    start = pin_input(work, checkpoint, "model")
    return (*inputs, start), start.commit if start.asset == asset.id else None


def pin_input(work: Work, reference: Reference, folder: str) -> Input:
    asset, commit = versions.version(work, reference)
    return Input(folder, asset.id, str(asset.path), reference.ref or "main", commit.id)


def queue_run(
    work: Work, asset: Asset, request: RunRequest, code: Code, task: Task, params: Mapping[str, Value],
    inputs: tuple[Input, ...], base: str | None,
) -> Run:  # fmt: skip
    branch = None if request.type is RunType.EVALUATE else request.branch
    check_free(work, asset, branch)
    details = {
        "name": task.name, "command": task.command, "environment": asdict(task.environment),
        "resources": asdict(task.resources), "timeout": task.timeout, "retries": task.retries, "metrics": task.metrics,
    }  # fmt: skip
    user = work.person.user
    run = Run(
        id=work.new_id(), number=0, type=request.type, state=RunState.QUEUED, reason=None, asset=asset.id,
        path=str(asset.path), branch=branch, onto_existing=request.onto_existing, base=base, code=code, inputs=inputs,
        params=params, task=details, engine=work.hub.executor.name, attempt=1, nonce=None, handle=None,
        cancel_requested_at=None, exit_code=None, commit=None, evaluation=None, environment={}, created_by=user.id,
        creator=user.name, created_at=work.now(), started_at=None, ended_at=None, seen_at=None,
    )  # fmt: skip
    return replace(run, number=work.runs.add(run))


def check_free(work: Work, asset: Asset, branch: str | None) -> None:
    other = work.runs.writing(asset.id, branch) if branch else None
    if other is not None:
        raise Conflict(f"Run {other.number} is under way and writes to the branch {branch!r}; choose another name.")


def get_run(work: Work, id: str, *, needs: Role = Role.VIEWER) -> Run:
    """A run by its id or number, seen by those who see its model."""
    work.refuse_runs()
    try:
        run = work.runs.find(number=int(id)) if id.isdecimal() and len(id) < 10 else work.runs.find(UUID(id))
    except ValueError:
        run = None
    if run is None:
        raise NotFound.named("run", id)
    try:
        work.asset_by_id(run.asset, needs=needs)
    except NotFound:
        raise NotFound.named("run", id) from None
    return run


def list_runs(
    work: Work,
    *,
    path: AssetPath | None = None,
    states: Iterable[RunState] | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Run]:
    """Newest first: of one model, or of all that the caller may see."""
    work.refuse_runs()
    if path is not None:
        asset = work.asset(path, needs=Role.VIEWER)
        return work.runs.listed(asset=asset.id, owner=None, states=states, before=before, limit=limit)
    return work.runs.listed(asset=None, owner=work.owner_filter, states=states, before=before, limit=limit)


def cancel_run(work: Work, id: str) -> Run:
    """Ask for the run's end; it is cancelled once all its processes have stopped. Ended runs stay as they are."""
    run = get_run(work, id, needs=Role.RUNNER)
    if run.state.final or run.cancel_requested_at:
        return run
    values: dict[str, Any] = {"cancel_requested_at": work.now()}
    if run.state is RunState.QUEUED and run.handle is None:
        values |= {"state": RunState.CANCELLED, "ended_at": work.now(), "reason": f"Cancelled by {work.person.name}."}
    work.runs.change(run, values)
    work.logs.note(run.id, work.now(), f"{work.person.name} asked to cancel the run.")
    return get_run(work, id)


def retry_run(work: Work, id: str) -> Run:
    """A new attempt of a run that failed, was cancelled or lost, from the same pins."""
    run = get_run(work, id, needs=Role.RUNNER)
    if run.state not in (RunState.FAILED, RunState.CANCELLED, RunState.LOST):
        raise Conflict(f"Run {run.number} is {run.state}; only a failed, cancelled or lost run can be retried.")
    if run.handle is not None:
        raise Conflict(f"The last attempt of run {run.number} is still being cleaned up; try again in a moment.")
    asset = work.asset_by_id(run.asset, needs=Role.RUNNER)
    check_free(work, asset, run.branch)
    work.runs.change(run, next_attempt(run))
    work.logs.note(run.id, work.now(), f"Attempt {run.attempt + 1}, asked for by {work.person.name}.")
    return get_run(work, id)


def next_attempt(run: Run) -> dict[str, Any]:
    """The values that put a run back into the queue under a new attempt."""
    return {
        "state": RunState.QUEUED, "attempt": run.attempt + 1, "nonce": None, "handle": None, "reason": None,
        "exit_code": None, "cancel_requested_at": None, "started_at": None, "ended_at": None, "seen_at": None,
        "log_batch": 0, "metrics_batch": 0,
    }  # fmt: skip


def run_again(work: Work, id: str, branch: str | None = None) -> Run:
    """A new run from the same pins; a train or continue needs a branch that does not exist yet."""
    old = get_run(work, id, needs=Role.RUNNER)
    asset = work.asset_by_id(old.asset, needs=Role.RUNNER)
    for source in old.inputs:
        given = work.asset_by_id(source.asset, needs=Role.VIEWER)
        work.commits.get(given.id, source.commit)
    chosen = None
    if old.type is not RunType.EVALUATE:
        chosen = check_ref_name("branch", branch or f"{old.branch}-again")
        if work.refs.find(asset.id, chosen):
            raise Conflict(f"{asset.path} has {chosen!r} already; name another branch (-b).")
    check_free(work, asset, chosen)
    user = work.person.user
    run = replace(
        old, id=work.new_id(), number=0, state=RunState.QUEUED, reason=None, branch=chosen, onto_existing=False,
        attempt=1, nonce=None, handle=None, cancel_requested_at=None, exit_code=None, commit=None, evaluation=None,
        environment={}, created_by=user.id, creator=user.name, created_at=work.now(), started_at=None, ended_at=None,
        seen_at=None,
    )  # fmt: skip
    return replace(run, number=work.runs.add(run))


def read_log(work: Work, id: str, after: int = 0, limit: int = 1000) -> tuple[list[LogLine], int, bool]:
    """Lines numbered above `after`, the number to ask after next, and whether no more will come."""
    run = get_run(work, id)
    lines = work.logs.after(run.id, after, min(limit, MOST_LINES))
    next_ = lines[-1].number if lines else after
    return lines, next_, run.state not in ACTIVE and next_ >= work.logs.last(run.id)


def log_length(work: Work, id: str) -> int:
    """How many lines the log has by now."""
    return work.logs.last(get_run(work, id).id)


def read_metrics(work: Work, id: str, after: int = 0, limit: int = 10_000) -> tuple[list[MetricPoint], int, bool]:
    """Points after the first `after` ones, the count to ask after next, and whether no more will come."""
    run = get_run(work, id)
    points = work.metrics.after(run.id, after, min(limit, 10 * MOST_LINES))
    return points, after + len(points), run.state not in ACTIVE and len(points) < limit
