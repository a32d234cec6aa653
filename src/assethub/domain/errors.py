"""What the hub refuses, by meaning.

Each front door translates these once: api to a JSON problem, console to an error page,
cli to a sentence and an exit status.

    HubError
    ├── NotFound         no such thing, or nothing you may see
    │   └── Gone         it was there, and was removed for good
    ├── Forbidden        you may see it, but your role does not allow this
    │   └── SignInNeeded nobody is signed in, or the key is not known
    ├── QuotaExceeded    its owner would hold more bytes than they may
    ├── TooMany          too many requests or attempts; later it is answered again
    ├── Conflict         it changed since you looked, or the name is taken
    ├── Invalid          the request makes no sense
    └── Unavailable      the hub cannot do it now: a missing program, an engine away
        ├── Full         there is no space left for it
        └── Damaged      what it kept for this is gone or is not what it was; asking again does not help
"""

from collections.abc import Sequence
from math import ceil
from typing import Self


class HubError(Exception):
    """Base of every error that is told to the caller; its text is a sentence for them."""

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.details = tuple(details)


class NotFound(HubError):
    @classmethod
    def named(cls, kind: str, name: str) -> Self:
        return cls(f"There is no {kind} {name!r} that you can see.")


class Gone(NotFound):
    pass


class Forbidden(HubError):
    pass


class SignInNeeded(Forbidden):
    pass


class QuotaExceeded(HubError):
    pass


class TooMany(HubError):
    def __init__(self, message: str, details: Sequence[str] = (), *, retry_after: float = 1.0) -> None:
        super().__init__(message, details)
        self.retry_after = max(1, ceil(retry_after))  # whole seconds, as the header has them


class Conflict(HubError):
    pass


class Invalid(HubError):
    pass


class Unavailable(HubError):
    pass


class Full(Unavailable):
    pass


class Damaged(Unavailable):
    pass
