"""/folders"""

from fastapi import APIRouter

from assethub.domain.errors import Invalid
from assethub.domain.folders import Folder, Role, Sharing, Which
from assethub.domain.names import AssetPath, FolderPath, Kind, parse_path
from assethub.protocol.assets import AssetInfo
from assethub.protocol.folders import FolderChange, FolderInfo, GrantInfo, GrantRole, NewFolder, OpenFolder, SharingInfo
from assethub.server.api.assets import asset_info
from assethub.server.dependencies import FOLDER, CurrentFolder, CurrentWork, WorkRoute
from assethub.services import assets, deletions, folders, sharing

router = APIRouter(tags=["folders"], route_class=WorkRoute)


def folder_info(folder: Folder) -> FolderInfo:
    return FolderInfo(
        id=folder.id, path=str(folder.path), description=folder.description, labels=list(folder.labels),
        created_at=folder.created_at, assets=folder.assets, role=told_role(folder.role),
        visibility="public" if folder.public else "shared" if folder.everyone else "private",
    )  # fmt: skip


def told_role(role: Role | None) -> str | None:
    return role.name.lower() if role else None


def sharing_info(sharing: Sharing) -> SharingInfo:
    grants = [GrantInfo(name=one.name, kind=one.kind, title=one.title, role=one.role.name.lower())
              for one in sharing.grants]  # fmt: skip
    return SharingInfo(
        owner=sharing.folder.path.owner, owner_kind=sharing.owner_kind, grants=grants,
        everyone=told_role(sharing.everyone), public=sharing.public,
    )  # fmt: skip


@router.get("/folders")
def list_folders(
    work: CurrentWork, owner: str | None = None, kind: Kind | None = None, which: Which = Which.ALL,
    after: str | None = None, limit: int = 1000,
) -> list[FolderInfo]:  # fmt: skip
    """The folders that the caller may see, of one owner or of all, by path; from after a path on.

    `which`: all, mine, shared (with the caller, by name, through a group or with everyone) or public.
    """
    start = folder_of(after) if after else None
    found = folders.list_folders(work, owner, kind, which, start, limit)
    return [folder_info(folder) for folder in found]


@router.post("/folders", status_code=201)
def create_folder(work: CurrentWork, new: NewFolder) -> FolderInfo:
    path = folder_of(new.path, work.person.name)
    return folder_info(folders.create_folder(work, path, new.description, tuple(new.labels)))


def folder_of(text: str, me: str | None = None) -> FolderPath:
    path = parse_path(text, me=me)
    if isinstance(path, AssetPath):
        raise Invalid(f"{text!r} is an asset's path; a folder's is {path.parent}.")
    return path


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
def delete_folder(work: CurrentWork, path: CurrentFolder, force: bool = False) -> None:
    """`force`: although models or gates outside rest on what is in it."""
    deletions.delete_folder(work, path, force=force)


@router.post(f"{FOLDER}/restore")
def restore_folder(work: CurrentWork, path: CurrentFolder) -> FolderInfo:
    """Bring back a folder, with all that was in it, within 14 days of its deletion."""
    return folder_info(deletions.restore_folder(work, path))


@router.get(f"{FOLDER}/sharing")
def get_sharing(work: CurrentWork, path: CurrentFolder) -> SharingInfo:
    """Who may do what in the folder; for its editors."""
    return sharing_info(sharing.get_sharing(work, path))


@router.patch(f"{FOLDER}/sharing")
def open_folder(work: CurrentWork, path: CurrentFolder, change: OpenFolder) -> SharingInfo:
    """Give everyone who is signed in a role, or open the folder to readers who are not."""
    role = Role[change.everyone.upper()] if change.everyone and change.everyone != "none" else None
    return sharing_info(
        sharing.open_folder(work, path, everyone=role, close=change.everyone == "none", public=change.public)
    )


@router.put(f"{FOLDER}/grants/{{name}}")
def grant_role(work: CurrentWork, path: CurrentFolder, name: str, grant: GrantRole) -> SharingInfo:
    """Give a user or a group a role in place of the one they had."""
    return sharing_info(sharing.grant_role(work, path, name, Role[grant.role.upper()]))


@router.delete(f"{FOLDER}/grants/{{name}}")
def revoke_role(work: CurrentWork, path: CurrentFolder, name: str) -> SharingInfo:
    return sharing_info(sharing.grant_role(work, path, name, None))


@router.get(f"{FOLDER}/assets")
def list_assets(work: CurrentWork, path: CurrentFolder) -> list[AssetInfo]:
    return [asset_info(asset) for asset in assets.list_assets(work, path)]
