"""Git credentials on the wire; their secrets only ever come in."""

from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict, Field

from assethub.protocol.wire import Info, Message


class NewCredential(Message):
    """`secret` is a token (for an https address) or a private SSH key without passphrase (for an ssh address)."""

    model_config = ConfigDict(hide_input_in_errors=True)

    url: str
    secret: str = Field(repr=False)
    kind: str | None = Field(default=None, pattern="^(token|ssh_key)$")
    name: str | None = None
    username: str | None = None


class CredentialInfo(Info):
    """`url` begins the addresses that it opens; `fingerprint` tells an SSH key apart."""

    id: UUID
    name: str
    url: str
    kind: str
    username: str
    fingerprint: str | None
    created_by: str | None
    created_at: datetime
    last_used_at: datetime | None
