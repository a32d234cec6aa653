"""What people do with Git credentials: keep, list and remove them; and which of them opens a repository."""

from uuid import UUID

from assethub.domain.assets import Asset
from assethub.domain.credentials import (
    KINDS,
    LONGEST_NAME,
    Credential,
    CredentialKind,
    check_token,
    check_username,
    choose,
)
from assethub.domain.errors import Conflict, Damaged, Forbidden, Invalid
from assethub.domain.folders import Folder, Role
from assethub.domain.names import FolderPath, Kind
from assethub.domain.owners import Scope
from assethub.domain.repositories import Remote
from assethub.services import repositories
from assethub.services.git import Opener
from assethub.services.keys import USED_EVERY
from assethub.services.sealing import seal, unseal
from assethub.services.ssh_keys import read_key
from assethub.services.work import Hub, Work

PURPOSE = "git credentials"
MOST = 100  # of one user or folder


def bound(one: Credential) -> str:
    """What the seal holds together: a sealed secret is worth nothing in another row, or for another address."""
    parts = (one.id.hex, one.user.hex if one.user else "", one.folder.hex if one.folder else "")
    return "\0".join((*parts, one.kind, one.username, one.url))


def list_credentials(work: Work, folder: FolderPath | None = None) -> list[Credential]:
    """The caller's own, or a folder's for its owners; without their secrets."""
    if folder is not None:
        found = work.folder(folder, needs=Role.VIEWER)  # a key that may only read reads this too
        if found.role is not Role.OWNER:
            sentence = f"Only owners of {found.path} see its Git credentials; others use them in their runs."
            raise work.refused(Forbidden(sentence), "credential.list", str(found.path), found.id)
        return work.credentials.of(folder=found.id)
    return work.credentials.of(user=work.account("credential.list", needs=Scope.READ).user.id)


def create_credential(
    work: Work, url: str, secret: str, *, kind: CredentialKind | None = None, name: str | None = None,
    username: str | None = None, folder: FolderPath | None = None,
) -> Credential:  # fmt: skip
    """Keep a token or an SSH key for the repositories whose address begins with `url`.

    For the caller's own runs, or for those of a folder. Nobody reads the secret again.
    """
    user, place, owner = keeping(work, folder, "credential.create")
    prefix = Remote.parse(url.strip())
    fingerprint = None
    if kind not in (None, KINDS[prefix.scheme]):
        raise Invalid(f"For {prefix.scheme} addresses it is a {told(KINDS[prefix.scheme])}, not a {told(kind)}.")
    username = check_username(username, prefix)
    if prefix.scheme == "ssh":
        secret, fingerprint = read_key(secret)
    else:
        secret = check_token(secret)
    label = (name or "").strip() or str(prefix).partition("://")[2][:LONGEST_NAME] or str(prefix)[:LONGEST_NAME]
    if len(label) > LONGEST_NAME or not label.isprintable():
        raise Invalid(f"A credential's name has at most {LONGEST_NAME} characters, all of them printable.")
    there = work.credentials.of(user=user, folder=place.id if place else None)
    if any(one.name == label for one in there):
        raise Conflict(f"There is a credential {label!r} already; remove it first, or choose another name.")
    if len(there) >= MOST:
        raise Conflict(f"There are {len(there)} credentials already, and no more are kept; remove some.")
    made = Credential(
        work.new_id(), user, place.id if place else None, label, str(prefix), KINDS[prefix.scheme], username,
        fingerprint, work.person.name, work.now(), None,
    )  # fmt: skip
    work.credentials.add(made, seal(work.hub.secret, PURPOSE, secret, bound(made)), work.person.user.id)
    work.record("credential.create", owner, folder=made.folder, credential=label, url=made.url, kind=made.kind)
    return made


def delete_credential(work: Work, id: UUID, folder: FolderPath | None = None) -> None:
    """Forget it, with what was fetched by it."""
    user, place, owner = keeping(work, folder, "credential.delete")
    gone = work.credentials.get(id, user=user, folder=place.id if place else None)
    work.credentials.delete(gone.id)
    work.record("credential.delete", owner, folder=gone.folder, credential=gone.name, url=gone.url)


def keeping(work: Work, folder: FolderPath | None, action: str) -> tuple[UUID | None, Folder | None, str]:
    """Whose credentials are meant, once it is sure that the caller keeps them: a user's or a folder's."""
    if folder is None:
        person = work.account(action)
        return person.user.id, None, person.name
    found = work.folder(folder, needs=Role.OWNER)
    if found.path.kind is not Kind.MODEL and action == "credential.create":
        raise Invalid("Runs leave their results in model folders; keep the credential in one of these.")
    return None, found, str(found.path)


def told(kind: CredentialKind | None) -> str:
    return "private SSH key" if kind is CredentialKind.SSH_KEY else "token"


def find_opener(work: Work, url: str, user: UUID, receiving: Asset) -> Opener | None:
    """What opens a repository for this user's runs whose result goes to this model; None where nothing is kept."""
    if repositories.is_local(url):
        return None
    remote = Remote.parse(url)
    found = work.credentials.usable(user, receiving.folder)
    chosen = choose([one for one, _ in found], remote, user)
    if chosen is None:
        return None
    sealed = next(sealed for one, sealed in found if one.id == chosen.id)
    try:
        return Opener(chosen, unseal(work.hub.secret, PURPOSE, sealed, bound(chosen)))
    except Damaged as error:
        raise Damaged(
            f"The Git credential {chosen.name!r} cannot be used; remove it and add it again. {error}"
        ) from error


def note_use(hub: Hub, opener: Opener | None) -> None:
    """Remember that a credential was used just now, about as exactly as of API keys."""
    if opener is None:
        return
    last = opener.credential.last_used_at
    with hub.work(None) as work:
        if last is None or work.now() - last > USED_EVERY:
            work.credentials.used(opener.credential.id, work.now())


def sweep_credentials(hub: Hub) -> None:
    """Remove what was fetched by credentials that are gone."""
    found = repositories.opened_by(hub)  # before the rows are read: a credential that comes meanwhile is none of these
    with hub.work(None, reading=True) as work:
        gone = found - work.credentials.ids()
    for id in gone:
        repositories.forget(hub, id)
