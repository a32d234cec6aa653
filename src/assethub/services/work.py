"""One piece of work for one caller: a transaction, the stores it uses, who asked, and what they may do."""

import hashlib
import hmac
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from uuid_utils.compat import uuid7

from assethub.database.assets import Assets
from assethub.database.engine import take_turn
from assethub.database.evaluations import Evaluations
from assethub.database.folders import Folders
from assethub.database.history import Commits, Refs
from assethub.database.imports import Imports
from assethub.database.nodes import Nodes
from assethub.database.objects import Bodies, Holdings
from assethub.database.owners import Keys, Sessions, Users
from assethub.database.purges import Purges
from assethub.database.renames import Renames
from assethub.database.roots import Roots
from assethub.database.runs import Logs, Metrics, Runs
from assethub.database.sources import Links, Originals, Sources
from assethub.database.staging import Staging
from assethub.database.uploads import Uploads
from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Forbidden, Full, NotFound, SignInNeeded, Unavailable
from assethub.domain.folders import Folder, Role
from assethub.domain.names import AssetPath, FolderPath
from assethub.domain.owners import Caller, RunCaller, Scope
from assethub.executors.executor import Executor
from assethub.storage.contents import Contents
from assethub.storage.spools import Spools
from assethub.storage.tree_store import NodeCache, Trees

log = logging.getLogger("assethub")
BUSY = "The hub is busy with other changes, so nothing of this was done; try again in a moment."


@dataclass(frozen=True)
class Hub:
    """What the process holds for as long as it lives."""

    engine: Engine
    contents: Contents
    nodes: NodeCache
    executor: Executor
    secret: bytes  # kept in a file beside the database, never in it
    folder: Path  # where the hub keeps its own files
    spools: Spools  # large contents on their way in
    git_roots: tuple[Path, ...] = ()  # local paths that Git repositories may lie below
    slots: int = 2  # runs side by side on the local engine
    grace: timedelta = timedelta(days=3)  # how long the collector leaves alone what was needed

    @contextmanager
    def work(
        self, caller: Caller | RunCaller | None, *, reading: bool = False, alone: bool = False
    ) -> Iterator["Work"]:
        """All of the work happens, or none of it. `reading` work takes no lock and must not write.

        `alone` is for the collector: no other writer is at work meanwhile.
        """
        try:
            with self.engine.connect() as connection:
                if reading:
                    connection.execution_options(reading=True)
                with connection.begin():
                    if not reading:
                        take_turn(connection, alone=alone)
                    yield Work(self, caller, connection)
        except OperationalError as error:
            told = refusal(str(error.orig))
            if told is None:
                raise
            raise told from error
        except NoConnection as error:
            raise Unavailable(BUSY) from error
        except IntegrityError as error:
            log.info("a concurrent writer won: %s", error.orig)
            raise Conflict("Someone else changed the same thing at the same moment; try again.") from error

    def sign(self, purpose: str, text: str) -> str:
        """A signature that only this hub can make; one purpose's never passes for another's."""
        return hmac.new(self.secret, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()


def refusal(said: str) -> Unavailable | None:
    """What a failure of the database means for the caller; None if it is a fault of ours."""
    if any(words in said for words in ("disk is full", "disk I/O error", "No space left")):
        return Full("The hub's disk is full, so nothing was changed. Free some space on it.")
    if any(words in said for words in ("database is locked", "lock timeout")):
        return Unavailable(BUSY)
    return None


@dataclass(frozen=True)
class Work:
    hub: Hub
    caller: Caller | RunCaller | None
    connection: Connection

    @cached_property
    def users(self) -> Users:
        return Users(self.connection)

    @cached_property
    def keys(self) -> Keys:
        return Keys(self.connection)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self.connection)

    @cached_property
    def folders(self) -> Folders:
        return Folders(self.connection)

    @cached_property
    def assets(self) -> Assets:
        return Assets(self.connection)

    @cached_property
    def commits(self) -> Commits:
        return Commits(self.connection)

    @cached_property
    def trees(self) -> Trees:
        return Trees(self.hub.nodes, self.nodes)

    @cached_property
    def nodes(self) -> Nodes:
        return Nodes(self.connection, self.now(), self.stale)

    @cached_property
    def refs(self) -> Refs:
        return Refs(self.connection)

    @cached_property
    def renames(self) -> Renames:
        return Renames(self.connection)

    @cached_property
    def bodies(self) -> Bodies:
        return Bodies(self.connection)

    @cached_property
    def purges(self) -> Purges:
        return Purges(self.connection)

    @cached_property
    def roots(self) -> Roots:
        return Roots(self.connection)

    @cached_property
    def holdings(self) -> Holdings:
        return Holdings(self.connection)

    @cached_property
    def uploads(self) -> Uploads:
        return Uploads(self.connection)

    @cached_property
    def staging(self) -> Staging:
        return Staging(self.connection)

    @cached_property
    def runs(self) -> Runs:
        return Runs(self.connection)

    @cached_property
    def logs(self) -> Logs:
        return Logs(self.connection)

    @cached_property
    def metrics(self) -> Metrics:
        return Metrics(self.connection)

    @cached_property
    def evaluations(self) -> Evaluations:
        return Evaluations(self.connection)

    @cached_property
    def sources(self) -> Sources:
        return Sources(self.connection)

    @cached_property
    def originals(self) -> Originals:
        return Originals(self.connection)

    @cached_property
    def links(self) -> Links:
        return Links(self.connection)

    @cached_property
    def imports(self) -> Imports:
        return Imports(self.connection)

    @property
    def person(self) -> Caller:
        """The signed-in user; a run's token stands for nobody here."""
        if isinstance(self.caller, Caller):
            return self.caller
        raise SignInNeeded("Sign in first: run `ah login`, or give an API key.")

    def refuse_runs(self) -> None:
        """For what is people's alone: a run reads its pinned versions and leaves its result, no more."""
        if isinstance(self.caller, RunCaller):
            raise Forbidden("A run's token reads its pinned inputs and writes its output; this is neither.")

    @property
    def owner_filter(self) -> UUID | None:
        """Whose folders a listing shows: the caller's own, or (None) everyone's for a hub administrator."""
        return None if self.person.user.admin else self.person.user.id

    def folder(self, path: FolderPath, *, needs: Role) -> Folder:
        found = self.folders.find(path) or self.renamed_folder(path)
        role = self.role(found[1]) if found else None
        if found is None or role is None:
            raise NotFound.named("folder", str(path))
        self.check(role, needs, str(path))
        return found[0]

    def asset(self, path: AssetPath, *, needs: Role) -> Asset:
        """The asset, once it is sure that the caller's role allows the work."""
        return self.checked(self.assets.find(path) or self.renamed_asset(path), needs, "asset", str(path))

    def renamed_folder(self, path: FolderPath) -> tuple[Folder, UUID] | None:
        """The folder that was at this path, if nothing is there now."""
        before = self.renames.find(str(path))
        return self.folders.by_id(before[0]) if before and before[0] else None

    def renamed_asset(self, path: AssetPath) -> tuple[Asset, UUID] | None:
        """The asset that was at this path, or that is now in the folder that was there."""
        before = self.renames.find(str(path))
        if before and before[1]:
            return self.assets.by_id(before[1])
        folder = self.renamed_folder(path.parent)
        if folder is None:
            return None
        now = folder[0].path.asset(path.name)
        return self.assets.find(now) or self.renamed_asset(now)

    def asset_by_id(self, id: UUID, *, needs: Role) -> Asset:
        return self.checked(self.assets.by_id(id), needs, "asset", str(id))

    def checked(self, found: tuple[Asset, UUID] | None, needs: Role, kind: str, name: str) -> Asset:
        role = self.role(found[1], found[0].id) if found else None
        if found is None or role is None:
            raise NotFound.named(kind, name)
        self.check(role, needs, name)
        return found[0]

    def role(self, owner: UUID, asset: UUID | None = None) -> Role | None:
        """The one place that says what the caller may do; None: may not even know that it exists."""
        caller = self.caller
        if isinstance(caller, RunCaller):
            if asset is None:
                return None
            if asset == caller.writes:
                return Role.RUNNER
            return Role.VIEWER if any(asset == readable for readable, _ in caller.reads) else None
        if caller is None or not (caller.user.id == owner or caller.user.admin):
            return None
        return Role.OWNER

    def check(self, role: Role, needs: Role, name: str) -> None:
        if role < needs:
            raise Forbidden(f"This needs the role {needs.name.lower()} in {name}; yours is {role.name.lower()}.")
        if needs > Role.VIEWER and isinstance(self.caller, Caller) and self.caller.scope < Scope.WRITE:
            raise Forbidden("This API key may only read; use one with the scope write.")

    def now(self) -> datetime:
        return datetime.now(UTC)

    @property
    def stale(self) -> datetime:
        """What was not needed since has to be marked as needed before somebody relies on it."""
        return self.now() - self.hub.grace / 4

    def new_id(self) -> UUID:
        return uuid7()
