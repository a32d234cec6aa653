"""Refs, commits, diffs, merges and staged changes on the wire."""

from datetime import datetime
from typing import Any

from pydantic import Field

from assethub.protocol.objects import ObjectInfo
from assethub.protocol.wire import Info, Message

HASH = "^[0-9a-f]{64}$"


class NewBranch(Message):
    """A branch at `source` (default: main), or `empty`: at the asset's first commit."""

    name: str
    source: str | None = None
    empty: bool = False


class NewTag(Message):
    name: str
    source: str = "main"
    message: str = Field(default="", max_length=10_000)


class RefInfo(Info):
    kind: str
    name: str
    commit: str
    updated_at: datetime
    message: str = ""


class RefPage(Info):
    """One page of branches and tags; `next` is the `after` that continues it."""

    refs: list[RefInfo]
    next: str | None = None


class NewEntry(Message):
    """A file to add or replace; its content has been uploaded before, or `copy_from` names where it lies."""

    path: str
    sha256: str = Field(pattern=HASH)
    size: int = Field(ge=0)
    mtime: datetime | None = None
    content_type: str | None = Field(default=None, max_length=255)


class NewCommit(Message):
    """Changes that become one commit: paths deleted first (`dir/` is all below it), then moved, then files added.

    `expected` says what the branch must hold at paths: a sha256, or null where nothing may lie.
    """

    message: str = Field(min_length=1, max_length=10_000)
    branch: str = "main"
    add: list[NewEntry] = Field(default_factory=list)
    delete: list[str] = Field(default_factory=list)
    move: dict[str, str] = Field(default_factory=dict, max_length=10_000)  # old path to new, or `dir/` to `other/`
    expected: dict[str, str | None] = Field(default_factory=dict, max_length=10_000)
    expected_parent: str | None = None
    staged: bool = False  # commit what is staged on the branch too
    only: list[str] | None = None  # of what is staged, just these paths
    force: bool = False  # staged changes win over a head that moved on


class CommitInfo(Info):
    id: str
    parents: list[str]
    author: str
    committer: str
    made_at: datetime
    message: str
    metadata: dict[str, Any]
    files: int
    size: int
    added: int
    changed: int
    removed: int


class CommitPage(Info):
    """Commits, newest first. `next` is the `after` of the page of older ones, `previous` of newer ones (empty: that
    page is the first); null where there is none."""

    commits: list[CommitInfo]
    next: str | None = None
    previous: str | None = None


class ChangeInfo(Info):
    kind: str
    path: str
    old_path: str | None = None
    old: ObjectInfo | None = None
    new: ObjectInfo | None = None


class DiffPage(Info):
    """One page of what differs from `source` to `target` (commit ids)."""

    source: str
    target: str
    changes: list[ChangeInfo]
    next: str | None = None


class ConflictInfo(Info):
    """A path that both sides of a merge changed; null stands for deleted."""

    path: str
    base: ObjectInfo | None
    source: ObjectInfo | None
    target: ObjectInfo | None


class MergePreview(Info):
    """What a merge would do. `base` is where the histories meet; `ahead` commits are the source's alone, `behind` the
    target's alone (null: too many to count); `changes` paths of the target would change. At most 1,000 conflicts."""

    source: str
    target: str
    base: str | None
    ahead: int | None
    behind: int | None
    strategy: str
    nothing: bool
    changes: int
    conflict_count: int
    conflicts: list[ConflictInfo]


class NewMerge(Message):
    """`answers` maps a conflicting path to "source" or "target"; no strategy: replace into main, else merge."""

    source: str
    into: str = "main"
    strategy: str | None = Field(default=None, pattern="^(merge|source|target|replace)$")
    message: str | None = Field(default=None, max_length=10_000)
    answers: dict[str, str] = Field(default_factory=dict)


class NewCopy(Message):
    """Files of `source` (owner/kind/folder/name:ref) to lay over the branch; no `paths`: all of them."""

    source: str
    branch: str = "main"
    paths: list[str] = Field(default_factory=list, max_length=10_000)
    to: str = Field(default="", max_length=1024)
    message: str = Field(default="", max_length=10_000)


class NewChange(Message):
    """A commit to take back or to repeat on a branch; `answers` maps a conflicting path to "source" or "target"."""

    commit: str
    branch: str = "main"
    answers: dict[str, str] = Field(default_factory=dict)


class NewStaging(Message):
    """Changes that wait on a branch for a commit; see NewCommit."""

    branch: str = "main"
    add: list[NewEntry] = Field(default_factory=list, max_length=10_000)
    delete: list[str] = Field(default_factory=list, max_length=10_000)
    move: dict[str, str] = Field(default_factory=dict, max_length=10_000)
    expected: dict[str, str | None] = Field(default_factory=dict, max_length=10_000)


class StagedInfo(Info):
    """A staged change: `kind` is added, changed or removed."""

    path: str
    kind: str
    deleted: bool
    object: ObjectInfo | None
    staged_by: str | None = None
    staged_at: datetime | None = None
