"""Who is asking: passwords, sessions, sign-in links and API keys."""

import hashlib
import secrets
from datetime import timedelta
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from assethub.domain.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from assethub.domain.names import check_name
from assethub.domain.owners import Caller, Key, RunCaller, Scope, User
from assethub.services.work import Hub, Work

SESSION = timedelta(days=14)
LINK = timedelta(hours=1)
KEY_PREFIX = "ah_"
RUN_PREFIX = "ahr_"
USED_EVERY = timedelta(minutes=1)  # how exactly a key's last use is known
SHORTEST_PASSWORD = 8


def digest(secret: str) -> str:
    """Secrets are random and long, so a plain hash of them can be kept and looked up."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Compares secrets in constant time."""
    return secrets.compare_digest(one.encode(), other.encode())


@cache
def hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def nobody() -> str:
    """A hash to check against when there is no such user, so that the answer takes as long."""
    return hasher().hash(secrets.token_urlsafe(16))


def create_user(work: Work, name: str, password: str, *, admin: bool) -> User:
    check_name("owner", name)
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(f"The password is too short: use at least {SHORTEST_PASSWORD} characters.")
    if work.users.find(name):
        raise Conflict(f"A user named {name!r} exists already.")
    user = User(work.new_id(), name, admin, work.now())
    work.users.add(user, hasher().hash(password))
    return user


def ensure_first_user(hub: Hub, name: str, password: str | None) -> tuple[User, str] | None:
    """On a hub without users, make the administrator; their name and password are answered once."""
    with hub.work(None) as work:
        if work.users.any():
            return None
        chosen = password or secrets.token_urlsafe(12)
        return create_user(work, name, chosen, admin=True), chosen


def check_password(hub: Hub, name: str, password: str) -> User:
    """The user whose password this is; the same refusal and the same time whoever is unknown."""
    with hub.work(None, reading=True) as work:
        user = work.users.find(name)
        hashed = (work.users.password(user.id) if user else None) or nobody()
    try:
        hasher().verify(hashed, password)
    except (VerificationError, InvalidHashError):
        user = None
    if user is None:
        raise SignInNeeded("This name and password do not belong together.")
    return user


def open_session(hub: Hub, user: User) -> str:
    """A new session's secret, for the browser's cookie."""
    secret = secrets.token_urlsafe(32)
    with hub.work(None) as work:
        work.sessions.sweep(work.now())
        work.sessions.add(digest(secret), user.id, link=False, now=work.now(), until=work.now() + SESSION)
    return secret


def close_session(hub: Hub, secret: str) -> None:
    with hub.work(None) as work:
        work.sessions.delete(digest(secret))


def create_link(hub: Hub, user: User) -> str:
    """The secret of a link that signs the user in once."""
    secret = secrets.token_urlsafe(32)
    with hub.work(None) as work:
        work.sessions.add(digest(secret), user.id, link=True, now=work.now(), until=work.now() + LINK)
    return secret


def use_link(hub: Hub, secret: str) -> User:
    with hub.work(None) as work:
        user = work.sessions.take_link(digest(secret), work.now())
    if user is None:
        raise SignInNeeded("This sign-in link was used before or is too old; sign in with your password.")
    return user


def session_caller(hub: Hub, secret: str) -> Caller | None:
    with hub.work(None, reading=True) as work:
        user = work.sessions.find(digest(secret), work.now())
    return Caller(user, Scope.ADMIN) if user else None


def key_caller(hub: Hub, secret: str) -> Caller | RunCaller:
    """Who an API key or a run's token stands for."""
    if secret.startswith(RUN_PREFIX):
        return run_caller(hub, secret)
    with hub.work(None, reading=True) as work:
        found = work.keys.find(digest(secret), work.now())
        now = work.now()
    if found is None:
        raise SignInNeeded("This API key is not known, or it has expired; make a new one with `ah login`.")
    user, key = found
    if key.last_used_at is None or now - key.last_used_at > USED_EVERY:
        with hub.work(None) as work:
            work.keys.used(key.id, now)
    return Caller(user, key.scope)


def run_token(hub: Hub, run: UUID, attempt: int) -> str:
    """A run's token is a signature over the attempt: nothing is kept, and the run's end ends it."""
    return f"{RUN_PREFIX}{run.hex}_{attempt}_{hub.sign('run', f'{run.hex}:{attempt}')}"


def claim_secret(hub: Hub, run: UUID, attempt: int) -> str:
    """What the executor hands to the runner so that it may claim this attempt."""
    return hub.sign("claim", f"{run.hex}:{attempt}")


def run_caller(hub: Hub, token: str) -> RunCaller:
    refusal = SignInNeeded("This run token is not valid, or its run has ended.")
    try:
        hexed, attempt, _ = token.removeprefix(RUN_PREFIX).split("_")
        expected = run_token(hub, UUID(hexed), int(attempt))
    except ValueError:
        raise refusal from None
    if not same(token, expected):
        raise refusal
    with hub.work(None, reading=True) as work:
        run = work.runs.find(UUID(hexed))
        if run is None or run.attempt != int(attempt) or run.state.final:
            raise refusal
        user = work.users.by_id(run.created_by)
    return RunCaller(user, run.id, frozenset((one.asset, one.commit) for one in run.inputs), run.asset)


def create_key(work: Work, user: User, name: str, scope: Scope, days: int | None) -> tuple[Key, str]:
    """A new API key and its secret, which is not kept."""
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    until = work.now() + timedelta(days=days) if days else None
    key = Key(work.new_id(), name, scope, work.now(), until, None)
    work.keys.add(key, user.id, digest(secret))
    return key, secret


def create_own_key(work: Work, name: str, scope: Scope, days: int | None) -> tuple[Key, str]:
    person = work.person
    if scope > person.scope:
        raise Forbidden(f"A key of the scope {person.scope.name.lower()} cannot make one with a wider scope.")
    if scope is Scope.ADMIN and not person.user.admin:
        raise Forbidden("Only a hub administrator can have a key with the scope admin.")
    return create_key(work, person.user, name, scope, days)


def list_keys(work: Work) -> list[Key]:
    return work.keys.of(work.person.user.id)


def revoke_key(work: Work, id: UUID) -> None:
    work.keys.delete(work.person.user.id, id)


def find_user(work: Work, name: str) -> User:
    """For the administrator's own commands on the hub's machine."""
    user = work.users.find(name)
    if user is None:
        raise NotFound.named("user", name)
    return user


def reset_password(work: Work, name: str, password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid(f"The password is too short: use at least {SHORTEST_PASSWORD} characters.")
    user = find_user(work, name)
    work.users.set_password(user.id, hasher().hash(password))
    work.sessions.end_all(user.id)


def list_users(work: Work) -> list[User]:
    """All users, for the administrator's own commands on the hub's machine."""
    return work.users.all()
