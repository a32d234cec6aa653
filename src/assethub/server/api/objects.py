"""/assets/…/tree, /files and /objects"""

from collections.abc import Iterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from assethub.domain.errors import Invalid, Unavailable
from assethub.domain.names import Reference
from assethub.protocol.frames import CONTENT_TYPE, LARGE, MOST_BYTES, frame
from assethub.protocol.objects import Missing, Offered, Stored, StoredObject, TreePage, Wanted
from assethub.server.api.history import object_info
from assethub.server.bodies import STREAMED, announced, read_small, receive, send_file
from assethub.server.dependencies import (
    ASSET,
    CurrentAsset,
    CurrentCaller,
    CurrentHub,
    CurrentReference,
    CurrentWork,
    WorkRoute,
)
from assethub.server.transfers import MOST_RECEIVED, keep_frames
from assethub.services import objects, receiving
from assethub.services.objects import OpenFile
from assethub.services.receiving import Upload

router = APIRouter(tags=["objects"], route_class=WorkRoute)


@router.get(f"{ASSET}/tree")
def list_objects(
    work: CurrentWork,
    reference: CurrentReference,
    prefix: str = "",
    delimiter: str = "",
    after: str = "",
    limit: int = 1000,
) -> TreePage:
    """One page of a version's files in path order; with a delimiter, prefixes stand for what is below them."""
    commit, listed, more = objects.list_objects(
        work, reference, prefix=prefix, delimiter=delimiter, after=after, limit=limit
    )
    return TreePage(
        commit=commit.id,
        entries=[object_info(one.path, one.entry) for one in listed if one.entry],
        prefixes=[one.path for one in listed if not one.entry],
        next=more,
    )


@router.post(f"{ASSET}/files/fetch", response_class=StreamingResponse)
def fetch_files(hub: CurrentHub, caller: CurrentCaller, path: CurrentAsset, wanted: Wanted) -> StreamingResponse:
    """Several small files of a version as frames with path, sha256 and size, in the order asked.

    The frame of a file that is damaged in the hub has no body, and an `error` that says so.
    """
    with hub.work(caller, reading=True) as work:
        files = objects.open_files(work, Reference(path, wanted.ref), wanted.paths)
    if sum(file.entry.size for file in files) > MOST_BYTES:
        raise Invalid(
            f"These files have more than {MOST_BYTES} bytes together; ask for fewer, or for large ones alone."
        )
    objects.check_links(files)
    return StreamingResponse(framed(files), media_type=CONTENT_TYPE)


def framed(files: list[OpenFile]) -> Iterator[bytes]:
    """Frames of the files, about 1 MiB at a time."""
    batch = bytearray()
    for file in files:
        header = {"path": file.path, "sha256": file.entry.sha256}
        try:
            batch += frame(header, file.read_all())
        except Unavailable as error:
            batch += frame({**header, "error": str(error)}, b"")
        if len(batch) >= LARGE:
            yield bytes(batch)
            batch.clear()
    if batch:
        yield bytes(batch)


@router.get(f"{ASSET}/files/{{file:path}}", response_class=Response)
@router.head(f"{ASSET}/files/{{file:path}}", response_class=Response, include_in_schema=False)
def read_file(
    request: Request, hub: CurrentHub, caller: CurrentCaller, reference: CurrentReference, file: str
) -> Response:
    """The bytes of a file at a ref, whole or by range."""
    with hub.work(caller, reading=True) as work:
        opened = objects.open_file(work, reference, file)
    return send_file(request, opened)


@router.post(f"{ASSET}/objects/missing")
def missing_objects(work: CurrentWork, path: CurrentAsset, offered: Offered) -> Missing:
    """Which of these contents the asset does not hold yet and so have to be sent.

    Refused (413) if their sizes are given, and the owner may not store so much more.
    """
    return Missing(missing=receiving.missing_bodies(work, path, offered.objects, offered.sizes, offered.before))


@router.put(f"{ASSET}/objects/{{sha256}}", status_code=201, max_body_size=STREAMED)
async def put_object(
    request: Request, hub: CurrentHub, caller: CurrentCaller, path: CurrentAsset, sha256: str
) -> StoredObject:
    """Send one content; it is checked against its sha256 and on disk when this answers."""
    upload = await run_in_threadpool(Upload.begin, hub, caller, path, sha256, announced(request))
    kept = await receive(request, upload, sha256)
    return StoredObject(sha256=kept.sha256, size=kept.size)


@router.post(f"{ASSET}/objects", status_code=201)
async def put_objects(request: Request, hub: CurrentHub, caller: CurrentCaller, path: CurrentAsset) -> Stored:
    """Send many small contents as frames with sha256 and size; all are kept, or none."""
    body = await read_small(request, MOST_RECEIVED)
    kept = await run_in_threadpool(keep_frames, hub, caller, path, body)
    return Stored(stored=kept)
