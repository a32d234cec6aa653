"""Branches and tags: a page of them, searched on the server, made, deleted and brought back."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, Response

from assethub.domain.errors import HubError, NotFound
from assethub.domain.folders import Role
from assethub.domain.history import MAIN, RefKind
from assethub.domain.names import AssetPath
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of, url_of
from assethub.server.dependencies import CurrentAsset
from assethub.services import assets, deletions, refs, summaries

router = APIRouter()
PAGE = 50
SUGGESTED = 30  # of each kind, while somebody types
Search = Annotated[str, Query(max_length=200)]


@router.get("/{owner}/{kind}/{folder}/{name}/-/refs")
def list_refs(page: CurrentPage, path: CurrentAsset) -> Response:
    return show_refs(page, path, None)


@router.get("/{owner}/{kind}/{folder}/{name}/-/refs.json")
def suggest_refs(page: CurrentPage, path: CurrentAsset, search: Search = "") -> Response:
    """What a selector offers: branches, tags and commits that match, those that moved last first."""
    with page.reading() as work:
        found = [
            (kind, *refs.find_refs(work, path, kind, search=search, recent=True, limit=SUGGESTED))
            for kind in (RefKind.BRANCH, RefKind.TAG)
        ]
        commits = refs.find_commits(work, path, search)
    listed = {
        kind: {"names": [ref.name for ref in one], "more": more is not None} for kind, one, more in found
    }  # fmt: skip
    known = [{"id": commit.id, "title": commit.title} for commit in commits]
    return JSONResponse({"branches": listed[RefKind.BRANCH], "tags": listed[RefKind.TAG], "commits": known})


@router.post("/{owner}/{kind}/{folder}/{name}/-/refs")
def change_refs(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    """Make, delete or bring back a branch or a tag."""
    act, name = text_of(form, "act") or "", text_of(form, "name") or ""
    source, force = text_of(form, "source"), text_of(form, "force") is not None
    try:
        with page.writing() as work:
            if act == "create-branch":
                assets.create_branch(work, path, name, source)
            elif act == "create-tag":
                assets.create_tag(work, path, name, source, message=text_of(form, "message") or "")
            elif act == "delete-branch":
                deletions.delete_branch(work, path, name, force=force)
            elif act == "delete-tag":
                deletions.delete_tag(work, path, name, force=force)
            elif act == "restore":
                deletions.restore_ref(work, path, name)
            else:
                raise NotFound.named("act", act)
    except HubError as refusal:
        return show_refs(page, path, refusal, (act, name))
    done = {"deleted": name} if act.startswith("delete") else {"made": name}
    return page.go(url_of(path, "refs", kind="tag" if act.endswith("tag") else None, **done))


def show_refs(page: Page, path: AssetPath, refusal: HubError | None, asked: tuple[str, str] = ("", "")) -> Response:
    """A deletion that something stands against is offered once more, all the same."""
    query = page.request.query_params
    kind = RefKind.TAG if query.get("kind") == "tag" or asked[0].endswith("tag") else RefKind.BRANCH
    search, recent = query.get("q", "").strip()[:200], query.get("sort") != "name"
    values: dict[str, Any] = {"kind": kind, "q": search, "sort": None if recent else "name"}
    with page.reading() as work:
        asset = summaries.overview(work, path, needs=Role.EDITOR if refusal else Role.VIEWER)
        found, more = refs.find_refs(
            work, path, kind, search=search, after=query.get("after", ""), recent=recent, limit=PAGE
        )
        rows = refs.ref_rows(work, path, found, measured=kind is RefKind.BRANCH and path.kind == "model")
    return page.render(
        "asset/refs.html", 422 if refusal else 200, asset=asset, tab="files", rows=rows, more=more, main=MAIN,
        problem=str(refusal) if refusal else None, resting=refusal.details if refusal else (), asked=asked,
        deleted=query.get("deleted"), made=query.get("made"), after=query.get("after"), **values,
    )  # fmt: skip
