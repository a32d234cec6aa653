"""What a piece of work tells the audit log: what was done, and what was refused."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from assethub.domain.audit import Outcome
from assethub.domain.errors import HubError, NotFound
from assethub.domain.owners import Asking, Caller, Keeper, Origin, RunCaller, Visitor
from assethub.services.records import Records

E = TypeVar("E", bound=HubError)


@dataclass(frozen=True)
class Refusal:
    """What somebody was not allowed to do, or to know of, if the error that says so ends the work."""

    error: HubError
    action: str
    target: str
    folder: UUID | None

    def record(self, work: "Audited") -> None:
        work.record(self.action, self.target, folder=self.folder, outcome=Outcome.REFUSED, said=str(self.error))


class Audited(Records):
    """The rows, and the caller of whom the audit log tells what they did with them."""

    caller: Asking | Keeper | None
    refusals: list[Refusal]  # that the work ends with, if their errors end it

    def refuse(self, action: str, target: str, said: str) -> None:
        """Tell the audit log of a refusal that is no error of this work."""
        self.record(action, target, outcome=Outcome.REFUSED, said=said)

    def refused(self, error: E, action: str, target: str = "", folder: UUID | None = None) -> E:
        """The same error, which the audit log will tell of; not of visitors, who are nobody yet."""
        if not isinstance(self.caller, Visitor):
            self.refusals.append(Refusal(error, action, target, folder))
        return error

    def hidden(self, kind: str, id: object) -> NotFound:
        """That there is no such thing, to be raised whether it is not there or not theirs."""
        return self.refused(NotFound.named(kind, str(id)), f"{kind}.see", str(id))

    def record(
        self, action: str, target: object, *, folder: UUID | None = None, outcome: Outcome = Outcome.DONE, **detail: Any
    ) -> None:
        """Tell the audit log what the caller did to what, in the transaction that does it."""
        self.record_each(action, target, [detail], folder=folder, outcome=outcome)

    def record_each(
        self, action: str, target: object, details: Iterable[dict[str, Any]], *, folder: UUID | None = None,
        outcome: Outcome = Outcome.DONE,
    ) -> None:  # fmt: skip
        """The same of several things, an event for each."""
        caller = self.caller
        origin = caller.origin if caller else Origin()
        event = {
            "at": self.now(), "actor": caller.user.id if isinstance(caller, Caller | RunCaller) else None,
            "actor_name": "" if caller is None or isinstance(caller, Visitor) else caller.name[:96],
            "via": origin.via[:200], "address": origin.address[:48], "action": action, "target": str(target)[:500],
            "folder": folder, "outcome": outcome,
        }  # fmt: skip
        self.audit.add([{**event, "detail": detail} for detail in details])

    def now(self) -> datetime:
        return datetime.now(UTC)
