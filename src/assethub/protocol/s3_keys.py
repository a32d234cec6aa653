"""S3 keys on the wire."""

from datetime import datetime

from pydantic import Field

from assethub.protocol.wire import Info, Message


class S3Info(Info):
    """Where the S3 door is, and the region that its clients sign for."""

    endpoint: str
    region: str


class NewS3Key(Message):
    """`asset` and `folder` are paths: all that the key is good for; where CreateBucket makes assets.

    `commit_after`: seconds without a further write after which what the key staged is committed.
    """

    name: str = Field(default="key", min_length=1, max_length=100)
    write: bool = False
    asset: str | None = None
    folder: str | None = None
    commit_after: int | None = Field(default=None, ge=1, le=24 * 60 * 60)
    expires_in_days: int | None = Field(default=None, ge=1, le=3650)


class S3KeyInfo(Info):
    """`bucket` is the asset's."""

    access_key: str
    name: str
    write: bool
    asset: str | None
    bucket: str | None
    folder: str | None
    commit_after: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class CreatedS3Key(S3KeyInfo):
    """The secret is in this answer only."""

    secret: str = Field(repr=False)
    endpoint: str
    region: str
