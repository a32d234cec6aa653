"""Uploads in parts on the wire."""

from uuid import UUID

from pydantic import Field

from assethub.protocol.wire import Info, Message


class NewUpload(Message):
    """A content to send in parts; asking again for the same content answers the same upload."""

    sha256: str
    size: int = Field(ge=0, le=1 << 50)


class UploadInfo(Info):
    """How far an upload is. `held`: the asset holds the content, and there is nothing (more) to send.

    Part n has the bytes from n * part_size on; `parts` are durable; `hashed` bytes are checked.
    """

    held: bool = False
    id: UUID | None = None
    part_size: int = 0
    parts: list[int] = Field(default_factory=list)
    hashed: int = 0


class PartInfo(Info):
    number: int
