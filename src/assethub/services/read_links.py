"""Addresses that read one file for some hours, for pages that take no cookie."""

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from assethub.domain.errors import Forbidden, NotFound
from assethub.domain.names import Reference
from assethub.services import evaluations, versions
from assethub.services.objects import OpenFile, locate
from assethub.services.work import Hub, Work

LASTS = timedelta(hours=12)
STEP = 3600  # seconds that links stay the same, so that browsers may keep what they read


@dataclass(frozen=True)
class ReadLinks:
    """Makes the links of one version, for who was allowed to read it; whether a file is there, reading it tells."""

    hub: Hub
    asset: UUID
    commit: str
    until: int  # Unix time

    def to(self, path: str) -> str:
        """A signed token that reads this one file."""
        fields = json.dumps([str(self.asset), self.commit, path, self.until], separators=(",", ":"))
        text = base64.urlsafe_b64encode(fields.encode()).decode().rstrip("=")
        return f"{text}.{self.hub.sign('raw', text)[:43]}"


def read_links(work: Work, reference: Reference) -> ReadLinks:
    """Links to the files of a version, which are good for about twelve hours."""
    asset, commit = versions.version(work, reference)
    return links_of(work, asset.id, commit.id)


def links_of(work: Work, asset: UUID, commit: str) -> ReadLinks:
    """The same for a version that the caller has been shown already: nothing is looked up."""
    until = int((work.now() + LASTS).timestamp())
    return ReadLinks(work.hub, asset, commit, until // STEP * STEP)


def report_link(work: Work, evaluation: UUID, path: str) -> str:
    """A signed token like these for a report of an evaluation that the caller was shown."""
    until = int((work.now() + LASTS).timestamp())
    fields = json.dumps([str(evaluation), "", path, until], separators=(",", ":"))
    text = base64.urlsafe_b64encode(fields.encode()).decode().rstrip("=")
    return f"{text}.{work.hub.sign('report', text)[:43]}"


def open_report_link(hub: Hub, token: str, now: datetime) -> OpenFile:
    """The report that a link made by `report_link` reads. Forbidden if it is forged or too old."""
    id, _, path = checked(hub, "report", token, now)
    with hub.work(None, reading=True) as work:
        found = work.evaluations.get(UUID(id))
        if found is None:
            raise NotFound.named("evaluation", id)
        return evaluations.report_of(work, found, path)


def open_link(hub: Hub, token: str, now: datetime) -> OpenFile:
    """The file that a link reads. Forbidden if it is forged or too old."""
    asset, commit_id, path = checked(hub, "raw", token, now)
    with hub.work(None, reading=True) as work:
        commit = work.commits.get(UUID(asset), commit_id)
        entry = versions.tree_of(work, commit).find(path)
        if entry is None:
            raise NotFound.named("file", path)
        return OpenFile(hub, path, entry, locate(work, [entry.sha256])[entry.sha256])


def checked(hub: Hub, purpose: str, token: str, now: datetime) -> tuple[str, str, str]:
    """What a link is for, once it proves to be the hub's own and young enough."""
    text, _, signature = token.partition(".")
    expected = hub.sign(purpose, text)[:43]
    if not secrets.compare_digest(signature.encode(), expected.encode()):
        raise Forbidden("This link is not one of the hub's own; open the file's page again.")
    whose, which, path, until = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    if now.timestamp() > until:
        raise Forbidden("This link is too old; open the file's page again.")
    return whose, which, path
