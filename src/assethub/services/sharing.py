"""Who may do what in a folder: roles given to users, groups, everyone, and the public."""

from assethub.domain.errors import Conflict, Forbidden, Invalid
from assethub.domain.folders import Role, Sharing
from assethub.domain.names import FolderPath
from assethub.services.accounts import find_owner
from assethub.services.work import Work


def get_sharing(work: Work, path: FolderPath) -> Sharing:
    """Who may do what, for the folder's editors."""
    folder = work.folder(path, needs=Role.VIEWER)  # a key that may only read reads this too
    if folder.role is None or folder.role < Role.EDITOR:
        sentence = f"Only who edits {folder.path} sees who else may; ask its owner."
        raise work.refused(Forbidden(sentence), "folder.sharing", str(folder.path), folder.id)
    owner = work.owners.by_id(work.folders.owner(folder.id))
    everyone = Role(folder.everyone) if folder.everyone else None
    return Sharing(folder, owner.kind, tuple(work.grants.of(folder.id)), everyone, folder.public and work.hub.public)


def grant_role(work: Work, path: FolderPath, grantee: str, role: Role | None) -> Sharing:
    """Give a user or a group a role in place of the one they had; None takes it away."""
    folder = work.folder(path, needs=Role.OWNER)
    owner = find_owner(work, grantee)
    if owner.id == work.folders.owner(folder.id):
        raise Conflict(f"{owner.name!r} owns the folder, and may do everything in it already.")
    if role is not None and owner.kind != "group" and work.users.by_id(owner.id).deactivated_at is not None:
        raise Invalid(f"{owner.name!r} is deactivated; nothing can be shared with them.")
    before = work.grants.put(folder.id, owner.id, role)
    work.record(
        "folder.share", folder.path, folder=folder.id, grantee=owner.name, role=role.name.lower() if role else None,
        before=before.name.lower() if before else None,
    )  # fmt: skip
    return get_sharing(work, folder.path)


def open_folder(
    work: Work, path: FolderPath, *, everyone: Role | None = None, close: bool = False, public: bool | None = None
) -> Sharing:
    """Give everyone who is signed in a role (`close`: none), or let readers see the folder who are not."""
    folder = work.folder(path, needs=Role.OWNER)
    if everyone is Role.OWNER:
        raise Invalid("Everyone can be a viewer, runner or editor; owners are named one by one.")
    if public and not work.hub.public:
        raise Forbidden("This hub has no public folders; its administrator can allow them (public_folders).")
    if everyone is not None or close:
        work.folders.change(folder.id, {"everyone": int(everyone or 0)})
        role = everyone.name.lower() if everyone else None
        work.record("folder.share", folder.path, folder=folder.id, grantee="everyone", role=role)
    if public is not None:
        work.folders.change(folder.id, {"public": public})
        work.record("folder.share", folder.path, folder=folder.id, grantee="public", role="viewer" if public else None)
    return get_sharing(work, folder.path)
