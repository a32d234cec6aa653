"""What people do with imports: start, look, cancel. services/importing.py does the work."""

from uuid import UUID

from assethub.domain.errors import Conflict, Forbidden, Invalid
from assethub.domain.folders import Role
from assethub.domain.history import MAIN
from assethub.domain.imports import Import, ImportState
from assethub.domain.names import AssetPath, check_path
from assethub.domain.owners import Caller
from assethub.services.gates import refuse_gated
from assethub.services.sources import find_source
from assethub.services.work import Hub, Work

MOST_LISTED = 200
LONGEST_MESSAGE = 10_000


def start_import(
    work: Work,
    path: AssetPath,
    source: str,
    *,
    prefix: str = "",
    branch: str = MAIN,
    target: str = "",
    link: bool = False,
    message: str = "",
) -> Import:
    """Queue an import of what lies at or below a prefix of a source, onto a branch, below a folder `target`."""
    work.refuse_runs()
    asset = work.asset(path, needs=Role.EDITOR)
    found = find_source(work, source)
    work.refs.branch(asset.id, branch)
    refuse_gated(work, asset, branch)
    prefix, target = prefix.lstrip("/"), target.strip("/")
    for given in filter(None, (prefix, target)):
        check_path(given)
    if len(message) > LONGEST_MESSAGE:
        raise Invalid(f"The message is too long: at most {LONGEST_MESSAGE} characters.")
    user = work.person.user
    made = Import(
        id=work.new_id(), asset=asset.id, path=str(asset.path), branch=branch, source=found.id,
        source_name=found.name, prefix=prefix, target=target, link=link, message=message.strip(),
        state=ImportState.QUEUED, error=None, commit=None, total_files=0, total_bytes=0, done_files=0, done_bytes=0,
        read_bytes=0, created_by=user.id, creator=user.name, created_at=work.now(), started_at=None, ended_at=None,
    )  # fmt: skip
    work.imports.add(made)
    work.record(
        "import.start", f"{asset.path}:{branch}", folder=asset.folder, source=f"{found.name}:{prefix}", link=link,
        id=str(made.id),
    )  # fmt: skip
    return made


def list_imports(work: Work, path: AssetPath) -> list[Import]:
    """The asset's imports, newest first."""
    work.refuse_runs()
    return work.imports.of(work.asset(path, needs=Role.VIEWER).id, MOST_LISTED)


def get_import(work: Work, path: AssetPath, id: UUID, *, needs: Role = Role.VIEWER) -> Import:
    work.refuse_runs()
    asset = work.asset(path, needs=needs)
    found = work.imports.find(id)
    if found is None or found.asset != asset.id:
        raise work.hidden("import", id)
    return found


def cancel_import(work: Work, path: AssetPath, id: UUID) -> Import:
    """End an import; nothing of it is committed. Conflict if it has ended already."""
    get_import(work, path, id, needs=Role.EDITOR)
    found = work.imports.locked(id)
    assert found is not None  # seen above, in this transaction
    if found.state is ImportState.CANCELLED:
        return found
    if found.state.final:
        raise Conflict(f"This import has {found.state} already.")
    reason = f"Cancelled by {work.person.name}."
    work.imports.change(id, {"state": ImportState.CANCELLED, "ended_at": work.now(), "error": reason})
    asset = work.asset(path, needs=Role.EDITOR)
    work.record("import.cancel", f"{asset.path}:{found.branch}", folder=asset.folder, id=str(id))
    return get_import(work, path, id)


def may_import(work: Work, path: AssetPath) -> bool:
    """Whether the caller, who sees the asset, may import into it."""
    try:
        work.asset(path, needs=Role.EDITOR)
    except Forbidden:
        return False
    return isinstance(work.caller, Caller)


def pending_imports(hub: Hub) -> list[UUID]:
    """What the worker has to do, oldest first."""
    with hub.work(None, reading=True) as work:
        return work.imports.pending()
