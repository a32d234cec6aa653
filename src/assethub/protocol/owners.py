"""Users, groups, API keys and sessions on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from assethub.protocol.wire import Info, Message

ROLE = "^(viewer|runner|editor|owner)$"
SCOPE = "^(read|write|admin)$"


class UserInfo(Info):
    id: UUID
    name: str
    admin: bool
    kind: str = "user"  # user | service
    title: str = ""
    email: str | None = None
    deactivated_at: datetime | None = None


class NewUser(Message):
    """`service` makes an account for programs: it has API keys and no password."""

    name: str
    password: str | None = None
    admin: bool = False
    title: str = Field(default="", max_length=200)
    email: str | None = Field(default=None, max_length=254)
    service: bool = False


class UserChange(Message):
    """Users change their own title and email; the rest is for administrators."""

    title: str | None = Field(default=None, max_length=200)
    email: str | None = Field(default=None, max_length=254)
    admin: bool | None = None
    active: bool | None = None


class NewPassword(Message):
    """`old` is the caller's own password; administrators give a new one to others without it."""

    new: str
    old: str | None = None


class SignInLink(Info):
    """An address that signs its user in once, within an hour."""

    url: str


class OwnerInfo(Info):
    """A user or a group, as a name to share with."""

    id: UUID
    name: str
    kind: str  # user | service | group
    title: str


class OwnerUsageInfo(Info):
    """Bytes that an owner's assets hold, deleted ones that can come back too; a content that two of them hold counts
    twice. `quota` is the owner's own, `limit` what holds for them (null: no limit).
    """

    owner: str
    stored: int
    assets: int
    quota: int | None
    limit: int | None


class Quota(Message):
    """Bytes, or null: as many as the hub's own setting says."""

    quota: int | None = Field(ge=0, le=1 << 62)


class GroupInfo(Info):
    id: UUID
    name: str
    title: str
    claim: str | None
    members: int
    created_at: datetime


class NewGroup(Message):
    """`claim`, for administrators: whom the sign-in provider says this of are members."""

    name: str
    title: str = Field(default="", max_length=200)
    claim: str | None = Field(default=None, max_length=200)


class GroupChange(Message):
    title: str | None = Field(default=None, max_length=200)
    claim: str | None = Field(default=None, max_length=200)


class MemberInfo(Info):
    name: str
    title: str
    admin: bool
    claimed: bool  # by the sign-in provider, which can take it back


class Membership(Message):
    admin: bool = False


class NewKey(Message):
    """`folder` is a path: the key is good for what is in it, and for nothing else."""

    name: str = Field(default="key", min_length=1, max_length=100)
    scope: str = Field(default="write", pattern=SCOPE)
    expires_in_days: int | None = Field(default=None, ge=1, le=3650)
    folder: str | None = None


class SignIn(Message):
    """A name and password that are turned into an API key."""

    user: str
    password: str
    name: str = Field(default="key", min_length=1, max_length=100)
    scope: str = Field(default="write", pattern=SCOPE)
    expires_in_days: int | None = Field(default=None, ge=1, le=3650)


class KeyInfo(Info):
    id: UUID
    name: str
    scope: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    folder: str | None = None


class CreatedKey(KeyInfo):
    secret: str


class SessionInfo(Info):
    """A browser that is signed in."""

    id: UUID
    agent: str
    address: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


class HubInfo(Info):
    version: str
    user: UserInfo | None
