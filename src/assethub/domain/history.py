"""Versions of an asset: commits, refs, the changes between trees, and their three-way merge."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from assethub.domain.objects import Entry

MAIN = "main"
CARD_NAMES = ("LICENSE", "License", "README", "Readme", "license", "readme")  # whatever ending follows


class RefKind(StrEnum):
    BRANCH = "branch"
    TAG = "tag"
    COMMIT = "commit"


@dataclass(frozen=True)
class Ref:
    """A branch or tag and the commit it names."""

    kind: RefKind
    name: str
    commit: str
    updated_at: datetime
    message: str = ""  # of a tag: what it says of the version


@dataclass(frozen=True)
class Commit:
    """An immutable snapshot. `author` made the change, `committer` recorded it: a run commits for its user."""

    id: str
    asset: UUID
    tree: str
    parents: tuple[str, ...]
    author: str
    committer: str
    made_at: datetime
    message: str
    metadata: Mapping[str, Any]
    generation: int
    content: str  # equal for commits with equal model files, whatever their cards and times say
    files: int
    size: int
    added: int = 0
    changed: int = 0
    removed: int = 0

    @property
    def title(self) -> str:
        return self.message.split("\n", 1)[0]


def commit_id(
    tree: str,
    parents: Iterable[str],
    author: str,
    committer: str,
    made_at: datetime,
    message: str,
    metadata: Mapping[str, Any],
) -> str:
    """The sha256 of the canonical encoding that docs/formats.md specifies."""
    return id_of_text(commit_text(tree, parents, author, committer, made_at, message, metadata))


def id_of_text(text: str) -> str:
    return hashlib.sha256(b"assethub commit 1\n" + text.encode()).hexdigest()


def commit_text(
    tree: str,
    parents: Iterable[str],
    author: str,
    committer: str,
    made_at: datetime,
    message: str,
    metadata: Mapping[str, Any],
) -> str:
    """The line of the canonical encoding that holds the fields."""
    fields = {
        "author": author,
        "committer": committer,
        "message": message,
        "metadata": metadata,
        "parents": list(parents),
        "time": timestamp(made_at),
        "tree": tree,
    }
    return json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def timestamp(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds, always the same length."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def is_card(path: str) -> bool:
    """Whether a path is the README or licence of an asset: about the files, not one of them."""
    return "/" not in path and path.split(".", 1)[0] in CARD_NAMES


class ChangeKind(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    RENAMED = "renamed"


@dataclass(frozen=True)
class Change:
    """What differs at one path; for a rename `old_path` is where the content was."""

    kind: ChangeKind
    path: str
    old: Entry | None
    new: Entry | None
    old_path: str | None = None


class Strategy(StrEnum):
    """How a merge answers where both sides changed a path."""

    MERGE = "merge"  # stop and list the conflicts
    SOURCE = "source"
    TARGET = "target"
    REPLACE = "replace"  # the target's content becomes the source's


@dataclass(frozen=True)
class Conflicting:
    """A path that both sides of a merge changed differently; None stands for deleted."""

    path: str
    base: Entry | None
    source: Entry | None
    target: Entry | None


def digest_of(entry: Entry | None) -> str | None:
    return entry.sha256 if entry else None
