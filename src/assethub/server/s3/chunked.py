"""The aws-chunked encoding: a body in chunks with a line before each, their signatures, and a trailer at the end."""

import hashlib
import hmac
import re
from collections import deque
from collections.abc import Iterator

from assethub.server.s3.errors import S3Error
from assethub.server.s3.signatures import Signature, signing_key

LONGEST_LINE = 8 << 10
SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}")
NOTHING = hashlib.sha256().hexdigest()
TRAILER_SIGNATURE = "x-amz-trailer-signature"


def malformed(why: str) -> S3Error:
    return S3Error("InvalidRequest", f"The body is not aws-chunked as its headers say: {why}.")


class ChunkSignatures:
    """The chain of signatures: each covers its chunk and the signature before.

    Announced where the body is received, checked where it is hashed, which may be another thread.
    """

    def __init__(self, signature: Signature, secret: str) -> None:
        self.key = signing_key(secret, signature.date, signature.region)
        self.stamp = signature.stamp
        self.last = signature.claimed
        self.announced: deque[tuple[int, str]] = deque()
        self.left = 0  # bytes of the chunk that is being hashed
        self.claimed = ""
        self.chunk = hashlib.sha256()
        self.right = True

    def announce(self, size: int, claimed: str) -> None:
        self.announced.append((size, claimed))

    def update(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest:
            if not self.left:
                self.left, self.claimed = self.announced.popleft()
                self.chunk = hashlib.sha256()
            self.chunk.update(rest[: self.left])
            taken = min(self.left, len(rest))
            self.left, rest = self.left - taken, rest[taken:]
            if not self.left:
                self.follow("PAYLOAD", f"{NOTHING}\n{self.chunk.hexdigest()}", self.claimed)

    def follow(self, kind: str, content: str, claimed: str) -> None:
        text = f"AWS4-HMAC-SHA256-{kind}\n{self.stamp}\n{self.last}\n{content}".encode()
        self.last = hmac.digest(self.key, text, "sha256").hex()
        self.right &= hmac.compare_digest(self.last.encode(), claimed.encode())

    def finish(self, trailers: list[tuple[str, str]] | None) -> None:
        """Check the empty chunk and the trailer; raise S3Error if any signature was wrong."""
        while self.announced:
            _, claimed = self.announced.popleft()
            self.follow("PAYLOAD", f"{NOTHING}\n{NOTHING}", claimed)
        if trailers is not None:
            signed = "".join(f"{name}:{value}\n" for name, value in trailers if name != TRAILER_SIGNATURE)
            claimed = dict(trailers).get(TRAILER_SIGNATURE, "")
            self.follow("TRAILER", hashlib.sha256(signed.encode()).hexdigest(), claimed)
        if not self.right:
            raise S3Error(
                "SignatureDoesNotMatch",
                "The signature of a chunk or of the trailer does not match what arrived: check the secret key, and "
                "that nothing on the way rewrites the body.",
            )


class Decoder:
    """Takes the encoding off, in whatever pieces the body arrives; signatures are announced as their lines pass."""

    def __init__(self, signatures: ChunkSignatures | None) -> None:
        self.signatures = signatures
        self.line = bytearray()  # of what does not belong to the content: the line that is arriving, or the trailer
        self.left = 0
        self.between = False  # the line break that ends a chunk's content is due
        self.last = False  # the empty chunk has been seen

    def feed(self, data: bytes) -> Iterator[memoryview]:
        """The content in these bytes of the body."""
        position = 0
        while position < len(data):
            if self.left:
                part = memoryview(data)[position : position + self.left]
                self.left -= len(part)
                self.between = not self.left
                position += len(part)
                yield part
            elif self.last:
                self.line += data[position:]
                position = len(data)
                if len(self.line) > LONGEST_LINE:
                    raise malformed("its trailer is longer than 8 KiB")
            else:
                end = data.find(b"\n", position) + 1 or len(data)
                self.line += data[position:end]
                position = end
                if len(self.line) > LONGEST_LINE:
                    raise malformed("the line before a chunk is longer than 8 KiB")
                if self.line.endswith(b"\n"):
                    self.read_line(bytes(self.line))
                    self.line.clear()

    def read_line(self, line: bytes) -> None:
        if not line.endswith(b"\r\n"):
            raise malformed("the lines around chunks have to end with CR LF")
        if self.between:
            if line != b"\r\n":
                raise malformed("a chunk is longer than the line before it says")
            self.between = False
            return
        size, *extensions = line[:-2].split(b";")
        if not SIZE.fullmatch(size):
            raise malformed("the line before a chunk has to begin with its size in hexadecimal digits")
        self.left = int(size, 16)
        self.last = not self.left
        if self.signatures is not None:
            name, _, claimed = b";".join(extensions).partition(b"=")
            if name != b"chunk-signature":
                raise malformed("a chunk has no chunk-signature")
            self.signatures.announce(self.left, claimed.decode("latin-1"))

    def trailers(self) -> list[tuple[str, str]]:
        """The lines after the last chunk; clients disagree on the line breaks around them and at their end."""
        found = []
        for line in self.line.decode("latin-1").split("\n"):
            name, colon, value = line.strip().partition(":")
            if name and not colon:
                raise malformed("a line of its trailer is no header")
            if name:
                found.append((name.strip().lower(), value.strip()))
        return found
