"""/folders"""

from fastapi import APIRouter

from assethub.domain.errors import Invalid
from assethub.domain.folders import Folder
from assethub.domain.names import AssetPath, Kind, parse_path
from assethub.protocol.assets import AssetInfo
from assethub.protocol.folders import FolderChange, FolderInfo, NewFolder
from assethub.server.api.assets import asset_info
from assethub.server.dependencies import FOLDER, CurrentFolder, CurrentWork, WorkRoute
from assethub.services import assets, deletions, folders

router = APIRouter(tags=["folders"], route_class=WorkRoute)


def folder_info(folder: Folder) -> FolderInfo:
    return FolderInfo(
        id=folder.id, path=str(folder.path), description=folder.description, labels=list(folder.labels),
        created_at=folder.created_at, assets=folder.assets,
    )  # fmt: skip


@router.get("/folders")
def list_folders(work: CurrentWork, owner: str | None = None, kind: Kind | None = None) -> list[FolderInfo]:
    """The folders that the caller may see, of one owner or of all."""
    return [folder_info(folder) for folder in folders.list_folders(work, owner, kind)]


@router.post("/folders", status_code=201)
def create_folder(work: CurrentWork, new: NewFolder) -> FolderInfo:
    path = parse_path(new.path, me=work.person.name)
    if isinstance(path, AssetPath):
        raise Invalid(f"{new.path!r} is an asset's path; a folder's is {path.parent}.")
    return folder_info(folders.create_folder(work, path, new.description, tuple(new.labels)))


@router.get(FOLDER)
def get_folder(work: CurrentWork, path: CurrentFolder) -> FolderInfo:
    return folder_info(folders.get_folder(work, path))


@router.patch(FOLDER)
def change_folder(work: CurrentWork, path: CurrentFolder, change: FolderChange) -> FolderInfo:
    """Rename or describe a folder; labels replace all labels."""
    labels = tuple(change.labels) if change.labels is not None else None
    return folder_info(
        folders.change_folder(work, path, name=change.name, description=change.description, labels=labels)
    )


@router.delete(FOLDER, status_code=204)
def delete_folder(work: CurrentWork, path: CurrentFolder) -> None:
    deletions.delete_folder(work, path)


@router.post(f"{FOLDER}/restore")
def restore_folder(work: CurrentWork, path: CurrentFolder) -> FolderInfo:
    """Bring back a folder, with all that was in it, within 14 days of its deletion."""
    return folder_info(deletions.restore_folder(work, path))


@router.get(f"{FOLDER}/assets")
def list_assets(work: CurrentWork, path: CurrentFolder) -> list[AssetInfo]:
    return [asset_info(asset) for asset in assets.list_assets(work, path)]
