"""One version of an asset: a branch, a tag or a commit, as the SDK shows it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from assethub.client.committing import Committing
from assethub.client.connection import Connection, asset_url
from assethub.client.downloading import download, list_tree
from assethub.client.errors import Unreachable
from assethub.client.evaluations import Evaluated
from assethub.client.hashing import hash_files
from assethub.client.lanes import Progress
from assethub.client.runs import Run
from assethub.client.sources import Add, sources
from assethub.client.staged import Staged
from assethub.domain.errors import NotFound
from assethub.domain.history import MAIN
from assethub.domain.names import AssetPath
from assethub.protocol.assets import UsageInfo
from assethub.protocol.history import (
    ChangeInfo,
    CommitInfo,
    CommitPage,
    DiffPage,
    MergePreview,
    NewChange,
    NewCommit,
    NewCopy,
    NewMerge,
)  # fmt: skip
from assethub.protocol.lineage import LineageInfo
from assethub.protocol.objects import ObjectInfo, TreePage
from assethub.protocol.reproduction import NewReproduction
from assethub.protocol.runs import RunInfo
from assethub.protocol.tensors import WeightsInfo

if TYPE_CHECKING:
    from assethub.client.archives import Exported
    from assethub.client.tables import Table


class Version(Staged, Evaluated):
    """An asset at a ref: `hub.get("model/llm/gpt2:v1")`, `model.branch("main")`. Nothing is asked before it is used."""

    def __init__(self, connection: Connection, asset: AssetPath, ref: str) -> None:
        self.connection, self.asset, self.ref = connection, asset, ref

    def __repr__(self) -> str:
        return f"Version({str(self)!r})"

    def __str__(self) -> str:
        return f"{self.asset}:{self.ref}"

    @property
    def url(self) -> str:
        return asset_url(self.asset)

    def head(self) -> CommitInfo:
        """The commit that the ref names now."""
        return self.list_commit(limit=1)[0]

    def list_object(self, prefix: str = "") -> list[ObjectInfo]:
        """Every file below the prefix with path, size (bytes), sha256, content type and modified time."""
        return list(list_tree(self.connection, self.asset, self.ref, prefix))

    def list_folder(self, prefix: str = "") -> tuple[list[str], list[ObjectInfo]]:
        """One level: the folders (their paths end in `/`) and files directly below the prefix."""
        folders: list[str] = []
        files: list[ObjectInfo] = []
        after: str | None = ""
        while after is not None:
            page = self.connection.get(
                TreePage, f"{self.url}/tree", ref=self.ref, prefix=prefix, delimiter="/", after=after, limit=5000
            )
            folders += page.prefixes
            files += page.entries
            after = page.next
        return folders, files

    def list_commit(self, limit: int = 50, *, path: str = "", author: str = "", search: str = "") -> list[CommitInfo]:
        """The newest commits, newest first.

        `path`: only those that touched that file, or folder (with a `/` at its end); `author`: who made or recorded
        them; `search`: text in their message, or the beginning of their id.
        """
        chosen = {"path": path or None, "author": author or None, "search": search or None}
        commits: list[CommitInfo] = []
        after: str | None = None
        while len(commits) < limit:
            page = self.connection.get(
                CommitPage, f"{self.url}/commits", ref=self.ref, after=after, limit=min(limit - len(commits), 1000),
                **chosen,
            )  # fmt: skip
            commits += page.commits
            after = page.next
            if after is None:
                break
        return commits

    def read(self, path: str) -> bytes:
        """A file's bytes, whole in memory and verified. NotFound if it is not there."""
        answer = self.connection.request("GET", f"{self.url}/files/{quote(path)}", params={"ref": self.ref})
        if hashlib.sha256(answer.content).hexdigest() != answer.headers["etag"].strip('"'):
            raise Unreachable(f"{path!r} arrived damaged: it has another sha256 than the hub told.")
        return answer.content

    def table(self, path: str) -> "Table":
        """A CSV, JSON lines or Parquet file as a table, whose rows the hub reads; nothing is downloaded."""
        from assethub.client.tables import Table

        return Table(self, path)

    def tensors(self, path: str) -> WeightsInfo:
        """What the header of a .safetensors or .gguf file says of its tensors; Invalid if it is not sound."""
        return self.connection.get(WeightsInfo, f"{self.url}/tensors/{quote(path)}", ref=self.ref)

    def download(
        self, paths: Iterable[str] | None = None, to: str | Path = ".", *, progress: Progress | None = None
    ) -> list[Path]:
        """Put files below the folder `to`: all, or the given paths (`dir/` is everything below it).

        Verified by sha256; repeating it continues. NotFound if a given path is not there.
        """
        commit = self.head().id
        pinned = f"commit/{commit}"
        if paths is None:
            entries = list(list_tree(self.connection, self.asset, pinned))
        else:
            entries = [entry for path in paths for entry in self.matching(pinned, path)]
        return download(self.connection, self.asset, commit, entries, Path(to), progress)

    def archive(
        self, file: str | Path, prefix: str = "", *, format: str | None = None, progress: Progress | None = None
    ) -> Path:
        """Write the version, or the folder `prefix` of it, as one `tar` or `zip` (by default what the name ends in).

        NotFound if there is no such folder; Conflict if two paths could not both be files on a disk.
        """
        from assethub.client.archives import save_packed  # what few commands need is imported when it is needed

        return save_packed(self.connection, self.asset, self.ref, Path(file), prefix, format, progress)

    def export(self, file: str | Path, *, all: bool = False, progress: Progress | None = None) -> "Exported":
        """Write this version with its history and tags (`all`: every branch) for `hub.import_archive` elsewhere.

        Commit ids are kept; evaluations stay behind. The file is there when it is whole and verified.
        """
        from assethub.client.archives import export_archive

        return export_archive(self.connection, self.asset, self.ref, Path(file), all, progress)

    def matching(self, ref: str, path: str) -> list[ObjectInfo]:
        found = [
            entry
            for entry in list_tree(self.connection, self.asset, ref, path)
            if entry.path == path or path.endswith("/")
        ]
        if not found:
            raise NotFound(f"{self} has no file {path!r}.")
        return found

    def commit(
        self,
        message: str,
        add: Sequence[Add] = (),
        delete: Sequence[str] = (),
        *,
        move: Mapping[str, str] = MappingProxyType({}),
        expected: Mapping[str, str | None] = MappingProxyType({}),
        expected_parent: str | None = None,
        staged: bool = False,
        only: Sequence[str] | None = None,
        force: bool = False,
        exclude: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> CommitInfo | None:
        """One atomic commit on this branch: deletions first (`old/`: all below), then moves, then files; None if
        nothing changes.

        `add`: `"model.pt"`, `"./dir"` (with the folder), `"./dir/*"` (without), `{"./saved": "weights/"}`; `exclude`:
        patterns as in .gitignore of what is left out, beside those in the `.ahignore` files of the folders.
        `move`: `{"a.txt": "b.txt", "old/": "new/"}`; no bytes move. `staged` commits what is staged too, or of it
        `only` these paths; `force` lets it win. Conflict if the branch is not at `expected_parent`, or holds at a path
        another sha256 than `expected` says (None: nothing).
        """
        new = NewCommit(
            message=message, branch=self.ref, delete=list(delete), move=dict(move), expected=dict(expected),
            expected_parent=expected_parent, staged=staged, only=None if only is None else list(only), force=force,
        )  # fmt: skip
        return Committing(self.connection, self.asset, self.ref).commit(
            new, hash_files(sources(add, exclude)), progress
        )

    def diff(self, other: str, *, search: str = "", kinds: Sequence[str] = ()) -> list[ChangeInfo]:
        """What changes from this version to another ref of the same asset.

        `search`: only paths with that text in them; `kinds`: only these of added, changed, removed, renamed.
        """
        chosen = {"search": search or None, "kind": list(kinds) or None}
        changes: list[ChangeInfo] = []
        after: str | None = None
        while True:
            page = self.connection.get(
                DiffPage, f"{self.url}/diff", **{"from": self.ref, "to": other, "after": after, "limit": 1000}, **chosen
            )
            changes += page.changes
            after = page.next
            if after is None:
                return changes

    def merge(
        self,
        into: str = MAIN,
        *,
        strategy: str | None = None,
        answers: Mapping[str, str] | None = None,
        message: str | None = None,
    ) -> CommitInfo | None:
        """Merge this version into a branch; into `main` this publishes it. None if it is there already.

        `strategy` is merge, source, target or replace (default: replace into main, else merge). Conflict lists the
        paths that both sides changed; `answers` maps them to "source" or "target". Conflict too where a gate of the
        folder is not passed.
        """
        new = NewMerge(source=self.ref, into=into, strategy=strategy, answers=dict(answers or {}), message=message)
        return self.connection.send_optional(CommitInfo, "POST", f"{self.url}/merge", new)

    def preview_merge(self, into: str = MAIN, *, strategy: str | None = None) -> MergePreview:
        """What `merge` would do now: commits ahead and behind, paths that would change, conflicts with both sides."""
        return self.connection.get(
            MergePreview, f"{self.url}/merge", source=self.ref, into=into, strategy=strategy
        )  # fmt: skip

    def revert(self, commit: str, *, answers: Mapping[str, str] | None = None) -> CommitInfo | None:
        """Take back on this branch what a commit changed. None if nothing of it is left; Conflict lists paths."""
        new = NewChange(commit=commit, branch=self.ref, answers=dict(answers or {}))
        return self.connection.send_optional(CommitInfo, "POST", f"{self.url}/revert", new)

    def cherry_pick(self, commit: str, *, answers: Mapping[str, str] | None = None) -> CommitInfo | None:
        """Make the change of one commit on this branch. None if it is there already; Conflict lists paths."""
        new = NewChange(commit=commit, branch=self.ref, answers=dict(answers or {}))
        return self.connection.send_optional(CommitInfo, "POST", f"{self.url}/cherry-pick", new)

    def copy(self, source: object, paths: Sequence[str] = (), *, to: str = "", message: str = "") -> CommitInfo | None:
        """Lay files of another version (`"dataset/images/digits:v1"`, or a Version) over this branch as one commit.

        `paths` are files, or folders with a `/` at their end; none means all. No bytes move. None if nothing changes.
        """
        new = NewCopy(source=str(source), branch=self.ref, paths=list(paths), to=to, message=message)
        return self.connection.send_optional(CommitInfo, "POST", f"{self.url}/copy", new)

    def usage(self) -> UsageInfo:
        """Bytes that this version, and the whole asset, take in the store."""
        return self.connection.get(UsageInfo, f"{self.url}/usage", ref=self.ref)

    def delete(self, *, force: bool = False) -> None:
        """Delete this branch or tag; the commits stay.

        Conflict (without `force`) while runs or evaluations rest on versions that nothing else leads to.
        """
        try:
            self.connection.delete(f"{self.url}/branches/{quote(self.ref)}", force=force or None)
        except NotFound:
            self.connection.delete(f"{self.url}/tags/{quote(self.ref)}", force=force or None)

    def reproduce(self, branch: str | None = None) -> Run:
        """Run what made this version once more, onto a new branch; `run.reproduction()` says if the same came out."""
        new = NewReproduction(ref=self.ref, branch=branch)
        return Run(self.connection, self.connection.send(RunInfo, "POST", f"{self.url}/reproduce", new))

    def lineage(self, *, levels: int = 3) -> LineageInfo:
        """What this version was made from and what was made from it, up to so many (at most 5) versions away."""
        return self.connection.get(LineageInfo, f"{self.url}/lineage", ref=self.ref, levels=levels)
