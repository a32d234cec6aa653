"""The search page, and suggestions as somebody types."""

from dataclasses import replace
from enum import StrEnum
from typing import Any

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from assethub.domain.folders import Which
from assethub.domain.names import Kind
from assethub.domain.owners import OwnerKind
from assethub.domain.search import Search, Sort, split_words
from assethub.server.console.pages import CurrentPage, PageNumber, url_of
from assethub.services import accounts, search, summaries

router = APIRouter()
PAGE = 30  # assets or folders on one page
MOST_FILES = 200
MOST_SUGGESTED, FEW = 6, 3


class What(StrEnum):
    ASSETS = "assets"
    FOLDERS = "folders"
    FILES = "files"
    PEOPLE = "people"


SORTS = {
    What.ASSETS: tuple(Sort), What.FOLDERS: (Sort.NAME, Sort.UPDATED, Sort.SIZE), What.FILES: (), What.PEOPLE: (),
}  # fmt: skip


@router.get("/search")
def find(
    page: CurrentPage, q: str = "", what: What = What.ASSETS, kind: Kind | None = None, which: Which = Which.ALL,
    owner: str = "", label: str = "", sort: Sort = Sort.BEST, number: PageNumber = 1,
) -> Response:  # fmt: skip
    if SORTS[what] and sort not in SORTS[what]:
        sort = SORTS[what][0]
    wanted = Search(split_words(q), kind, which, owner.strip() or None, label.strip() or None, sort=sort)
    values: dict[str, Any] = {"cards": [], "folders": [], "files": [], "owners": []}
    start, more = (number - 1) * PAGE, False
    with page.reading() as work:
        if what is What.ASSETS:
            found = search.find_assets(work, wanted, PAGE + 1, start)
            values["cards"], more = summaries.cards(work, found[:PAGE]), len(found) > PAGE
            first = number == 1 and bool(wanted.words)
            values["folders"] = search.find_folders(work, replace(wanted, sort=Sort.NAME), FEW) if first else []
            values["owners"] = search.find_people(work, q)[:FEW] if first else []
        elif what is What.FOLDERS:
            listed = search.find_folders(work, wanted, PAGE + 1, start)
            values["folders"], more = listed[:PAGE], len(listed) > PAGE
        elif what is What.FILES:
            values["files"], complete = search.find_files(work, wanted, MOST_FILES)
            values["complete"] = complete
        else:
            values["owners"] = search.find_people(work, q)
    asked = {
        "q": q, "what": what, "kind": kind, "which": which, "owner": owner or None, "label": label or None, "sort": sort
    }  # fmt: skip
    return page.render(
        "search.html", words=q, asked=asked, more=more, number=number, ways=list(Which), whats=list(What),
        sorts=SORTS[what], **({"complete": True} | values),
    )  # fmt: skip


@router.get("/-/suggest")
def suggest(page: CurrentPage, q: str = "") -> Response:
    """What the header's field offers as somebody types: some assets, folders and people, and where they are."""
    wanted = Search(split_words(q))
    if not wanted.words:
        return JSONResponse([])
    with page.reading() as work:
        assets = search.find_assets(work, wanted, MOST_SUGGESTED)
        folders = search.find_folders(work, wanted, FEW)
        people = search.find_people(work, q)[:FEW]
    found = [{"kind": str(one.path.kind), "name": one.path.name, "more": str(one.path.parent), "url": url_of(one.path)}
             for one in assets]  # fmt: skip
    found += [{"kind": "folder", "name": one.path.folder, "more": f"{one.path.owner} / {one.path.kind}",
               "url": url_of(one.path)} for one in folders]  # fmt: skip
    found += [{"kind": "group" if one.kind is OwnerKind.GROUP else "person", "name": one.name, "more": one.title,
               "url": url_of(one.name)} for one in people]  # fmt: skip
    return JSONResponse(found)


@router.get("/-/owners")
def suggest_owners(page: CurrentPage, search: str = "") -> Response:
    """Names of users and groups for a field that somebody types into."""
    with page.reading() as work:
        found = accounts.search_owners(work, search)
    return JSONResponse([{"name": one.name, "title": one.title} for one in found])
