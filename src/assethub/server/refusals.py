"""The HTTP status of each refusal, the same in every door that speaks plain HTTP."""

from assethub.domain.errors import (
    Conflict,
    Damaged,
    Forbidden,
    Full,
    Gone,
    HubError,
    Invalid,
    NotFound,
    QuotaExceeded,
    SignInNeeded,
    TooMany,
    Unavailable,
)

STATUS: dict[type[HubError], int] = {
    NotFound: 404, Gone: 410, SignInNeeded: 401, Forbidden: 403, Conflict: 409, Invalid: 422,
    Unavailable: 503, Damaged: 500, Full: 507, TooMany: 429,
    QuotaExceeded: 413,  # not 507: nothing is wrong with the hub, and sending the same again does not help
}  # fmt: skip


def status_of(error: HubError) -> int:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def headers_of(error: HubError) -> dict[str, str]:
    """What an answer says beside its status."""
    if isinstance(error, TooMany):
        return {"Retry-After": str(error.retry_after)}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, SignInNeeded) else {}
