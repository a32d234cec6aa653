"""Merging a branch, and so publishing a version into main."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.errors import Conflict, HubError, NotFound
from assethub.domain.history import MAIN, Strategy
from assethub.domain.names import AssetPath, Kind
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of, url_of
from assethub.server.dependencies import CurrentAsset
from assethub.services import evaluations, history, merging, summaries

router = APIRouter()
MOST_CHANGES = 200


@router.get("/{owner}/{kind}/{folder}/{name}/-/publish")
def publish_form(page: CurrentPage, path: CurrentAsset, source: str = "", into: str = MAIN) -> Response:
    return show(page, path, source, into, None)


@router.post("/{owner}/{kind}/{folder}/{name}/-/publish")
def publish(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    source, into = text_of(form, "source") or "", text_of(form, "into") or MAIN
    strategy = text_of(form, "strategy")
    answers = {name.removeprefix("answer:"): str(form[name]) for name in form if name.startswith("answer:")}
    try:
        chosen = Strategy(strategy) if strategy in list(Strategy) else None
        with page.writing() as work:
            made = merging.merge_branch(
                work, path, source, into, strategy=chosen, answers=answers, message=text_of(form, "message")
            )
    except HubError as refusal:
        return show(page, path, source, into, refusal, strategy)
    return page.go(url_of(path, "commit", made.id) if made else url_of(path, ref=into))


@router.post("/{owner}/{kind}/{folder}/{name}/-/commit/{id}/{act}")
def repeat_or_revert(page: CurrentPage, path: CurrentAsset, form: CurrentForm, id: str, act: str) -> Response:
    """Take a commit back on a branch, or make its change there."""
    branch = text_of(form, "branch") or MAIN
    with page.writing() as work:
        if act == "revert":
            made = merging.revert_commit(work, path, id, branch)
        elif act == "cherry-pick":
            made = merging.cherry_pick(work, path, id, branch)
        else:
            raise NotFound.named("act", act)
    return page.go(url_of(path, "commit", made.id) if made else url_of(path, "commits", ref=branch))


def show(
    page: Page, path: AssetPath, source: str, into: str, refusal: HubError | None, strategy: str | None = None
) -> Response:
    """Both sides beside one another: what changes, and how good each is."""
    with page.reading() as work:
        asset = summaries.overview(work, path)
        chosen = source or next((one.name for one in asset.branches if one.name != into), "")
        sides: dict[str, Any] = {"changes": [], "scores": [], "metrics": []}
        if chosen:
            sides["changes"] = history.diff_versions(work, path, into, chosen)[2].excerpt(MOST_CHANGES)
            if path.kind is Kind.MODEL:
                sides |= scores(
                    evaluations.list_evaluations(work, path, into), evaluations.list_evaluations(work, path, chosen)
                )
    conflicts = [line.split(": ", 1) for line in refusal.details] if isinstance(refusal, Conflict) else []
    return page.render(
        "asset/publish.html", 409 if refusal else 200, asset=asset, tab="files", source=chosen, into=into,
        problem=str(refusal) if refusal else None, conflicts=conflicts, strategies=list(Strategy),
        strategy=strategy or (Strategy.REPLACE if into == MAIN else Strategy.MERGE), most=MOST_CHANGES, **sides,
    )  # fmt: skip


def scores(before: list[Any], after: list[Any]) -> dict[str, Any]:
    """For each dataset measured on either side: the newest metrics of both."""
    found: dict[str, list[Any]] = {}
    for side, rows in enumerate((before, after)):
        for one, _ in rows:
            pair = found.setdefault(one.dataset_path, [None, None])
            pair[side] = pair[side] or one
    names = dict.fromkeys(
        name for pair in found.values() for one in pair if one for name in one.metrics if "." not in name
    )
    return {"scores": sorted(found.items()), "metrics": list(names)[:5]}
