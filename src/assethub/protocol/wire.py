"""What all messages between client and server share."""

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A request; a key that is not known is an error that names it."""

    model_config = ConfigDict(extra="forbid")


class Info(BaseModel):
    """An answer; built from domain objects, and open to fields that later servers add."""

    model_config = ConfigDict(from_attributes=True, extra="ignore")
