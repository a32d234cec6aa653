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
    SignInNeeded,
    Unavailable,
)

STATUS: dict[type[HubError], int] = {
    NotFound: 404, Gone: 410, SignInNeeded: 401, Forbidden: 403, Conflict: 409, Invalid: 422,
    Unavailable: 503, Damaged: 500, Full: 507,
}  # fmt: skip


def status_of(error: HubError) -> int:
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
