"""The provider that people sign in with: OpenID Connect Core 1.0, authorization code flow with PKCE (RFC 7636)."""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jwt import JWTClaimsRegistry

from assethub.domain.errors import SignInNeeded, Unavailable
from assethub.domain.sign_in import REFUSED, ProviderSettings

log = logging.getLogger("assethub.sign-in")
ALGORITHMS = ["RS256", "PS256", "ES256", "Ed25519", "EdDSA"]  # signatures by a key of the provider's alone
SECONDS = 10  # for each answer of the provider
FRESH = 3600  # seconds that its description and its keys are remembered
LEEWAY = 60  # seconds that two clocks may differ
WAITING = 16  # requests of ours that may wait for the provider: while it hangs, the hub has threads for all else
AWAY = "The sign-in provider does not answer as it should; try again later, or sign in with a password."


@dataclass
class Provider:
    """Asks the provider, and remembers what it says of itself."""

    settings: ProviderSettings
    redirect: str = ""  # the address of ours that it sends people back to
    lock: threading.Lock = field(default_factory=threading.Lock)
    waiting: threading.Semaphore = field(default_factory=partial(threading.Semaphore, WAITING))
    described: tuple[float, dict[str, Any]] = (0.0, {})
    signing: tuple[float, KeySet | None] = (0.0, None)

    @contextmanager
    def asked(self) -> Iterator[None]:
        if not self.waiting.acquire(blocking=False):
            raise Unavailable(AWAY)
        try:
            yield
        finally:
            self.waiting.release()

    def metadata(self) -> dict[str, Any]:
        """OpenID Connect Discovery 1.0, section 4. Its issuer has to be the one that was asked."""
        with self.lock:
            at, known = self.described
        if known and time.monotonic() - at < FRESH:
            return known
        found = fetched(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
        wanted = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
        if any(not isinstance(found.get(name), str) for name in wanted) or found["issuer"] != self.settings.issuer:
            log.warning("the provider's description names another issuer or lacks an address")
            raise Unavailable(AWAY)
        with self.lock:
            self.described = (time.monotonic(), found)
        return found

    def keys(self, *, again: bool = False) -> KeySet:
        with self.lock:
            at, known = self.signing
        if known is not None and not again and time.monotonic() - at < FRESH:
            return known
        try:
            found = KeySet.import_key_set(fetched(self.metadata()["jwks_uri"]))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("the provider's keys cannot be read: %s", type(error).__name__)
            raise Unavailable(AWAY) from error
        with self.lock:
            self.signing = (time.monotonic(), found)
        return found

    def session(self) -> OAuth2Session:
        own = self.settings
        return OAuth2Session(
            own.client_id, own.client_secret or None, scope=own.scopes, redirect_uri=self.redirect,
            code_challenge_method="S256", default_timeout=SECONDS,
            token_endpoint_auth_method="client_secret_basic" if own.client_secret else "none",
        )  # fmt: skip

    def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where the browser goes to sign in."""
        with self.asked():
            end = self.metadata()["authorization_endpoint"]
        made: str = self.session().create_authorization_url(end, state=state, nonce=nonce, code_verifier=verifier)[0]
        return made

    def claims(self, code: str, nonce: str, verifier: str) -> dict[str, Any]:
        """What the provider says of who came back with a code, once it is sure that it says it to us, now."""
        with self.asked(), self.session() as session:
            metadata = self.metadata()
            try:
                token = session.fetch_token(
                    metadata["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
                )
                claims = self.verified(str(token.get("id_token", "")), nonce)
                if metadata.get("userinfo_endpoint") and self.settings.groups_claim.split(".")[0] not in claims:
                    told = session.get(metadata["userinfo_endpoint"], timeout=SECONDS).json()
                    same = isinstance(told, dict) and told.get("sub") == claims["sub"]
                    if same:  # OpenID Connect Core 1.0, section 5.3.2
                        claims = {**told, **claims}
            except (AuthlibBaseError, requests.RequestException, ValueError) as error:
                log.warning("a code was not taken: %s", type(error).__name__)  # its text may hold what it was sent
                refused = isinstance(error, AuthlibBaseError)
                raise (SignInNeeded(REFUSED) if refused else Unavailable(AWAY)) from None
        return claims

    def verified(self, token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token (OpenID Connect Core 1.0, section 3.1.3.7)."""
        try:
            claims = self.decoded(token)
            JWTClaimsRegistry(
                leeway=LEEWAY, iss={"essential": True, "value": self.settings.issuer}, sub={"essential": True},
                aud={"essential": True, "value": self.settings.client_id}, exp={"essential": True},
                iat={"essential": True}, nonce={"essential": True, "value": nonce},
            ).validate(claims)  # fmt: skip
        except (JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("an ID token was refused: %s", type(error).__name__)
            raise SignInNeeded(REFUSED) from None
        several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if several else self.settings.client_id) != self.settings.client_id:
            log.warning("an ID token was refused: it was made for another client")
            raise SignInNeeded(REFUSED)
        return claims

    def decoded(self, token: str) -> dict[str, Any]:
        try:
            return dict(jwt.decode(token, self.keys(), algorithms=ALGORITHMS).claims)
        except (JoseError, ValueError):
            return dict(jwt.decode(token, self.keys(again=True), algorithms=ALGORITHMS).claims)  # the keys may be new

    def groups(self, claims: dict[str, Any]) -> set[str]:
        found: Any = claims
        for part in self.settings.groups_claim.split("."):
            found = found.get(part) if isinstance(found, dict) else None
        if isinstance(found, str):
            return {found}
        return {one for one in found if isinstance(one, str)} if isinstance(found, list) else set()


def fetched(address: str) -> dict[str, Any]:
    try:
        answer = requests.get(address, timeout=SECONDS, allow_redirects=False)
        answer.raise_for_status()
        found = answer.json()
    except (requests.RequestException, ValueError) as error:
        log.warning("the provider cannot be asked at %s: %s", address, error)
        raise Unavailable(AWAY) from None
    if not isinstance(found, dict):
        raise Unavailable(AWAY)
    return found
