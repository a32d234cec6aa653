"""Opening a hub's data folder: made on first use, brought up to date, refused when it is not ours to open."""

import fcntl
import logging
import os
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import IO

from sqlalchemy.exc import OperationalError

from assethub.database.engine import connect, migrate
from assethub.domain.errors import Invalid, Unavailable
from assethub.executors.local import LocalExecutor
from assethub.services.work import Hub
from assethub.storage.backend import Backend, put
from assethub.storage.contents import Contents
from assethub.storage.filesystem import FilesystemBackend, sync_folder
from assethub.storage.spools import Spools
from assethub.storage.tree_store import NodeCache

log = logging.getLogger("assethub")
PROBE = b"Asset Hub was here"
FORMAT = "3"  # of the data folder; raised when older ones cannot be read any more


@dataclass(frozen=True)
class Opened:
    """A hub that holds its data folder, until it is closed."""

    hub: Hub
    lock: IO[str] | None

    def close(self) -> None:
        self.hub.engine.dispose()
        if self.lock is not None:
            self.lock.close()


def open_hub(
    folder: Path,
    *,
    database: str | None = None,
    store: str | None = None,
    git_roots: tuple[Path, ...] = (),
    slots: int = 2,
    grace: timedelta = timedelta(days=3),
    serving: bool = False,
) -> Opened:
    """The hub of a data folder. `serving` takes the folder for this process alone: one server, one folder."""
    folder = folder.resolve()
    check_format(folder)
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
    hub = Hub(
        engine=engine,
        contents=Contents(backend),
        nodes=NodeCache(backend),
        executor=LocalExecutor(folder / "runs", folder / "cache"),
        secret=secret_of(folder),
        folder=folder,
        spools=Spools(folder / "store" / "uploads"),
        git_roots=git_roots,
        slots=slots,
        grace=grace,
    )
    return Opened(hub, lock)


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
