"""Bytes through HTTP: bodies in, re-batched and hashed off the event loop; files out, by range."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from itertools import chain
from typing import Protocol, TypeVar
from urllib.parse import quote

from anyio import from_thread
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from assethub.domain.errors import Invalid
from assethub.protocol.archives import SIZE_HEADER
from assethub.services.objects import OpenFile

PIECE = 1 << 20
STREAMED = 1 << 62  # the limit of bodies that are never whole in memory: none
INLINE = 256 << 10  # files up to here are read at once: a thread hop per piece costs more
CONDITIONS = {"if-match", "if-range", "if-unmodified-since"}
RANGE = re.compile(r"bytes=(\d*)-(\d*)")
Kept = TypeVar("Kept", covariant=True)


class Arriving(Protocol):
    @property
    def size(self) -> int: ...


class Sink(Protocol[Kept]):
    """What a body goes into: an upload, or a part of one."""

    @property
    def incoming(self) -> Arriving: ...

    def write(self, data: bytes) -> None: ...

    def finish(self, expected: str | None = None) -> Kept: ...

    def discard(self) -> None: ...


async def pieces(request: Request) -> AsyncIterator[bytes]:
    """The request's body in pieces of about 1 MiB: hashing and writing smaller ones costs twice."""
    parts: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        parts.append(chunk)
        size += len(chunk)
        if size >= PIECE:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)


def pulled(request: Request) -> Iterator[bytes]:
    """The request's body for a worker thread that asks for it piece by piece. Invalid if it breaks off."""
    source = pieces(request)

    async def following() -> bytes | None:
        return await anext(source, None)

    while True:
        try:
            piece = from_thread.run(following)
        except ClientDisconnect:
            raise broken_off() from None
        if piece is None:
            return
        yield piece


def gathered(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of about 1 MiB: each piece costs a change of threads."""
    waiting: list[bytes] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def send_stream(parts: Iterable[bytes], name: str, media: str, size: int) -> StreamingResponse:
    """A file to keep whose length is not known before its end; `size` counts what is packed into it."""
    head = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}",
        "X-Content-Type-Options": "nosniff",
        SIZE_HEADER: str(size),
    }
    return StreamingResponse(gathered(parts), 200, head, media)


def announced(request: Request) -> int | None:
    """The bytes that a body will have, if its sender says."""
    declared = request.headers.get("content-length", "")
    return int(declared) if declared.isdecimal() else None


async def receive(request: Request, upload: Sink[Kept], expected: str | None = None) -> Kept:
    """Stream the body into the upload; a body that breaks off leaves nothing behind.

    One piece is hashed and written while the next arrives.
    """
    writing: asyncio.Task[None] | None = None
    try:
        async for piece in pieces(request):
            if writing is not None:
                await writing
            writing = asyncio.create_task(run_in_threadpool(upload.write, piece))
        if writing is not None:
            await writing
        declared = announced(request)
        if declared is not None and declared != upload.incoming.size:
            raise Invalid(f"The body has {upload.incoming.size} bytes, not {declared} as declared.")
        return await run_in_threadpool(upload.finish, expected)
    except ClientDisconnect:
        raise broken_off() from None
    finally:
        if writing is not None:
            await asyncio.wait([writing])
        await run_in_threadpool(upload.discard)


async def read_small(request: Request, most: int) -> bytes:
    """A body that has to fit into memory."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > most:
                raise Invalid(f"This request may carry at most {most} bytes.")
    except ClientDisconnect:
        raise broken_off() from None
    return bytes(body)


def broken_off() -> Invalid:
    return Invalid("The body broke off before its end; send it again.")


def send_file(request: Request, file: OpenFile, headers: dict[str, str] | None = None) -> Response:
    """The file or the range asked for; 304 if the caller has it, 416 if the range lies outside."""
    size, etag = file.entry.size, f'"{file.entry.sha256}"'
    head = {
        "Accept-Ranges": "bytes",
        "ETag": etag,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.path.rsplit('/', 1)[-1])}",
        "Last-Modified": file.entry.mtime.strftime("%a, %d %b %Y %H:%M:%S GMT"),
        **(headers or {}),
    }
    if etag in [tag.strip() for tag in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=head)
    start, end, status = 0, size, 200
    wanted = request.headers.get("range")
    if wanted and request.headers.get("if-range", etag) == etag:
        span = span_of(wanted, size)
        if span is None:
            return Response(status_code=416, headers={**head, "Content-Range": f"bytes */{size}"})
        if span != (0, size) or RANGE.fullmatch(wanted):
            start, end, status = *span, 206
            head["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    head["Content-Length"] = str(end - start)
    media = file.entry.content_type
    if request.method == "HEAD":
        return Response(status_code=status, headers=head, media_type=media)
    if size <= INLINE:
        return Response(file.read_all()[start:end], status, head, media)
    if handed := handed_over(request, file, head):
        return handed
    return StreamingResponse(begun(file.read(start, end)), status, head, media)


def handed_over(request: Request, file: OpenFile, head: Mapping[str, str]) -> Response | None:
    """An answer that leaves the bytes, and the range of them, to nginx before the hub (`X-Accel-Redirect`).

    None where nginx does not know the file, or would think otherwise of the request than we do.
    """
    plain = RANGE.fullmatch(request.headers.get("range", "bytes=0-").strip())
    page = file.entry.content_type == "text/html"  # whose policy must not hang on another's configuration
    place = file.handed_over if plain and not page and not CONDITIONS & set(request.headers) else None
    if place is None:
        return None
    kept = {name: told for name, told in head.items() if name not in ("Content-Length", "Content-Range")}
    return Response(headers={**kept, "X-Accel-Redirect": place}, media_type=file.entry.content_type)


def begun(body: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, the first of them read already: what cannot be read is an error and no answer cut short."""
    return chain([next(body, b"")], body)


def span_of(wanted: str, size: int) -> tuple[int, int] | None:
    """Start and end of a single byte range (RFC 9110); the whole for what we do not serve in parts, None if outside."""
    match = RANGE.fullmatch(wanted.strip())
    if match is None or match.groups() == ("", ""):
        return 0, size
    first, last = match.groups()
    if not first:
        start, end = max(size - int(last), 0), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
    return (start, end) if start < end else None
