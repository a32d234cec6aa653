"""/assets/…/staged and /reset"""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from assethub.domain.names import check_path
from assethub.domain.staging import StagedChange
from assethub.protocol.history import NewStaging, StagedInfo
from assethub.server.api.history import object_info
from assethub.server.bodies import STREAMED, announced, receive
from assethub.server.dependencies import ASSET, CurrentAsset, CurrentCaller, CurrentHub, CurrentWork, WorkRoute
from assethub.server.transfers import new_files
from assethub.services import staging
from assethub.services.receiving import Received, Upload

router = APIRouter(tags=["staged changes"], route_class=WorkRoute)


class Dropped(BaseModel):
    dropped: int


def staged_info(change: StagedChange) -> StagedInfo:
    found = object_info(change.path, change.entry) if change.entry else None
    return StagedInfo(
        path=change.path, kind=change.kind.value, deleted=change.entry is None, object=found,
        staged_by=change.staged_by, staged_at=change.staged_at,
    )  # fmt: skip


@router.get(f"{ASSET}/staged")
def list_staged(work: CurrentWork, path: CurrentAsset, branch: str = "main") -> list[StagedInfo]:
    """What waits on the branch for a commit."""
    return [staged_info(change) for change in staging.staged_status(work, path, branch)]


@router.post(f"{ASSET}/staged", status_code=201)
def stage_changes(work: CurrentWork, path: CurrentAsset, new: NewStaging) -> list[StagedInfo]:
    """Stage deletions, moves and uploaded files in one step; answers what of them waits for a commit now."""
    found = staging.stage_changes(
        work, path, new.branch, add=new_files(new.add), delete=new.delete, move=new.move, expected=new.expected
    )
    return [staged_info(change) for change in found]


@router.put(f"{ASSET}/staged/{{file:path}}", status_code=201, max_body_size=STREAMED)
async def stage_file(
    request: Request, hub: CurrentHub, caller: CurrentCaller, path: CurrentAsset, file: str, branch: str = "main"
) -> StagedInfo:
    """Stage a file on the branch; the body is its content."""
    check_path(file)
    upload = await run_in_threadpool(Upload.begin, hub, caller, path, None, announced(request))
    kept = await receive(request, upload)
    return await run_in_threadpool(stage, hub, caller, path, branch, file, kept)


def stage(
    hub: CurrentHub, caller: CurrentCaller, path: CurrentAsset, branch: str, file: str, kept: Received
) -> StagedInfo:
    with hub.work(caller) as work:
        return staged_info(staging.stage_file(work, path, branch, file, kept))


@router.delete(f"{ASSET}/staged/{{file:path}}")
def stage_deletion(work: CurrentWork, path: CurrentAsset, file: str, branch: str = "main") -> StagedInfo:
    """Stage the deletion of a file."""
    return staged_info(staging.stage_deletion(work, path, branch, file))


@router.post(f"{ASSET}/reset")
def reset_staged(
    work: CurrentWork, path: CurrentAsset, branch: str = "main", file: Annotated[list[str] | None, Query()] = None
) -> Dropped:
    """Drop the branch's staged changes, or those of the given paths."""
    return Dropped(dropped=staging.reset_staged(work, path, branch, file))
