"""Runs once more: with other parameters or datasets, and else from the same pins."""

from collections.abc import Mapping, Sequence

from assethub.domain.errors import Conflict
from assethub.domain.folders import Role
from assethub.domain.owners import Asking
from assethub.domain.parameters import Value
from assethub.domain.runs import Run, RunType
from assethub.services import runs
from assethub.services.runs import RunRequest
from assethub.services.work import Hub, Work


def repeat_run(
    hub: Hub, caller: Asking, id: str, branch: str | None = None, *, params: Mapping[str, Value] | None = None,
    datasets: Sequence[str] = (),
) -> Run:  # fmt: skip
    """A new run with the code, the checkpoint and what is not given of an old one; its result goes to a new branch."""
    if not params and not datasets:
        with hub.work(caller) as work:
            return runs.run_again(work, id, branch)
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
