"""What people do with folders."""

from typing import Any
from uuid import UUID

from assethub.database.renames import NOTHING
from assethub.domain.errors import Conflict, NotFound, SignInNeeded
from assethub.domain.folders import Folder, Role, Which
from assethub.domain.names import FolderPath, Kind, check_name
from assethub.domain.owners import Owner, OwnerKind, Visitor
from assethub.services.accounts import find_owner, told
from assethub.services.work import SIGN_IN, Work


def create_folder(work: Work, path: FolderPath, description: str = "", labels: tuple[str, ...] = ()) -> Folder:
    """A new, empty folder of the caller's own or of a group of theirs. Conflict if the name is taken."""
    check_name("folder", path.folder)
    owner = receiving_owner(work, path)
    if work.folders.taken(path):
        raise Conflict(f"The folder {path} exists already.")
    own = FolderPath(owner.name, path.kind, path.folder)
    id, now = work.new_id(), work.now()
    work.renames.take(str(own))
    work.folders.add(id, owner.id, own, description, clean_labels(labels), now)
    if owner.kind is OwnerKind.GROUP:
        keep_role(work, id, owner)
    work.record("folder.create", own, folder=id)
    return work.folder(own, needs=Role.VIEWER)


def receiving_owner(work: Work, path: FolderPath) -> Owner:
    """Who the new folder will belong to: the caller, a group of theirs, or anybody if an administrator makes it."""
    person = work.account("folder.create")
    owner = work.owners.find(path.owner)
    member = work.groups.member(owner.id if owner else NOTHING, person.user.id)
    own = owner is not None and (owner.id == person.user.id or member)
    if owner is None or not (own or person.admin):
        raise work.refused(NotFound.named("owner", path.owner), "folder.create", str(path))
    return owner


def keep_role(work: Work, folder: UUID, owner: Owner) -> None:
    """Who makes a folder for a group owns it too, although they may be no more than a member there."""
    person = work.person
    member = work.groups.member(owner.id, person.user.id)
    if member is not None and not member.admin:
        work.grants.put(folder, person.user.id, Role.OWNER)


def get_folder(work: Work, path: FolderPath) -> Folder:
    return work.folder(path, needs=Role.VIEWER)


def require_folder(work: Work, path: FolderPath, *, needs: Role) -> Folder:
    """The folder, if the caller has this role in it."""
    return work.folder(path, needs=needs)


def ensure_folder(work: Work, path: FolderPath, *, needs: Role) -> Folder:
    """The folder, made if it is missing and the caller may make it."""
    if work.folders.find(path) or work.renamed_folder(path):
        return work.folder(path, needs=needs)
    return create_folder(work, path)


def list_folders(
    work: Work, owner: str | None = None, kind: Kind | None = None, which: Which = Which.ALL,
    after: FolderPath | None = None, limit: int = 1000,
) -> list[Folder]:  # fmt: skip
    """The folders that the caller may see, of one owner or of all, by path; from after a path on."""
    work.may_list()
    id = None
    if owner is not None and not isinstance(work.caller, Visitor):
        id = find_owner(work, owner).id
    elif owner is not None:
        id = visible_owner(work, owner)
    return work.folders.listed(owner=id, kind=kind, which=which, after=after, limit=max(1, min(limit, 1000)))


def visible_owner(work: Work, name: str) -> UUID:
    """An owner of public folders: visitors learn of no others."""
    found = work.owners.find(name)
    if found is None or not work.folders.listed(owner=found.id, limit=1):
        raise SignInNeeded(SIGN_IN)
    return found.id


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
        renamed = FolderPath(folder.path.owner, path.kind, name)
        if work.folders.taken(renamed) not in (None, folder.id):
            raise Conflict(f"The folder {renamed} exists already.")
        values |= {"name": name, "name_key": name.lower()}
        work.renames.take(str(renamed))
        work.renames.add(str(folder.path), folder=folder.id)
    if description is not None:
        values["description"] = description
    if labels is not None:
        values["labels"] = clean_labels(labels)
    if values:
        work.folders.change(folder.id, values)
        work.record("folder.change", folder.path, folder=folder.id, **told(values))
    return work.folder(FolderPath(path.owner, path.kind, name or folder.path.folder), needs=Role.VIEWER)


def clean_labels(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(label.strip()[:100] for label in labels if label.strip()))
