"""Making a version once more from its provenance, and judging whether the same came out."""

from uuid import UUID

from assethub.domain.assets import Asset
from assethub.domain.comparison import packages_of
from assethub.domain.errors import Invalid, NotFound
from assethub.domain.folders import Role
from assethub.domain.history import Commit
from assethub.domain.names import Kind, Reference, check_ref_name
from assethub.domain.queue import Need
from assethub.domain.reproduction import Reproduction, curves_of, differing
from assethub.domain.runs import Run, RunState, RunType
from assethub.services import engines, runs, summaries, versions
from assethub.services.comparing import compare_commits
from assethub.services.repeating import check_new, queue_copy
from assethub.services.run_comparison import MOST_POINTS
from assethub.services.run_records import last_points
from assethub.services.work import Work

MOST_FILES = 100


def reproduce(work: Work, reference: Reference, branch: str | None = None) -> Run:
    """Run once more what made a version: the same code, inputs, parameters and packages, onto a branch of its own."""
    asset, commit = versions.version(work, reference, needs=Role.RUNNER)
    if asset.path.kind is not Kind.MODEL:
        raise Invalid(f"{asset.path} is a dataset; what runs made are models.")
    engines.check_engine(work, asset.path)
    made, old = making(work, asset, commit)
    engines.check_queue(work, asset.path, Need.of(old.task["resources"]))
    for source in old.inputs:
        given = work.asset_by_id(source.asset, needs=Role.VIEWER)
        work.commits.get(given.id, source.commit)
    chosen = check_ref_name("branch", branch) if branch else free_branch(work, asset, f"reproduce-{made.id[:8]}")
    check_new(work, asset, chosen)
    environment = {**old.task["environment"], "pinned": old.environment.get("lock")}
    base = made.parents[0] if old.type is RunType.CONTINUE else None
    run = queue_copy(work, old, chosen, base=base, task={**old.task, "environment": environment, "after": None})
    work.lineage.set_reproduces(run.id, asset.id, made.id)
    runs.tell_run(work, "run.reproduce", asset, run, reproduces=made.id)
    return run


def making(work: Work, asset: Asset, commit: Commit) -> tuple[Commit, Run]:
    """The commit of a run that a version's files come from, and that run."""
    made = summaries.origin(work, asset, commit)
    if made is None:
        raise Invalid(f"{asset.path} at {commit.id[:8]} was not made by a run, so nothing says how to make it again.")
    found = run_of(work, made)
    if found is None or (found.asset, found.commit) != (asset.id, made.id):
        raise Invalid(
            f"{asset.path} at {made.id[:8]} was made on another hub, whose runs this one does not have; "
            "train it again (`ah train`) from the code and the inputs that its commit names."
        )
    return made, found


def run_of(work: Work, commit: Commit) -> Run | None:
    """The run that a commit says it was made by; archives can say anything."""
    facts = commit.metadata.get("provenance")
    try:
        return work.runs.find(UUID(str(facts["run"]))) if isinstance(facts, dict) and "run" in facts else None
    except ValueError:
        return None


def free_branch(work: Work, asset: Asset, wanted: str) -> str:
    taken = {ref.name for ref in work.refs.of(asset.id)}
    number, name = 1, wanted
    while name in taken or work.runs.writing(asset.id, name):
        number += 1
        name = f"{wanted}-{number}"
    return name


def judge_reproduction(work: Work, id: str) -> Reproduction:
    """How a reproducing run compares with the version that it makes once more. NotFound if it is no such run."""
    run = runs.get_run(work, id)
    found = find_reproduction(work, run)
    if found is None:
        raise NotFound(f"Run {run.number} is no reproduction of a version; `ah reproduce REF` starts one.")
    return found


def find_reproduction(work: Work, run: Run) -> Reproduction | None:
    """The same for a run that the caller is known to see; None if it is no reproduction."""
    wanted = work.lineage.reproduces(run.id)
    if wanted is None:
        return None
    asset, id = wanted
    if run.state is not RunState.SUCCEEDED or run.commit is None:
        return Reproduction(run, run.path, id, False if run.state.final else None, (), 0, (), ())
    commits = work.commits.many(asset, [id, run.commit])
    original, again = commits[id], commits[run.commit]
    changes = compare_commits(work, original, again)
    files = tuple(change.path for change in changes.page("", MOST_FILES))
    old = run_of(work, original)
    metrics = set(differing(original.metadata.get("metrics") or {}, again.metadata.get("metrics") or {}))
    packages: tuple[str, ...] = ()
    if old is not None:
        before, now = (last_points(work, one, MOST_POINTS) for one in (old, run))
        metrics |= set(differing(curves_of(before), curves_of(now)))
        packages = differing(packages_of(old.environment), packages_of(run.environment))
    equal = not len(changes) and not metrics
    more = max(0, len(changes) - len(files))
    return Reproduction(run, run.path, id, equal, files, more, tuple(sorted(metrics)), packages)
