"""One piece of work for one caller: a transaction, the stores it uses, who asked, and what they may do."""

import hashlib
import hmac
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from uuid_utils.compat import uuid7

from assethub.database.access import EVERYTHING, Reader
from assethub.database.engine import take_turn
from assethub.database.nodes import Nodes
from assethub.domain.assets import Asset
from assethub.domain.errors import Conflict, Forbidden, Full, HubError, Invalid, NotFound, SignInNeeded, Unavailable
from assethub.domain.folders import Access, Folder, Role
from assethub.domain.names import AssetPath, FolderPath
from assethub.domain.owners import Asking, Caller, Keeper, RunCaller, Scope, Visitor
from assethub.domain.runs import CodeRefs
from assethub.domain.settings import Setting
from assethub.executors.executor import Executor
from assethub.services.audited import Audited, Refusal
from assethub.services.limits import Attempts, Rates
from assethub.services.outbound import Outbound
from assethub.services.remembered import Remembered
from assethub.services.rounds import Rounds
from assethub.services.table_reader import Readers
from assethub.services.views import Views
from assethub.storage.contents import Contents
from assethub.storage.gatherings import Gatherings
from assethub.storage.spools import Spools
from assethub.storage.tree_store import NodeCache, Trees

log = logging.getLogger("assethub")
if TYPE_CHECKING:
    from assethub.services.providers import Provider  # which takes a while to import

T = TypeVar("T")
SIGN_IN = "Sign in first: run `ah login`, or give an API key."
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
    gatherings: Gatherings  # the same by S3, in parts of any size
    git_roots: tuple[Path, ...] = ()  # local paths that Git repositories may lie below
    slots: int = 2  # runs side by side on the local engine
    grace: timedelta = timedelta(days=3)  # how long the collector leaves alone what was needed
    outbound: Outbound = field(default_factory=Outbound)  # where it may connect to for people
    provider: "Provider | None" = None  # whom people sign in with, beside passwords
    accel: str = ""  # the location at which a web server before the hub serves the store; empty: there is none
    s3_url: str = ""  # where people reach the S3 door; empty: below the address that they reach the hub at
    public: bool = False  # whether folders may be open to readers who have not signed in
    quota: int | None = None  # bytes that each owner's assets may hold, if the owner has no quota of their own
    run_disk: int | None = None  # bytes that the workspace of one run may hold
    audit_kept: timedelta | None = timedelta(days=365)  # how long the audit log goes back; None: for ever
    rates: Rates = field(default_factory=lambda: Rates(0))
    attempts: Attempts = field(default_factory=Attempts)
    queued: threading.Event = field(default_factory=threading.Event)  # set when a run waits for a place
    code_refs: Remembered[CodeRefs] = field(default_factory=lambda: Remembered(60, 200))  # of Git repositories
    views: Views = field(default_factory=Views)  # of branches with what is staged on them
    settings: tuple[Setting, ...] = ()  # as it was started with
    rounds: Rounds = field(default_factory=Rounds)  # of the collector, which administrators ask for
    tables: Readers = field(default_factory=Readers)  # processes that decode tables

    @contextmanager
    def work(self, caller: Asking | Keeper | None, *, reading: bool = False, alone: bool = False) -> Iterator["Work"]:
        """All of the work happens, or none of it. `reading` work takes no lock and must not write.

        None is the hub itself, which no front door speaks for. `alone` is for the collector: no other writer is at
        work meanwhile. A refusal goes into the audit log after the work was taken back.
        """
        refusals: list[Refusal] = []
        try:
            with self.engine.connect() as connection:
                if reading:
                    connection.execution_options(reading=True)
                with connection.begin():
                    if not reading:
                        take_turn(connection, alone=alone)
                    yield Work(self, caller, connection, self.reader_of(caller), refusals, reading)
        except HubError as error:
            for one in [refused for refused in refusals if refused.error is error]:
                with self.work(caller) as work:
                    one.record(work)
            raise
        except OperationalError as error:
            told = refusal(str(error.orig))
            if told is None:
                raise
            raise told from error
        except DataError as error:
            if "NUL" not in str(error.orig):
                raise
            raise Invalid("No name, path or text can contain a NUL character.") from error
        except NoConnection as error:
            raise Unavailable(BUSY) from error
        except IntegrityError as error:
            log.info("a concurrent writer won: %s", error.orig)
            raise Conflict("Someone else changed the same thing at the same moment; try again.") from error

    def reader_of(self, caller: Asking | Keeper | None) -> Reader:
        """Whose eyes rows are read with; what a run may read is told by `Work.role`."""
        if isinstance(caller, Caller):
            return Reader(
                caller.user.id, everything=caller.admin, public=self.public, folder=caller.folder, asset=caller.asset
            )
        return Reader(public=self.public) if isinstance(caller, Visitor) else EVERYTHING

    def sign(self, purpose: str, text: str) -> str:
        """A signature that only this hub can make; one purpose's never passes for another's."""
        return hmac.new(self.secret, f"{purpose}\0{text}".encode(), hashlib.sha256).hexdigest()


def refusal(said: str) -> Unavailable | None:
    """What a failure of the database means for the caller; None if it is a fault of ours."""
    if any(words in said for words in ("disk is full", "disk I/O error", "No space left")):
        return Full("The hub's disk is full, so nothing was changed. Free some space on it.")
    if any(words in said for words in ("database is locked", "lock timeout", "deadlock detected")):
        return Unavailable(BUSY)
    return None


@dataclass(frozen=True)
class Work(Audited):
    hub: Hub
    caller: Asking | Keeper | None
    connection: Connection
    reader: Reader
    refusals: list[Refusal]
    reading: bool = False  # nothing is written: what was found stays as it is

    @cached_property
    def found(self) -> dict[AssetPath, tuple[Asset, Access]]:
        """Assets that reading work has found already, by the paths they were asked for."""
        return {}

    @cached_property
    def found_folders(self) -> dict[FolderPath, tuple[Folder, Access]]:
        """The same of folders."""
        return {}

    @cached_property
    def trees(self) -> Trees:
        return Trees(self.hub.nodes, self.nodes)

    @cached_property
    def nodes(self) -> Nodes:
        return Nodes(self.connection, self.now(), self.stale)

    @property
    def person(self) -> Caller:
        """The signed-in user; a run's token stands for nobody here."""
        self.refuse_runs()
        if isinstance(self.caller, Caller):
            return self.caller
        raise SignInNeeded(SIGN_IN)

    @property
    def somebody(self) -> Caller | RunCaller:
        """Whoever changes something: a user, or a run for one."""
        return self.caller if isinstance(self.caller, RunCaller) else self.person

    def account(self, action: str, *, needs: Scope = Scope.WRITE) -> Caller:
        """The signed-in user, for what is about accounts and no folder: keys, groups, credentials."""
        self.refuse_runs()
        person = self.person
        if person.limit is not None:
            raise self.refused(Forbidden(f"This key is for one {person.limit} only; use another for this."), action)
        if person.scope < needs:
            raise self.refused(Forbidden("This API key may only read; use one with the scope write."), action)
        return person

    def administrator(self, action: str) -> Caller | Keeper:
        """A hub administrator, whose key has the scope admin; or the person at the hub's own machine."""
        if isinstance(self.caller, Keeper):
            return self.caller
        self.refuse_runs()
        if not self.person.admin:
            raise self.refused(
                Forbidden("Only a hub administrator, with a key of the scope admin, may do this."), action
            )
        return self.person

    def refuse_runs(self) -> None:
        """For what is people's alone: a run reads its pinned versions and leaves its result, no more."""
        if isinstance(self.caller, RunCaller):
            told = "A run's token reads its pinned inputs and writes its output; this is neither."
            raise self.refused(Forbidden(told), "run.exceed", str(self.caller.run))

    def may_list(self) -> None:
        """For listings over folders: runs have none, visitors only where folders may be public."""
        self.refuse_runs()
        if isinstance(self.caller, Visitor) and not self.hub.public:
            raise SignInNeeded(SIGN_IN)

    def folder(self, path: FolderPath, *, needs: Role) -> Folder:
        found = self.found_folders.get(path) or self.folders.find(path) or self.renamed_folder(path)
        if self.reading and found:
            self.found_folders[path] = found
        role = self.role(found[1]) if found else None
        return self.checked(found[0] if found else None, role, needs, "folder", str(path))

    def asset(self, path: AssetPath, *, needs: Role) -> Asset:
        """The asset, once it is sure that the caller's role allows the work."""
        found = self.found.get(path) or self.seen(self.assets.find(path)) or self.renamed_asset(path)
        if self.reading and found:
            self.found[path] = found
        return self.checked_asset(found, needs, str(path))

    def asset_by_id(self, id: UUID, *, needs: Role) -> Asset:
        return self.checked_asset(self.seen(self.assets.by_id(id)), needs, str(id))

    def checked_asset(self, found: tuple[Asset, Access] | None, needs: Role, name: str) -> Asset:
        role = self.role(found[1], found[0].id) if found else None
        return self.checked(found[0] if found else None, role, needs, "asset", name)

    def renamed_folder(self, path: FolderPath) -> tuple[Folder, Access] | None:
        """The folder that was at this path, if nothing is there now."""
        folder, _ = self.renames.find(str(path))
        return self.folders.by_id(folder)

    def renamed_asset(self, path: AssetPath) -> tuple[Asset, Access] | None:
        """The asset that was at this path, or that is now in the folder that was there."""
        _, asset = self.renames.find(str(path))
        found = self.seen(self.assets.by_id(asset))
        if found is not None:
            return found
        folder = self.renamed_folder(path.parent)
        if folder is None:
            return None
        now = folder[0].path.asset(path.name)
        return self.seen(self.assets.find(now)) or self.renamed_asset(now)

    def seen(self, found: tuple[Asset, Access] | None) -> tuple[Asset, Access] | None:
        """What was found if the caller may know of it: queries hide folders, this hides from runs."""
        return found if found and self.role(found[1], found[0].id) else None

    def checked(self, found: T | None, role: Role | None, needs: Role, kind: str, name: str) -> T:
        """What was found, if the role allows the work. What is not there and what is not theirs end alike."""
        action = f"{kind.split()[-1]}.{'see' if needs is Role.VIEWER else needs.name.lower()}"
        if found is None or role is None:
            if isinstance(self.caller, Visitor):
                raise SignInNeeded(SIGN_IN)
            raise self.refused(NotFound.named(kind, name), action, name)
        try:
            self.check(role, needs, name)
        except Forbidden as error:
            folder = found.folder if isinstance(found, Asset) else found.id if isinstance(found, Folder) else None
            raise self.refused(error, action, name, folder) from None
        return found

    def role(self, access: Access, asset: UUID | None = None) -> Role | None:
        """The one place that says what the caller may do; None: may not even know that it exists."""
        caller = self.caller
        if isinstance(caller, RunCaller):
            if asset is None:
                return None
            if asset == caller.writes:
                return Role.RUNNER
            return Role.VIEWER if any(asset == readable for readable, _ in caller.reads) else None
        return self.reader.role(access, asset) if isinstance(caller, Caller | Visitor) else None

    def check(self, role: Role, needs: Role, name: str) -> None:
        if needs > Role.VIEWER and isinstance(self.caller, Visitor):
            raise SignInNeeded(SIGN_IN)
        if role < needs:
            raise Forbidden(f"This needs the role {needs.name.lower()} in {name}; yours is {role.name.lower()}.")
        if needs > Role.VIEWER and isinstance(self.caller, Caller) and self.caller.scope < Scope.WRITE:
            raise Forbidden("This API key may only read; use one with the scope write.")

    @property
    def stale(self) -> datetime:
        """What was not needed since has to be marked as needed before somebody relies on it."""
        return self.now() - self.hub.grace / 4

    def new_id(self) -> UUID:
        return uuid7()
