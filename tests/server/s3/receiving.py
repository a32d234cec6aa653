"""Bodies in every form that S3 clients send, and what the door would keep of them."""

import base64
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from assethub.server.s3.bodies import Body
from assethub.server.s3.checksums import ALGORITHMS
from assethub.server.s3.errors import S3Error
from tests.conftest import finished
from tests.server.s3.signing import SECRET, Chunks, Sent, sign

URL = "http://hub.example/bucket/main/a"
SIGNED, UNSIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
CRC32C = "x-amz-checksum-crc32c"


async def arriving(chunks: Sequence[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


def taken(sent: Sent, chunks: Sequence[bytes], without: str = "", **options: Any) -> tuple[bytes, Body]:
    """What the door would keep of a body that arrives in these pieces."""

    async def receive() -> tuple[bytes, Body]:
        headers = [(name, value) for name, value in sent.headers if name != without.encode()]
        body = Body(arriving(chunks), headers, sent.read(), SECRET, **options)
        content = b""
        async for piece in body:
            body.digest(piece)
            content += piece
        body.finish()
        return content, body

    return finished(receive())


def refusal(sent: Sent, chunks: Sequence[bytes], **options: Any) -> str:
    with pytest.raises(S3Error) as caught:
        taken(sent, chunks, **options)
    return caught.value.code


def put(body: bytes, *headers: tuple[str, str]) -> Sent:
    return sign("PUT", URL, headers, body)


def streamed(payload: str, size: int, *headers: tuple[str, str]) -> Sent:
    """The head of a request in chunks. Its signature is not verified here, only continued."""
    told = [("content-encoding", "aws-chunked"), ("x-amz-decoded-content-length", str(size)), *headers]
    return sign("PUT", URL, told).put("x-amz-content-sha256", payload.encode())


def checksum(algorithm: str, content: bytes) -> str:
    state = ALGORITHMS[algorithm].begin()
    state.update(content)
    return base64.b64encode(state.digest()).decode()


CONTENT = b"0123456789abcdef\r\n0;chunk-signature=x\r\n" + bytes(range(40))
PARTS = [CONTENT[:10], CONTENT[10:27], CONTENT[27:]]
TRAILER = f"{CRC32C}:{checksum('crc32c', CONTENT)}"


def body_in(form: str, parts: Sequence[bytes] = PARTS, trailer: str | None = None) -> tuple[Sent, bytes]:
    content = b"".join(parts)
    if form == "plain":
        return put(content, ("content-length", str(len(content)))), content
    if form == "unsigned":
        sent = put(content, ("content-md5", checksum("md5", content)))
        return sent.put("x-amz-content-sha256", b"UNSIGNED-PAYLOAD"), content
    if form == "signed chunks":
        sent = streamed(SIGNED, len(content))
        return sent, Chunks(sent.read()).write(parts)
    payload = UNSIGNED if form == "chunks and trailer" else SIGNED + "-TRAILER"
    sent = streamed(payload, len(content), ("x-amz-trailer", CRC32C))
    trailer = trailer or f"{CRC32C}:{checksum('crc32c', content)}"
    return sent, Chunks(sent.read()).write(parts, trailer, signed=payload != UNSIGNED)


CHUNKED = ["signed chunks", "signed chunks and trailer", "chunks and trailer"]
FORMS = ["plain", "unsigned", *CHUNKED]
