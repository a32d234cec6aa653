"""/assets/…/commits, /diff and /merge"""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from assethub.domain.history import MAIN, Change, ChangeKind, Commit, Strategy
from assethub.domain.names import Reference
from assethub.domain.objects import Entry
from assethub.protocol.history import (
    ChangeInfo,
    CommitInfo,
    CommitPage,
    ConflictInfo,
    DiffPage,
    MergePreview,
    NewChange,
    NewCommit,
    NewCopy,
    NewMerge,
)
from assethub.protocol.objects import ObjectInfo
from assethub.server.dependencies import ASSET, CurrentAsset, CurrentReference, CurrentWork, WorkRoute
from assethub.server.transfers import new_files
from assethub.services import copying, history, logs, merging

router = APIRouter(tags=["versions"], route_class=WorkRoute)
Limit = Annotated[int, Query(ge=1, le=1000)]
MOST_CONFLICTS = 1000


def object_info(path: str, entry: Entry) -> ObjectInfo:
    return ObjectInfo(
        path=path, size=entry.size, sha256=entry.sha256, mtime=entry.mtime, content_type=entry.content_type
    )


def commit_info(commit: Commit) -> CommitInfo:
    return CommitInfo.model_validate(commit)


def change_info(change: Change) -> ChangeInfo:
    return ChangeInfo(
        kind=change.kind.value, path=change.path, old_path=change.old_path,
        old=object_info(change.old_path or change.path, change.old) if change.old else None,
        new=object_info(change.path, change.new) if change.new else None,
    )  # fmt: skip


def answer(made: Commit | None, response: Response) -> CommitInfo | None:
    """The new commit, or 200 and null when nothing changed."""
    if made is None:
        response.status_code = 200
        return None
    return commit_info(made)


@router.get(f"{ASSET}/commits")
def log_commits(
    work: CurrentWork,
    reference: CurrentReference,
    after: str | None = None,
    limit: Limit = 50,
    path: Annotated[str, Query(max_length=1024)] = "",
    author: Annotated[str, Query(max_length=96)] = "",
    search: Annotated[str, Query(max_length=200)] = "",
) -> CommitPage:
    """The history of a ref (default: main), newest first; `next` continues behind the page.

    `path`: only commits that touched that file, or folder (with a `/` at its end); `author`: who made or recorded
    them; `search`: text in their message, or the beginning of their id.
    """
    found = logs.log_page(work, reference, after=after, limit=limit, path=path, author=author, text=search)
    return CommitPage(commits=[commit_info(one) for one in found.commits], next=found.older, previous=found.newer)


@router.post(f"{ASSET}/commits", status_code=201)
def commit_changes(work: CurrentWork, path: CurrentAsset, new: NewCommit, response: Response) -> CommitInfo | None:
    """One atomic commit of deletions and uploaded files; 200 and null when nothing changes."""
    made = history.commit_changes(
        work, path, new.branch, new.message,
        add=new_files(new.add),
        delete=new.delete, move=new.move, staged=new.staged, only=new.only, force=new.force,
        expected_parent=new.expected_parent, expected=new.expected,
    )  # fmt: skip
    return answer(made, response)


@router.get(f"{ASSET}/commits/{{id}}")
def get_commit(work: CurrentWork, path: CurrentAsset, id: str) -> CommitInfo:
    return commit_info(history.get_commit(work, path, id))


@router.get(f"{ASSET}/diff")
def diff_versions(
    work: CurrentWork,
    path: CurrentAsset,
    source: Annotated[str, Query(alias="from")],
    target: Annotated[str, Query(alias="to")],
    after: str | None = None,
    limit: Limit = 1000,
    search: Annotated[str, Query(max_length=200)] = "",
    kinds: Annotated[list[ChangeKind], Query(alias="kind")] = [],  # noqa: B006
) -> DiffPage:
    """What changes from one ref to another: added, changed, removed, renamed paths in order.

    Renames are found by content, among up to 200,000 changes; where there are more, they are removals and additions.
    `search`: only paths with that text in them, whatever its case; `kind`: only changes of these kinds.
    """
    before, now, changes = history.diff_versions(work, path, source, target)
    found = changes.choose(search, kinds).page(after or "", limit + 1)
    page = found[:limit]
    return DiffPage(
        source=before.id, target=now.id, changes=[change_info(change) for change in page],
        next=page[-1].path if len(found) > limit else None,
    )  # fmt: skip


@router.get(f"{ASSET}/merge")
def preview_merge(
    work: CurrentWork,
    path: CurrentAsset,
    source: str,
    into: str = MAIN,
    strategy: Annotated[Strategy | None, Query()] = None,
) -> MergePreview:
    """What merging a ref into a branch would do now, with the conflicts; nothing is changed."""
    plan = merging.preview_merge(work, path, source, into, strategy=strategy)
    ahead, behind = merging.apart(work, plan)
    shown = [
        ConflictInfo(
            path=one.path, base=object_info(one.path, one.base) if one.base else None,
            source=object_info(one.path, one.source) if one.source else None,
            target=object_info(one.path, one.target) if one.target else None,
        )
        for one in plan.conflicts[:MOST_CONFLICTS]
    ]  # fmt: skip
    return MergePreview(
        source=plan.source.id, target=plan.target.id, base=plan.base, ahead=ahead, behind=behind,
        strategy=plan.strategy, nothing=plan.nothing, changes=len(plan.changes), conflict_count=len(plan.conflicts),
        conflicts=shown,
    )  # fmt: skip


@router.post(f"{ASSET}/merge", status_code=201)
def merge_branch(work: CurrentWork, path: CurrentAsset, new: NewMerge, response: Response) -> CommitInfo | None:
    """Merge a ref into a branch; 200 and null when there is nothing to merge, 409 with every conflicting path."""
    strategy = Strategy(new.strategy) if new.strategy else None
    made = merging.merge_branch(
        work, path, new.source, new.into, strategy=strategy, answers=new.answers, message=new.message
    )
    return answer(made, response)


@router.post(f"{ASSET}/copy", status_code=201)
def copy_files(work: CurrentWork, path: CurrentAsset, new: NewCopy, response: Response) -> CommitInfo | None:
    """Lay files of another version, of this asset or another, over a branch; no bytes move."""
    source = Reference.parse(new.source, me=work.person.name)
    made = copying.copy_files(work, source, path, new.branch, paths=new.paths, to=new.to, message=new.message)
    return answer(made, response)


@router.post(f"{ASSET}/revert", status_code=201)
def revert_commit(work: CurrentWork, path: CurrentAsset, new: NewChange, response: Response) -> CommitInfo | None:
    """Take back on a branch what a commit changed; 200 and null when nothing of it is left."""
    return answer(merging.revert_commit(work, path, new.commit, new.branch, answers=new.answers), response)


@router.post(f"{ASSET}/cherry-pick", status_code=201)
def cherry_pick(work: CurrentWork, path: CurrentAsset, new: NewChange, response: Response) -> CommitInfo | None:
    """Make the change of one commit on another branch; 200 and null when it is there already."""
    return answer(merging.cherry_pick(work, path, new.commit, new.branch, answers=new.answers), response)
