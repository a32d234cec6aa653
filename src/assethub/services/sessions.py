"""Browsers that are signed in, and links that sign one in."""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from assethub.domain.errors import Invalid, SignInNeeded
from assethub.domain.owners import NOWHERE, Caller, Origin, OwnerKind, Scope, Session, User
from assethub.services.accounts import get_user
from assethub.services.keys import digest, same
from assethub.services.work import Hub, Work

LASTS = timedelta(days=14)
LINK = timedelta(hours=1)
ROTATES = timedelta(hours=1)  # a stolen secret is good for hardly longer, and its use is noticed
OVERLAP = timedelta(minutes=1)  # requests under way may still carry the secret before
SEEN_EVERY = timedelta(minutes=5)  # how exactly a session's last use is known


@dataclass(frozen=True)
class SignedIn:
    """Who a cookie stands for, and the cookie to keep from now on."""

    caller: Caller
    session: UUID
    secret: str


def secret_of(hub: Hub, session: UUID, generation: int) -> str:
    """A signature over the session and its generation: no secret is kept, and an old one tells its age."""
    return f"{session.hex}.{generation}.{hub.sign('session', f'{session.hex}.{generation}')}"


def open_session(hub: Hub, user: User, origin: Origin = NOWHERE, agent: str = "") -> str:
    """A new session's secret, for the browser's cookie."""
    with hub.work(Caller(user, Scope.ADMIN, origin=origin)) as work:
        now = work.now()
        work.sessions.sweep(now)
        session = Session(
            work.new_id(), user.id, 1, False, agent[:300], origin.address[:48], now, now, now, now + LASTS
        )  # fmt: skip
        work.sessions.add(session)
        work.record("session.open", user.name, agent=agent[:300])
    return secret_of(hub, session.id, 1)


def session_of(hub: Hub, secret: str, address: str = "") -> SignedIn | None:
    """Who a cookie's secret stands for. A secret that was replaced long ago ends the session: somebody copied it."""
    try:
        hexed, told, _ = secret.split(".")
        id, generation = UUID(hexed), int(told)
    except ValueError:
        return None
    if not same(secret, secret_of(hub, id, generation)):
        return None
    with hub.work(None, reading=True) as work:
        found, now = work.sessions.find(id, work.now()), work.now()
    if found is None:
        return None
    user, session = found
    caller = Caller(user, Scope.ADMIN, origin=Origin("the console", address))
    if generation == session.generation:
        due = now - session.rotated_at > ROTATES
        if due or not session.received or now - session.seen_at > SEEN_EVERY:
            session = renew(hub, session, rotate=due)
    elif generation != session.generation - 1 or (session.received and now - session.rotated_at > OVERLAP):
        with hub.work(caller) as work:
            work.sessions.delete(user.id, id)
            work.record("session.end", user.name, reason="a secret that was replaced came back")
        return None
    return SignedIn(caller, id, secret_of(hub, id, session.generation))


def renew(hub: Hub, session: Session, *, rotate: bool) -> Session:
    """The session as it is once it was used now, with the next secret when one is due."""
    with hub.work(None) as work:
        now = work.now()
        values = {"seen_at": now, "received": not rotate}
        if rotate:
            values |= {"generation": session.generation + 1, "rotated_at": now}
        work.sessions.change(session, values)
        found = work.sessions.find(session.id, now)
    return found[1] if found else session


def close_session(hub: Hub, signed_in: SignedIn) -> None:
    with hub.work(signed_in.caller) as work:
        work.sessions.delete(signed_in.caller.user.id, signed_in.session)
        work.record("session.end", signed_in.caller.name)


def list_sessions(work: Work) -> list[Session]:
    """The browsers that the caller is signed in with, the last used first."""
    return work.sessions.of(work.account("session.list", needs=Scope.READ).user.id, work.now())


def end_session(work: Work, id: UUID) -> None:
    """Sign one of the caller's browsers out."""
    person = work.account("session.end")
    work.sessions.delete(person.user.id, id)
    work.record("session.end", person.name, session=str(id))


def end_sessions(work: Work, *, but: UUID | None = None) -> None:
    """Sign the caller out everywhere, or everywhere but here. API keys stay."""
    person = work.account("session.end")
    work.sessions.end_all(person.user.id, but)
    work.record("session.end", person.name, everywhere=True)


def create_link(hub: Hub, user: User) -> str:
    """The secret of a link that signs the user in once."""
    with hub.work(None) as work:
        return add_link(work, user)


def create_sign_in_link(work: Work, name: str) -> str:
    """The secret of a link that signs a user in once, within an hour; by an administrator."""
    work.administrator("session.link")
    user = get_user(work, name)
    if user.kind is OwnerKind.SERVICE or user.deactivated_at is not None:
        raise Invalid(f"{user.name!r} is a service account or deactivated, and does not sign in.")
    return add_link(work, user)


def add_link(work: Work, user: User) -> str:
    secret = secrets.token_urlsafe(32)
    work.sessions.add_link(digest(secret), user.id, work.now() + LINK)
    work.record("session.link", user.name)
    return secret


def use_link(hub: Hub, secret: str, origin: Origin = NOWHERE) -> User:
    """The user whom the link signs in.

    A failure counts for nothing and is not recorded: nobody guesses 256 bits, and any page of the web can make
    browsers ask for this, so that it could lock people out or fill the audit log.
    """
    with hub.work(None) as work:
        user = work.sessions.take_link(digest(secret), work.now())
    if user is None:
        raise SignInNeeded("This sign-in link was used before or is too old; sign in with your password.")
    return user
