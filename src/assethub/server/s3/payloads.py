"""Bodies on their way in: decoded, hashed and written one piece at a time, off the event loop."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Protocol

from starlette.concurrency import run_in_threadpool

from assethub.server.s3.bodies import Body
from assethub.server.s3.errors import S3Error
from assethub.server.s3.requests import Call

LARGEST_PUT = 5 << 30


class Sink(Protocol):
    def write(self, data: bytes) -> None: ...


def body_of(call: Call, *, compute: Iterable[str] = (), described: bool = True, hashed: bool = False) -> Body:
    """`described`: the checksum headers are of this body; `hashed`: its sink takes its sha256 anyway."""
    if call.signature is None:
        raise S3Error("AccessDenied", "Only signed requests write.")
    return Body(
        call.request.stream(), call.request.scope["headers"], call.signature, call.secret, compute=tuple(compute),
        described=described, sha256_follows=hashed,
    )  # fmt: skip


def announced(call: Call) -> int:
    """The bytes that the body will have; MissingContentLength if the client does not say."""
    told = call.header("x-amz-decoded-content-length") or call.header("content-length")
    if told is None and call.header("transfer-encoding"):
        return 0
    if told is None or not told.isascii() or not told.isdecimal():
        raise S3Error("MissingContentLength", "Say with Content-Length how many bytes the body has.")
    if int(told) > LARGEST_PUT:
        raise S3Error("EntityTooLarge", "One request carries at most 5 GiB; send larger objects in parts.")
    return int(told)


async def receive(body: Body, sink: Sink, sha256: Callable[[], str] | None = None) -> None:
    """All of the body into the sink; one piece is hashed and written while the next arrives."""
    writing: asyncio.Task[None] | None = None
    try:
        async for piece in body:
            if writing is not None:
                await writing
            writing = asyncio.create_task(run_in_threadpool(take, body, sink, piece))
        if writing is not None:
            await writing
    finally:
        if writing is not None:
            await asyncio.wait([writing])
    body.finish(sha256() if sha256 is not None else None)


def take(body: Body, sink: Sink, piece: bytes) -> None:
    body.digest(piece)
    sink.write(piece)


class Memory:
    def __init__(self, most: int) -> None:
        self.most = most
        self.data = bytearray()

    def write(self, data: bytes) -> None:
        self.data += data
        if len(self.data) > self.most:
            raise S3Error("EntityTooLarge", f"This request carries at most {self.most} bytes.")


async def receive_whole(call: Call, most: int, *, described: bool = True) -> bytes:
    kept = Memory(most)
    await receive(body_of(call, described=described), kept)
    return bytes(kept.data)
