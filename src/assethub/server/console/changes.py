"""What changed between two versions, as pages show it: a list of files, and the differences in the first of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.errors import NotFound
from assethub.domain.history import Change, ChangeKind, Commit
from assethub.server.console.diffs import LATER, Differing, difference
from assethub.server.console.pages import CurrentPage, Page, url_of
from assethub.server.console.previews.looking import Shown
from assethub.server.dependencies import CurrentAsset
from assethub.services import history, summaries
from assethub.services.comparing import Comparison, Sides, Tally, open_sides
from assethub.services.work import Work

router = APIRouter()
KEPT = ("source", "target", "direct", "q", "kind")  # of a page's address, when another part of it is turned to
PAGE = 100  # changed files on one page
MOST_SHOWN, MOST_BYTES = 20, 4 << 20  # files whose differences are on it, and bytes of texts that are read for them


@dataclass(frozen=True)
class Look:
    """How somebody looks at changes, as the page's address says."""

    text: str
    kinds: tuple[ChangeKind, ...]
    after: str
    split: bool

    @classmethod
    def of(cls, query: Mapping[str, str], kinds: Sequence[str]) -> "Look":
        known = tuple(ChangeKind(kind) for kind in kinds if kind in list(ChangeKind))
        return cls(query.get("q", "")[:200], known, query.get("after", ""), query.get("view") == "split")

    @property
    def view(self) -> str | None:
        return "split" if self.split else None


@dataclass(frozen=True)
class Found:
    """A page of changes, read in one transaction; the differences in them are read without one."""

    look: Look
    rows: list[Change]
    sides: list[Sides]
    total: int
    chosen: int
    tally: Tally
    older: str | None  # the path behind which the next page begins
    newer: str | None  # the same of the page before


def find_changes(
    page: Page, work: Work, before: Commit | None, after: Commit, comparison: Comparison
) -> Found:  # fmt: skip
    params = page.request.query_params
    look = Look.of(params, params.getlist("kind"))
    chosen = comparison.choose(look.text, look.kinds)
    rows = chosen.page(look.after, PAGE + 1)
    sides = open_sides(work, before, after, rows[:MOST_SHOWN])
    return Found(
        look, rows[:PAGE], sides, len(comparison), len(chosen), comparison.tally,
        rows[PAGE - 1].path if len(rows) > PAGE else None, chosen.before(look.after, PAGE) if look.after else None,
    )  # fmt: skip


def turner(page: Page) -> Callable[..., str]:
    """Makes the address of the same page with another view, or another part of the changes."""

    def turn(**query: str | None) -> str:
        kept = [(name, value) for name, value in page.request.query_params.multi_items() if name in KEPT]
        asked = urlencode(kept + [(name, value) for name, value in query.items() if value])
        return f"{page.request.url.path}?{asked}"

    return turn


def shown_changes(found: Found) -> list[tuple[Change, Shown]]:
    """Each of the first changes with how it is shown; once enough bytes were read, as one that is opened alone."""
    shown: list[tuple[Change, Shown]] = []
    left = MOST_BYTES
    for sides in found.sides:
        looking = Differing(sides, found.look.split)
        left -= min(looking.size, MOST_BYTES // 4)
        shown.append((sides.change, difference(looking) if left >= 0 else LATER))
    return shown


@router.get("/{owner}/{kind}/{folder}/{name}/-/diff/{file:path}")
def one_difference(
    page: CurrentPage, path: CurrentAsset, file: str, target: str = "main", source: str | None = None, view: str = ""
) -> Response:
    """What changed in one file, from a commit (or from nothing) to another."""
    with page.reading() as work:
        asset = summaries.overview(work, path)
        before, after, comparison = history.diff_from(work, path, source, target)
        change = comparison.find(file)
        if change is None:
            raise NotFound(f"{file!r} is the same in both versions of {asset.path}.")
        (sides,) = open_sides(work, before, after, [change])
    as_text = "text" in page.request.query_params
    values: dict[str, Any] = {"change": change, "sides": sides}
    shown = difference(Differing(sides, view == "split", alone=True, as_text=as_text))
    here = url_of(asset.path, "diff", file)
    return page.render(
        "asset/diff.html", asset=asset, tab="commits", file=file, before=before, after=after, shown=shown, here=here,
        split=view == "split", as_text=as_text, **values,
    )  # fmt: skip
