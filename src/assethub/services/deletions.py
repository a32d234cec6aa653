"""Taking things away, and bringing them back for some days."""

from datetime import timedelta
from uuid import UUID

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, NotFound
from assethub.domain.folders import Folder, Role
from assethub.domain.history import MAIN, Ref, RefKind
from assethub.domain.names import AssetPath, FolderPath
from assethub.services.work import Hub, Work

KEPT = timedelta(days=14)


def delete_folder(work: Work, path: FolderPath) -> None:
    """Take a folder away with all that is in it. Conflict while runs under way use something of it."""
    folder = work.folder(path, needs=Role.OWNER)
    inside = {asset.id for asset in work.assets.in_folder(folder.id)}
    check_unused(work, inside, str(folder.path))
    check_no_evaluations(work, inside, str(folder.path))
    work.folders.delete(folder.id, work.now())


def delete_asset(work: Work, path: AssetPath, *, force: bool = False) -> None:
    """Take an asset away with its history. Conflict while runs use it, or (unless forced) evaluations rest on it."""
    asset = work.asset(path, needs=Role.EDITOR)
    check_unused(work, {asset.id}, str(asset.path))
    if not force:
        check_no_evaluations(work, {asset.id}, str(asset.path))
    work.assets.delete(asset.id, work.now())


def check_unused(work: Work, assets: set[UUID], what: str) -> None:
    using = [run for run in work.runs.active() if assets & {run.asset, *(one.asset for one in run.inputs)}]
    if using:
        names = [f"run {run.number} of {run.path} ({run.state})" for run in using]
        raise Conflict(f"{what} is in use by runs under way; cancel them first.", names)


def check_no_evaluations(work: Work, assets: set[UUID], what: str) -> None:
    """Evaluations of models outside rest on these datasets."""
    resting = sorted(set(work.evaluations.resting_on(assets)))
    if resting:
        raise Conflict(
            f"Evaluations of {len(resting)} models rest on {what}; force the deletion all the same.", resting
        )


def delete_branch(work: Work, path: AssetPath, name: str) -> None:
    asset = work.asset(path, needs=Role.EDITOR)
    if name == MAIN:
        raise Conflict(f"The branch {MAIN} cannot be deleted; every asset has it.")
    run = work.runs.writing(asset.id, name)
    if run is not None:
        raise Conflict(f"Run {run.number} is about to write to the branch {name!r}; cancel it first.")
    work.refs.delete(asset.id, RefKind.BRANCH, name, id=work.new_id(), now=work.now())
    work.staging.clear(asset.id, name)


def delete_tag(work: Work, path: AssetPath, name: str) -> None:
    asset = work.asset(path, needs=Role.EDITOR)
    work.refs.delete(asset.id, RefKind.TAG, name, id=work.new_id(), now=work.now())


def restore_folder(work: Work, path: FolderPath) -> Folder:
    """Bring back the folder that was deleted last under this path. Conflict if another has the path now."""
    found = work.folders.deleted(path, work.now() - KEPT)
    role = work.role(found[1]) if found else None
    if found is None or role is None:
        raise NotFound(f"No folder {path} was deleted in the last {KEPT.days} days.")
    work.check(role, Role.OWNER, str(path))
    if work.folders.find(path):
        raise Conflict(f"Another folder is at {path} now; rename it first.")
    work.renames.take(str(path))
    work.folders.restore(found[0].id, found[0].path.folder)
    return work.folder(path, needs=Role.VIEWER)


def restore_asset(work: Work, path: AssetPath) -> Asset:
    """Bring back the asset that was deleted last under this path. Conflict if another has the path now."""
    folder = work.folder(path.parent, needs=Role.EDITOR)
    own = folder.path.asset(path.name)
    found = work.assets.deleted(own, work.now() - KEPT)
    if found is None:
        raise NotFound(f"No asset {own} was deleted in the last {KEPT.days} days.")
    if work.assets.find(own):
        raise Conflict(f"Another asset is at {own} now; rename it first.")
    work.renames.take(str(own))
    work.assets.restore(found[0].id, found[0].path.name)
    return work.asset_by_id(found[0].id, needs=Role.VIEWER)


def restore_ref(work: Work, path: AssetPath, name: str) -> Ref:
    """Bring back the branch or tag that was deleted last under this name. Conflict if the name is taken now."""
    asset = work.asset(path, needs=Role.EDITOR)
    found = work.refs.deleted(asset.id, name, work.now() - KEPT)
    if found is None:
        raise NotFound(f"No branch or tag {name!r} of {asset.path} was deleted in the last {KEPT.days} days.")
    return work.refs.add(asset.id, found.kind, name, found.commit, work.now())


def deleted_assets(work: Work, path: FolderPath) -> list[Asset]:
    """What of the folder can be brought back, the last deleted first."""
    folder = work.folder(path, needs=Role.EDITOR)
    return work.assets.deleted_in(folder.id, work.now() - KEPT)


def sweep_deleted(hub: Hub) -> None:
    """Forget for good what was deleted too long ago to come back; its bytes are the collector's."""
    with hub.work(None) as work:
        before = work.now() - KEPT
        work.refs.sweep(before)
        work.assets.sweep(before)
        work.folders.sweep(before)
