"""The body of an S3 request: decoded, and checked against all that the client said of it."""

import base64
import binascii
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping, Sequence

from assethub.server.s3.checksums import ALGORITHMS, PREFIX, algorithm_named, read_checksum, written
from assethub.server.s3.chunked import TRAILER_SIGNATURE, ChunkSignatures, Decoder
from assethub.server.s3.errors import S3Error
from assethub.server.s3.signatures import (
    SIGNED_CHUNKS,
    SIGNED_CHUNKS_TRAILER,
    UNSIGNED_CHUNKS_TRAILER,
    Signature,
)

PIECE = 1 << 20
NO_VALUES = (PREFIX + "algorithm", PREFIX + "mode", PREFIX + "type")
MOST_PARTS = 1024  # that make up a piece: tiny chunks would take more memory than they carry


class Body:
    """Pieces of about 1 MiB: receive each, `digest` it (in another thread, while it is written), then `finish`.

    Only after `finish` has returned are the pieces what the client sent; a caller discards them when it raises.
    `compute` names checksums to compute beyond what the client announces, `md5` asks for that of an ETag.
    `described` is False where x-amz-checksum- headers speak of something else than this body
    (CompleteMultipartUpload), `sha256_follows` True where the caller computes the SHA-256 itself and tells `finish`,
    at least where `needs_sha256` says that there is something to compare it with.
    """

    def __init__(
        self,
        chunks: AsyncIterable[bytes],
        headers: Sequence[tuple[bytes, bytes]],
        signature: Signature,
        secret: str,
        *,
        compute: Iterable[str] = (),
        md5: bool = False,
        described: bool = True,
        sha256_follows: bool = False,
    ) -> None:
        given: dict[str, str] = {}
        for raw, value in headers:
            name, text = raw.decode("latin-1").lower(), value.decode("latin-1").strip()
            given[name] = f"{given[name]},{text}" if name in given else text
        self.size = 0
        self.checksums: dict[str, str] = {}
        self.md5: str | None = None
        self._chunks = chunks
        self._payload = signature.payload
        self._received, self._digested = 0, 0
        self._length = number(given, "content-length")
        self._signatures: ChunkSignatures | None = None
        self._decoder: Decoder | None = None
        self._expected = self._length
        if self._payload in (SIGNED_CHUNKS, SIGNED_CHUNKS_TRAILER, UNSIGNED_CHUNKS_TRAILER):
            if self._payload != UNSIGNED_CHUNKS_TRAILER:
                self._signatures = ChunkSignatures(signature, secret)
            self._decoder = Decoder(self._signatures)
            self._expected = number(given, "x-amz-decoded-content-length")
            if self._expected is None:
                raise S3Error("MissingContentLength", "A body in chunks needs the header x-amz-decoded-content-length.")

        self._trailers = announced_trailers(given, self._payload)
        self._claimed = claimed_checksums(given if described else {}, self._trailers)
        self._reported = {*self._claimed, *(algorithm_named(name) for name in compute)}
        self._content_md5 = read_md5(given["content-md5"]) if "content-md5" in given else None
        needed = set(self._reported)
        if md5 or self._content_md5 is not None:
            needed.add("md5")
        if len(self._payload) == 64:
            needed.add("sha256")
        self.needs_sha256 = "sha256" in needed
        if sha256_follows:
            needed.discard("sha256")
        self._sums = {name: ALGORITHMS[name].begin() for name in needed}

    async def __aiter__(self) -> AsyncIterator[bytes]:
        parts: list[bytes | memoryview] = []
        held = 0
        async for chunk in self._chunks:
            self._received += len(chunk)
            for part in self._decoder.feed(chunk) if self._decoder is not None else (chunk,):
                parts.append(part)
                held += len(part)
                self.size += len(part)
                if self._expected is not None and self.size > self._expected:
                    raise S3Error("IncompleteBody", f"The body is longer than the {self._expected} bytes announced.")
                if held >= PIECE or len(parts) >= MOST_PARTS:
                    yield b"".join(parts)
                    parts, held = [], 0
        if held:
            yield b"".join(parts)

    def digest(self, piece: bytes) -> None:
        """Hash a piece: each once, in their order, in any thread."""
        for checksum in self._sums.values():
            checksum.update(piece)
        if self._signatures is not None:
            self._signatures.update(piece)
        self._digested += len(piece)

    def finish(self, sha256: str | None = None) -> None:
        """Raise S3Error unless the body is whole and all that its headers and trailer say of it."""
        if self._digested != self.size:
            raise RuntimeError(f"{self._digested} of {self.size} bytes were digested")
        ended = self._decoder is None or self._decoder.last
        if not ended or self._expected not in (None, self.size) or self._length not in (None, self._received):
            raise S3Error(
                "IncompleteBody",
                f"The body broke off: {self.size} bytes of content arrived, "
                f"{'an unknown number' if self._expected is None else self._expected} were announced; send it again.",
            )
        trailers = self._decoder.trailers() if self._decoder is not None else []
        if self._signatures is not None:
            self._signatures.finish(trailers if self._payload == SIGNED_CHUNKS_TRAILER else None)
            trailers = [(name, value) for name, value in trailers if name != TRAILER_SIGNATURE]
        if sorted(name for name, _ in trailers) != sorted(self._trailers):
            raise S3Error("InvalidRequest", "The trailer has to hold the headers that x-amz-trailer names, each once.")

        sums = {name: checksum.digest() for name, checksum in self._sums.items()}
        if sha256 is not None:
            sums["sha256"] = bytes.fromhex(sha256)
        if len(self._payload) == 64 and sums["sha256"].hex() != self._payload:
            raise S3Error(
                "XAmzContentSHA256Mismatch",
                f"The body has the SHA-256 {sums['sha256'].hex()}, not {self._payload} as x-amz-content-sha256 says.",
            )
        if self._content_md5 not in (None, sums.get("md5")):
            raise S3Error("BadDigest", "The Content-MD5 you specified did not match what we received.")
        claimed = self._claimed | {name.removeprefix(PREFIX): value for name, value in trailers}
        for name, value in claimed.items():
            if value is not None and read_checksum(name, value) != sums[name]:
                raise S3Error("BadDigest", f"The {name.upper()} you specified did not match the calculated checksum.")
        self.checksums = {name: written(sums[name]) for name in self._reported}
        self.md5 = sums["md5"].hex() if "md5" in sums else None

    async def read(self, most: int) -> bytes:
        """A body that has to fit into memory, checked."""
        pieces = []
        async for piece in self:
            if self.size > most:
                raise S3Error("EntityTooLarge", f"This request may carry at most {most} bytes.")
            self.digest(piece)
            pieces.append(piece)
        self.finish()
        return b"".join(pieces)


def number(given: Mapping[str, str], name: str) -> int | None:
    if name not in given:
        return None
    if not (given[name].isascii() and given[name].isdecimal() and len(given[name]) < 20):
        raise S3Error("InvalidArgument", f"The header {name} has to be a number of bytes.")
    return int(given[name])


def read_md5(value: str) -> bytes:
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 16:
        raise S3Error("InvalidDigest", "The Content-MD5 you specified is not valid: it has to be 16 bytes in base64.")
    return raw


def announced_trailers(given: Mapping[str, str], payload: str) -> list[str]:
    names = [name.strip().lower() for name in given.get("x-amz-trailer", "").split(",") if name.strip()]
    if names and payload not in (SIGNED_CHUNKS_TRAILER, UNSIGNED_CHUNKS_TRAILER):
        raise S3Error("InvalidRequest", "x-amz-trailer needs a body in chunks with a trailer (x-amz-content-sha256).")
    if others := [name for name in names if not name.startswith(PREFIX)]:
        raise S3Error("InvalidRequest", f"A trailer can be an {PREFIX} header; {', '.join(others)} is none.")
    return names


def claimed_checksums(given: Mapping[str, str], trailers: Sequence[str]) -> dict[str, str | None]:
    """The checksum that describes the body, by its algorithm; its value is None if it is to come in the trailer."""
    headers = [name for name in given if name.startswith(PREFIX) and name not in NO_VALUES]
    claimed = {algorithm_named(name.removeprefix(PREFIX)): given.get(name) for name in (*headers, *trailers)}
    if len(headers) + len(trailers) > 1:
        raise S3Error("InvalidRequest", f"Expecting a single {PREFIX} header: send one checksum of the body.")
    for name, value in claimed.items():
        if value is not None:
            read_checksum(name, value)
    if "x-amz-sdk-checksum-algorithm" in given:
        name = algorithm_named(given["x-amz-sdk-checksum-algorithm"])
        if not claimed:
            raise S3Error("InvalidRequest", f"x-amz-sdk-checksum-algorithm is {name.upper()}, but no checksum is sent.")
        if name not in claimed:
            raise S3Error("BadDigest", f"x-amz-sdk-checksum-algorithm is {name.upper()}, the checksum sent is not.")
    return claimed
