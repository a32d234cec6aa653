"""One evaluation: its metrics, where it comes from, and the reports that it left."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.datastructures import QueryParams
from starlette.responses import Response

from assethub.domain.errors import NotFound
from assethub.domain.objects import Entry
from assethub.server.bodies import send_file
from assethub.server.console.pages import CurrentPage, Page, environment, url_of
from assethub.server.console.place import Place
from assethub.server.console.previews import NOTHING, preview
from assethub.server.console.previews.looking import Looking, Shown
from assethub.server.console.previews.media import Sight, sight_of
from assethub.server.dependencies import CurrentAsset
from assethub.services import evaluations, read_links, summaries
from assethub.services.objects import OpenFile
from assethub.services.summaries import Overview

router = APIRouter()
MOST_SHOWN = 12  # reports that are shown in place
HTML = "text/html"
SANDBOX = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; font-src data:"


@router.get("/{owner}/{kind}/{folder}/{name}/-/evaluations/{id}")
def show(page: CurrentPage, path: CurrentAsset, id: UUID) -> Response:
    with page.reading() as work:
        found = evaluations.get_evaluation(work, id)
        asset = summaries.overview(work, path, f"commit/{found.commit}")
        if asset.asset.id != found.asset:
            raise NotFound.named("evaluation", str(id))
        opened = evaluations.reports_of(work, found)
        place = Place(asset.path, f"commit/{found.commit}", read_links.links_of(work, found.asset, found.commit))
        links = [
            f"/raw/report/{read_links.report_link(work, id, one.path)}/{last_of(one.path)}" for one in found.reports
        ]
    reports = []
    for at, (one, raw) in enumerate(zip(opened, links, strict=True)):
        kind = one.entry.content_type
        shown = preview(Looking(one, raw, False, QueryParams(), place)) if at < MOST_SHOWN and kind != HTML else NOTHING
        reports.append((one, raw, "" if shown is NOTHING else drawn(page, asset, one, raw, shown)))
    return page.render("asset/evaluation.html", asset=asset, tab="evaluations", found=found, reports=reports, html=HTML)


def drawn(page: Page, asset: Overview, report: OpenFile, raw: str, shown: Shown) -> Markup:
    values = {"asset": asset, "path": asset.path, "file": report.path, "entry": report.entry, "source": False}
    values |= {"at": asset.ref, "report": True}
    template = environment(page.language).get_template(shown.template)
    told = {**values, **shown.values, "page": page, "me": page.found, "raw": raw, "parts": report.path.split("/")}
    return Markup(template.render(told))


def last_of(path: str) -> str:
    return url_of(path.rsplit("/", 1)[-1])[1:]


@router.get("/raw/report/{token}/{name}")
@router.head("/raw/report/{token}/{name}")
def raw(request: Request, page: CurrentPage, token: str, name: str) -> Response:
    """What a report holds, by a signed link and without cookies: HTML without scripts, in an origin of its own."""
    opened = read_links.open_report_link(page.hub, token, datetime.now(UTC))
    entry = opened.entry
    sight = Sight(HTML, SANDBOX) if entry.content_type == HTML else sight_of(opened.path, entry.content_type)
    plain = OpenFile(opened.hub, opened.path, Entry(entry.sha256, entry.size, entry.mtime, sight.type), opened.location)
    headers = {"Cache-Control": "private, max-age=3600", "Content-Security-Policy": sight.policy}
    if sight.in_place:
        headers["Content-Disposition"] = "inline"
    return send_file(request, plain, headers)
