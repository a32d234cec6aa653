"""Histories, commits and comparisons."""

from itertools import groupby
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from assethub.domain.history import RefKind
from assethub.domain.names import Kind, Reference
from assethub.server.console.changes import find_changes, shown_changes, turner
from assethub.server.console.lineage import draw
from assethub.server.console.pages import CurrentPage
from assethub.server.console.scores import scores
from assethub.server.dependencies import CurrentAsset
from assethub.services import evaluations, history, lineage, logs, refs, summaries

router = APIRouter()
PAGE = 50
MOST_BETWEEN = 20  # commits that a comparison lists


@router.get("/{owner}/{kind}/{folder}/{name}/-/commits")
def commits(
    page: CurrentPage,
    path: CurrentAsset,
    ref: str | None = None,
    after: str | None = None,
    file: Annotated[str, Query(alias="path")] = "",
    author: str = "",
    q: str = "",
) -> Response:
    """A history, or what of it touched a file (a folder ends in `/`), was made by an author, or says some words."""
    with page.reading() as work:
        asset = summaries.overview(work, path, ref)
        here = Reference(path, f"commit/{asset.commit.id}")
        log = logs.log_page(work, here, after=after, limit=PAGE, path=file, author=author.strip(), text=q.strip())
        tags = {
            id: [one.name for one in named if one.kind is RefKind.TAG]
            for id, named in refs.refs_naming(work, path, log.commits).items()
        }
        authors = logs.list_authors(work, path)
    days = [(day, list(group)) for day, group in groupby(log.commits, key=lambda one: one.made_at.date())]
    return page.render(
        "asset/commits.html", asset=asset, tab="commits", days=days, log=log, tags=tags, file=file, author=author, q=q,
        authors=authors,
    )  # fmt: skip


@router.get("/{owner}/{kind}/{folder}/{name}/-/commit/{id}")
def commit(page: CurrentPage, path: CurrentAsset, id: str) -> Response:
    with page.reading() as work:
        one, parent, compared = history.commit_diff(work, path, id)
        found = find_changes(page, work, parent, one, compared)
        asset = summaries.overview(work, path, f"commit/{one.id}")
        named = refs.refs_naming(work, path, [one]).get(one.id, [])
        graph = lineage.version_lineage(work, Reference(path, f"commit/{one.id}"), levels=1)
        shown = evaluations.list_evaluations(work, path, f"commit/{one.id}") if asset.path.kind == "model" else []
    return page.render(
        "asset/commit.html", asset=asset, tab="commits", commit=one, parent=parent, found=found, named=named,
        differences=shown_changes(found), evaluations=shown, drawing=draw(page, graph), whole=False,
        source=parent.id if parent else None, target=one.id, turn=turner(page),
        merged=page.request.query_params.get("merged"), dropped=page.request.query_params.get("dropped"),
    )  # fmt: skip


@router.get("/{owner}/{kind}/{folder}/{name}/-/compare")
def compare(
    page: CurrentPage, path: CurrentAsset, source: str = "main", target: str = "main", direct: bool = False
) -> Response:
    """From where the target's history left the source's, or directly from the source as it is."""
    with page.reading() as work:
        asset = summaries.overview(work, path)
        between = history.between(work, path, source, target, most=MOST_BETWEEN)
        start = between.source if direct or between.base is None else between.base
        before, after, compared = history.diff_from(work, path, f"commit/{start.id}", f"commit/{between.target.id}")
        found = find_changes(page, work, before, after, compared)
        measured = {}
        if path.kind is Kind.MODEL:
            measured = scores(
                evaluations.list_evaluations(work, path, f"commit/{between.source.id}"),
                evaluations.list_evaluations(work, path, f"commit/{between.target.id}"),
            )
    return page.render(
        "asset/compare.html", asset=asset, tab="commits", from_ref=source, to_ref=target, direct=direct,
        between=between, found=found, differences=shown_changes(found), most=MOST_BETWEEN,
        source=start.id, target=after.id, turn=turner(page), **({"scores": [], "metrics": []} | measured),
    )  # fmt: skip
