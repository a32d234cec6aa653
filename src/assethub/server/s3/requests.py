"""A request to the S3 door, read: what it is about, who asks, and what is in its headers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.responses import Response

from assethub.domain.owners import Asking
from assethub.domain.s3_keys import S3Key
from assethub.server.s3.errors import S3Error
from assethub.server.s3.signatures import Signature
from assethub.services.s3_objects import Condition
from assethub.services.work import Hub

LONGEST_KEY = 1024  # bytes of a path; the ref before it comes on top
KEPT_HEADERS = ("cache-control", "content-disposition", "content-encoding", "content-language", "expires")
MOST_METADATA = 2 << 10  # bytes, as Amazon has it
SUBRESOURCES = (
    "accelerate", "acl", "analytics", "attributes", "cors", "delete", "encryption", "intelligent-tiering",
    "inventory", "legal-hold", "lifecycle", "location", "logging", "metrics", "notification", "object-lock",
    "ownershipControls", "policy", "policyStatus", "publicAccessBlock", "replication", "requestPayment", "restore",
    "retention", "select", "tagging", "torrent", "uploadId", "uploads", "versioning", "versions", "website",
)  # fmt: skip


@dataclass(frozen=True)
class Call:
    hub: Hub
    request: Request
    caller: Asking
    by: S3Key | None
    signature: Signature | None
    secret: str
    bucket: str  # empty: the service itself
    key: str  # empty: the bucket itself
    query: Mapping[str, str]
    id: str

    def header(self, name: str) -> str | None:
        found: str | None = self.request.headers.get(name)
        return found

    @property
    def method(self) -> str:
        return self.request.method

    @property
    def subresource(self) -> str:
        return next((name for name in SUBRESOURCES if name in self.query), "")

    def number(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        told = self.query.get(name, "")
        if told == "":
            return default
        if not told.isascii() or not told.isdecimal() or len(told) > 10 or int(told) < least:
            raise S3Error("InvalidArgument", f"{name} must be a whole number of at least {least}, not {told[:80]!r}.")
        return min(int(told), most) if most is not None else int(told)

    @property
    def condition(self) -> Condition:
        """What must hold of the object that a write replaces."""
        absent, matches = self.header("if-none-match"), self.header("if-match")
        if absent not in (None, "*"):
            raise S3Error("NotImplemented", "A write may say If-None-Match: * and no other ETag there.")
        return Condition(absent == "*", matches.strip().strip('"') if matches else None)

    def data(self) -> dict[str, Any]:
        """What the client wants to be told again of the object that it writes."""
        headers = {name: told for name in KEPT_HEADERS if (told := self.header(name))}
        if "content-encoding" in headers:  # how the body travels is not what it is
            kinds = [one.strip() for one in headers.pop("content-encoding").split(",")]
            kept = ",".join(one for one in kinds if one != "aws-chunked")
            headers |= {"content-encoding": kept} if kept else {}
        own = {
            name.removeprefix("x-amz-meta-"): told
            for name, told in self.request.headers.items() if name.startswith("x-amz-meta-")
        }  # fmt: skip
        if sum(len(name) + len(told) for name, told in own.items()) > MOST_METADATA:
            raise S3Error("InvalidArgument", f"The metadata of an object has at most {MOST_METADATA} bytes.")
        found = {"headers": headers, "metadata": own}
        return {name: told for name, told in found.items() if told}

    def moment(self, name: str) -> datetime | None:
        told = self.header(name)
        try:
            found = parsedate_to_datetime(told) if told else None
        except ValueError:
            return None
        return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


Operation = Callable[[Call], Response | Awaitable[Response]]
Operations = dict[tuple[str, str], Operation]  # by method and subresource


def read_query(raw: bytes) -> dict[str, str]:
    """The parameters; of one that is repeated, the first."""
    found: dict[str, str] = {}
    for part in raw.split(b"&"):
        if part:
            name, _, told = part.partition(b"=")
            found.setdefault(text_of(name.replace(b"+", b" ")), text_of(told.replace(b"+", b" ")))
    return found


def text_of(raw: bytes) -> str:
    try:
        return unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        raise S3Error("InvalidArgument", "The address is not UTF-8.") from None


def read_place(raw_path: bytes, prefix: str, host: str, domains: tuple[str, ...]) -> tuple[str, str]:
    """Bucket and key: the bucket is the first part of the path, or stands before a domain of ours in the host."""
    path = raw_path.removeprefix(prefix.encode())
    name = host.rsplit(":", 1)[0].lower()
    for domain in domains:
        if name.endswith(f".{domain}"):
            return name[: -len(domain) - 1], text_of(path.removeprefix(b"/"))
    bucket, _, key = path.removeprefix(b"/").partition(b"/")
    return text_of(bucket), text_of(key)
