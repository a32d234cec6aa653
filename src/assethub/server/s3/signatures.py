"""Signature Version 4: who signed a request, and that it arrived as it was signed.

Read from the bytes of the request line and headers as they came: a server that decodes them first cannot verify.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote, unquote_to_bytes

from assethub.server.s3.errors import S3Error

ALGORITHM = "AWS4-HMAC-SHA256"
UNSIGNED = "UNSIGNED-PAYLOAD"
SIGNED_CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_CHUNKS_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
PAYLOADS = (UNSIGNED, SIGNED_CHUNKS, SIGNED_CHUNKS_TRAILER, UNSIGNED_CHUNKS_TRAILER)
CONTENT = "x-amz-content-sha256"

SKEW = timedelta(minutes=15)
LONGEST = 7 * 24 * 3600  # seconds that a presigned URL may hold
IN_QUERY = (
    "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", "X-Amz-Signature",
)  # fmt: skip
# boto3 presigns with Version 2 unless it is told otherwise.
OTHER = f"Sign requests with {ALGORITHM} (Signature Version 4); in boto3: Config(signature_version='s3v4')."

PLAIN_PATH = re.compile(rb"/[A-Za-z0-9._~/-]*")
PLAIN = re.compile(rb"[A-Za-z0-9._~-]*")  # what percent-encoding leaves alone
SHA256 = re.compile(r"[0-9a-f]{64}")
DAY = re.compile(r"[0-9]{8}")
MOMENT = re.compile(r"[0-9]{8}T[0-9]{6}Z")
REGION = re.compile(r"[A-Za-z0-9_-]+")


@lru_cache(maxsize=4096)
def signing_key(secret: str, date: str, region: str) -> bytes:
    key = ("AWS4" + secret).encode()
    for part in (date, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@dataclass(frozen=True)
class Signature:
    access_key: str
    date: str  # the day of the credential, YYYYMMDD
    region: str
    time: datetime
    signed_headers: tuple[str, ...]
    payload: str  # a sha256 in hex, or one of PAYLOADS
    expires: timedelta | None  # of a presigned URL
    stamp: str = field(repr=False)  # time and scope, as every string to sign of this request names them
    canonical: str = field(repr=False)  # the sha256 of the canonical request
    claimed: str = field(repr=False)  # what the client computed

    @property
    def presigned(self) -> bool:
        return self.expires is not None

    def verify(self, secret: str, now: datetime) -> None:
        """Raise S3Error unless the request was signed with this secret, for this time."""
        if self.expires is None:
            if abs(now - self.time) > SKEW:
                raise S3Error(
                    "RequestTimeTooSkewed",
                    f"The request was signed at {self.time:%Y-%m-%dT%H:%M:%SZ}, more than 15 minutes from this hub's "
                    f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}: set the clock, and send requests when they are signed.",
                )
        elif now - self.time > self.expires:
            raise S3Error("AccessDenied", "Request has expired: have the URL presigned anew.")
        elif self.time - now > SKEW:
            raise S3Error("AccessDenied", "Request is not yet valid: the clock of who presigned the URL runs ahead.")
        text = f"{ALGORITHM}\n{self.stamp}\n{self.canonical}".encode()
        computed = hmac.digest(signing_key(secret, self.date, self.region), text, "sha256").hex()
        if not hmac.compare_digest(computed, self.claimed):
            raise S3Error(
                "SignatureDoesNotMatch",
                "The signature does not match the request: check the secret key, and that nothing on the way "
                "rewrites the method, path, query or signed headers (Host among them).",
            )


class Claim(NamedTuple):
    """What a request says of its signature, in the words it used."""

    code: str  # of the refusal if it is malformed
    credential: str
    signed_headers: str
    signature: str
    time: str
    payload: str
    expires: str | None = None


def read_signature(
    method: str, raw_path: bytes, raw_query: bytes, headers: Sequence[tuple[bytes, bytes]]
) -> Signature | None:
    """How the request was signed, unverified; None if it is anonymous."""
    received: dict[str, bytes] = {}
    for raw, value in headers:
        name, value = raw.decode("latin-1").lower(), value.strip()
        received[name] = received[name] + b"," + value if name in received else value
    pairs = query_pairs(raw_query) if raw_query else []
    names = {name for name, _ in pairs}
    presigned = not names.isdisjoint(IN_QUERY)
    if "authorization" in received:
        if presigned:
            raise S3Error("InvalidArgument", "Sign a request by its Authorization header or its query, not by both.")
        claim = claim_of_header(received)
    elif presigned:
        claim = claim_of_query(pairs, received)
        pairs = [pair for pair in pairs if pair[0] != "X-Amz-Signature"]
    elif {"AWSAccessKeyId", "Signature"} <= names:
        raise S3Error("InvalidRequest", OTHER)
    else:
        return None

    access_key, date, region = scope_of(claim)
    moment = moment_of(claim)
    if claim.time[:8] != date:
        raise S3Error(claim.code, f"The credential is of {date}, the request of {claim.time[:8]}: sign for one day.")
    signed = signed_headers(claim, received)
    if not SHA256.fullmatch(claim.signature):
        raise S3Error(claim.code, "The signature has to be 64 hexadecimal digits in lower case.")
    if claim.payload not in PAYLOADS and not SHA256.fullmatch(claim.payload):
        raise S3Error("InvalidArgument", f"x-amz-content-sha256 is neither a sha256 nor one of {', '.join(PAYLOADS)}.")

    path = raw_path if PLAIN_PATH.fullmatch(raw_path) else encoded(raw_path or b"/", "/").encode()
    query = "&".join([f"{name}={value}" for name, value in sorted(pairs)])
    lines = [method.encode(), path, query.encode()]
    lines += [name.encode("latin-1") + b":" + b" ".join(received[name].split()) for name in signed]
    lines += [b"", claim.signed_headers.encode("latin-1"), claim.payload.encode()]
    canonical = hashlib.sha256(b"\n".join(lines)).hexdigest()
    stamp = f"{claim.time}\n{date}/{region}/s3/aws4_request"
    expires = timedelta(seconds=int(claim.expires)) if claim.expires else None
    return Signature(
        access_key, date, region, moment, signed, claim.payload, expires, stamp, canonical, claim.signature
    )


def encoded(raw: bytes, safe: str = "") -> str:
    """The same in S3's own percent-encoding, whichever way the client escaped it."""
    return raw.decode() if PLAIN.fullmatch(raw) else quote(unquote_to_bytes(raw), safe)


def query_pairs(raw: bytes) -> list[tuple[str, str]]:
    """The parameters in S3's own percent-encoding; `+` is a space."""
    parts = [part.partition(b"=") for part in raw.replace(b"+", b"%20").split(b"&") if part]
    return [(encoded(name), encoded(value)) for name, _, value in parts]


def claim_of_query(pairs: Sequence[tuple[str, str]], received: Mapping[str, bytes]) -> Claim:
    code = "AuthorizationQueryParametersError"
    given = [(name, unquote(value)) for name, value in pairs if name.startswith("X-Amz-")]
    fields = dict(given)
    if len(fields) < len(given):
        raise S3Error(code, "A parameter of the signature is in the query twice.")
    if missing := [name for name in IN_QUERY if name not in fields]:
        raise S3Error(code, f"A presigned request needs {', '.join(IN_QUERY)}; it lacks {', '.join(missing)}.")
    if fields["X-Amz-Algorithm"] != ALGORITHM:
        raise S3Error(code, f"X-Amz-Algorithm has to be {ALGORITHM}.")
    expires = fields["X-Amz-Expires"]
    if not re.fullmatch("[0-9]{1,6}", expires) or not 1 <= int(expires) <= LONGEST:
        raise S3Error(code, f"X-Amz-Expires has to be a number of seconds from 1 to {LONGEST}.")
    # JavaScript's SDK moves the header into the query.
    payload = received.get(CONTENT, fields.get("X-Amz-Content-Sha256", UNSIGNED).encode()).decode("latin-1")
    credential, names, signature = (fields[f"X-Amz-{name}"] for name in ("Credential", "SignedHeaders", "Signature"))
    return Claim(code, credential, names, signature, fields["X-Amz-Date"], payload, expires)


def claim_of_header(received: Mapping[str, bytes]) -> Claim:
    code = "AuthorizationHeaderMalformed"
    kind, _, rest = received["authorization"].decode("latin-1").partition(" ")
    if kind != ALGORITHM:
        raise S3Error("InvalidRequest", OTHER)
    parts = [part.strip().partition("=") for part in rest.split(",")]
    fields = {name: value for name, _, value in parts}
    if len(parts) != 3 or fields.keys() != {"Credential", "SignedHeaders", "Signature"}:
        raise S3Error(code, "The Authorization header needs Credential, SignedHeaders and Signature, each once.")
    time = received.get("x-amz-date", b"").decode("latin-1")
    if not time and "date" in received:
        try:
            sent = parsedate_to_datetime(received["date"].decode("latin-1"))
            time = f"{sent.astimezone(UTC) if sent.tzinfo else sent:%Y%m%dT%H%M%SZ}"  # -0000 is UTC without a zone
        except (ValueError, OverflowError):
            raise S3Error("AccessDenied", "The Date header is no date of HTTP; send x-amz-date.") from None
    if not time:
        raise S3Error("AccessDenied", "A signed request needs an x-amz-date or Date header.")
    if CONTENT not in received:
        raise S3Error("InvalidRequest", f"A signed request needs the header {CONTENT}.")
    payload = received[CONTENT].decode("latin-1")
    return Claim(code, fields["Credential"], fields["SignedHeaders"], fields["Signature"], time, payload)


def scope_of(claim: Claim) -> tuple[str, str, str]:
    """Access key, day and region of the credential."""
    parts = claim.credential.rsplit("/", 4)
    if len(parts) != 5 or not parts[0] or not DAY.fullmatch(parts[1]) or not REGION.fullmatch(parts[2]):
        raise S3Error(claim.code, "The credential has to be ACCESS_KEY/YYYYMMDD/REGION/s3/aws4_request.")
    if parts[3:] != ["s3", "aws4_request"]:
        raise S3Error(claim.code, f"The credential is for {'/'.join(parts[3:])}; sign for s3/aws4_request.")
    return parts[0], parts[1], parts[2]


def moment_of(claim: Claim) -> datetime:
    try:
        if MOMENT.fullmatch(claim.time):
            return datetime.fromisoformat(claim.time)
    except ValueError:
        pass  # a day or hour that does not exist is refused like any other text
    raise S3Error(claim.code, "X-Amz-Date has to be a time in UTC like 20300131T235959Z.")


def signed_headers(claim: Claim, received: Mapping[str, bytes]) -> tuple[str, ...]:
    """The names that the signature covers: Host and every x-amz- header among them."""
    names = tuple(claim.signed_headers.split(";"))
    signed = set(names)
    if len(signed) < len(names) or claim.signed_headers != claim.signed_headers.lower():
        raise S3Error(claim.code, "SignedHeaders has to list each header once, in lower case.")
    needed = {name for name in received if name.startswith("x-amz-")} | {"host"}
    if claim.expires is None:
        needed.discard(CONTENT)  # signed by the last line of the canonical request in any case
    if left := needed - signed:
        raise S3Error("AccessDenied", f"These headers of the request are not signed: {', '.join(sorted(left))}.")
    if gone := signed - received.keys():
        raise S3Error("SignatureDoesNotMatch", f"These signed headers did not arrive: {', '.join(sorted(gone))}.")
    return names
