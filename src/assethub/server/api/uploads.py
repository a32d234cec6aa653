"""/assets/…/uploads and /uploads: large contents in parts"""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool

from assethub.protocol.uploads import NewUpload, PartInfo, UploadInfo
from assethub.server.bodies import STREAMED, receive
from assethub.server.dependencies import ASSET, CurrentAsset, CurrentCaller, CurrentHub
from assethub.server.transfers import upload_info
from assethub.services import uploads
from assethub.services.uploads import PartUpload

router = APIRouter(tags=["objects"])


@router.post(f"{ASSET}/uploads")
def begin_upload(hub: CurrentHub, caller: CurrentCaller, path: CurrentAsset, new: NewUpload) -> UploadInfo:
    """Begin to send a content in parts, or go on with it: the answer says which parts are durable."""
    return upload_info(uploads.begin_upload(hub, caller, path, new.sha256, new.size))


@router.get("/uploads/{id}")
def get_upload(hub: CurrentHub, caller: CurrentCaller, id: UUID) -> UploadInfo:
    return upload_info(uploads.get_upload(hub, caller, id))


@router.put("/uploads/{id}/{number}", status_code=201, max_body_size=STREAMED)
async def put_part(request: Request, hub: CurrentHub, caller: CurrentCaller, id: UUID, number: int) -> PartInfo:
    """Send one part, in any order and several side by side; it is on disk when this answers."""
    upload = await run_in_threadpool(PartUpload.begin, hub, caller, id, number)
    await receive(request, upload)
    return PartInfo(number=number)


@router.post("/uploads/{id}/finish")
def finish_upload(hub: CurrentHub, caller: CurrentCaller, id: UUID) -> UploadInfo:
    """Check the whole against its sha256 and keep it. If the answer is not `held`, it takes longer: ask again."""
    return upload_info(uploads.finish_upload(hub, caller, id))


@router.delete("/uploads/{id}", status_code=204)
def abort_upload(hub: CurrentHub, caller: CurrentCaller, id: UUID) -> None:
    uploads.abort_upload(hub, caller, id)
