"""A folder's settings: its name, what it is for, and deleting it or bringing it back."""

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.errors import HubError, Invalid
from assethub.domain.folders import Role
from assethub.domain.names import FolderPath
from assethub.domain.search import Search, Sort
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of, url_of
from assethub.server.dependencies import CurrentFolder
from assethub.services import deletions, folders, summaries

router = APIRouter()
MOST_TOLD = 50  # assets that a deletion names


@router.get("/{owner}/{kind}/{folder}/-/settings")
def settings(page: CurrentPage, path: CurrentFolder) -> Response:
    return show(page, path)


@router.post("/{owner}/{kind}/{folder}/-/settings")
def change(page: CurrentPage, path: CurrentFolder, form: CurrentForm) -> Response:
    """Rename or describe it; a name that is not given stays, since editors may not change it."""
    labels = tuple((text_of(form, "labels") or "").replace(",", " ").split())
    try:
        with page.writing() as work:
            changed = folders.change_folder(
                work, path, name=text_of(form, "name"), description=text_of(form, "description") or "", labels=labels
            )
    except HubError as refusal:
        return show(page, path, refusal)
    return page.go(url_of(changed.path, "settings", saved=1))


@router.post("/{owner}/{kind}/{folder}/-/delete")
def delete(page: CurrentPage, path: CurrentFolder, form: CurrentForm) -> Response:
    try:
        if text_of(form, "confirm") != path.folder:
            raise Invalid(f"Type the name {path.folder!r} to delete it.")
        with page.writing() as work:
            deletions.delete_folder(work, path, force=text_of(form, "force") is not None)
    except HubError as refusal:
        return show(page, path, refusal)
    return page.go(url_of(path.owner, deleted=str(path)))


@router.post("/{owner}/{kind}/{folder}/-/undelete")
def undelete(page: CurrentPage, path: CurrentFolder, form: CurrentForm) -> Response:
    """Bring the folder back with all that was in it."""
    with page.writing() as work:
        back = deletions.restore_folder(work, path)
    return page.go(url_of(back.path))


def show(page: Page, path: FolderPath, refusal: HubError | None = None) -> Response:
    with page.reading() as work:
        found = folders.require_folder(work, path, needs=Role.EDITOR)
        inside = summaries.folder_cards(work, found.path, Search(sort=Sort.SIZE), MOST_TOLD)
    return page.render(
        "folder-settings.html", 422 if refusal else 200, folder=found, path=found.path, tab="settings", inside=inside,
        problem=str(refusal) if refusal else None, resting=refusal.details if refusal else (),
        owning=found.role is Role.OWNER,
    )  # fmt: skip
