"""/settings and /storage, for administrators"""

from typing import Annotated

from fastapi import APIRouter, Query

from assethub.protocol.administration import CollectionInfo, NewCollection, SettingInfo, StorageInfo
from assethub.server.dependencies import CurrentWork, WorkRoute
from assethub.services import settings, storage

router = APIRouter(tags=["administration"], route_class=WorkRoute)


@router.get("/settings")
def list_settings(work: CurrentWork) -> list[SettingInfo]:
    """Every setting that the hub was started with, and who gave it; secrets are masked."""
    return [SettingInfo.model_validate(one) for one in settings.list_settings(work)]


@router.get("/storage")
def show_storage(
    work: CurrentWork, owner: str | None = None, page: Annotated[int, Query(ge=0, le=100_000)] = 0
) -> StorageInfo:
    """What the store holds, of whom, and the last collection that was asked for."""
    return StorageInfo.model_validate(storage.report_storage(work, owner, page))


@router.post("/storage/collect", status_code=202)
def collect(work: CurrentWork, new: NewCollection) -> CollectionInfo:
    """Let the collector begin a round now; `GET /storage` tells what it comes to."""
    return CollectionInfo.model_validate(storage.ask_collection(work, dry=new.dry))
