"""What people do with runs: start, look, cancel, retry."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any
from uuid import UUID

from assethub.database.renames import NOTHING
from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Forbidden, Invalid, NotFound
from assethub.domain.folders import Role
from assethub.domain.history import RefKind
from assethub.domain.names import AssetPath, Kind, Reference, check_ref_name
from assethub.domain.owners import Asking, Caller
from assethub.domain.parameters import Value
from assethub.domain.queue import Need
from assethub.domain.runs import HERE, Code, Input, Priority, Run, RunFilter, RunOrder, RunState, RunType
from assethub.domain.sweeps import Start, plan_runs
from assethub.services import engines, run_code, sweeps, versions
from assethub.services.gates import refuse_gated
from assethub.services.stars import works_with
from assethub.services.work import Hub, Work

GRACE_SECONDS = 10


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
    sweep: Mapping[str, Sequence[Value]] = field(default_factory=dict)  # one run for each combination of these
    onto_existing: bool = False
    priority: Priority = Priority.NORMAL


def start_run(hub: Hub, caller: Asking, request: RunRequest) -> Run:
    """Pin everything, then queue the run, or the runs of a sweep, of which the first is answered.

    Invalid or NotFound say what of it does not exist; nothing is kept then.
    """
    with hub.work(caller, reading=True) as work:
        asset = receiving_model(work, request)
        inputs, base = pin_inputs(work, asset, request)
        training = asset.training
        wanted = run_code.wanted_code(work, asset, request.git, request.revision, request.subpath)
    code, tasks = run_code.pin_code(hub, wanted)
    plan = plan_runs(tasks, request.type, request.params, request.sweep, training.params)
    for task in plan.tasks:
        engines.check_task(hub, task)
    with hub.work(caller) as work:
        asset = receiving_model(work, request)
        for task in plan.tasks:
            engines.check_queue(work, asset.path, Need.of(asdict(task.resources)), request.priority)
        new = [new_run(work, asset, request, code, start, inputs, base) for start in plan.starts]
        run = sweeps.queue_sweep(work, asset, plan.swept, new) if plan.swept else queue_run(work, asset, new[0])
    hub.queued.set()
    return run


def receiving_model(work: Work, request: RunRequest, *, here: bool = False) -> Asset:
    """The model that receives the result, once the request makes sense for it; `here`: no engine of the hub runs it."""
    asset = work.asset(request.model, needs=Role.EDITOR if request.onto_existing else Role.RUNNER)
    if not here:
        engines.check_engine(work, asset.path)
    if asset.path.kind is not Kind.MODEL:
        raise Invalid(f"{asset.path} is a dataset; runs train, continue and evaluate models.")
    if request.type is RunType.EVALUATE:
        return asset
    if not request.branch:
        raise Invalid("Name the branch that receives the result (-b).")
    check_ref_name("branch", request.branch)
    if request.sweep:
        return asset
    taken = work.refs.find(asset.id, request.branch)
    if taken is not None and (taken.kind is RefKind.TAG or not request.onto_existing):
        hint = "" if taken.kind is RefKind.TAG else ", or say --onto-existing"
        raise Conflict(f"{asset.path} has a {taken.kind} {request.branch!r} already; choose another name{hint}.")
    refuse_gated(work, asset, request.branch)
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


def queue_run(work: Work, asset: Asset, run: Run) -> Run:
    check_free(work, asset, run.branch)
    run = replace(run, number=work.runs.add(run))
    tell_run(work, "run.start", asset, run, sha=run.code.sha)
    works_with(work, asset.id)
    return run


def new_run(
    work: Work, asset: Asset, request: RunRequest, code: Code, start: Start, inputs: tuple[Input, ...],
    base: str | None, *, here: bool = False,
) -> Run:  # fmt: skip
    """A run of the caller's as it is queued; it has no number yet."""
    user = work.person.user
    return Run(
        id=work.new_id(), number=0, type=request.type, state=RunState.QUEUED, reason=None, asset=asset.id,
        path=str(asset.path), branch=None if request.type is RunType.EVALUATE else request.branch,
        onto_existing=request.onto_existing, base=base, code=code, inputs=inputs, params=start.params,
        task=start.task, engine=HERE if here else work.hub.executor.name, attempt=1, nonce=None, handle=None,
        cancel_requested_at=None, exit_code=None, commit=None, evaluation=None, environment={}, created_by=user.id,
        creator=user.name, created_at=work.now(), started_at=None, ended_at=None, seen_at=None,
        priority=request.priority,
    )  # fmt: skip


def tell_run(work: Work, action: str, asset: Asset, run: Run, **detail: Any) -> None:
    """Tell the audit log what is done to a run; its parameters and its repository's address may hold secrets."""
    work.record(
        action, asset.path, folder=asset.folder, run=run.number, type=run.type, branch=run.branch, **detail
    )  # fmt: skip


def check_free(work: Work, asset: Asset, branch: str | None) -> None:
    work.runs.take_turn()  # whoever asks for the same branch meanwhile sees this run
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
    try:  # looked up for a run that is not there too, so that it ends like one that is not theirs
        work.asset_by_id(run.asset if run else NOTHING, needs=needs)
    except NotFound:
        run = None
    if run is None:
        raise work.hidden("run", id)
    return run


def own_run(work: Work, id: str, action: str) -> Run:
    """A run that the caller started, or may decide on as an editor."""
    run = get_run(work, id, needs=Role.RUNNER)
    asset = work.asset_by_id(run.asset, needs=Role.RUNNER)
    if run.created_by != work.person.user.id and (asset.role or 0) < Role.EDITOR:
        sentence = f"Run {run.number} is {run.creator}'s; this needs the role editor in {asset.path.parent}."
        raise work.refused(Forbidden(sentence), action, str(asset.path), asset.folder)
    return run


def read_patch(work: Work, id: str) -> str:
    """What was changed since the commit of the run's code: as `git diff` writes it, and empty if nothing was."""
    return work.runs.patch(get_run(work, id).id)


def rights(work: Work, run: Run) -> tuple[bool, bool]:
    """Whether the caller may cancel and retry the run, and whether they may run it again."""
    role = work.asset_by_id(run.asset, needs=Role.VIEWER).role or 0
    own = isinstance(work.caller, Caller) and run.created_by == work.caller.user.id
    repeating = isinstance(work.caller, Caller) and role >= Role.RUNNER
    return repeating and (own or role >= Role.EDITOR), repeating


def list_runs(
    work: Work,
    *,
    path: AssetPath | None = None,
    states: Iterable[RunState] | None = None,
    sweep: int | None = None,
    before: int | None = None,
    limit: int = 50,
    chosen: RunFilter | None = None,
    order: RunOrder = RunOrder.NEWEST,
    offset: int = 0,
) -> list[Run]:
    """Of one sweep or one model, or of all that the caller may see; newest first unless said otherwise."""
    more: dict[str, Any] = {"chosen": chosen or RunFilter(), "order": order, "offset": offset}
    work.may_list()
    if sweep is not None:
        found = sweeps.get_sweep(work, sweep)
        return work.runs.listed(asset=None, states=states, before=before, limit=limit, sweep=found.id, **more)
    if path is not None:
        asset = work.asset(path, needs=Role.VIEWER)
        return work.runs.listed(asset=asset.id, states=states, before=before, limit=limit, **more)
    return work.runs.listed(asset=None, states=states, before=before, limit=limit, **more)


def cancel_run(work: Work, id: str) -> Run:
    """Ask for the run's end; it is cancelled once all its processes have stopped. Ended runs stay as they are."""
    run = work.runs.locked(own_run(work, id, "run.cancel").id)
    assert run is not None  # it was found just now, and runs stay
    if run.state.final or run.cancel_requested_at:
        return run
    values: dict[str, Any] = {"cancel_requested_at": work.now()}
    if run.untouched:
        values |= {"state": RunState.CANCELLED, "ended_at": work.now(), "reason": f"Cancelled by {work.person.name}."}
    work.runs.change(run, values)
    tell_run(work, "run.cancel", work.asset_by_id(run.asset, needs=Role.RUNNER), run)
    work.logs.note(run.id, work.now(), f"{work.person.name} asked to cancel the run.")
    return get_run(work, id)


def retry_run(work: Work, id: str) -> Run:
    """A new attempt of a run that failed, was cancelled or lost, from the same pins."""
    run = own_run(work, id, "run.retry")
    if run.state not in (RunState.FAILED, RunState.CANCELLED, RunState.LOST):
        raise Conflict(f"Run {run.number} is {run.state}; only a failed, cancelled or lost run can be retried.")
    if run.engine == HERE:
        raise Conflict(f"Run {run.number} ran on a machine of {run.creator}'s; start it there again, or run it again.")
    if run.handle is not None:
        raise Conflict(f"The last attempt of run {run.number} is still being cleaned up; try again in a moment.")
    asset = work.asset_by_id(run.asset, needs=Role.RUNNER)
    engines.check_engine(work, asset.path, work.users.by_id(run.created_by))
    engines.check_queue(work, asset.path, Need.of(run.task["resources"]))
    check_free(work, asset, run.branch)
    begin_attempt(work, run)
    tell_run(work, "run.retry", asset, run, attempt=run.attempt + 1)
    work.logs.note(run.id, work.now(), f"Attempt {run.attempt + 1}, asked for by {work.person.name}.")
    return get_run(work, id)


def begin_attempt(work: Work, run: Run) -> None:
    """Put a run back into the queue under a new attempt."""
    if run.state.final and run.ended_at is not None:
        work.steps.add(run.id, run.attempt, run.state, run.ended_at)
    work.runs.change(run, next_attempt(run))
    work.steps.add(run.id, run.attempt + 1, RunState.QUEUED, work.now())


def next_attempt(run: Run) -> dict[str, Any]:
    """The values that put a run back into the queue under a new attempt."""
    return {
        "state": RunState.QUEUED, "attempt": run.attempt + 1, "nonce": None, "handle": None, "reason": None,
        "exit_code": None, "cancel_requested_at": None, "started_at": None, "ended_at": None, "seen_at": None,
        "log_batch": 0, "metrics_batch": 0, "lease_until": None, "placer": None, "gpus": [],
    }  # fmt: skip
