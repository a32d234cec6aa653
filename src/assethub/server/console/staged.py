"""What is staged on a branch: looked at, committed or dropped, all of it or what is chosen."""

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from assethub.domain.errors import Conflict, HubError, Invalid
from assethub.domain.folders import Role
from assethub.domain.history import MAIN
from assethub.domain.names import AssetPath
from assethub.domain.staging import StagedChange
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of, url_of
from assethub.server.dependencies import CurrentAsset
from assethub.services import history, staging, summaries

router = APIRouter()
PAGE = 500
KINDS = ("renamed", "changed", "added", "removed")


@router.get("/{owner}/{kind}/{folder}/{name}/-/staged")
def staged_changes(page: CurrentPage, path: CurrentAsset, branch: str = MAIN, after: str = "") -> Response:
    return show(page, path, branch, after)


@router.post("/{owner}/{kind}/{folder}/{name}/-/staged")
def change_staged(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    """Commit or drop; what is to be dropped is shown once more before it is."""
    branch, act, message = text_of(form, "branch") or MAIN, text_of(form, "act") or "", text_of(form, "message") or ""
    verb, _, scope = act.partition("-")
    files = None if scope == "all" else [file for one in form.getlist("path") for file in str(one).split("\n")]
    if text_of(form, "discard") is not None:  # the button of one row
        verb, files = "discard", str(form["discard"]).split("\n")
    try:
        if files is not None and not files:
            raise Invalid("Choose some of the staged changes first.")
        if verb == "discard" and text_of(form, "sure") is None:
            return show_discard(page, path, branch, files)
        with page.writing() as work:
            asset = summaries.overview(work, path, branch, needs=Role.EDITOR)
            if verb == "discard":
                staging.reset_staged(work, path, branch, files)
                left = staging.count_waiting(work, asset.asset, branch)
                return page.go(url_of(asset.path, "staged", branch=branch) if left else url_of(asset.path, ref=branch))
            text = message or ("Commit staged changes" if files is None else f"Commit {', '.join(files)[:100]}")
            made = history.commit_changes(
                work, path, branch, text, staged=True, only=files, force=text_of(form, "force") is not None
            )
    except HubError as refusal:
        return show(page, path, branch, "", refusal, form)
    return page.go(url_of(asset.path, ref=branch, made=made.id if made else None))


def show(
    page: Page, path: AssetPath, branch: str, after: str, problem: HubError | None = None, form: FormData | None = None
) -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path, branch, needs=Role.EDITOR if problem else Role.VIEWER)
        found = staging.list_waiting(work, path, branch, after=after, limit=PAGE)
        count = staging.count_waiting(work, asset.asset, branch)
    groups: dict[str, list[StagedChange]] = {kind: [] for kind in KINDS}
    for one in found.left:
        groups["renamed" if one.path in found.moved else one.kind].append(one)
    return page.render(
        "asset/staged.html", 422 if problem else 200, asset=asset, tab="files", branch=branch, groups=groups,
        waiting=found, count=count, problem=str(problem) if problem else None,
        resting=problem.details if problem else (), forcing=bool(found.stale) or isinstance(problem, Conflict),
        message=text_of(form, "message") or "" if form else "",
        chosen={str(one) for one in form.getlist("path")} if form else set(),
    )  # fmt: skip


def show_discard(page: Page, path: AssetPath, branch: str, files: list[str] | None) -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path, branch, needs=Role.EDITOR)
        count = staging.count_waiting(work, asset.asset, branch)
    return page.render("asset/discard.html", asset=asset, tab="files", branch=branch, files=files, count=count)
