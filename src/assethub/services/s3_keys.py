"""S3 keys: made, listed, revoked, and looked up for the S3 door; their secrets are kept sealed."""

import base64
import secrets
import string
from datetime import datetime, timedelta

from assethub.domain.errors import Damaged
from assethub.domain.folders import Role
from assethub.domain.names import AssetPath, FolderPath
from assethub.domain.owners import Caller, Origin, Scope, User
from assethub.domain.s3_keys import S3Key, check_terms
from assethub.services.keys import service_account
from assethub.services.sealing import seal, unseal
from assethub.services.work import Hub, Work

PURPOSE = "S3 keys"
USED_EVERY = timedelta(minutes=5)  # how exactly a key's last use is known
ALPHABET = string.ascii_letters + string.digits  # nothing that a shell, a URL or YAML reads in its own way


def create_s3_key(
    work: Work, name: str, *, write: bool = False, asset: AssetPath | None = None, folder: FolderPath | None = None,
    commit_after: int | None = None, days: int | None = None, account: str | None = None,
) -> tuple[S3Key, str]:  # fmt: skip
    """A new S3 key and its secret, which is shown this once: the caller's own, or (for administrators) a service
    account's.

    For everything that its user may do, or for one asset. A key that writes can have a folder in which new buckets'
    assets are made, and a time in seconds after which what it staged is committed when nothing more is written.
    """
    user = holder(work, account, "s3key.create")
    label = check_terms(
        name, write=write, asset=asset is not None, folder=folder is not None, commit_after=commit_after
    )
    limit = work.asset(asset, needs=Role.EDITOR if write else Role.VIEWER) if asset else None
    target = work.folder(folder, needs=Role.EDITOR) if folder else None
    until = work.now() + timedelta(days=days) if days else None
    key = S3Key(
        new_access_key(), user.id, label, write, commit_after, work.now(), until,
        asset=limit.id if limit else None, asset_path=str(limit.path) if limit else None,
        bucket=limit.bucket if limit else None,
        folder=target.id if target else None, folder_path=str(target.path) if target else None,
    )  # fmt: skip
    secret = "".join(secrets.choice(ALPHABET) for _ in range(40))
    work.s3_keys.add(key, seal(work.hub.secret, PURPOSE, secret, key.access_key))
    work.record(
        "s3key.create", user.name, folder=limit.folder if limit else key.folder, key=label,
        access_key=key.access_key, write=write, asset=key.asset_path,
    )  # fmt: skip
    return key, secret


def new_access_key() -> str:
    return "AH" + base64.b32encode(secrets.token_bytes(12)).decode()[:18]


def list_s3_keys(work: Work, account: str | None = None) -> list[S3Key]:
    """The caller's own, or a service account's; without their secrets."""
    return work.s3_keys.of(holder(work, account, "s3key.list", needs=Scope.READ).id)


def revoke_s3_key(work: Work, access_key: str, account: str | None = None) -> None:
    user = holder(work, account, "s3key.revoke")
    key = work.s3_keys.get(user.id, access_key)
    work.s3_keys.delete(key.access_key)
    folder = work.assets.any(key.asset).folder if key.asset else key.folder
    work.record("s3key.revoke", user.name, folder=folder, key=key.name, access_key=key.access_key)


def holder(work: Work, account: str | None, action: str, *, needs: Scope = Scope.WRITE) -> User:
    """Whose keys are meant, once it is sure that the caller keeps them."""
    return service_account(work, account, action) if account else work.account(action, needs=needs).user


def find_s3_key(hub: Hub, access_key: str, address: str) -> tuple[Caller, S3Key, str] | None:
    """Whom a key stands for, how far it reaches, and the secret that its signatures are made with.

    None for a key that is unknown or has expired, and for one whose user is deactivated. Whoever asks has proved
    nothing yet: the signature is for the S3 door to check.
    """
    with hub.work(None, reading=True) as work:
        found = work.s3_keys.find(access_key, work.now())
    if found is None:
        return None
    user, key, sealed = found
    try:
        secret = unseal(hub.secret, PURPOSE, sealed, access_key)
    except Damaged as error:
        raise Damaged(f"The S3 key {key.name!r} cannot be used; revoke it and make another. {error}") from error
    scope = Scope.WRITE if key.write else Scope.READ
    return Caller(user, scope, origin=Origin(f"S3 key {key.name}", address), asset=key.asset), key, secret


def note_use(hub: Hub, key: S3Key, now: datetime) -> None:
    """Once a signature by the key was verified."""
    if key.last_used_at is None or now - key.last_used_at > USED_EVERY:
        with hub.work(None) as work:
            work.s3_keys.used(key.access_key, now)
