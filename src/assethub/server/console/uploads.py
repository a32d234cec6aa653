"""Upload in the browser: its page, and what the page's script asks; bytes stream as they do through the REST API."""

from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from assethub.domain.errors import HubError, Invalid
from assethub.domain.folders import Role
from assethub.domain.history import MAIN
from assethub.domain.uploads import PART
from assethub.protocol.frames import LARGE, MOST_FRAMES
from assethub.protocol.history import NewEntry
from assethub.protocol.objects import Missing, Offered, Stored, StoredObject
from assethub.protocol.uploads import NewUpload, PartInfo, UploadInfo
from assethub.protocol.wire import Info, Message
from assethub.server.bodies import STREAMED, announced, read_small, receive
from assethub.server.console.pages import CurrentPage, CurrentScript, url_of
from assethub.server.dependencies import CurrentAsset
from assethub.server.refusals import headers_of, status_of
from assethub.server.transfers import MOST_RECEIVED, keep_frames, new_files, upload_info
from assethub.services import assets, history, receiving, staging, summaries, uploads
from assethub.services.receiving import Upload
from assethub.services.uploads import PartUpload

MOST_ASKED = 4 << 20  # bytes of a question about contents
MOST_ENTRIES = 64 << 20  # bytes of a commit's list of files: about 300,000 of them
LIMITS = {"large": LARGE, "parted": PART, "frames": MOST_FRAMES, "batch": 8 << 20, "asked": 5000}
UPLOAD = "/{owner}/{kind}/{folder}/{name}/-/upload"


class Asked(APIRoute):
    """A route for scripts: what is refused is JSON."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except HubError as error:
                body = {"detail": str(error), "details": list(error.details)}
                return JSONResponse(body, status_of(error), headers_of(error))
            except RequestValidationError as error:
                first = error.errors()[0]
                what = ".".join(str(part) for part in first["loc"])
                return JSONResponse({"detail": f"The request is not understood: {what}: {first['msg']}."}, 422)

        return told


router = APIRouter()
asked = APIRouter(route_class=Asked)


class Finish(Message):
    """What becomes of the files; `source` is where a new branch of that name starts."""

    add: list[NewEntry] = Field(min_length=1)
    branch: str = MAIN
    source: str | None = None
    message: str = Field(default="", max_length=10_000)
    stage: bool = False


class Finished(Info):
    """Where the files are to be seen; `made` is false if the branch held all of them already."""

    url: str
    made: bool = True
    staged: int = 0


@router.get(UPLOAD)
def upload_page(page: CurrentPage, path: CurrentAsset, branch: str | None = None, target: str = "") -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path, branch)
        work.asset(path, needs=Role.EDITOR)
    chosen = asset.ref if asset.on_branch else MAIN
    return page.render(
        "asset/upload.html", asset=asset, tab="files", branch=chosen, target=target.strip("/"), limits=LIMITS,
        base=url_of(asset.path, "upload"),
    )  # fmt: skip


@asked.post(f"{UPLOAD}/missing", max_body_size=MOST_ASKED)
def missing(page: CurrentScript, path: CurrentAsset, offered: Offered) -> Missing:
    with page.writing() as work:
        return Missing(missing=receiving.missing_bodies(work, path, offered.objects, offered.sizes, offered.before))


@asked.post(f"{UPLOAD}/small", status_code=201, max_body_size=MOST_RECEIVED)
async def put_small(request: Request, page: CurrentScript, path: CurrentAsset) -> Stored:
    body = await read_small(request, MOST_RECEIVED)
    return Stored(stored=await run_in_threadpool(keep_frames, page.hub, page.caller, path, body))


@asked.put(f"{UPLOAD}/whole/{{sha256}}", status_code=201, max_body_size=STREAMED)
async def put_whole(request: Request, page: CurrentScript, path: CurrentAsset, sha256: str) -> StoredObject:
    upload = await run_in_threadpool(Upload.begin, page.hub, page.caller, path, sha256, announced(request))
    kept = await receive(request, upload, sha256)
    return StoredObject(sha256=kept.sha256, size=kept.size)


@asked.post(f"{UPLOAD}/large")
def begin(page: CurrentScript, path: CurrentAsset, new: NewUpload) -> UploadInfo:
    """Begin, or find what the same person began before: by its sha256."""
    return upload_info(uploads.begin_upload(page.hub, page.caller, path, new.sha256, new.size))


@asked.put(f"{UPLOAD}/large/{{id}}/{{number}}", status_code=201, max_body_size=STREAMED)
async def put_part(request: Request, page: CurrentScript, id: UUID, number: int) -> PartInfo:
    upload = await run_in_threadpool(PartUpload.begin, page.hub, page.caller, id, number)
    await receive(request, upload)
    return PartInfo(number=number)


@asked.post(f"{UPLOAD}/large/{{id}}/finish")
def finish(page: CurrentScript, id: UUID) -> UploadInfo:
    return upload_info(uploads.finish_upload(page.hub, page.caller, id))


@asked.delete(f"{UPLOAD}/large/{{id}}", status_code=204)
def abort(page: CurrentScript, id: UUID) -> None:
    uploads.abort_upload(page.hub, page.caller, id)


@asked.post(f"{UPLOAD}/commit", max_body_size=MOST_ENTRIES)
def commit(page: CurrentScript, path: CurrentAsset, new: Finish) -> Finished:
    """Commit the files that were sent, or stage them; a new branch and its commit are made together, or neither."""
    with page.writing() as work:
        if new.source is not None:
            assets.create_branch(work, path, new.branch, new.source)
        ref = None if new.branch == MAIN else new.branch
        if new.stage:
            found = staging.stage_changes(work, path, new.branch, add=new_files(new.add))
            return Finished(url=url_of(path, ref=ref), staged=len(found))
        made = history.commit_changes(work, path, new.branch, new.message, add=new_files(new.add))
        if made is None and new.source is not None:
            raise Invalid(f"{new.source} holds all of this already; there is nothing to commit to a new branch.")
    return Finished(url=url_of(path, "commit", made.id) if made else url_of(path, ref=ref), made=made is not None)


router.include_router(asked)
