"""One version of an asset: a branch, a tag or a commit, as the SDK shows it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from assethub.client.committing import Committing
from assethub.client.connection import Connection, asset_url
from assethub.client.downloading import download, list_tree
from assethub.client.errors import Unreachable
from assethub.client.hashing import hash_files
from assethub.client.lanes import Progress
from assethub.client.runs import Run
from assethub.client.sources import Add, sources
from assethub.domain.errors import NotFound
from assethub.domain.history import MAIN
from assethub.domain.names import AssetPath
from assethub.protocol.assets import UsageInfo
from assethub.protocol.evaluations import EvaluationInfo, NewEvaluation
from assethub.protocol.history import (
    ChangeInfo,
    CommitInfo,
    CommitPage,
    DiffPage,
    NewChange,
    NewCommit,
    NewCopy,
    NewMerge,
    StagedInfo,
)  # fmt: skip
from assethub.protocol.objects import ObjectInfo, TreePage
from assethub.protocol.runs import NewRun, RunInfo

if TYPE_CHECKING:
    from assethub.client.archives import Exported


class Version:
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

    def list_commit(self, limit: int = 50) -> list[CommitInfo]:
        """The newest commits, newest first."""
        commits: list[CommitInfo] = []
        after: str | None = None
        while len(commits) < limit:
            page = self.connection.get(
                CommitPage, f"{self.url}/commits", ref=self.ref, after=after, limit=min(limit - len(commits), 1000)
            )
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
        expected_parent: str | None = None,
        staged: bool = False,
        force: bool = False,
        exclude: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> CommitInfo | None:
        """One atomic commit on this branch: deletions first (`old/`: all below), then files; None if nothing changes.

        `add`: `"model.pt"`, `"./dir"` (with the folder), `"./dir/*"` (without), `{"./saved": "weights/"}`; `exclude`:
        patterns as in .gitignore of what is left out, beside those in the `.ahignore` files of the folders.
        `staged` commits what is staged too; `force` lets it win. Conflict if the branch is not at `expected_parent`.
        """
        new = NewCommit(
            message=message, branch=self.ref, delete=list(delete), expected_parent=expected_parent, staged=staged,
            force=force,
        )  # fmt: skip
        return Committing(self.connection, self.asset, self.ref).commit(
            new, hash_files(sources(add, exclude)), progress
        )

    def diff(self, other: str) -> list[ChangeInfo]:
        """What changes from this version to another ref of the same asset."""
        changes: list[ChangeInfo] = []
        after: str | None = None
        while True:
            page = self.connection.get(
                DiffPage, f"{self.url}/diff", **{"from": self.ref, "to": other, "after": after, "limit": 1000}
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
        paths that both sides changed; `answers` maps them to "source" or "target".
        """
        new = NewMerge(source=self.ref, into=into, strategy=strategy, answers=dict(answers or {}), message=message)
        return self.connection.send_optional(CommitInfo, "POST", f"{self.url}/merge", new)

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

    def status(self) -> list[StagedInfo]:
        """What is staged on this branch."""
        return self.connection.get_list(StagedInfo, f"{self.url}/staged", branch=self.ref)

    def reset(self) -> int:
        """Drop what is staged on this branch; answers how many changes went."""
        answer = self.connection.request("POST", f"{self.url}/reset", params={"branch": self.ref}).json()
        dropped: int = answer["dropped"]
        return dropped

    def delete(self) -> None:
        """Delete this branch or tag; the commits stay."""
        try:
            self.connection.delete(f"{self.url}/branches/{quote(self.ref)}")
        except NotFound:
            self.connection.delete(f"{self.url}/tags/{quote(self.ref)}")

    def evaluate(
        self,
        dataset: str | Sequence[str] | None = None,
        *,
        git: str | None = None,
        revision: str | None = None,
        subpath: str | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Run:
        """Start an evaluation of this model version; what is left out comes from the training settings."""
        new = NewRun(
            type="evaluate", model=str(self.asset), ref=self.ref, datasets=as_list(dataset), git=git,
            revision=revision, subpath=subpath, params=dict(params or {}),
        )  # fmt: skip
        return Run(self.connection, self.connection.send(RunInfo, "POST", "/runs", new))

    def list_evaluation(self) -> list[EvaluationInfo]:
        """Evaluations of this version, and of versions with the same model files; newest first."""
        return self.connection.get_list(EvaluationInfo, f"{self.url}/evaluations", ref=self.ref)

    def create_evaluation(self, metrics: Mapping[str, Any], dataset: str) -> EvaluationInfo:
        """Enter metrics of this version on a dataset reference by hand; nested numbers get dotted names."""
        new = NewEvaluation(ref=self.ref, dataset=str(dataset), metrics=dict(metrics))
        return self.connection.send(EvaluationInfo, "POST", f"{self.url}/evaluations", new)


def as_list(given: object) -> list[str]:
    """One reference or several, as text."""
    if given is None:
        return []
    if isinstance(given, list | tuple):
        return [str(one) for one in given]
    return [str(given)]
