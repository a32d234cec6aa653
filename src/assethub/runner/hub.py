"""The runner's end of the REST API: patient with a hub that is away, strict with one that refuses."""

from __future__ import annotations

import http.client
import json
import os
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Union
from urllib.parse import quote, urlsplit

PATIENCE = 24 * 3600.0  # seconds that a hub may be away before the run gives up
FULL_PATIENCE = float(os.environ.get("AH_FULL_PATIENCE", "300"))  # seconds that a hub without space is asked again
PIECE = 1 << 20
AGAIN = {408, 425, 429, 500, 502, 503, 504}
Body = Union[bytes, IO[bytes], None]


class Refused(Exception):
    """The hub understood and said no; its sentence says why."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class HubApi:
    """One run's connection to its hub; safe to use from several threads, each request on its own connection."""

    def __init__(self, endpoint: str, secret: str) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{endpoint!r} is not an http or https address")
        self.secure = parts.scheme == "https"
        self.host, self.port = parts.hostname, parts.port
        self.base = parts.path.rstrip("/") + "/api/v1"
        self.secret = secret

    def connect(self) -> http.client.HTTPConnection:
        if self.secure:
            return http.client.HTTPSConnection(self.host, self.port, timeout=120, context=ssl.create_default_context())
        return http.client.HTTPConnection(self.host, self.port, timeout=120)

    def post(self, path: str, value: Any, patience: float = PATIENCE) -> Any:
        with self.request("POST", path, json.dumps(value).encode(), "application/json", patience) as answer:
            return json.loads(answer.read())

    def get(self, path: str) -> Any:
        with self.request("GET", path, None, None) as answer:
            return json.loads(answer.read())

    @contextmanager
    def request(
        self, method: str, path: str, body: Body, kind: str | None, patience: float = PATIENCE, size: int | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """The answer, asked for again with growing pauses while the hub is away; Refused when it says no."""
        began, pause = time.monotonic(), 0.1
        while True:
            connection = self.connect()
            try:
                answer = self.attempt(connection, method, path, body, kind, size, time.monotonic() - began, patience)
                if answer is not None:
                    yield answer
                    return
            finally:
                connection.close()
            time.sleep(pause)
            pause = min(pause * 2, 5.0)

    def attempt(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Body, kind: str | None,
        size: int | None, waited: float, patience: float,
    ) -> http.client.HTTPResponse | None:  # fmt: skip
        """The answer of one attempt; None if it is worth another."""
        try:
            answer = self.send(connection, method, path, body, kind, size)
            if answer.status < 400:
                return answer
            detail = problem(answer)
        except (OSError, http.client.HTTPException) as error:
            if waited >= patience:
                raise Refused(0, f"The hub does not answer: {error}.") from error
            return None
        limit = FULL_PATIENCE if answer.status == 507 else patience if answer.status in AGAIN else 0.0
        if waited >= min(limit, patience):
            raise Refused(answer.status, detail)
        return None

    def send(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Body, kind: str | None,
        size: int | None,
    ) -> http.client.HTTPResponse:  # fmt: skip
        headers = {"Authorization": f"Bearer {self.secret}"}
        if kind is not None:
            headers["Content-Type"] = kind
        if size is not None:
            headers["Content-Length"] = str(size)
        if body is not None and not isinstance(body, bytes):
            body.seek(0)
        connection.request(method, self.base + path, body, headers)
        return connection.getresponse()


def problem(answer: http.client.HTTPResponse) -> str:
    """The sentence of a refusal."""
    data = answer.read(64 << 10)
    try:
        return str(json.loads(data)["detail"])
    except (ValueError, KeyError, TypeError):
        return f"The hub answered {answer.status} {answer.reason}."


def asset_url(path: str) -> str:
    return "/assets/" + quote(path)
