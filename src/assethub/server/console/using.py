"""Ways to use a version, finding a file in it, its stars, and where it was opened last."""

from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from assethub.domain.names import Reference
from assethub.domain.use_snippets import Use, ways_of
from assethub.server.console.home import local
from assethub.server.console.pages import CurrentForm, CurrentPage, text_of, url_of
from assethub.server.console.s3_keys import snippets_of, without_key
from assethub.server.dependencies import CurrentAsset
from assethub.services import objects, search, stars, summaries, usage

router = APIRouter()
EXAMPLES = 200  # files that examples are chosen from
MOST_FOUND = 100
ASSET = "/{owner}/{kind}/{folder}/{name}/-"


@router.get(f"{ASSET}/use")
def use(page: CurrentPage, path: CurrentAsset, ref: str | None = None) -> Response:
    """Snippets for the tools that can read this version."""
    with page.reading() as work:
        asset = summaries.overview(work, path, ref)
        here = Reference(asset.path, f"commit/{asset.commit.id}")
        _, listed, _ = objects.list_objects(work, here, limit=EXAMPLES)
    access = without_key(page, asset.asset.bucket)
    endpoint = str(page.request.base_url).rstrip("/")
    given = Use(asset.path, asset.ref, endpoint, access, tuple(one.path for one in listed))
    return page.render(
        "asset/use.html", asset=asset, tab="files", ways=ways_of(given), s3_texts=snippets_of(access),
        endpoint=endpoint,
    )  # fmt: skip


@router.get(f"{ASSET}/find")
def find(page: CurrentPage, path: CurrentAsset, ref: str | None = None, q: str = "") -> Response:
    """The files that have the words in their paths."""
    with page.reading() as work:
        asset = summaries.overview(work, path, ref)
        found = search.find_in_version(work, Reference(asset.path, f"commit/{asset.commit.id}"), q, MOST_FOUND)
    return page.render("asset/find.html", asset=asset, tab="files", found=found, q=q)


@router.get(f"{ASSET}/usage")
def show_usage(page: CurrentPage, path: CurrentAsset, ref: str | None = None) -> Response:
    """How many bytes of a version are new, and how many of the asset's others hold too."""
    with page.reading() as work:
        asset = summaries.overview(work, path, ref)
        version = usage.version_usage(work, Reference(asset.path, f"commit/{asset.commit.id}"))
        whole = usage.asset_usage(work, asset.path)
    percent = round(100 * (version.stored - version.added) / version.stored) if version.stored else 0
    return page.render(
        "asset/usage.html", asset=asset, tab="files", version=version, whole=whole, percent=percent
    )  # fmt: skip


@router.post(f"{ASSET}/star")
def star(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    """Give or take back the caller's star, and go back to the page that asked."""
    with page.writing() as work:
        act = stars.star if text_of(form, "star") == "yes" else stars.unstar
        count = act(work, path)
    if "application/json" in page.request.headers.get("accept", ""):
        return JSONResponse({"stars": count, "starred": act is stars.star})
    back = urlsplit(text_of(form, "next") or "")
    return page.go(local(back._replace(scheme="", netloc="").geturl() or url_of(path)))
