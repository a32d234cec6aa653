"""Sweeps: many runs queued by one request, looked at and cancelled together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from assethub.database.renames import NOTHING
from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Forbidden, Invalid, NotFound
from assethub.domain.folders import Role
from assethub.domain.names import AssetPath, check_ref_name
from assethub.domain.owners import Caller
from assethub.domain.parameters import Value
from assethub.domain.runs import Run, RunState
from assethub.domain.sweeps import Sweep
from assethub.domain.task_format import MOST_VALUES
from assethub.services.work import Work


@dataclass(frozen=True)
class SweptRun:
    """A run of a sweep; `metrics` are its newest ones, and those of the evaluation that follows it."""

    run: Run
    metrics: Mapping[str, float | None]


def queue_sweep(work: Work, asset: Asset, swept: Mapping[str, tuple[Value, ...]], runs: Sequence[Run]) -> Run:
    """Queue these runs, one for each combination of values, all or none; answers the first."""
    like = runs[0]
    if like.onto_existing:
        raise Invalid("The runs of a sweep write to branches of their own; leave --onto-existing out.")
    sweep = Sweep(
        work.new_id(), 0, like.type, asset.id, str(asset.path), like.branch, swept, like.created_by, like.creator,
        work.now(),
    )  # fmt: skip
    new = [replace(run, sweep=sweep.id) for run in runs]
    if like.branch is not None:
        new = [replace(run, branch=f"{run.branch}-{at}") for at, run in enumerate(new, start=1)]
        check_branches(work, asset, [run.branch for run in new if run.branch is not None])
    number = work.sweeps.add(sweep)
    first = work.runs.add_all(new)
    work.record(
        "sweep.start", asset.path, folder=asset.folder, sweep=number, type=like.type, branch=like.branch,
        sha=like.code.sha, runs=[first, first + len(new) - 1],
    )  # fmt: skip
    return replace(new[0], number=first, sweep_number=number)


def check_branches(work: Work, asset: Asset, branches: list[str]) -> None:
    check_ref_name("branch", branches[-1])
    work.runs.take_turn()  # whoever asks for the same branches meanwhile sees these runs
    taken = sorted({ref.name for ref in work.refs.of(asset.id)} & set(branches))
    if taken:
        raise Conflict(f"{asset.path} has a branch or tag {taken[0]!r} already; choose another name.")
    other = work.runs.writing(asset.id, *branches)
    if other is not None:
        raise Conflict(f"Run {other.number} is under way and writes to the branch {other.branch!r}; choose another.")


def get_sweep(work: Work, number: int, *, needs: Role = Role.VIEWER) -> Sweep:
    """A sweep by its number, seen by those who see its model."""
    work.refuse_runs()
    sweep = work.sweeps.find(number) if number < 1 << 31 else None
    try:  # looked up for a sweep that is not there too, so that it ends like one that is not theirs
        work.asset_by_id(sweep.asset if sweep else NOTHING, needs=needs)
    except NotFound:
        sweep = None
    if sweep is None:
        raise work.hidden("sweep", number)
    return sweep


def list_sweeps(
    work: Work, *, path: AssetPath | None = None, before: int | None = None, limit: int = 50
) -> list[tuple[Sweep, dict[RunState, int]]]:
    """Newest first, with how many of their runs are in each state: of one model, or of all that the caller may see."""
    work.may_list()
    asset = work.asset(path, needs=Role.VIEWER).id if path is not None else None
    found = work.sweeps.listed(asset=asset, before=before, limit=limit)
    states = work.sweeps.states([sweep.id for sweep in found])
    return [(sweep, states.get(sweep.id, {})) for sweep in found]


def count_states(work: Work, sweep: Sweep) -> dict[RunState, int]:
    return work.sweeps.states([sweep.id]).get(sweep.id, {})


def swept_runs(work: Work, sweep: Sweep) -> list[SweptRun]:
    """The runs of a sweep that was found, in the order of their values."""
    found = work.runs.listed(asset=None, states=None, before=None, limit=MOST_VALUES, sweep=sweep.id)
    following = work.runs.following(sweep.id)
    swept = []
    for run in reversed(found):
        after = following.get(run.id)
        measured = {f"evaluation.{name}": value for name, value in after.latest.items()} if after else {}
        swept.append(SweptRun(run, {**run.latest, **measured}))
    return swept


def may_cancel(work: Work, sweep: Sweep) -> bool:
    """Whether the caller started the sweep, or is an editor."""
    role = work.asset_by_id(sweep.asset, needs=Role.VIEWER).role or 0
    own = isinstance(work.caller, Caller) and sweep.created_by == work.caller.user.id
    return isinstance(work.caller, Caller) and (role >= Role.EDITOR or (own and role >= Role.RUNNER))


def cancel_sweep(work: Work, number: int) -> Sweep:
    """Ask for the end of all runs of a sweep; those that have ended stay as they are."""
    sweep = get_sweep(work, number, needs=Role.RUNNER)
    asset = work.asset_by_id(sweep.asset, needs=Role.RUNNER)
    if not may_cancel(work, sweep):
        sentence = f"Sweep {number} is {sweep.creator}'s; this needs the role editor in {asset.path.parent}."
        raise work.refused(Forbidden(sentence), "sweep.cancel", str(asset.path), asset.folder)
    work.sweeps.cancel(sweep.id, work.now(), f"Cancelled by {work.person.name}.")
    work.record("sweep.cancel", asset.path, folder=asset.folder, sweep=number)
    return sweep
