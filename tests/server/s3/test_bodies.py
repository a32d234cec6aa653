"""Bodies in any form, however they arrive: whole and in pieces, or refused."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assethub.server.s3.bodies import PIECE, Body
from assethub.server.s3.errors import S3Error
from tests.conftest import finished
from tests.server.s3.receiving import CHUNKED, CONTENT, FORMS, arriving, body_in, checksum, refusal, taken
from tests.server.s3.signing import SECRET, Sent


@pytest.mark.parametrize("form", FORMS)
def test_a_body_may_be_cut_anywhere(form: str) -> None:
    sent, body = body_in(form)
    for at in range(len(body) + 1):
        assert taken(sent, [body[:at], body[at:]])[0] == CONTENT
    assert taken(sent, [bytes([byte]) for byte in body])[0] == CONTENT


@pytest.mark.parametrize("form", FORMS)
def test_a_body_that_breaks_off_is_refused(form: str) -> None:
    sent, body = body_in(form)
    end = len(body) - (4 if form in CHUNKED else 0)  # the last line breaks are not missed
    for at in range(end):
        assert refusal(sent, [body[:at]])
    assert taken(sent, [body[:-2] if form in CHUNKED else body])[0] == CONTENT


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(FORMS), st.lists(st.binary(max_size=3000), max_size=6), st.lists(st.integers(0, 20000), max_size=9)
)
def test_a_body_may_arrive_in_any_pieces(form: str, parts: list[bytes], cuts: list[int]) -> None:
    sent, body = body_in(form, [part for part in parts if part])
    at = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    content, whole = taken(sent, [body[a:b] for a, b in pairwise(at)])
    assert (content, whole.size) == (b"".join(parts), len(content))


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(FORMS), st.integers(0, 10_000), st.binary(max_size=3), st.integers(0, 3))
def test_a_body_that_was_changed_is_refused_or_holds_the_same(form: str, at: int, new: bytes, gone: int) -> None:
    sent, body = body_in(form)
    at %= len(body)
    try:
        content, _ = taken(sent, [body[:at], new + body[at + gone :]])
    except S3Error:
        return
    assert content == CONTENT


def test_the_length_of_the_body_is_what_was_announced() -> None:
    for form in FORMS:
        sent, body = body_in(form)
        for more in (-1, 1):
            assert refusal(sent.put("content-length", str(len(body) + more).encode()), [body]) == "IncompleteBody"
        assert taken(sent.put("content-length", str(len(body)).encode()), [body])[0] == CONTENT


@pytest.mark.parametrize(("size", "network"), [(5 << 20, 65536), (5 << 20, 300), ((3 << 20) + 1, 1 << 20)])
def test_pieces_are_of_about_a_mebibyte(size: int, network: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    content = content[:size]
    for form in ("plain", "signed chunks"):
        sent, body = body_in(form, [content[at : at + 65536] for at in range(0, size, 65536)])
        arrived = [body[at : at + network] for at in range(0, len(body), network)]

        async def sizes(sent: Sent = sent, arrived: list[bytes] = arrived) -> list[int]:
            return [len(piece) async for piece in Body(arriving(arrived), sent.headers, sent.read(), SECRET)]

        found = finished(sizes())
        assert sum(found) == size
        assert max(found) < PIECE + network
        assert len(found) <= size // min(PIECE, network * 1000) + 1


def test_a_body_is_hashed_in_a_thread_while_the_next_piece_arrives() -> None:
    content = bytes(range(256)) * 16384
    sent, body = body_in("signed chunks and trailer", [content[at : at + 100_000] for at in range(0, 1 << 22, 100_000)])

    async def receive() -> Body:
        chunks = [body[at : at + 65536] for at in range(0, len(body), 65536)]
        whole = Body(arriving(chunks), sent.headers, sent.read(), SECRET)
        hashing: asyncio.Task[None] | None = None
        async for piece in whole:
            if hashing is not None:
                await hashing
            hashing = asyncio.create_task(asyncio.to_thread(whole.digest, piece))
        assert hashing is not None
        await hashing
        whole.finish()
        return whole

    assert finished(receive()).checksums == {"crc32c": checksum("crc32c", content)}
