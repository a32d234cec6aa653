"""Users and API keys on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from assethub.protocol.wire import Info, Message


class UserInfo(Info):
    id: UUID
    name: str
    admin: bool


class NewKey(Message):
    name: str = Field(default="key", min_length=1, max_length=100)
    scope: str = Field(default="write", pattern="^(read|write|admin)$")
    expires_in_days: int | None = Field(default=None, ge=1, le=3650)


class SignIn(NewKey):
    """A name and password that are turned into an API key."""

    user: str
    password: str


class KeyInfo(Info):
    id: UUID
    name: str
    scope: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class CreatedKey(KeyInfo):
    secret: str


class HubInfo(Info):
    version: str
    user: UserInfo | None
