import base64
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assethub.server.s3.bodies import Body
from assethub.server.s3.checksums import ALGORITHMS, algorithm_named, composite, full_object
from assethub.server.s3.errors import S3Error
from tests.conftest import finished
from tests.server.s3.receiving import arriving, body_in, checksum, put, refusal, taken
from tests.server.s3.signing import SECRET, Sent

DATA = b"123456789"


@pytest.mark.parametrize(
    ("algorithm", "value"),
    [
        ("crc32", "cbf43926"), ("crc32c", "e3069283"), ("crc64nvme", "ae8b14860a799888"),
        ("sha1", hashlib.sha1(DATA).hexdigest()), ("sha256", hashlib.sha256(DATA).hexdigest()),
        ("xxhash64", "8cb841db40e6ae83"),
    ],
)  # fmt: skip
def test_checksums_have_their_published_values(algorithm: str, value: str) -> None:
    state = ALGORITHMS[algorithm].begin()
    for byte in DATA:
        state.update(bytes([byte]))
    assert state.digest().hex() == value
    assert len(state.digest()) == ALGORITHMS[algorithm].length


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_checksum_in_a_header_is_checked(algorithm: str) -> None:
    name = f"x-amz-checksum-{algorithm}"
    right, wrong = checksum(algorithm, DATA), checksum(algorithm, b"other")
    sent = put(DATA, (name, right), ("x-amz-sdk-checksum-algorithm", algorithm.upper()))
    _, body = taken(sent, [DATA[:4], DATA[4:]])
    assert body.checksums == {algorithm: right}
    assert refusal(put(DATA, (name, wrong)), [DATA]) == "BadDigest"
    for malformed in ("", "!", right[:-4], right + "AAAA", wrong.replace("=", "")[:-1]):
        assert refusal(put(DATA, (name, malformed)), [DATA]) == "InvalidRequest"


CRC32 = ("x-amz-checksum-crc32", checksum("crc32", DATA))
SHA1 = ("x-amz-checksum-sha1", checksum("sha1", DATA))
NAMED = "x-amz-sdk-checksum-algorithm"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ([CRC32, SHA1], "InvalidRequest"), ([CRC32, CRC32], "InvalidRequest"),
        ([("x-amz-checksum-sha3", "AAAA")], "InvalidRequest"), ([(NAMED, "CRC32")], "InvalidRequest"),
        ([(NAMED, "SHA3"), CRC32], "InvalidRequest"), ([(NAMED, "SHA1"), CRC32], "BadDigest"),
        ([("content-md5", "AAAA")], "InvalidDigest"), ([("content-md5", "é")], "InvalidDigest"),
        ([("content-md5", checksum("md5", b"other"))], "BadDigest"),
        ([("content-length", "ten")], "InvalidArgument"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_body_has_to_hold(headers: list[tuple[str, str]], code: str) -> None:
    assert refusal(put(DATA, *headers), [DATA]) == code


def test_a_body_of_another_hash_than_signed_is_refused() -> None:
    assert refusal(put(DATA), [DATA + b"x"]) == "XAmzContentSHA256Mismatch"
    assert refusal(put(DATA), []) == "XAmzContentSHA256Mismatch"
    assert taken(put(b""), [])[0] == b""


def test_only_what_is_needed_is_computed() -> None:
    assert (taken(put(DATA), [DATA])[1].md5, taken(put(DATA), [DATA])[1].checksums) == (None, {})
    _, body = taken(put(DATA, CRC32), [DATA], compute=["crc64nvme", "sha256"], md5=True)
    assert body.md5 == hashlib.md5(DATA).hexdigest()
    assert body.checksums == {name: checksum(name, DATA) for name in ("crc32", "crc64nvme", "sha256")}
    assert taken(put(DATA, ("content-md5", checksum("md5", DATA))), [DATA])[1].md5 == body.md5
    with pytest.raises(S3Error, match="no checksum algorithm 'sha3'"):
        taken(put(DATA), [DATA], compute=["sha3"])


def test_a_checksum_may_speak_of_something_else_than_the_body() -> None:
    other = put(
        DATA, ("x-amz-checksum-crc32", checksum("crc32", b"the object")), ("x-amz-checksum-type", "FULL_OBJECT")
    )
    assert refusal(other, [DATA]) == "BadDigest"
    assert taken(other, [DATA], described=False)[1].checksums == {}


def test_the_sha256_may_be_computed_by_the_caller() -> None:
    def taking(sent: Sent, sha256: str) -> Body:
        async def receive() -> Body:
            body = Body(arriving([DATA]), sent.headers, sent.read(), SECRET, sha256_follows=True)
            async for piece in body:
                body.digest(piece)
            body.finish(sha256)
            return body

        return finished(receive())

    announced = put(DATA, ("x-amz-checksum-sha256", checksum("sha256", DATA)))
    assert taking(announced, hashlib.sha256(DATA).hexdigest()).checksums == {"sha256": checksum("sha256", DATA)}
    with pytest.raises(S3Error, match="SHA-256"):
        taking(put(DATA), hashlib.sha256(b"other").hexdigest())
    unsigned = announced.put("x-amz-content-sha256", b"UNSIGNED-PAYLOAD")
    with pytest.raises(S3Error, match="SHA256 you specified"):
        taking(unsigned, hashlib.sha256(b"other").hexdigest())


def test_a_small_body_is_read_at_once() -> None:
    async def read(most: int, **options: Any) -> bytes:
        sent, body = body_in("signed chunks", [DATA, DATA])
        return await Body(arriving([body]), sent.headers, sent.read(), SECRET, **options).read(most)

    assert finished(read(18)) == DATA + DATA
    with pytest.raises(S3Error, match="at most 17 bytes"):
        finished(read(17))


def test_pieces_have_to_be_digested() -> None:
    async def receive() -> None:
        sent = put(DATA)
        body = Body(arriving([DATA]), sent.headers, sent.read(), SECRET)
        _ = [piece async for piece in body]
        body.finish()

    with pytest.raises(RuntimeError, match="0 of 9 bytes"):
        finished(receive())


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "crc32", "crc32c"])
def test_a_composite_is_the_checksum_of_checksums(algorithm: str) -> None:
    parts = [checksum(algorithm, DATA), checksum(algorithm, b"more")]
    raw = b"".join(base64.b64decode(part) for part in parts)
    assert composite(algorithm, parts) == checksum(algorithm, raw) + "-2"


@pytest.mark.parametrize("algorithm", ["crc32", "crc32c", "crc64nvme"])
@given(st.lists(st.binary(max_size=50), max_size=6))
def test_checksums_of_parts_make_that_of_the_whole(algorithm: str, parts: list[bytes]) -> None:
    summed = [(checksum(algorithm, part), len(part)) for part in parts]
    assert full_object(algorithm, summed) == checksum(algorithm, b"".join(parts))


def test_only_crcs_can_be_combined() -> None:
    with pytest.raises(S3Error, match="COMPOSITE alone"):
        full_object("sha256", [(checksum("sha256", DATA), 9)])
    with pytest.raises(S3Error, match="is invalid"):
        full_object("crc32", [("AAAA", 9)])
    assert algorithm_named("CRC64NVME") == "crc64nvme"
