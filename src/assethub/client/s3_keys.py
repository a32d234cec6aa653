"""S3 keys, as the SDK makes and lists them."""

from urllib.parse import quote

from assethub.client.connection import Connection
from assethub.protocol.s3_keys import CreatedS3Key, NewS3Key, S3Info, S3KeyInfo


class S3KeyRing:
    """The keys to the hub's S3 door; a `Hub` is one."""

    connection: Connection

    def s3(self) -> S3Info:
        """Where the S3 door is, and the region that requests to it are signed for."""
        return self.connection.get(S3Info, "/s3")

    def s3_keys(self, *, user: str | None = None) -> list[S3KeyInfo]:
        """Your S3 keys, the oldest first, or (for administrators) those of a service account; without secrets."""
        return self.connection.get_list(S3KeyInfo, s3_keys_url(user))

    def create_s3_key(
        self, name: str = "key", *, write: bool = False, asset: str | None = None, folder: str | None = None,
        commit_after: int | None = None, expires_in_days: int | None = None, user: str | None = None,
    ) -> CreatedS3Key:  # fmt: skip
        """A new S3 key that reads, or with `write` reads and writes; its secret is in this answer only.

        With `asset` (a path) it is good for this asset alone. With `folder` (a path) buckets that are created with it
        become assets there. `commit_after`, in seconds: what it staged is committed once nothing more was written for
        so long. `user` is a service account, for administrators. NotFound if you cannot see the asset or folder,
        Forbidden if you may not write there, Invalid for terms that do not go together.
        """
        new = NewS3Key(
            name=name, write=write, asset=asset, folder=folder, commit_after=commit_after,
            expires_in_days=expires_in_days,
        )  # fmt: skip
        return self.connection.send(CreatedS3Key, "POST", s3_keys_url(user), new)

    def revoke_s3_key(self, access_key: str, *, user: str | None = None) -> None:
        self.connection.delete(f"{s3_keys_url(user)}/{quote(access_key, safe='')}")


def s3_keys_url(user: str | None) -> str:
    return f"/users/{quote(user)}/s3-keys" if user else "/s3-keys"
