"""Users and service accounts: their passwords, what they may do on the hub, their end."""

import secrets
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from assethub.domain.errors import Conflict, Invalid, NotFound, SignInNeeded
from assethub.domain.names import check_name
from assethub.domain.owners import NOWHERE, Asking, Caller, Group, Origin, Owner, OwnerKind, Scope, User, Visitor
from assethub.domain.runs import RunState
from assethub.services.work import SIGN_IN, Hub, Work

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 1024  # bytes: hashing takes time in proportion
MOST_FOUND = 20
WRONG = "This name and password do not belong together."


@cache
def hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def nobody() -> str:
    """A hash to check against when there is no such user, so that the answer takes as long."""
    return hasher().hash(secrets.token_urlsafe(16))


def hashed(password: str) -> str:
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(f"The password is too short: use at least {SHORTEST_PASSWORD} characters.")
    if len(password.encode()) > LONGEST_PASSWORD:
        raise Invalid(f"The password is too long: use at most {LONGEST_PASSWORD} bytes.")
    return hasher().hash(password)


def check_password(hub: Hub, name: str, password: str, origin: Origin = NOWHERE) -> User:
    """The user whose password this is; the same refusal and the same time whoever is unknown.

    TooMany after too many attempts that failed, for a while.
    """
    with hub.attempts.at(origin.address, name):
        with hub.work(None, reading=True) as work:
            user = work.users.find(name)
            kept = (work.users.password(user.id) if user and user.deactivated_at is None else None) or nobody()
        right = is_password(kept, password)  # takes as long for nobody
        if user is None or not right:
            with hub.work(Visitor(origin)) as work:
                work.refuse("session.open", name, WRONG)
            raise SignInNeeded(WRONG)
    return user


def is_password(kept: str, given: str) -> bool:
    try:
        return hasher().verify(kept, given[:LONGEST_PASSWORD])
    except (VerificationError, InvalidHashError):
        return False


def ensure_first_user(hub: Hub, name: str, password: str | None) -> tuple[User, str] | None:
    """On a hub without users, make the administrator; their name and password are answered once."""
    with hub.work(None) as work:
        if work.users.any():
            return None
        chosen = password or secrets.token_urlsafe(12)
        return add_user(work, name, chosen, admin=True), chosen


def create_user(
    work: Work, name: str, password: str | None, *, admin: bool = False, title: str = "", email: str | None = None,
    kind: OwnerKind = OwnerKind.USER,
) -> User:  # fmt: skip
    """Sign up a user (without a password: they sign in by a link or a provider) or a service account."""
    work.administrator("user.create")
    return add_user(work, name, password, admin=admin, title=title, email=email, kind=kind)


def add_user(
    work: Work, name: str, password: str | None, *, admin: bool = False, title: str = "", email: str | None = None,
    kind: OwnerKind = OwnerKind.USER,
) -> User:  # fmt: skip
    check_name("owner", name)
    if kind is OwnerKind.SERVICE and (password is not None or admin):
        raise Invalid("A service account has no password and is no administrator; it has API keys.")
    if work.owners.find(name):
        raise Conflict(f"A user or group named {name!r} exists already.")
    user = User(work.new_id(), name, admin, work.now(), kind, title.strip()[:200], (email or "").strip()[:254] or None)
    work.users.add(user, hashed(password) if password is not None else None)
    work.record("user.create", name, kind=kind, admin=admin)
    return user


def change_password(hub: Hub, caller: Asking, old: str, new: str) -> None:
    """The caller's own; every browser is signed out. TooMany after too many old ones that were wrong, for a while.

    Who has none yet, such as after a sign-in link, needs no old one in a browser.
    """
    with hub.work(caller, reading=True) as work:
        person = work.account("user.password")
        known = work.users.password(person.user.id)
    first = known is None and person.scope is Scope.ADMIN
    kept = known or nobody()
    with hub.attempts.at(person.origin.address, person.name):
        if not (first or is_password(kept, old)):
            with hub.work(person) as work:
                work.refuse("user.password", person.name, WRONG)
            raise SignInNeeded(WRONG)
    with hub.work(person) as work:
        set_password(work, person.user, new)


def reset_password(work: Work, name: str, password: str) -> None:
    """By an administrator: the user's browsers are signed out."""
    work.administrator("user.password")
    user = get_user(work, name)
    if user.kind is OwnerKind.SERVICE:
        raise Invalid(f"{name!r} is a service account; it has API keys and no password.")
    set_password(work, user, password)


def set_password(work: Work, user: User, password: str) -> None:
    work.users.change(user.id, {"password": hashed(password)})
    work.sessions.end_all(user.id)
    work.record("user.password", user.name)


def change_user(
    work: Work, name: str, *, title: str | None = None, email: str | None = None, admin: bool | None = None,
    active: bool | None = None,
) -> User:  # fmt: skip
    """A user changes their own title and address; the rest is for administrators.

    Deactivating ends sessions, keys and runs at once; what they own stays.
    """
    person = work.caller
    own = isinstance(person, Caller) and person.user.name.lower() == name.lower()
    if own and admin is None and active is None:
        work.account("user.change")
    else:
        work.administrator("user.change")
    user = get_user(work, name)
    values: dict[str, Any] = {}
    if title is not None:
        values["title"] = title.strip()[:200]
    if email is not None:
        values["email"] = email.strip()[:254] or None
    if admin is not None and admin != user.admin:
        if user.kind is OwnerKind.SERVICE:
            raise Invalid("A service account is no administrator.")
        values["admin"] = admin
    if active is not None and active != (user.deactivated_at is None):
        values["deactivated_at"] = None if active else work.now()
    if values:
        work.users.change(user.id, values)
        if work.users.admins() == 0:
            raise Conflict(f"{user.name!r} is the last administrator; make another one first.")
        work.record("user.change", user.name, **told(values))
    if values.get("deactivated_at"):
        end_access(work, user)
    return get_user(work, name)


def told(values: dict[str, Any]) -> dict[str, Any]:
    """Changed values as the audit log keeps them."""
    plain = (str, int, bool, list, type(None))
    return {name: value if isinstance(value, plain) else str(value) for name, value in values.items()}


def end_access(work: Work, user: User) -> None:
    """Nothing that stands for the user is good for anything from now on."""
    work.sessions.end_all(user.id)
    work.keys.end_all(user.id)
    work.s3_keys.end_all(user.id)
    for run in work.runs.active():
        if run.created_by == user.id and run.cancel_requested_at is None:
            ended = {"state": RunState.CANCELLED, "ended_at": work.now(), "reason": f"{user.name} was deactivated."}
            work.runs.change(run, {"cancel_requested_at": work.now(), **(ended if run.untouched else {})})
            work.logs.note(run.id, work.now(), f"{user.name} was deactivated, so the run ends.")


def get_user(work: Work, name: str) -> User:
    user = work.users.find(name)
    if user is None:
        raise NotFound(f"There is no user {name!r}.")
    return user


def has_password(work: Work) -> bool:
    """Whether the caller can sign in with one."""
    return work.users.password(work.account("user.see", needs=Scope.READ).user.id) is not None


def user_for_administrators(work: Work, name: str) -> tuple[User, list[tuple[Group, bool]]]:
    """A user with the groups they are in, and whether they are an admin of each."""
    work.administrator("user.see")
    user = get_user(work, name)
    return user, work.groups.of(user.id)


def list_users(work: Work, words: str = "", after: str = "", limit: int = 1000) -> list[User]:
    """All users and service accounts by name, for administrators."""
    work.administrator("user.list")
    return work.users.listed(words, after, min(limit, 1000))


def search_owners(work: Work, words: str, kinds: tuple[OwnerKind, ...] = tuple(OwnerKind)) -> list[Owner]:
    """Users and groups to share with, as somebody types; for whoever is signed in."""
    work.account("owner.search", needs=Scope.READ)
    return work.owners.search(words, kinds, MOST_FOUND) if words.strip() else []


def find_owner(work: Work, name: str) -> Owner:
    """A user or group by name, for whoever is signed in; for visitors nobody is there."""
    if isinstance(work.caller, Visitor):
        raise SignInNeeded(SIGN_IN)
    work.refuse_runs()
    owner = work.owners.find(name)
    if owner is None:
        raise NotFound.named("owner", name)
    return owner
