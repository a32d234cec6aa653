"""API keys, the tokens of runs, and who each stands for."""

import hashlib
import secrets
from datetime import timedelta
from uuid import UUID

from assethub.domain.errors import Forbidden, Invalid, SignInNeeded
from assethub.domain.folders import Folder, Role
from assethub.domain.names import FolderPath, parse_path
from assethub.domain.owners import Caller, Key, Origin, OwnerKind, RunCaller, Scope, User
from assethub.services.work import Hub, Work

KEY_PREFIX = "ah_"
RUN_PREFIX = "ahr_"
USED_EVERY = timedelta(minutes=1)  # how exactly a key's last use is known


def digest(secret: str) -> str:
    """Secrets are random and long, so a plain hash of them can be kept and looked up."""
    return hashlib.sha256(secret.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Compares secrets in constant time."""
    return secrets.compare_digest(one.encode(), other.encode())


def key_caller(hub: Hub, secret: str, address: str = "") -> Caller | RunCaller:
    """Who an API key or a run's token stands for."""
    if secret.startswith(RUN_PREFIX):
        return run_caller(hub, secret, address)
    with hub.work(None, reading=True) as work:
        found, now = work.keys.find(digest(secret), work.now()), work.now()
    if found is None:
        raise SignInNeeded("This API key is not known, or it has expired; make a new one with `ah login`.")
    user, key = found
    if key.last_used_at is None or now - key.last_used_at > USED_EVERY:
        with hub.work(None) as work:
            work.keys.used(key.id, now)
    return Caller(user, key.scope, key.folder, Origin(f"the key {key.name}", address))


def run_token(hub: Hub, run: UUID, attempt: int) -> str:
    """A run's token is a signature over the attempt: nothing is kept, and the run's end ends it."""
    return f"{RUN_PREFIX}{run.hex}_{attempt}_{hub.sign('run', f'{run.hex}:{attempt}')}"


def claim_secret(hub: Hub, run: UUID, attempt: int) -> str:
    """What the executor hands to the runner so that it may claim this attempt."""
    return hub.sign("claim", f"{run.hex}:{attempt}")


def run_caller(hub: Hub, token: str, address: str = "") -> RunCaller:
    refusal = SignInNeeded("This run token is not valid, or its run has ended.")
    try:
        hexed, attempt, _ = token.removeprefix(RUN_PREFIX).split("_")
        expected = run_token(hub, UUID(hexed), int(attempt))
    except ValueError:
        raise refusal from None
    if not same(token, expected):
        raise refusal
    with hub.work(None, reading=True) as work:
        run = work.runs.find(UUID(hexed))
        if run is None or run.attempt != int(attempt) or run.state.final:
            raise refusal
        user = work.users.by_id(run.created_by)
    if user.deactivated_at is not None:
        raise refusal
    reads = frozenset((one.asset, one.commit) for one in run.inputs)
    return RunCaller(user, run.id, reads, run.asset, Origin(f"run {run.number}", address), run.attempt)


def make_key(
    work: Work, user: User, name: str, scope: Scope, days: int | None = None, folder: Folder | None = None
) -> tuple[Key, str]:
    """A new API key and its secret, which is not kept; for those who may make it."""
    secret = KEY_PREFIX + secrets.token_urlsafe(32)
    until = work.now() + timedelta(days=days) if days else None
    limit, path = (folder.id, str(folder.path)) if folder else (None, None)
    key = Key(work.new_id(), name, scope, work.now(), until, None, limit, path)
    work.keys.add(key, user.id, digest(secret))
    work.record("key.create", user.name, folder=limit, key=name, scope=scope.name.lower())
    return key, secret


def folder_of(text: str, me: str) -> FolderPath:
    path = parse_path(text, me=me)
    if not isinstance(path, FolderPath):
        raise Invalid(f"{text!r} is an asset's path; a key can be for a folder, such as {path.parent}.")
    return path


def create_key(
    work: Work, name: str, scope: Scope, days: int | None = None, folder: str | None = None
) -> tuple[Key, str]:
    """A key of the caller's own; with a folder, good for what is in it and for nothing else."""
    person = work.account("key.create")
    if scope > person.scope:
        raise work.refused(
            Forbidden(f"A key of the scope {person.scope.name.lower()} cannot make one with a wider scope."),
            "key.create",
        )
    if scope is Scope.ADMIN and not person.user.admin:
        raise work.refused(Forbidden("Only a hub administrator can have a key with the scope admin."), "key.create")
    if scope is Scope.ADMIN and folder is not None:
        raise Invalid("A key for one folder has the scope read or write; admin is for the whole hub.")
    limit = work.folder(folder_of(folder, person.name), needs=Role.VIEWER) if folder else None
    return make_key(work, person.user, name, scope, days, limit)


def list_keys(work: Work) -> list[Key]:
    return work.keys.of(work.account("key.list", needs=Scope.READ).user.id)


def revoke_key(work: Work, id: UUID) -> None:
    person = work.account("key.revoke")
    revoked(work, person.user, id)


def revoked(work: Work, user: User, id: UUID) -> None:
    key = work.keys.get(user.id, id)
    work.keys.delete(key.id)
    work.record("key.revoke", user.name, folder=key.folder, key=key.name)


def service_account(work: Work, name: str, action: str) -> User:
    """A service account, for the administrators, who make its keys."""
    work.administrator(action)
    found = work.users.find(name)
    if found is None or found.kind is not OwnerKind.SERVICE:
        raise Invalid(f"{name!r} is no service account; people make their own keys.")
    return found


def create_service_key(
    work: Work, account: str, name: str, scope: Scope, days: int | None = None, folder: str | None = None
) -> tuple[Key, str]:
    user = service_account(work, account, "key.create")
    if scope is Scope.ADMIN:
        raise Invalid("A service account is no administrator; its keys have the scope read or write.")
    limit = work.folder(folder_of(folder, user.name), needs=Role.VIEWER) if folder else None
    return make_key(work, user, name, scope, days, limit)


def list_service_keys(work: Work, account: str) -> list[Key]:
    return work.keys.of(service_account(work, account, "key.list").id)


def revoke_service_key(work: Work, account: str, id: UUID) -> None:
    revoked(work, service_account(work, account, "key.revoke"), id)
