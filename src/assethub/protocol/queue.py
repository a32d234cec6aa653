"""The queue of the engine on the wire, for administrators."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from assethub.protocol.runs import WaitingInfo
from assethub.protocol.wire import Info, Message

StateWord = Literal["open", "paused", "draining"]


class QueueChange(Message):
    """What is left out stays. A limit of 0 takes it away; `note` says why the state is changed."""

    state: StateWord | None = None
    note: str = Field(default="", max_length=500)
    runs: int | None = None
    per_user: int | None = None
    per_group: int | None = None


class ResourcesInfo(Info):
    """CPUs, bytes of memory, and GPUs by their ids."""

    cpus: float
    memory: int
    gpus: list[str]


class EntryInfo(Info):
    """A run in the queue, with what it asks for, or a placed one, with the cards that it holds."""

    number: int
    state: str
    type: str
    path: str
    creator: str
    priority: str
    cpus: float
    memory: int
    gpus: int
    gpu_ids: list[str]
    created_at: datetime
    waiting: WaitingInfo | None


class QueueInfo(Info):
    """`runs` may be under way at once; `offers` is what the engine has, None where it sees to that itself.

    `waiting` is the beginning of the queue in its order, of which `length` is the whole.
    """

    engine: str
    state: StateWord
    note: str
    runs: int
    per_user: int | None
    per_group: int | None
    changed_by: str
    changed_at: datetime | None
    offers: ResourcesInfo | None
    placed: list[EntryInfo]
    waiting: list[EntryInfo]
    length: int
