"""Who did what: a form that looks for it, page by page, and all of it as a file for administrators."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.responses import Response, StreamingResponse

from assethub.domain.audit import Filter, Outcome
from assethub.domain.errors import HubError, Invalid
from assethub.domain.names import FolderPath, parse_folder_path
from assethub.server.console.pages import CurrentPage, Page, url_of
from assethub.services import audit

router = APIRouter()
PAGE = 50


@dataclass(frozen=True)
class Asked:
    """The form as it was filled: empty fields are texts too."""

    search: str = ""
    user: str = ""
    action: str = ""
    folder: str = ""
    since: str = ""
    until: str = ""
    outcome: str = ""

    def query(self, **more: object) -> dict[str, object]:
        return {name: value or None for name, value in (vars(self) | more).items()}

    def filter(self) -> Filter:
        """Days are whole ones, the last included."""
        outcome = Outcome(self.outcome) if self.outcome in list(Outcome) else None
        since, until = day(self.since), day(self.until)
        return Filter(
            self.user.strip() or None, self.action.strip() or None, None, since,
            until + timedelta(days=1) if until else None, outcome, self.search,
        )  # fmt: skip

    def path(self) -> FolderPath | None:
        return parse_folder_path(self.folder.strip()) if self.folder.strip() else None


def asked(
    search: str = "", user: str = "", action: str = "", folder: str = "", since: str = "", until: str = "",
    outcome: str = "",
) -> Asked:  # fmt: skip
    return Asked(search, user, action, folder, since, until, outcome)


CurrentAsked = Annotated[Asked, Depends(asked)]


def day(text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        return datetime.combine(date.fromisoformat(text.strip()), time(), UTC)
    except (ValueError, OverflowError):
        raise Invalid(f"{text!r} is not a day; write it as 2026-03-31.") from None


@router.get("/-/audit")
def events(page: CurrentPage, asked: CurrentAsked, before: int | None = None) -> Response:
    everything = page.person.admin
    try:
        with page.reading() as work:
            found = audit.list_events(work, asked.filter(), asked.path(), before=before, limit=PAGE + 1)
    except Invalid as refusal:
        return show(page, asked, [], everything=everything, problem=refusal)
    return show(page, asked, found, everything=everything)


def show(page: Page, asked: Asked, found: list[Any], *, everything: bool, problem: HubError | None = None) -> Response:
    older = url_of("-/audit", **asked.query(before=found[PAGE - 1].id)) if len(found) > PAGE else None
    return page.render(
        "audit.html", 422 if problem else 200, events=found[:PAGE], asked=asked, outcomes=list(Outcome), older=older,
        everything=everything, problem=str(problem) if problem else None,
        lines=url_of("-/audit.jsonl", **asked.query()) if everything else None,
    )  # fmt: skip


@router.get("/-/audit.jsonl")
def lines(page: CurrentPage, asked: CurrentAsked) -> Response:
    """The same events as lines of JSON, oldest first."""
    exported = audit.begin_export(page.hub, page.person, asked.filter(), asked.path())
    head = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(exported, 200, head, "application/x-ndjson")
