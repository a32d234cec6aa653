"""Changes on a branch that wait for a commit."""

from datetime import datetime

from assethub.domain.assets import Asset
from assethub.domain.folders import Role
from assethub.domain.history import digest_of
from assethub.domain.names import AssetPath, check_path
from assethub.domain.objects import Entry, guess_type
from assethub.domain.staging import StagedChange
from assethub.services import versions
from assethub.services.work import Work
from assethub.storage.contents import Location


def stage_file(
    work: Work, path: AssetPath, branch: str, file: str, body: Location, *, content_type: str | None = None,
    mtime: datetime | None = None,
) -> StagedChange:  # fmt: skip
    """Stage a file whose content the asset holds."""
    asset = work.asset(path, needs=Role.EDITOR)
    check_path(file)
    entry = Entry(body.sha256, body.size, mtime or work.now(), content_type or guess_type(file))
    return stage(work, asset, branch, file, entry)


def stage_deletion(work: Work, path: AssetPath, branch: str, file: str) -> StagedChange:
    asset = work.asset(path, needs=Role.EDITOR)
    return stage(work, asset, branch, check_path(file), None)


def stage(work: Work, asset: Asset, branch: str, file: str, entry: Entry | None) -> StagedChange:
    head = work.commits.get(asset.id, work.refs.branch(asset.id, branch).commit)
    work.staging.put(asset.id, branch, file, entry, digest_of(versions.tree_of(work, head).find(file)))
    return work.staging.get(asset.id, branch, file)


def staged_status(work: Work, path: AssetPath, branch: str) -> list[StagedChange]:
    """What waits on the branch, in path order."""
    work.refuse_runs()
    asset = work.asset(path, needs=Role.VIEWER)
    work.refs.branch(asset.id, branch)
    return work.staging.changes(asset.id, branch)


def reset_staged(work: Work, path: AssetPath, branch: str, file: str | None = None) -> int:
    """Drop what is staged on the branch, or one path of it; answers how many changes went."""
    asset = work.asset(path, needs=Role.EDITOR)
    work.refs.branch(asset.id, branch)
    return work.staging.clear(asset.id, branch) if file is None else work.staging.drop(asset.id, branch, file)
