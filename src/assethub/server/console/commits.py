"""Histories, commits and comparisons."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.history import Change, ChangeKind, Commit, RefKind
from assethub.domain.names import Reference
from assethub.domain.objects import Entry
from assethub.server.console.files import whole_text
from assethub.server.console.pages import CurrentPage
from assethub.server.dependencies import CurrentAsset
from assethub.services import evaluations, history, objects, summaries
from assethub.services.work import Work

router = APIRouter()
PAGE = 50
MOST_DIFFS = 40
LARGEST_DIFF = 256 << 10
MOST_CHANGES = 500


@dataclass(frozen=True)
class Difference:
    """One changed file, with its text side by side where it is text: lines of (sign, text)."""

    change: Change
    lines: list[tuple[str, str]] | None


@router.get("/{owner}/{kind}/{folder}/{name}/-/commits")
def commits(page: CurrentPage, path: CurrentAsset, ref: str | None = None, after: str | None = None) -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path, ref)
        found = history.log_commits(work, Reference(path, ref), after=after, limit=PAGE + 1)
    more = found[PAGE - 1].id if len(found) > PAGE else None
    days = [(day, list(group)) for day, group in groupby(found[:PAGE], key=lambda one: one.made_at.date())]
    names: dict[str, list[str]] = {}
    for one in asset.refs:
        if one.kind is RefKind.TAG:
            names.setdefault(one.commit, []).append(one.name)
    return page.render("asset/commits.html", asset=asset, tab="commits", days=days, more=more, tags=names)


@router.get("/{owner}/{kind}/{folder}/{name}/-/commit/{id}")
def commit(page: CurrentPage, path: CurrentAsset, id: str) -> Response:
    with page.reading() as work:
        one, parent, compared = history.commit_diff(work, path, id)
        changes = compared.excerpt(MOST_CHANGES)
        asset = summaries.overview(work, path, f"commit/{one.id}")
        differences = with_texts(work, Reference(path), parent, one, changes.rows)
        shown = evaluations.list_evaluations(work, path, f"commit/{one.id}") if asset.path.kind == "model" else []
    return page.render(
        "asset/commit.html", asset=asset, tab="commits", commit=one, parent=parent, changes=changes,
        differences=differences, evaluations=shown, most=MOST_CHANGES,
    )  # fmt: skip


@router.get("/{owner}/{kind}/{folder}/{name}/-/compare")
def compare(page: CurrentPage, path: CurrentAsset, source: str = "main", target: str = "main") -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path)
        before, after, compared = history.diff_versions(work, path, source, target)
        changes = compared.excerpt(MOST_CHANGES)
        differences = with_texts(work, Reference(path), before, after, changes.rows)
    return page.render(
        "asset/compare.html", asset=asset, tab="commits", source=source, target=target, before=before, after=after,
        changes=changes, differences=differences, most=MOST_CHANGES,
    )  # fmt: skip


def with_texts(
    work: Work, reference: Reference, before: Commit | None, after: Commit, changes: Iterable[Change]
) -> list[Difference]:
    found: list[Difference] = []
    for change in changes:
        lines = None
        if len(found) < MOST_DIFFS and change.kind is not ChangeKind.RENAMED:
            old = text_at(work, reference, before, change.old_path or change.path, change.old)
            new = text_at(work, reference, after, change.path, change.new)
            lines = compared(old, new) if old is not None and new is not None else None
        found.append(Difference(change, lines))
    return found


def text_at(work: Work, reference: Reference, commit: Commit | None, path: str, entry: Entry | None) -> str | None:
    """The text of one side; empty where there is no file, None where it is no text."""
    if entry is None or commit is None:
        return ""
    if entry.size > LARGEST_DIFF:
        return None
    return whole_text(objects.open_file(work, Reference(reference.asset, f"commit/{commit.id}"), path))


def compared(old: str, new: str) -> list[tuple[str, str]]:
    """A unified diff without its file names, as (sign, text) lines."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), n=3, lineterm="")
    return [(line[0], line if line.startswith("@@") else line[1:]) for line in list(lines)[2:]]
