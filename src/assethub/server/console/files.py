"""An asset's files: folders, README, one file, and the bytes that people made."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.responses import Response

from assethub.domain.cards import NAMES, Facts
from assethub.domain.errors import NotFound
from assethub.domain.names import AssetPath, Kind, Reference
from assethub.domain.objects import Entry, Listed
from assethub.server.bodies import send_file
from assethub.server.console.cards import card
from assethub.server.console.pages import CurrentPage, Page, url_of
from assethub.server.console.place import Place
from assethub.server.console.previews import preview
from assethub.server.console.previews.looking import Looking
from assethub.server.console.previews.media import LARGEST_THUMBNAIL, is_picture, sight_of
from assethub.server.console.previews.text import whole_text
from assethub.server.dependencies import CurrentAsset
from assethub.services import cards, imports, last_commits, objects, read_links, staging, stars, summaries
from assethub.services.objects import OpenFile
from assethub.services.summaries import Overview
from assethub.services.work import Work

router = APIRouter()
MOST_ROWS = 1000  # of a folder on one page
MOST_PICTURES = 120  # of a gallery on one page


@router.get("/{owner}/{kind}/{folder}/{name}")
def front(page: CurrentPage, path: CurrentAsset, ref: str | None = None, view: str = "") -> Response:
    return show_folder(page, path, ref, "", gallery=view == "gallery")


@router.get("/{owner}/{kind}/{folder}/{name}/-/files/{below:path}")
def below(
    page: CurrentPage, path: CurrentAsset, below: str, ref: str | None = None, after: str = "", view: str = ""
) -> Response:
    prefix = below.rstrip("/") + "/" if below else ""
    return show_folder(page, path, ref, prefix, after, gallery=view == "gallery")


def show_folder(
    page: Page, path: AssetPath, ref: str | None, prefix: str, after: str = "", *, gallery: bool = False
) -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path, ref)
        if str(asset.path) != str(path):  # it was renamed, or written in another case
            return page.go(url_of(asset.path, ref=ref))
        here = Reference(asset.path, f"commit/{asset.commit.id}")
        _, rows, more = objects.list_objects(
            work, here, prefix=prefix, delimiter="/", after=after, limit=MOST_PICTURES if gallery else MOST_ROWS
        )
        touched = last_commits.last_commits(work, here, [row.path for row in rows])
        listed = {row.path: row.entry for row in rows}
        readme_path = next((prefix + name for name in NAMES if listed.get(prefix + name)), None)
        readme = objects.open_file(work, here, readme_path) if readme_path else None
        waiting = staging.count_waiting(work, asset.asset, asset.ref) if asset.on_branch else 0
        place = Place(asset.path, ref, read_links.read_links(work, here), prefix)
        side = aside(work, asset)
    text = whole_text(readme) if readme else None
    response = page.render(
        "asset/files.html", asset=asset, tab="files", rows=rows, touched=touched, prefix=prefix, more=more,
        readme=card(text, place) if text is not None else None, readme_path=readme_path, waiting=waiting,
        facts=cards.facts_of(text or "") if not prefix else Facts(), gallery=gallery,
        pictures={row.path: place.raw(row.path) for row in rows if gallery and is_thumbnail(row)},
        has_pictures=any(map(is_thumbnail, rows)), **side,
    )  # fmt: skip
    if page.found is not None and stars.due(asset.seen_at):
        response.background = BackgroundTask(stars.opened, page.hub, page.found, asset.asset.id)
    return response


def is_thumbnail(row: Listed) -> bool:
    """Whether galleries show it: a picture that is not too large to load beside many."""
    return row.entry is not None and row.size <= LARGEST_THUMBNAIL and is_picture(row.path, row.entry.content_type)


def aside(work: Work, asset: Overview) -> dict[str, Any]:
    """What stands beside the files: who made the version, and how good it is."""
    maker = summaries.origin(work, asset.asset, asset.commit)
    newest = summaries.newest_evaluation(work, asset) if asset.path.kind is Kind.MODEL else None
    return {"maker": maker, "newest": newest, "editable": imports.may_import(work, asset.path)}


@router.get("/{owner}/{kind}/{folder}/{name}/-/file/{file:path}")
def one_file(
    page: CurrentPage, path: CurrentAsset, file: str, ref: str | None = None, source: bool = False
) -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path, ref)
        here = Reference(asset.path, f"commit/{asset.commit.id}")
        try:
            opened = objects.open_file(work, here, file)
        except NotFound:
            if file and objects.list_objects(work, here, prefix=f"{file.rstrip('/')}/", limit=1)[1]:
                return page.go(url_of(asset.path, "files", file.rstrip("/"), ref=ref))  # a link meant a folder
            raise
        last = last_commits.last_commits(work, here, [file]).get(file)
        waiting = staging.count_waiting(work, asset.asset, asset.ref) if asset.on_branch else 0
        place = Place(asset.path, ref, read_links.read_links(work, here), file[: file.rfind("/") + 1])
    raw = place.raw(file)
    shown = preview(Looking(opened, raw, source, page.request.query_params, place))
    return page.render(
        "asset/file.html", asset=asset, tab="files", file=file, entry=opened.entry, last=last, raw=raw, source=source,
        shown=shown, waiting=waiting, **shown.values,
    )  # fmt: skip


@router.get("/raw/{token}/{name}")
@router.head("/raw/{token}/{name}")
def raw(request: Request, page: CurrentPage, token: str, name: str) -> Response:
    """User bytes: signed links instead of cookies, no scripts, and nothing shown in place that could be a page."""
    opened = read_links.open_link(page.hub, token, datetime.now(UTC))
    entry = opened.entry
    sight = sight_of(opened.path, entry.content_type)
    plain = OpenFile(opened.hub, opened.path, Entry(entry.sha256, entry.size, entry.mtime, sight.type), opened.location)
    headers = {"Cache-Control": "private, max-age=3600", "Content-Security-Policy": sight.policy}
    if sight.in_place:
        headers["Content-Disposition"] = "inline"
    return send_file(request, plain, headers)
