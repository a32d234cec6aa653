"""Requests to the S3 door as bytes: what no client would send."""

import hashlib
import re
import socket
from dataclasses import dataclass

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.compatibility.s3.conftest import Site


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes

    @property
    def code(self) -> str:
        found = re.search(rb"<Code>(\w+)</Code>", self.body)
        return found[1].decode() if found else ""


def signed(
    site: Site, method: str, path: str, headers: dict[str, str] | None = None, *, query: dict[str, str] | None = None,
    payload: str = "UNSIGNED-PAYLOAD",
) -> tuple[str, dict[str, str]]:  # fmt: skip
    """The target and the headers of a request that is signed as it should be."""
    request = AWSRequest(method, f"{site.url}{path}", params=query or {}, headers=headers or {}, data=b"")
    request.headers["X-Amz-Content-SHA256"] = payload
    signer = S3SigV4Auth(Credentials(site.access_key, site.secret), "s3", "us-east-1")
    signer.payload = lambda _: payload
    signer.add_auth(request)
    sent = request.prepare()
    return sent.url.removeprefix(site.url), {"Host": f"127.0.0.1:{site.port}", **dict(sent.headers.items())}


def head(method: str, target: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {told}" for name, told in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def talk(site: Site, sent: bytes, *, end: bool = False) -> Answer:
    """What is answered; `end` closes our side after what is sent. A hub that says nothing for long fails the test."""
    with socket.create_connection(("127.0.0.1", site.port), 30) as wire:
        wire.sendall(sent)
        if end:
            wire.shutdown(socket.SHUT_WR)
        return answer_on(wire)


def answer_on(wire: socket.socket) -> Answer:
    got = b""
    while b"\r\n\r\n" not in got:
        piece = wire.recv(1 << 16)
        if not piece:
            return Answer(0, got)
        got += piece
    lines, _, body = got.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", lines)
    while length and len(body) < int(length[1]):
        piece = wire.recv(1 << 16)
        if not piece:
            break
        body += piece
    return Answer(int(lines.split()[1]), body)


def put(
    site: Site, body: bytes, headers: dict[str, str], *, payload: str = "UNSIGNED-PAYLOAD", length: int | None = None,
    query: dict[str, str] | None = None,
) -> Answer:  # fmt: skip
    target, given = signed(site, "PUT", f"/{site.bucket}/main/bad", headers, query=query, payload=payload)
    given["Content-Length"] = str(len(body) if length is None else length)
    return talk(site, head("PUT", target, given) + body)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
