"""Imports: the form that starts one, the asset's list of them, and one import as it goes."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.errors import HubError, Invalid
from assethub.domain.folders import Role
from assethub.domain.history import MAIN
from assethub.domain.names import AssetPath
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of, url_of
from assethub.server.dependencies import CurrentAsset
from assethub.services import imports, sources, summaries

router = APIRouter()
FIELDS = ("source", "prefix", "branch", "target", "message", "link")


@router.get("/{owner}/{kind}/{folder}/{name}/-/imports")
def asset_imports(page: CurrentPage, path: CurrentAsset, branch: str = MAIN) -> Response:
    return show(page, path, None, {"branch": branch})


@router.post("/{owner}/{kind}/{folder}/{name}/-/imports")
def start(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    given = {name: text_of(form, name) or "" for name in FIELDS}
    try:
        if not given["source"]:
            raise Invalid("Choose a source.")
        with page.writing() as work:
            made = imports.start_import(
                work, path, given["source"], prefix=given["prefix"], branch=given["branch"] or MAIN,
                target=given["target"], link=bool(given["link"]), message=given["message"],
            )  # fmt: skip
    except HubError as refusal:
        return show(page, path, str(refusal), given)
    return page.go(url_of(path, "imports", str(made.id)))


@router.get("/{owner}/{kind}/{folder}/{name}/-/imports/{id}")
def one_import(page: CurrentPage, path: CurrentAsset, id: UUID) -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path)
        found = imports.get_import(work, path, id)
        editable = imports.may_import(work, path)
    return page.render("asset/import.html", asset=asset, tab="files", one=found, editable=editable)


@router.post("/{owner}/{kind}/{folder}/{name}/-/imports/{id}/cancel")
def cancel(page: CurrentPage, path: CurrentAsset, form: CurrentForm, id: UUID) -> Response:
    with page.writing() as work:
        imports.cancel_import(work, path, id)
    return page.go(url_of(path, "imports", str(id)))


def show(page: Page, path: AssetPath, problem: str | None, given: dict[str, str]) -> Response:
    """The form with what was given, where the reader may import, and what was imported so far."""
    with page.reading() as work:
        asset = summaries.overview(work, path, needs=Role.EDITOR if problem else Role.VIEWER)
        editable = imports.may_import(work, path)
        found = imports.list_imports(work, path)
        known = sources.list_sources(work) if editable else []
    return page.render(
        "asset/imports.html", 422 if problem else 200, asset=asset, tab="files", problem=problem, sources=known,
        imports=found, editable=editable, given=dict.fromkeys(FIELDS, "") | given,
    )  # fmt: skip
