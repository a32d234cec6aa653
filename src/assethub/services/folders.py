"""What people do with folders."""

from typing import Any

from assethub.domain.errors import Conflict, Forbidden, NotFound
from assethub.domain.folders import Folder, Role
from assethub.domain.names import FolderPath, Kind, check_name
from assethub.domain.owners import Scope
from assethub.services.work import Work


def create_folder(work: Work, path: FolderPath, description: str = "", labels: tuple[str, ...] = ()) -> Folder:
    """A new, empty folder of the caller's own. Conflict if the name is taken."""
    check_name("folder", path.folder)
    owner = work.users.find(path.owner)
    if owner is None or work.role(owner.id) is None:
        raise NotFound.named("owner", path.owner)
    if work.person.scope < Scope.WRITE:
        raise Forbidden("This API key may only read; use one with the scope write.")
    if work.folders.find(path):
        raise Conflict(f"The folder {path} exists already.")
    own = FolderPath(owner.name, path.kind, path.folder)
    id, now = work.new_id(), work.now()
    work.renames.take(str(own))
    work.folders.add(id, owner.id, own, description, clean_labels(labels), now)
    return Folder(id, own, description, clean_labels(labels), now)


def get_folder(work: Work, path: FolderPath) -> Folder:
    return work.folder(path, needs=Role.VIEWER)


def ensure_folder(work: Work, path: FolderPath, *, needs: Role) -> Folder:
    """The folder, made if it is missing and the caller may make it."""
    if work.folders.find(path) is None and work.renamed_folder(path) is None:
        return create_folder(work, path)
    return work.folder(path, needs=needs)


def list_folders(work: Work, owner: str | None = None, kind: Kind | None = None) -> list[Folder]:
    """The folders that the caller may see, of one owner or of all."""
    visible = work.owner_filter
    if owner is not None:
        user = work.users.find(owner)
        if user is None or work.role(user.id) is None:
            raise NotFound.named("owner", owner)
        visible = user.id
    return work.folders.owned(visible, kind)


def change_folder(
    work: Work,
    path: FolderPath,
    *,
    name: str | None = None,
    description: str | None = None,
    labels: tuple[str, ...] | None = None,
) -> Folder:
    folder = work.folder(path, needs=Role.OWNER if name is not None else Role.EDITOR)
    values: dict[str, Any] = {}
    if name is not None and name != folder.path.folder:
        check_name("folder", name)
        taken = work.folders.find(FolderPath(path.owner, path.kind, name))
        if taken and taken[0].id != folder.id:
            raise Conflict(f"The folder {taken[0].path} exists already.")
        values |= {"name": name, "name_key": name.lower()}
        work.renames.take(str(FolderPath(folder.path.owner, path.kind, name)))
        work.renames.add(str(folder.path), folder=folder.id)
    if description is not None:
        values["description"] = description
    if labels is not None:
        values["labels"] = clean_labels(labels)
    if values:
        work.folders.change(folder.id, values)
    return work.folder(FolderPath(path.owner, path.kind, name or folder.path.folder), needs=Role.VIEWER)


def clean_labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label.strip()[:100] for label in labels if label.strip()))
