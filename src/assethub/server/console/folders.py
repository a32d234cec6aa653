"""Owners, folders, and what is made in them."""

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.assets import TrainingSettings
from assethub.domain.errors import HubError, Invalid
from assethub.domain.names import FolderPath, Kind
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of, url_of
from assethub.server.dependencies import CurrentFolder
from assethub.services import assets, deletions, folders, summaries

router = APIRouter()


@router.get("/-/new-folder")
def new_folder_form(page: CurrentPage, kind: Kind = Kind.MODEL) -> Response:
    return page.render("new-folder.html", kind=kind, problem=None, name="", description="", caller=page.caller)


@router.post("/-/new-folder")
def new_folder(page: CurrentPage, form: CurrentForm) -> Response:
    kind = Kind.DATASET if text_of(form, "kind") == Kind.DATASET else Kind.MODEL
    name = text_of(form, "name") or ""
    description = text_of(form, "description") or ""
    try:
        with page.writing() as work:
            made = folders.create_folder(work, FolderPath(page.caller.name, kind, name), description)
    except HubError as refusal:
        return page.render(
            "new-folder.html", 422, kind=kind, problem=str(refusal), name=name, description=description,
            caller=page.caller,
        )  # fmt: skip
    return page.go(url_of(made.path))


@router.get("/{owner}")
def owner(page: CurrentPage, owner: str) -> Response:
    with page.reading() as work:
        found = folders.list_folders(work, owner)
    return page.render("owner.html", owner=owner, folders=found)


@router.get("/{owner}/{kind}/{folder}")
def folder(page: CurrentPage, path: CurrentFolder, q: str = "", label: str | None = None) -> Response:
    with page.reading() as work:
        found = folders.get_folder(work, path)
        if str(found.path) != str(path):
            return page.go(url_of(found.path))
        cards = summaries.folder_cards(work, path)
        gone = deletions.deleted_assets(work, path)
    labels: dict[str, int] = {}
    for card in cards:
        for one in card.asset.labels:
            labels[one] = labels.get(one, 0) + 1
    words = q.lower().split()
    shown = [card for card in cards if matches(card, words) and label in (None, *card.asset.labels)]
    return page.render(
        "folder.html", folder=found, cards=shown, labels=labels, q=q, label=label, path=found.path, gone=gone
    )


def matches(card: summaries.Card, words: list[str]) -> bool:
    text = " ".join([card.asset.path.name, card.asset.description, *card.asset.labels]).lower()
    return all(word in text for word in words)


@router.post("/{owner}/{kind}/{folder}/-/restore")
def restore(page: CurrentPage, path: CurrentFolder, form: CurrentForm) -> Response:
    """Bring a deleted asset of the folder back."""
    with page.writing() as work:
        back = deletions.restore_asset(work, path.asset(text_of(form, "name") or ""))
    return page.go(url_of(back.path))


@router.get("/{owner}/{kind}/{folder}/-/new")
def new_asset_form(page: CurrentPage, path: CurrentFolder) -> Response:
    with page.reading() as work:
        found = folders.get_folder(work, path)
    return show_new_asset(page, found.path, None, "", "")


@router.post("/{owner}/{kind}/{folder}/-/new")
def new_asset(page: CurrentPage, path: CurrentFolder, form: CurrentForm) -> Response:
    name, description = text_of(form, "name") or "", text_of(form, "description") or ""
    labels = tuple((text_of(form, "labels") or "").replace(",", " ").split())
    try:
        with page.writing() as work:
            if not name:
                raise Invalid("Give it a name.")
            made = assets.create_asset(work, path.asset(name), description, labels, TrainingSettings())
    except HubError as refusal:
        return show_new_asset(page, path, str(refusal), name, description)
    return page.go(url_of(made.path))


def show_new_asset(page: Page, path: FolderPath, problem: str | None, name: str, description: str) -> Response:
    return page.render(
        "new-asset.html", 422 if problem else 200, path=path, problem=problem, name=name, description=description
    )
