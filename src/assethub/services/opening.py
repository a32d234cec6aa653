"""Opening a hub's data folder: made on first use, brought up to date, refused when it is not ours to open."""

import fcntl
import logging
import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING

from sqlalchemy import make_url
from sqlalchemy.exc import OperationalError

from assethub.database.engine import connect, migrate
from assethub.domain.errors import Invalid, Unavailable
from assethub.domain.outbound import Policy
from assethub.domain.queue import ALL_OF_IT, MachineSettings
from assethub.domain.settings import Setting
from assethub.domain.sign_in import ProviderSettings
from assethub.executors.local import Confining, LocalExecutor
from assethub.services.limits import Rates
from assethub.services.outbound import Outbound
from assethub.services.work import Hub
from assethub.storage.backend import Backend, put
from assethub.storage.contents import Contents
from assethub.storage.filesystem import FilesystemBackend, sync_folder
from assethub.storage.gatherings import Gatherings
from assethub.storage.spools import Spools
from assethub.storage.tree_store import NodeCache

if TYPE_CHECKING:
    from assethub.services.providers import Provider

log = logging.getLogger("assethub")
PROBE = b"Asset Hub was here"
FORMAT = "3"  # of the data folder; raised when older ones cannot be read any more


@dataclass(frozen=True)
class Opened:
    """A hub that holds its data folder, until it is closed."""

    hub: Hub
    lock: IO[str] | None

    def close(self) -> None:
        self.hub.tables.close()
        self.hub.engine.dispose()
        if self.lock is not None:
            self.lock.close()


def open_hub(
    folder: Path,
    *,
    database: str | None = None,
    store: str | None = None,
    git_roots: tuple[Path, ...] = (),
    outbound: tuple[str, ...] = (),
    slots: int = 2,
    machine: MachineSettings = ALL_OF_IT,
    grace: timedelta = timedelta(days=3),
    sandbox: str = "auto",
    sandbox_folders: tuple[Path, ...] = (),
    quota: int | None = None,
    run_disk: int | None = None,
    audit_kept: timedelta | None = timedelta(days=365),
    requests_per_minute: int = 0,
    s3_url: str = "",
    accel: str = "",
    public: bool = False,
    provider: ProviderSettings | None = None,
    settings: tuple[Setting, ...] = (),
    serving: bool = False,
) -> Opened:
    """The hub of a data folder. `serving` takes the folder for this process alone: one server, one folder."""
    policy = Policy.parse(outbound)
    folder = folder.resolve()
    check_format(folder)
    executor = LocalExecutor(
        folder / "runs", folder / "cache", confining=confining(sandbox), hidden=[folder, *files_of(database)],
        folders=sandbox_folders, machine=machine,
    )  # fmt: skip
    lock = hold(folder) if serving else None
    url = database or f"sqlite:///{folder / 'hub.db'}"
    engine = connect(url)
    try:
        migrate(engine)
    except OperationalError as error:
        raise Unavailable(f"The database cannot be opened: {str(error.orig).strip()}") from error
    backend = backend_of(folder, store)
    if serving:  # others, such as `ah admin`, open the folder beside a server that is receiving
        backend.sweep()
        shutil.rmtree(folder / "git" / "private", ignore_errors=True)  # keys that a killed server had in use
    hub = Hub(
        engine=engine,
        contents=Contents(backend),
        nodes=NodeCache(backend),
        executor=executor,
        secret=secret_of(folder),
        folder=folder,
        spools=Spools(folder / "store" / "uploads"),
        gatherings=Gatherings(folder / "store" / "multiparts"),
        git_roots=git_roots,
        outbound=Outbound(policy),
        slots=slots,
        grace=grace,
        quota=quota,
        run_disk=run_disk,
        audit_kept=audit_kept,
        rates=Rates(requests_per_minute),
        s3_url=s3_url,
        accel=accel,
        public=public,
        provider=provider_of(provider) if provider else None,
        settings=settings,
    )
    return Opened(hub, lock)


def provider_of(settings: ProviderSettings) -> "Provider":
    from assethub.services.providers import Provider  # takes a while, and not every hub has one

    return Provider(settings)


def confining(word: str) -> Confining:
    try:
        return Confining(word)
    except ValueError:
        raise Invalid(f"The setting `sandbox` is auto, require or off, not {word!r}.") from None


def files_of(database: str | None) -> list[Path]:
    """What a database outside of the data folder keeps on this machine, as far as its address tells."""
    url = make_url(database) if database else None
    if url is None or url.get_backend_name() != "sqlite" or not url.database:
        return []
    file = Path(url.database).resolve()
    return [file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))]


def backend_of(folder: Path, store: str | None) -> Backend:
    """The store at an address, probed with a body of its own; without one, the local disk."""
    if not store:
        return FilesystemBackend(folder / "store")
    from assethub.storage.object_store import ObjectStoreBackend

    backend = ObjectStoreBackend(store, folder / "store" / "incoming")
    put(backend, "probe", PROBE)
    if b"".join(backend.read("probe", 2, 7)) != PROBE[2:7]:
        raise Unavailable(f"The store {store} answers a range of a body with something else; it cannot be used.")
    if not backend.refuses_overwriting():
        log.warning("The store %s has no conditional PUT: make sure that no other hub uses this address.", store)
    return backend


def check_format(folder: Path) -> None:
    marker = folder / "format"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not marker.exists():
            if any(entry.name not in ("serving.lock", fresh(marker).name) for entry in folder.iterdir()):
                raise Invalid(f"{folder} is not empty and not a hub's data folder; choose another with --data.")
            write_whole(marker, FORMAT + "\n")
    except OSError as error:
        raise Unavailable(f"The data folder {folder} cannot be used: {error.strerror}.") from error
    found = marker.read_text().strip()
    if found != FORMAT:
        raise Invalid(
            f"{folder} holds data in the format {found}, and this version of Asset Hub reads the format {FORMAT}. "
            "Start the version that wrote it, or choose another folder with --data."
        )


def hold(folder: Path) -> IO[str]:
    lock = (folder / "serving.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise Unavailable(f"Another `ah serve` uses the data folder {folder}; stop it or choose another.") from None
    return lock


def secret_of(folder: Path) -> bytes:
    """The key of all signatures; written once, readable by the hub's user alone."""
    path = folder / "secret"
    if not path.exists():
        write_whole(path, secrets.token_hex(32))
    return bytes.fromhex(path.read_text())


def fresh(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def write_whole(path: Path, text: str) -> None:
    """The file with all of its text, or none, whenever the process or the power ends; only the hub's user reads it."""
    descriptor = os.open(fresh(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh(path).replace(path)
    sync_folder(path.parent)
