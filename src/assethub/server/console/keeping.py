"""How a change made in the console is kept: as a commit on its branch or on a new one, or staged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from starlette.datastructures import FormData

from assethub.domain.errors import Invalid
from assethub.domain.folders import Role
from assethub.domain.names import AssetPath, Reference
from assethub.server.console.pages import text_of, url_of
from assethub.services import assets, history, objects, staging, summaries
from assethub.services.history import NewFile
from assethub.services.summaries import Overview
from assethub.services.work import Work

How = Literal["commit", "branch", "stage"]
HOW: dict[str | None, How] = {"branch": "branch", "stage": "stage"}


@dataclass(frozen=True)
class Keeping:
    """What the form says about keeping."""

    how: How
    branch: str
    new_branch: str
    message: str

    @classmethod
    def asked(cls, form: FormData, branch: str) -> "Keeping":
        how = HOW.get(text_of(form, "how"), "commit")
        return cls(how, branch, text_of(form, "new_branch") or "", text_of(form, "message") or "")


@dataclass(frozen=True)
class Kept:
    """Where the change is now; no commit: it is staged."""

    branch: str
    commit: str | None

    def address(self, path: AssetPath, *parts: str) -> str:
        """The page to go to: of the files with the new commit, or of what is staged."""
        if self.commit is None:
            return url_of(path, "staged", branch=self.branch)
        return url_of(path, *parts, ref=self.branch, made=self.commit)


def keep(
    work: Work,
    path: AssetPath,
    keeping: Keeping,
    summary: str,
    *,
    add: Sequence[NewFile] = (),
    delete: Sequence[str] = (),
    move: Mapping[str, str] = MappingProxyType({}),
    expected: Mapping[str, str | None] = MappingProxyType({}),
    over: Sequence[str] = (),
) -> Kept:
    """Make the change; `summary` is the message where nobody wrote one. A commit takes what is staged at `over` along.

    On a new branch nothing is staged, so nothing is expected at these paths there. Invalid if nothing changes.
    """
    if keeping.how == "stage":
        staging.stage_changes(work, path, keeping.branch, add=add, delete=delete, move=move, expected=expected)
        return Kept(keeping.branch, None)
    branch = keeping.branch
    if keeping.how == "branch":
        expected = {file: sha256 for file, sha256 in expected.items() if file not in over}
        branch, over = keeping.new_branch, ()
        assets.create_branch(work, path, branch, f"branch/{keeping.branch}")
    made = history.commit_changes(
        work, path, branch, keeping.message or summary, add=add, delete=delete, move=move, expected=expected,
        staged=bool(over), only=over,
    )  # fmt: skip
    if made is None:
        raise Invalid("Nothing changes by this, so there is nothing to commit.")
    return Kept(branch, made.id)


def changing(work: Work, path: AssetPath, ref: str | None) -> Overview:
    """The asset at a branch, for those who may change it. Invalid for a tag or a commit."""
    asset = summaries.overview(work, path, ref, needs=Role.EDITOR)
    if not asset.on_branch:
        raise Invalid(f"Files are changed on a branch, and {asset.ref!r} is none: tags and commits never change.")
    return asset


def nearest(work: Work, path: AssetPath, branch: str, prefix: str) -> str:
    """The folder, or the one closest above it, in which there is anything."""
    while prefix and not objects.list_objects(work, Reference(path, branch), prefix=prefix, limit=1)[1]:
        prefix = prefix.rstrip("/").rpartition("/")[0]
        prefix = f"{prefix}/" if prefix else ""
    return prefix
