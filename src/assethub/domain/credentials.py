"""Git credentials: what opens private repositories, for a user or for the runs of a folder."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from assethub.domain.errors import Invalid
from assethub.domain.repositories import USER, Remote

DEFAULT_USER = "git"  # what most servers take beside a token, and all of them for ssh keys
LONGEST_TOKEN = 4096
LONGEST_NAME = 100


class CredentialKind(StrEnum):
    TOKEN = "token"
    SSH_KEY = "ssh_key"


KINDS = {"https": CredentialKind.TOKEN, "ssh": CredentialKind.SSH_KEY}


@dataclass(frozen=True)
class Credential:
    """A credential without its secret. It belongs to a user or to a folder."""

    id: UUID
    user: UUID | None
    folder: UUID | None
    name: str
    url: str  # the addresses that begin with it are opened by it
    kind: CredentialKind
    username: str
    fingerprint: str | None  # of an ssh key
    created_by: str | None
    created_at: datetime
    last_used_at: datetime | None

    @property
    def prefix(self) -> Remote:
        return Remote.parse(self.url)


def check_token(text: str) -> str:
    token = text.strip()
    if not token:
        raise Invalid("The token is empty.")
    if len(token) > LONGEST_TOKEN:
        raise Invalid(f"The token has {len(token)} characters; at most {LONGEST_TOKEN} are kept.")
    if not re.fullmatch(r"[\x21-\x7e]+", token):
        raise Invalid("The token has spaces or characters in it that no token has; give the token alone.")
    return token


def check_username(text: str | None, prefix: Remote) -> str:
    if prefix.user and text not in (None, "", prefix.user):
        raise Invalid(f"The address names the user {prefix.user!r}; give no other one.")
    name = text or prefix.user or DEFAULT_USER
    fits = USER.fullmatch(name) if prefix.scheme == "ssh" else re.fullmatch(r"[\x21-\x39\x3b-\x7e]{1,200}", name)
    if not fits:
        raise Invalid(f"{name!r} is not a user name that Git servers take.")
    return name


def choose(found: list[Credential], remote: Remote, user: UUID) -> Credential | None:
    """The one whose address agrees longest; of equal ones the user's own, then the newest."""
    fitting = [one for one in found if one.prefix.covers(remote)]
    return max(
        fitting, key=lambda one: (len(one.prefix.steps), one.prefix.user != "", one.user == user, one.created_at),
        default=None,
    )  # fmt: skip
