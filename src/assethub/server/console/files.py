"""An asset's files: folders, README, one file, and the bytes that people made."""

import csv
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from assethub.domain.names import AssetPath, Kind, Reference
from assethub.domain.objects import OCTETS, Entry
from assethub.server.bodies import send_file
from assethub.server.console.markup import highlighted, markdown
from assethub.server.console.pages import CurrentPage, Page, url_of
from assethub.server.dependencies import CurrentAsset
from assethub.services import evaluations, imports, last_commits, objects, summaries
from assethub.services.objects import OpenFile
from assethub.services.summaries import Overview
from assethub.services.work import Work

router = APIRouter()
MOST_ROWS = 1000  # of a folder on one page
LARGEST_SHOWN = 512 << 10
TABLE_ROWS = 200
SHOWN_AS_IS = ("image/png", "image/jpeg", "image/gif", "image/webp")  # no format that can carry a script
CARDS = ("README.md", "README.txt", "README", "readme.md")


@router.get("/{owner}/{kind}/{folder}/{name}")
def front(page: CurrentPage, path: CurrentAsset, ref: str | None = None) -> Response:
    return show_folder(page, path, ref, "")


@router.get("/{owner}/{kind}/{folder}/{name}/-/files/{below:path}")
def below(page: CurrentPage, path: CurrentAsset, below: str, ref: str | None = None, after: str = "") -> Response:
    prefix = below.rstrip("/") + "/" if below else ""
    return show_folder(page, path, ref, prefix, after)


def show_folder(page: Page, path: AssetPath, ref: str | None, prefix: str, after: str = "") -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path, ref)
        if str(asset.path) != str(path):  # it was renamed, or written in another case
            return page.go(url_of(asset.path, ref=ref))
        here = Reference(asset.path, f"commit/{asset.commit.id}")
        _, rows, more = objects.list_objects(work, here, prefix=prefix, delimiter="/", after=after, limit=MOST_ROWS)
        touched = last_commits.last_commits(work, here, [row.path for row in rows])
        listed = {row.path: row.entry for row in rows}
        card = next((prefix + name for name in CARDS if listed.get(prefix + name)), None)
        readme = objects.open_file(work, here, card) if card else None
        side = aside(work, asset)
    text = whole_text(readme) if readme else None
    return page.render(
        "asset/files.html", asset=asset, tab="files", rows=rows, touched=touched, prefix=prefix, more=more,
        readme=markdown(text) if text is not None else None, readme_path=card, **side,
    )  # fmt: skip


def aside(work: Work, asset: Overview) -> dict[str, Any]:
    """What stands beside the files: who made the version, and how good it is."""
    maker = summaries.origin(work, asset.asset, asset.commit)
    newest = None
    if asset.path.kind is Kind.MODEL:
        found = evaluations.list_evaluations(work, asset.path, f"commit/{asset.commit.id}")
        newest = found[0][0] if found else None
    return {"maker": maker, "newest": newest, "editable": imports.may_import(work, asset.path)}


@router.get("/{owner}/{kind}/{folder}/{name}/-/file/{file:path}")
def one_file(
    page: CurrentPage, path: CurrentAsset, file: str, ref: str | None = None, source: bool = False
) -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path, ref)
        here = Reference(asset.path, f"commit/{asset.commit.id}")
        opened = objects.open_file(work, here, file)
        last = last_commits.last_commits(work, here, [file]).get(file)
        raw = f"/raw/{objects.read_link(work, here, file)}/{url_of(file.rsplit('/', 1)[-1])[1:]}"
    return page.render(
        "asset/file.html", asset=asset, tab="files", file=file, entry=opened.entry, last=last, raw=raw, source=source,
        **preview(opened, source),
    )  # fmt: skip


def preview(opened: OpenFile, source: bool) -> dict[str, Any]:
    """How a file is shown: as an image, a rendered card, a table, text with line numbers, or not at all."""
    entry = opened.entry
    shown: dict[str, Any] = {"kind": "none", "content": None, "renders": False}
    if entry.content_type in SHOWN_AS_IS:
        return shown | {"kind": "image"}
    text = whole_text(opened)
    if text is None:
        return shown
    renders = entry.content_type in ("text/markdown", "text/csv", "text/tab-separated-values")
    if renders and not source:
        if entry.content_type == "text/markdown":
            return shown | {"kind": "markdown", "content": markdown(text), "renders": True}
        separator = "," if entry.content_type == "text/csv" else "\t"
        return shown | {"kind": "table", "content": table(text, separator), "renders": True}
    return shown | {"kind": "text", "content": highlighted(text, opened.path), "renders": renders}


def whole_text(opened: OpenFile) -> str | None:
    """The file as text, if it is one and not too large to show."""
    body = objects.read_whole(opened, LARGEST_SHOWN)
    if body is None or b"\0" in body:
        return None
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def table(text: str, separator: str) -> dict[str, Any]:
    """The first rows of a table, and how many there are."""
    try:
        rows = list(csv.reader(StringIO(text), delimiter=separator))
    except csv.Error:
        rows = [line.split(separator) for line in text.splitlines()]
    return {"head": rows[0] if rows else [], "rows": rows[1 : TABLE_ROWS + 1], "count": max(len(rows) - 1, 0)}


@router.get("/raw/{token}/{name}")
@router.head("/raw/{token}/{name}")
def raw(request: Request, page: CurrentPage, token: str, name: str) -> Response:
    """User bytes: signed links instead of cookies, no scripts, and nothing but pictures shown in place."""
    opened = objects.open_link(page.hub, token, datetime.now(UTC))
    entry = opened.entry
    kind = entry.content_type if entry.content_type in SHOWN_AS_IS else OCTETS
    plain = OpenFile(opened.hub, opened.path, Entry(entry.sha256, entry.size, entry.mtime, kind), opened.location)
    headers = {"Cache-Control": "private, max-age=3600"}
    if kind != OCTETS:
        headers["Content-Disposition"] = "inline"
    return send_file(request, plain, headers)
