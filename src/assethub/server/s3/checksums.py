"""The checksums of S3: those of one body, and those of an object made of parts."""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from awscrt import checksums as crt

from assethub.server.s3.errors import S3Error

PREFIX = "x-amz-checksum-"


class Checksum(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


class Crc:
    def __init__(self, compute: Callable[[bytes, int], int], length: int) -> None:
        self.compute, self.length, self.value = compute, length, 0

    def update(self, data: bytes) -> None:
        self.value = self.compute(data, self.value)

    def digest(self) -> bytes:
        return self.value.to_bytes(self.length, "big")


class XXHash:
    def __init__(self, begin: Callable[[], crt.XXHash]) -> None:
        self.state = begin()

    def update(self, data: bytes) -> None:
        self.state.update(data)

    def digest(self) -> bytes:
        return bytes(self.state.finalize())


@dataclass(frozen=True)
class Algorithm:
    length: int  # bytes
    begin: Callable[[], Checksum]
    combine: Callable[[int, int, int], int] | None = None  # of two values and the size of what the second covers


ALGORITHMS = {
    "crc32": Algorithm(4, lambda: Crc(zlib.crc32, 4), crt.combine_crc32),
    "crc32c": Algorithm(4, lambda: Crc(crt.crc32c, 4), crt.combine_crc32c),
    "crc64nvme": Algorithm(8, lambda: Crc(crt.crc64nvme, 8), crt.combine_crc64nvme),
    "sha1": Algorithm(20, hashlib.sha1),
    "sha256": Algorithm(32, hashlib.sha256),
    "sha512": Algorithm(64, hashlib.sha512),
    "md5": Algorithm(16, hashlib.md5),
    "xxhash64": Algorithm(8, lambda: XXHash(crt.XXHash.new_xxhash64)),
    "xxhash3": Algorithm(8, lambda: XXHash(crt.XXHash.new_xxhash3_64)),
    "xxhash128": Algorithm(16, lambda: XXHash(crt.XXHash.new_xxhash3_128)),
}


def algorithm_named(name: str) -> str:
    if name.lower() not in ALGORITHMS:
        known = ", ".join(ALGORITHMS).upper()
        raise S3Error("InvalidRequest", f"There is no checksum algorithm {name!r} here; use one of {known}.")
    return name.lower()


def read_checksum(algorithm: str, value: str) -> bytes:
    """The bytes of a value as S3 writes it, in base64."""
    try:
        raw = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != ALGORITHMS[algorithm].length:
        raise S3Error("InvalidRequest", f"Value for {PREFIX}{algorithm} header is invalid: {value!r}.")
    return raw


def written(value: bytes) -> str:
    return base64.b64encode(value).decode()


def composite(algorithm: str, parts: Sequence[str]) -> str:
    """The checksum of the parts' checksums, as of a multipart object of the type COMPOSITE."""
    whole = ALGORITHMS[algorithm].begin()
    whole.update(b"".join(read_checksum(algorithm, part) for part in parts))
    return f"{written(whole.digest())}-{len(parts)}"


def full_object(algorithm: str, parts: Sequence[tuple[str, int]]) -> str:
    """The checksum of the whole from those of its parts and their sizes, as of the type FULL_OBJECT: CRCs alone can."""
    combine, length = ALGORITHMS[algorithm].combine, ALGORITHMS[algorithm].length
    if combine is None:
        raise S3Error("InvalidRequest", f"{algorithm.upper()} of a multipart upload is of the type COMPOSITE alone.")
    value = 0
    for checksum, size in parts:
        value = combine(value, int.from_bytes(read_checksum(algorithm, checksum), "big"), size)
    return written(value.to_bytes(length, "big"))
