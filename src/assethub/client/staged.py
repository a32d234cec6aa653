"""What waits on a branch for a commit, as the SDK shows it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from assethub.client.connection import Connection, asset_url
from assethub.client.hashing import hash_files
from assethub.client.lanes import Progress
from assethub.client.sources import Add, sources
from assethub.client.uploading import entries_of, upload
from assethub.domain.names import AssetPath
from assethub.protocol.history import NewStaging, StagedInfo


class Staged:
    """The staged changes of one branch of one asset."""

    connection: Connection
    asset: AssetPath
    ref: str

    def stage(
        self,
        add: Sequence[Add] = (),
        delete: Sequence[str] = (),
        *,
        move: Mapping[str, str] = MappingProxyType({}),
        expected: Mapping[str, str | None] = MappingProxyType({}),
        exclude: Sequence[str] = (),
        progress: Progress | None = None,
    ) -> list[StagedInfo]:
        """Stage files, deletions and moves on this branch, where they wait for `commit(…, staged=True)`.

        What is given, and Conflict, are as in `commit`. Answers what of these paths waits now.
        """
        hashed = hash_files(sources(add, exclude))
        upload(self.connection, self.asset, hashed, progress)
        new = NewStaging(
            branch=self.ref, add=entries_of(hashed), delete=list(delete), move=dict(move), expected=dict(expected)
        )
        answer = self.connection.request(
            "POST", f"{asset_url(self.asset)}/staged", json=new.model_dump(mode="json", exclude_defaults=True)
        )
        return [StagedInfo.model_validate(one) for one in answer.json()]

    def status(self) -> list[StagedInfo]:
        """What is staged on this branch: path, kind (added, changed, removed), object, who staged it and when."""
        return self.connection.get_list(StagedInfo, f"{asset_url(self.asset)}/staged", branch=self.ref)

    def reset(self, files: Sequence[str] | None = None) -> int:
        """Drop what is staged on this branch, or just these paths; answers how many changes went."""
        wanted = {"branch": self.ref} | ({} if files is None else {"file": list(files)})
        answer = self.connection.request("POST", f"{asset_url(self.asset)}/reset", params=wanted)
        dropped: int = answer.json()["dropped"]
        return dropped
