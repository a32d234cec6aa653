"""Bodies in chunks: the signatures, lengths and lines of each, and the trailer that follows them."""

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assethub.server.s3.chunked import LONGEST_LINE
from tests.server.s3.receiving import (
    CHUNKED,
    CONTENT,
    CRC32C,
    PARTS,
    SIGNED,
    TRAILER,
    UNSIGNED,
    body_in,
    checksum,
    put,
    refusal,
    streamed,
    taken,
)
from tests.server.s3.signing import Chunks, example

# Amazon's documentation: 65 KiB of the letter a, in chunks of 64 and 1 KiB and the empty one.
AS = [b"a" * 65536, b"a" * 1024]
EXAMPLE_HEADERS = (
    "content-encoding:aws-chunked\n{length}host:s3.amazonaws.com\nx-amz-content-sha256:{payload}\n"
    "x-amz-date:20130524T000000Z\nx-amz-decoded-content-length:66560\nx-amz-storage-class:REDUCED_REDUNDANCY"
)


def test_the_chunks_of_amazons_example_verify() -> None:
    headers = EXAMPLE_HEADERS.format(length="content-length:66824\n", payload=SIGNED)
    sent = example(
        "PUT", "/examplebucket/chunkObject.txt", "", headers,
        "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    )  # fmt: skip
    sent.verify()
    chunk_signatures = (
        b"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
        b"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
        b"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
    )
    body = b"".join(
        b"%x;chunk-signature=%s\r\n%s\r\n" % (len(chunk), signature, chunk)
        for chunk, signature in zip([*AS, b""], chunk_signatures, strict=True)
    )
    assert len(body) == 66824
    assert taken(sent, [body])[0] == b"".join(AS)
    assert Chunks(sent.read()).write(AS) == body


def test_the_trailer_of_amazons_example_verifies() -> None:
    headers = EXAMPLE_HEADERS.format(length="", payload=SIGNED + "-TRAILER") + "\nx-amz-trailer:x-amz-checksum-crc32c"
    sent = example(
        "PUT", "/examplebucket/chunkObject.txt", "", headers,
        "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    )  # fmt: skip
    sent.verify()
    body = Chunks(sent.read()).write(AS, f"{CRC32C}:sOO8/Q==")
    for signature in (
        b"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
        b"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
        b"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
        b"d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435",  # the page lacks the last digit
    ):
        assert signature in body, body[-200:]
    content, whole = taken(sent, [body])
    assert (content, whole.checksums) == (b"".join(AS), {"crc32c": "sOO8/Q=="})


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(CHUNKED), st.lists(st.sampled_from([b"0", b"5", b";", b"\r\n", b"\n", b"=", b":", b"abcde"])))
def test_what_is_no_body_in_chunks_is_refused(form: str, tokens: list[bytes]) -> None:
    sent, _ = body_in(form)
    assert refusal(sent, tokens)


@pytest.mark.parametrize("form", ["signed chunks", "signed chunks and trailer"])
@pytest.mark.parametrize("nth", range(4))
def test_a_wrong_signature_of_a_chunk_is_refused(form: str, nth: int) -> None:
    sent, body = body_in(form)
    at = [found.end() for found in re.finditer(rb"chunk-signature=(?=[0-9a-f]{64})", body)][nth]
    for wrong in (b"%x" % (15 - int(body[at : at + 1], 16)), b"\xff"):
        assert refusal(sent, [body[:at], wrong + body[at + 1 :]]) == "SignatureDoesNotMatch"
    assert refusal(sent, [body[:at] + body[at + 1 :]]) == "SignatureDoesNotMatch"


def test_chunks_of_another_key_or_order_are_refused() -> None:
    sent, _ = body_in("signed chunks")
    other = Chunks(sent.read(), "another secret").write(PARTS)
    assert refusal(sent, [other]) == "SignatureDoesNotMatch"
    body = Chunks(sent.read()).write(PARTS)
    lines = [found.start() for found in re.finditer(rb"[0-9a-f]+;chunk-signature=[0-9a-f]{64}\r\n", body)]
    one, two, three, end = (body[a:b] for a, b in pairwise([*lines, len(body)]))
    assert taken(sent, [one, two, three, end])[0] == CONTENT
    for wrong in ([two, one, three, end], [one, one, two, three, end][:4], [one, three, two, end]):
        assert refusal(sent, wrong) in ("SignatureDoesNotMatch", "IncompleteBody")


def test_a_wrong_signature_of_a_trailer_is_refused() -> None:
    sent, body = body_in("signed chunks and trailer")
    for wrong in (body[:-5] + b"x\r\n\r\n", body[: body.index(b"x-amz-trailer-signature")] + b"\r\n"):
        assert refusal(sent, [wrong]) == "SignatureDoesNotMatch"
    assert refusal(sent, [body.replace(TRAILER.encode(), TRAILER.encode().upper())]) == "SignatureDoesNotMatch"


@pytest.mark.parametrize("form", ["signed chunks and trailer", "chunks and trailer"])
@pytest.mark.parametrize(
    ("trailer", "code"),
    [
        (f"{CRC32C}:AAAAAA==", "BadDigest"), (f"{CRC32C}:AAAA", "InvalidRequest"), (f"{CRC32C}:", "InvalidRequest"),
        (f"x-amz-checksum-crc32:{checksum('crc32', CONTENT)}", "InvalidRequest"), ("x-amz-meta-a:1", "InvalidRequest"),
        ("nothing", "InvalidRequest"),
    ],
)  # fmt: skip
def test_a_wrong_trailer_is_refused(form: str, trailer: str, code: str) -> None:
    sent, body = body_in(form, trailer=trailer)
    assert refusal(sent, [body]) == code


def test_a_trailer_is_what_was_announced() -> None:
    sent, body = body_in("chunks and trailer")
    line = TRAILER.encode() + b"\r\n"
    assert refusal(sent, [body.replace(line, b"")]) == "InvalidRequest"
    assert refusal(sent, [body.replace(line, line + line)]) == "InvalidRequest"
    assert refusal(sent, [body], without="x-amz-trailer") == "InvalidRequest"
    assert refusal(sent.put("x-amz-trailer", b"x-amz-meta-a"), [body]) == "InvalidRequest"
    assert refusal(sent.put("x-amz-trailer", b"x-amz-checksum-none"), [body]) == "InvalidRequest"
    assert refusal(put(b"", ("x-amz-trailer", CRC32C)), [b""]) == "InvalidRequest"
    both = streamed(UNSIGNED, len(CONTENT), ("x-amz-trailer", CRC32C), (CRC32C, checksum("crc32c", CONTENT)))
    assert refusal(both, [body]) == "InvalidRequest"
    assert taken(sent, [body.replace(line, b"")], without="x-amz-trailer")[0] == CONTENT


@pytest.mark.parametrize(
    "end", ["{}\r\n\r\n", "{}\r\n", "{}", "{}\n", "{}\n\r\n\r\n", "\r\n{}\r\n\r\n", "{}\r\n\r\n\r\n", " {} \r\n\r\n"]
)
def test_line_breaks_around_a_trailer_may_be_as_clients_like(end: str) -> None:
    sent, body = body_in("chunks and trailer")
    written = body[: body.index(TRAILER.encode())] + end.format(TRAILER).encode()
    assert taken(sent, [written])[0] == CONTENT
    assert taken(sent, [bytes([byte]) for byte in written])[0] == CONTENT


@pytest.mark.parametrize("form", CHUNKED)
def test_the_length_of_the_content_is_what_was_announced(form: str) -> None:
    sent, body = body_in(form)
    name = "x-amz-decoded-content-length"
    for wrong in (0, len(CONTENT) - 1, len(CONTENT) + 1):
        assert refusal(sent.put(name, str(wrong).encode()), [body]) == "IncompleteBody"
    assert refusal(sent, [body], without=name) == "MissingContentLength"
    for nonsense in (b"", b"-1", b"1e3", b"9" * 20, b"\xb2"):
        assert refusal(sent.put(name, nonsense), [body]) == "InvalidArgument"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"1" * 17 + b"\r\n", "InvalidRequest"), (b"-1\r\n", "InvalidRequest"), (b"0x1\r\n", "InvalidRequest"),
        (b"\r\n", "InvalidRequest"), (b"5\nabcde\r\n", "InvalidRequest"), (b"5\r\nabcdef\r\n", "InvalidRequest"),
        (b"5\r\nabcde\n", "InvalidRequest"), (b"5;" + b"x" * LONGEST_LINE, "InvalidRequest"),
        (b"0\r\n" + b"x" * LONGEST_LINE + b"x", "InvalidRequest"),
        (b"ffffffffffffffff\r\n" + b"a" * 99, "IncompleteBody"),
        (b"5\r\nabcde\r\n", "IncompleteBody"), (b"", "IncompleteBody"),
    ],
)  # fmt: skip
def test_chunks_that_lie_are_refused(body: bytes, code: str) -> None:
    assert refusal(streamed(UNSIGNED, 5), [body]) == code
    assert refusal(streamed(UNSIGNED, 5), [bytes([byte]) for byte in body]) == code


def test_each_chunk_needs_its_signature() -> None:
    sent, body = body_in("signed chunks")
    assert refusal(sent, [re.sub(rb";chunk-signature=[0-9a-f]{64}", b"", body)]) == "InvalidRequest"


def test_tiny_chunks_do_not_pile_up() -> None:
    sent, body = body_in("signed chunks", [b"a"] * 5000)
    content, whole = taken(sent, [body])
    assert (content, whole.size) == (b"a" * 5000, 5000)
