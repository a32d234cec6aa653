"""Taking things away, and bringing them back for some days."""

from datetime import timedelta
from uuid import UUID

from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, NotFound
from assethub.domain.folders import Folder, Role
from assethub.domain.history import MAIN, Ref, RefKind
from assethub.domain.names import AssetPath, FolderPath
from assethub.domain.runs import ACTIVE
from assethub.services.work import Hub, Work

MOST_TOLD = 1000
KEPT = timedelta(days=14)


def delete_folder(work: Work, path: FolderPath, *, force: bool = False) -> None:
    """Take a folder away with all in it. Conflict while runs use it, or (unless forced) models or gates rest on it."""
    folder = work.folder(path, needs=Role.OWNER)
    inside = {asset.id for asset in work.assets.in_folder(folder.id)}
    check_unused(work, inside, str(folder.path))
    if not force:
        check_nothing_rests(work, inside, str(folder.path))
    work.folders.delete(folder.id, work.now())
    work.s3_keys.end_folder(folder.id)
    work.record("folder.delete", folder.path, folder=folder.id, assets=len(inside), forced=force)


def delete_asset(work: Work, path: AssetPath, *, force: bool = False) -> None:
    """Take an asset and its history away. Conflict while runs use it, or (unless forced) models or gates rest on it."""
    asset = work.asset(path, needs=Role.EDITOR)
    check_unused(work, {asset.id}, str(asset.path))
    if not force:
        check_nothing_rests(work, {asset.id}, str(asset.path))
    work.assets.delete(asset.id, work.now())
    work.s3_keys.end_asset(asset.id)
    work.record("asset.delete", asset.path, folder=asset.folder, forced=force)


def check_unused(work: Work, assets: set[UUID], what: str) -> None:
    using = [run for run in work.runs.active() if assets & {run.asset, *(one.asset for one in run.inputs)}]
    if using:
        seen = {run.id for run in work.runs.listed(asset=None, states=ACTIVE, before=None, limit=MOST_TOLD)}
        names = [f"run {run.number} of {run.path} ({run.state})" for run in using if run.id in seen]
        names += hidden(len(using) - len(names), "runs")
        raise Conflict(f"{what} is in use by runs under way; cancel them first.", names)


def check_nothing_rests(work: Work, assets: set[UUID], what: str) -> None:
    """Models outside were made from these assets or evaluated on them, or gates name them."""
    models, count = work.lineage.resting_on(assets)
    gates, gated = work.gates.resting_on(assets)
    if count or gated:
        told = [*models, *hidden(count - len(models), "models"), *gates, *hidden(gated - len(gates), "folders' gates")]
        resting = [f"{count} models"] * bool(count) + [f"the gates of {gated} folders"] * bool(gated)
        raise Conflict(f"{' and '.join(resting)} rest on {what}; force the deletion all the same.", told)


def hidden(count: int, what: str) -> list[str]:
    """What stands in the way and the caller may not know of."""
    return [f"{count} {what} that you cannot see"] if count else []


def delete_branch(work: Work, path: AssetPath, name: str, *, force: bool = False) -> None:
    """Take a branch away. Conflict while a run writes to it, or (unless forced) something rests on it alone."""
    asset = work.asset(path, needs=Role.EDITOR)
    if name == MAIN:
        raise Conflict(f"The branch {MAIN} cannot be deleted; every asset has it.")
    run = work.runs.writing(asset.id, name)
    if run is not None:
        raise Conflict(f"Run {run.number} is about to write to the branch {name!r}; cancel it first.")
    delete_ref(work, asset, RefKind.BRANCH, name, force=force)
    work.staging.clear(asset.id, name)


def delete_tag(work: Work, path: AssetPath, name: str, *, force: bool = False) -> None:
    """Take a tag away. Conflict (unless forced) if something rests on what no other branch or tag leads to."""
    asset = work.asset(path, needs=Role.EDITOR)
    delete_ref(work, asset, RefKind.TAG, name, force=force)


def delete_ref(work: Work, asset: Asset, kind: RefKind, name: str, *, force: bool) -> None:
    commit = work.refs.delete(asset.id, kind, name, id=work.new_id(), now=work.now())
    if not force:
        known, count = work.lineage.dependants(asset.id, lost_commits(work, asset, commit))
        if count:
            told = [*known, *hidden(count - len(known), "runs or evaluations")]
            raise Conflict(
                f"{count} runs or evaluations rest on versions that only the {kind} {name!r} leads to; "
                "force the deletion all the same, or tag them first.", told,
            )  # fmt: skip
    work.record(f"{kind}.delete", f"{asset.path}:{name}", folder=asset.folder, commit=commit, forced=force)


def lost_commits(work: Work, asset: Asset, head: str) -> list[str]:
    """Commits in use that this head leads to, and no branch or tag that is left."""
    used = work.lineage.used(asset.id)
    left = {ref.commit for ref in work.refs.of(asset.id)}
    if head in left or not used:
        return []
    kept, lost, found = set(left), {head}, []
    for id, _, parents in work.commits.newest_first(asset.id):
        if id in kept:
            kept.update(parents)
        elif id in lost:
            lost.update(parents)
            found += [id] if id in used else []
    return found


def restore_folder(work: Work, path: FolderPath) -> Folder:
    """Bring back the folder that was deleted last under this path. Conflict if another has the path now."""
    found = work.folders.deleted(path, work.now() - KEPT)
    role = work.role(found[1]) if found else None
    folder = work.checked(found[0] if found else None, role, Role.OWNER, "deleted folder", str(path))
    if work.folders.taken(path):
        raise Conflict(f"Another folder is at {path} now; rename it first.")
    work.renames.take(str(path))
    work.folders.restore(folder.id, folder.path.folder)
    work.record("folder.restore", folder.path, folder=folder.id)
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
    work.record("asset.restore", own, folder=folder.id)
    return work.asset_by_id(found[0].id, needs=Role.VIEWER)


def restore_ref(work: Work, path: AssetPath, name: str) -> Ref:
    """Bring back the branch or tag that was deleted last under this name. Conflict if the name is taken now."""
    asset = work.asset(path, needs=Role.EDITOR)
    found = work.refs.deleted(asset.id, name, work.now() - KEPT)
    if found is None:
        raise NotFound(f"No branch or tag {name!r} of {asset.path} was deleted in the last {KEPT.days} days.")
    back = work.refs.add(asset.id, found.kind, name, found.commit, work.now(), found.message)
    work.record(f"{found.kind}.restore", f"{asset.path}:{name}", folder=asset.folder, commit=found.commit)
    return back


def deleted_assets(work: Work, path: FolderPath) -> list[Asset]:
    """What of the folder can be brought back, the last deleted first; nothing for those who may not."""
    folder = work.folder(path, needs=Role.VIEWER)
    if folder.role is None or folder.role < Role.EDITOR:
        return []
    return work.assets.deleted_in(folder.id, work.now() - KEPT)


def deleted_folders(work: Work, owner: str) -> list[Folder]:
    """What of an owner's can be brought back by the caller, the last deleted first."""
    work.refuse_runs()
    found = work.owners.find(owner)
    if found is None:
        return []
    return [one for one in work.folders.deleted_of(work.now() - KEPT, found.id) if one.role is Role.OWNER]


def sweep_deleted(hub: Hub) -> None:
    """Forget for good what was deleted too long ago to come back; its bytes are the collector's."""
    with hub.work(None) as work:
        before = work.now() - KEPT
        refs, assets, folders = work.refs.sweep(before), work.assets.sweep(before), work.folders.sweep(before)
        if refs or assets or folders:
            work.record("hub.sweep", "what was deleted long ago", refs=refs, assets=assets, folders=folders)
