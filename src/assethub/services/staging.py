"""Changes on a branch that wait for a commit."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from assethub.domain.assets import Asset
from assethub.domain.errors import Invalid
from assethub.domain.folders import Role
from assethub.domain.history import Commit, digest_of
from assethub.domain.names import AssetPath, check_path
from assethub.domain.objects import Entry, guess_type
from assethub.domain.staging import StagedChange, moved_paths
from assethub.services import versions
from assethub.services.branch_views import staged_tree
from assethub.services.edits import edits_of
from assethub.services.history import NewFile, check_files
from assethub.services.objects import OpenFile, locate
from assethub.services.work import Work
from assethub.storage.contents import Location
from assethub.storage.trees import Tree

MOST_AT_ONCE = 100_000  # paths that one act stages
MOST_COUNTED = 10_000


@dataclass(frozen=True)
class Waiting:
    """A page of what is staged on a branch, with what became of it meanwhile."""

    changes: Sequence[StagedChange]
    moved: Mapping[str, str]  # where a file was, by its new path
    stale: Collection[str]  # paths that the branch holds something else at than when they were staged
    next: str | None

    @property
    def left(self) -> list[StagedChange]:
        """The changes without the deletions that are the other half of a move."""
        sources = set(self.moved.values())
        return [change for change in self.changes if change.path not in sources]


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
    stage_all(work, asset, branch, head, {file: entry})
    return work.staging.get(asset.id, branch, file)


def stage_all(work: Work, asset: Asset, branch: str, head: Commit, changes: Mapping[str, Entry | None]) -> None:
    """Stage files, or removals of them, on a branch of which this is the newest commit."""
    tree = versions.tree_of(work, head)
    new = {file: (entry, digest_of(tree.find(file))) for file, entry in changes.items()}
    work.staging.put(asset.id, branch, new, work.person.name, work.now())
    for put in (True, False):
        told = [
            {"file": file, "size": entry.size if entry else None}
            for file, entry in changes.items() if (entry is not None) == put
        ]  # fmt: skip
        if told:
            action = "stage.put" if put else "stage.delete"
            work.record_each(action, f"{asset.path}:{branch}", told, folder=asset.folder)


def head_tree(work: Work, asset: Asset, branch: str) -> Tree:
    return versions.tree_of(work, work.commits.get(asset.id, work.refs.branch(asset.id, branch).commit))


def stage_changes(
    work: Work,
    path: AssetPath,
    branch: str,
    *,
    add: Iterable[NewFile] = (),
    delete: Iterable[str] = (),
    move: Mapping[str, str] = MappingProxyType({}),
    expected: Mapping[str, str | None] = MappingProxyType({}),
) -> list[StagedChange]:
    """Stage deletions, then moves, then files, over what is staged already; see `edits_of`.

    A path that would be as the branch has it is staged no more. Answers what of these paths waits now.
    """
    asset = work.asset(path, needs=Role.EDITOR)
    head = work.commits.get(asset.id, work.refs.take(asset.id, branch).commit)
    files = check_files(work, asset, add, work.now())
    changes = edits_of(staged_tree(work, asset, branch, head), files, delete, move, expected)
    if len(changes) > MOST_AT_ONCE:
        raise Invalid(
            f"These are {len(changes)} paths; at most {MOST_AT_ONCE} are staged at once. Commit them instead."
        )
    tree = versions.tree_of(work, head)
    new = {file: (entry, digest_of(tree.find(file))) for file, entry in changes.items()}
    differing = {file: (entry, before) for file, (entry, before) in new.items() if digest_of(entry) != before}
    work.staging.drop(asset.id, branch, new.keys() - differing.keys())
    work.staging.put(asset.id, branch, differing, work.person.name, work.now())
    if changes:
        work.record("stage.change", f"{asset.path}:{branch}", folder=asset.folder, changes=len(changes))
    return sorted(work.staging.of(asset.id, branch, differing), key=lambda change: change.path)


def staged_status(work: Work, path: AssetPath, branch: str) -> list[StagedChange]:
    """What waits on the branch, in path order."""
    work.refuse_runs()
    asset = work.asset(path, needs=Role.VIEWER)
    work.refs.branch(asset.id, branch)
    return work.staging.changes(asset.id, branch)


def list_waiting(work: Work, path: AssetPath, branch: str, *, after: str = "", limit: int = 500) -> Waiting:
    """What waits on the branch, with moves found among the page and what the branch changed since."""
    work.refuse_runs()
    asset = work.asset(path, needs=Role.VIEWER)
    tree = head_tree(work, asset, branch)
    found = work.staging.page(asset.id, branch, after, limit + 1)
    page = found[:limit]
    stale = {change.path for change in page if digest_of(tree.find(change.path)) != change.replaces}
    return Waiting(page, moved_paths(page), stale, page[-1].path if len(found) > limit else None)


def count_waiting(work: Work, asset: Asset, branch: str) -> int:
    """How many changes wait on a branch of an asset that the caller sees; no more than MOST_COUNTED are counted."""
    return work.staging.count(asset.id, branch, MOST_COUNTED)


def open_latest(work: Work, path: AssetPath, branch: str, file: str) -> tuple[OpenFile | None, bool]:
    """The file as a commit of all that waits would have it, None if there would be none; and whether it is staged."""
    work.refuse_runs()
    asset = work.asset(path, needs=Role.VIEWER)
    waiting = work.staging.find(asset.id, branch, file)
    entry = waiting.entry if waiting else head_tree(work, asset, branch).find(file)
    if entry is None:
        return None, waiting is not None
    location = locate(work, [entry.sha256], {entry.sha256: file})[entry.sha256]
    return OpenFile(work.hub, file, entry, location), waiting is not None


def reset_staged(work: Work, path: AssetPath, branch: str, files: Collection[str] | None = None) -> int:
    """Drop what is staged on the branch, or just these paths of it; answers how many changes went."""
    asset = work.asset(path, needs=Role.EDITOR)
    work.refs.branch(asset.id, branch)
    gone = work.staging.clear(asset.id, branch) if files is None else work.staging.drop(asset.id, branch, files)
    if gone:
        work.record("stage.reset", f"{asset.path}:{branch}", folder=asset.folder, changes=gone)
    return gone
