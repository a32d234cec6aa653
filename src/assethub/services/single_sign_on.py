"""Signing in through a provider: from the button to the user, with the groups that the provider tells of."""

import base64
import json
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from assethub.domain.errors import Invalid, SignInNeeded
from assethub.domain.names import check_name
from assethub.domain.owners import Origin, User, Visitor
from assethub.domain.sign_in import REFUSED
from assethub.services.accounts import add_user
from assethub.services.keys import same
from assethub.services.work import Hub, Work

if TYPE_CHECKING:
    from assethub.services.providers import Provider

LASTS = timedelta(minutes=10)  # from the button to the way back
PURPOSE = "sign-in"
MOST_SUBJECT = 255  # OpenID Connect Core 1.0, section 2
OTHER = "This sign-in began in another browser, or too long ago; begin it again."


@dataclass(frozen=True)
class Begun:
    """Where the browser goes, and what it keeps until it comes back."""

    address: str
    cookie: str


def provider_of(hub: Hub) -> "Provider":
    if hub.provider is None:
        raise Invalid("This hub has no sign-in provider.")
    return hub.provider


def begin(hub: Hub, next: str) -> Begun:
    """The state stays in the browser, signed: a restart of the hub in between ends nothing."""
    with hub.work(None, reading=True) as work:
        until = (work.now() + LASTS).timestamp()
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    kept = {"state": state, "nonce": nonce, "verifier": verifier, "next": next, "until": until}
    text = base64.urlsafe_b64encode(json.dumps(kept).encode()).decode()
    return Begun(provider_of(hub).address(state, nonce, verifier), f"{text}.{hub.sign(PURPOSE, text)}")


def finish(hub: Hub, cookie: str, answer: dict[str, str], origin: Origin) -> tuple[User, str]:
    """The user who came back, and where they wanted to go. SignInNeeded for any answer that is not to our question.

    No other answer counts as an attempt or is recorded: any page of the web can make browsers bring some.
    """
    kept = opened(hub, cookie)
    if not same(answer.get("state", ""), kept["state"]):
        raise SignInNeeded(OTHER)
    with hub.attempts.at(origin.address):
        try:
            return accept(hub, claims_of(hub, kept, answer)), kept["next"]
        except SignInNeeded as refusal:
            with hub.work(Visitor(origin)) as work:
                work.refuse("session.open", "single sign-on", str(refusal))
            raise


def opened(hub: Hub, cookie: str) -> dict[str, Any]:
    text, _, signature = cookie.partition(".")
    if not text or not same(signature, hub.sign(PURPOSE, text)):
        raise SignInNeeded(OTHER)
    kept: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text))
    with hub.work(None, reading=True) as work:
        if work.now().timestamp() > kept["until"]:
            raise SignInNeeded(OTHER)
    return kept


def claims_of(hub: Hub, kept: dict[str, Any], answer: dict[str, str]) -> dict[str, Any]:
    provider = provider_of(hub)
    if "error" in answer:
        denied = answer["error"] == "access_denied"
        raise SignInNeeded("The sign-in provider did not let you in." if denied else REFUSED)
    if answer.get("iss", provider.settings.issuer) != provider.settings.issuer:  # RFC 9207
        raise SignInNeeded(REFUSED)
    return provider.claims(answer.get("code", ""), kept["nonce"], kept["verifier"])


def accept(hub: Hub, claims: dict[str, Any]) -> User:
    """The user of these claims, made if they are new, with the groups that the provider tells of now."""
    provider = provider_of(hub)
    issuer, subject = provider.settings.issuer, claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= MOST_SUBJECT:
        raise SignInNeeded(REFUSED)
    with hub.work(None) as work:
        user = work.users.identified(issuer, subject)
        if user is None:
            if not provider.settings.create_users:
                raise SignInNeeded("Nobody on this hub is known by this sign-in; ask its administrator for an account.")
            user = add_user(work, free_name(work, claims), None)
            work.users.identify(issuer, subject, user.id)
        if user.deactivated_at is not None:
            raise SignInNeeded(f"{user.name} is deactivated; ask an administrator of the hub.")
        told = provider.groups(claims)
        values: dict[str, Any] = {"title": str(claims.get("name") or user.title)[:200]}
        if claims.get("email"):
            values["email"] = str(claims["email"])[:254]
        wanted = provider.settings.admin_group
        if wanted and (wanted in told) != user.admin and (wanted in told or work.users.admins() > 1):
            values["admin"] = wanted in told
            work.record("user.change", user.name, admin=wanted in told, by="the sign-in provider")
        work.users.change(user.id, values)
        join(work, user, told)
        return work.users.by_id(user.id)


def join(work: Work, user: User, told: set[str]) -> None:
    """Membership as the provider tells it; what was given by hand stays."""
    claimed = {group.id: group for group in work.groups.claimed(told)}
    for group, _ in work.groups.of(user.id):
        member = work.groups.member(group.id, user.id)
        if member is not None and member.claimed and group.id not in claimed:
            work.groups.remove(group.id, user.id)
            work.record("group.member", group.name, user=user.name, removed=True, by="the sign-in provider")
    for group in claimed.values():
        if work.groups.member(group.id, user.id) is None:
            work.groups.put(group.id, user.id, admin=False, claimed=True)
            work.record("group.member", group.name, user=user.name, by="the sign-in provider")


def free_name(work: Work, claims: dict[str, Any]) -> str:
    """A name by the hub's rules that nobody has: an account that is there already is never taken over."""
    told = claims.get("preferred_username") or str(claims.get("email") or "").partition("@")[0] or claims["sub"]
    plain = re.sub(r"[.-]{2,}", "-", re.sub(r"[^A-Za-z0-9._-]+", "-", str(told))).strip("-._")[:80] or "user"
    for number in range(1, 1000):
        name = plain if number == 1 else f"{plain}-{number}"
        try:
            check_name("owner", name)
        except Invalid:
            plain = f"user-{plain}".removesuffix(".git")
            continue
        if work.owners.find(name) is None:
            return name
    raise Invalid(f"There are too many users named {plain!r}.")
