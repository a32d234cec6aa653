"""An asset's settings."""

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.assets import TrainingSettings
from assethub.domain.errors import HubError, Invalid
from assethub.domain.folders import Role
from assethub.domain.history import MAIN
from assethub.domain.names import AssetPath, Kind, Reference
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, lines_of, text_of, url_of
from assethub.server.console.task_params import pair_of
from assethub.server.dependencies import CurrentAsset
from assethub.services import assets, copying, deletions, summaries, usage

router = APIRouter()


@router.get("/{owner}/{kind}/{folder}/{name}/-/settings")
def settings(page: CurrentPage, path: CurrentAsset) -> Response:
    return show_settings(page, path, None)


@router.post("/{owner}/{kind}/{folder}/{name}/-/settings")
def change_settings(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    try:
        training = None
        if path.kind is Kind.MODEL:
            training = TrainingSettings(
                text_of(form, "git"), text_of(form, "revision"), text_of(form, "subpath"),
                tuple(lines_of(form, "datasets")), dict(pair_of(line, "lr=0.01") for line in lines_of(form, "params")),
            )  # fmt: skip
        with page.writing() as work:
            labels = tuple((text_of(form, "labels") or "").replace(",", " ").split())
            changed = assets.change_asset(
                work, path, name=text_of(form, "name"), description=text_of(form, "description") or "", labels=labels,
                training=training,
            )  # fmt: skip
    except HubError as refusal:
        return show_settings(page, path, str(refusal))
    return page.go(url_of(changed.path, "settings", saved=1))


@router.post("/{owner}/{kind}/{folder}/{name}/-/copy")
def copy(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    """Lay files of another version over a branch."""
    try:
        with page.writing() as work:
            source = Reference.parse(text_of(form, "source") or "", me=work.person.name)
            made = copying.copy_files(
                work, source, path, text_of(form, "branch") or MAIN, paths=lines_of(form, "paths"),
                to=text_of(form, "to") or "",
            )  # fmt: skip
    except HubError as refusal:
        return show_settings(page, path, str(refusal))
    return page.go(url_of(path, "commits", ref=text_of(form, "branch")) if made else url_of(path))


@router.post("/{owner}/{kind}/{folder}/{name}/-/delete")
def delete(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    try:
        if text_of(form, "confirm") != path.name:
            raise Invalid(f"Type the name {path.name!r} to delete it.")
        with page.writing() as work:
            deletions.delete_asset(work, path, force=text_of(form, "force") is not None)
    except HubError as refusal:
        return show_settings(page, path, str(refusal), refusal.details)
    return page.go(url_of(path.parent))


def show_settings(page: Page, path: AssetPath, problem: str | None, resting: tuple[str, ...] = ()) -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path, needs=Role.EDITOR)
        stored = usage.asset_usage(work, asset.path)
    return page.render(
        "asset/settings.html", 422 if problem else 200, asset=asset, tab="settings", problem=problem, stored=stored,
        resting=resting,
    )  # fmt: skip
