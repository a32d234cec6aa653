"""A small OpenID Connect provider on loopback: a form to sign in with, codes that work once, signed tokens."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.conftest import free_port, until

CLIENT, SECRET = "the-hub", "a secret of the hub"
Bend = Callable[[dict[str, Any]], str | None]  # makes something else of the ID token; None: the claims were changed


class Provider:
    def __init__(self) -> None:
        self.port = free_port()
        self.issuer = f"http://127.0.0.1:{self.port}"
        self.people: dict[str, dict[str, Any]] = {}  # claims by the name that they sign in with
        self.codes: dict[str, dict[str, str]] = {}
        self.keys: list[RSAKey] = []
        self.new_key()
        self.bend: Bend | None = None
        self.away = False
        routes = [
            Route("/.well-known/openid-configuration", self.describe), Route("/keys", self.tell_keys),
            Route("/authorize", self.authorize, methods=["GET", "POST"]), Route("/token", self.token, methods=["POST"]),
        ]  # fmt: skip
        config = uvicorn.Config(Starlette(routes=routes), port=self.port, log_config=None, access_log=False)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run)

    def __enter__(self) -> Self:
        self.thread.start()
        until(lambda: self.server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self.server.should_exit = True
        self.thread.join()

    def new_key(self) -> None:
        self.keys = [RSAKey.generate_key(2048, {"kid": secrets.token_hex(4), "use": "sig"})]

    def describe(self, _: Request) -> Response:
        if self.away:
            return Response("away", 503)
        return JSONResponse({
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
        })  # fmt: skip

    def tell_keys(self, _: Request) -> Response:
        return JSONResponse(KeySet([*self.keys]).as_dict(private=False))

    async def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if request.method == "GET":
            return HTMLResponse(
                "<!doctype html><title>Provider</title><form method='post'><label>Who <input name='who'></label>"
                "<button>Let me in</button></form>"
            )
        assert asked["client_id"] == CLIENT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        back = {"state": asked["state"]}
        who = str((await request.form())["who"])
        if who not in self.people:
            return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back | {'error': 'access_denied'})}", 303)
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked | {"who": who}
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode(back | {'code': code, 'iss': self.issuer})}", 303)

    async def token(self, request: Request) -> Response:
        form = await request.form()
        asked = self.codes.pop(str(form.get("code")), None)
        told = base64.b64decode(request.headers["authorization"].split()[1]).decode()
        challenge = encoded(hashlib.sha256(str(form["code_verifier"]).encode()).digest())
        known = asked is not None and asked["code_challenge"] == challenge
        if (
            asked is None
            or not known
            or (told != f"{CLIENT}:{SECRET.replace(' ', '+')}" and told != f"{CLIENT}:{SECRET}")
        ):
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {
            "iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
            **self.people[asked["who"]],
        }  # fmt: skip
        made = self.bend(claims) if self.bend else None
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": made or self.signed(claims)})

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": self.keys[0].kid}, claims, self.keys[0])

    def signed_with_the_public_key(self, claims: dict[str, Any]) -> str:
        """As a secret that both know, which everybody knows."""
        text = ".".join(encoded(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
        public = self.keys[0].as_pem(private=False)
        return f"{text}.{encoded(hmac.digest(public, text.encode(), 'sha256'))}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
