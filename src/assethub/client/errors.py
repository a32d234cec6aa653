"""Errors of the SDK: the hub's refusals raised again as what they mean, and some of the client's own."""

from typing import Any

from assethub.domain import errors
from assethub.domain.errors import HubError

KINDS: dict[str, type[HubError]] = {
    kind.__name__: kind
    for kind in (
        errors.NotFound, errors.Forbidden, errors.SignInNeeded, errors.Conflict, errors.Invalid, errors.Unavailable,
        errors.Full, errors.Gone, errors.Damaged, errors.QuotaExceeded, errors.TooMany,
    )
}  # fmt: skip


class Unreachable(HubError):
    """No hub answers at the address, or the connection broke off."""


class RunFailed(HubError):
    """A run that was waited for did not succeed; `run` is that run."""

    def __init__(self, message: str, run: Any) -> None:
        super().__init__(message)
        self.run = run


class ImportFailed(HubError):
    """An import that was waited for did not succeed; `made` is that import."""

    def __init__(self, message: str, made: Any) -> None:
        super().__init__(message)
        self.made = made


def refusal(status: int, problem: object) -> HubError:
    """The error that an answer with this status and JSON body means."""
    if isinstance(problem, dict) and isinstance(problem.get("detail"), str):
        kind = KINDS.get(str(problem.get("type")), HubError)
        return kind(problem["detail"], [str(line) for line in problem.get("details") or []])
    return Unreachable(f"What answers with status {status} there is not a hub; check the endpoint.")
