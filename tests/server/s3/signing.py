"""Requests as an S3 client signs them: botocore signs the head, what is written here signs the chunks."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from assethub.server.s3.signatures import Signature, read_signature

ACCESS_KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Sent:
    """A request on the wire."""

    method: str
    path: bytes
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]

    def read(self) -> Signature:
        signature = read_signature(self.method, self.path, self.query, self.headers)
        assert signature is not None
        return signature

    def verify(self, secret: str = SECRET) -> Signature:
        signature = self.read()
        signature.verify(secret, signature.time)
        return signature

    def value(self, name: str) -> bytes:
        (found,) = [value for key, value in self.headers if key == name.encode()]
        return found

    def put(self, name: str, value: bytes | None) -> "Sent":
        """The same with another value of the header, or without it."""
        rest = tuple(pair for pair in self.headers if pair[0] != name.encode())
        return replace(self, headers=rest if value is None else (*rest, (name.encode(), value)))


def sign(
    method: str,
    url: str,
    headers: Headers = (),
    body: bytes = b"",
    presign: int | None = None,
    region: str = "us-east-1",
) -> Sent:
    request: Any = AWSRequest(method, url, data=body)
    for name, value in headers:
        request.headers.add_header(name, value)
    credentials = Credentials(ACCESS_KEY, SECRET)
    if presign is None:
        S3SigV4Auth(credentials, "s3", region).add_auth(request)
    else:
        S3SigV4QueryAuth(credentials, "s3", region, expires=presign).add_auth(request)
    parts = urlsplit(request.url)
    wire = [("host", parts.netloc), *request.headers.items()]
    return Sent(
        method, parts.path.encode(), parts.query.encode(), tuple((k.lower().encode(), v.encode()) for k, v in wire)
    )


def example(method: str, path: str, query: str, headers: str, signature: str) -> Sent:
    """A request of Amazon's documentation: of 24 May 2013, the headers in the order in which they are signed."""
    pairs = [line.strip().split(":", 1) for line in headers.strip().splitlines()]
    names = ";".join(name for name, _ in pairs)
    scope = f"{ACCESS_KEY}/20130524/us-east-1/s3/aws4_request"
    pairs.append(["authorization", f"AWS4-HMAC-SHA256 Credential={scope},SignedHeaders={names},Signature={signature}"])
    return Sent(method, path.encode(), query.encode(), tuple((k.encode(), v.strip().encode()) for k, v in pairs))


@dataclass
class Chunks:
    """Writes bodies in chunks; each signature covers the one before, beginning with that of the head."""

    signature: Signature
    secret: str = SECRET

    def __post_init__(self) -> None:
        self.last = self.signature.claimed
        self.key = ("AWS4" + self.secret).encode()
        for part in (self.signature.date, self.signature.region, "s3", "aws4_request"):
            self.key = hmac.new(self.key, part.encode(), hashlib.sha256).digest()

    def sign(self, kind: str, content: str) -> str:
        scope = f"{self.signature.date}/{self.signature.region}/s3/aws4_request"
        lines = [f"AWS4-HMAC-SHA256-{kind}", f"{self.signature.time:%Y%m%dT%H%M%SZ}", scope, self.last, content]
        self.last = hmac.new(self.key, "\n".join(lines).encode(), hashlib.sha256).hexdigest()
        return self.last

    def write(self, chunks: Sequence[bytes], trailer: str | None = None, signed: bool = True) -> bytes:
        body = bytearray()
        for chunk in (*chunks, b""):
            body += f"{len(chunk):x}".encode()
            if signed:
                content = f"{hashlib.sha256(b'').hexdigest()}\n{hashlib.sha256(chunk).hexdigest()}"
                body += b";chunk-signature=" + self.sign("PAYLOAD", content).encode()
            body += b"\r\n" + chunk + (b"\r\n" if chunk else b"")
        if trailer is not None:
            body += f"{trailer}\r\n".encode()
            if signed:
                content = hashlib.sha256(f"{trailer}\n".encode()).hexdigest()
                body += f"x-amz-trailer-signature:{self.sign('TRAILER', content)}\r\n".encode()
        return bytes(body + b"\r\n")
