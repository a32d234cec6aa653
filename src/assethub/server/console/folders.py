"""Owners, folders, and what is made in them."""

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.assets import TrainingSettings
from assethub.domain.errors import HubError, Invalid
from assethub.domain.folders import Which
from assethub.domain.names import FolderPath, Kind
from assethub.domain.owners import OwnerKind
from assethub.domain.search import Search, Sort, split_words
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, PageNumber, text_of, url_of
from assethub.server.dependencies import CurrentFolder
from assethub.services import accounts, assets, deletions, folders, groups, search, summaries

router = APIRouter()
PAGE = 60  # folders on one page
CARDS = 40  # assets on one page
FOLDER_SORTS = (Sort.NAME, Sort.UPDATED, Sort.SIZE)
ASSET_SORTS = (Sort.NAME, Sort.UPDATED, Sort.SIZE, Sort.STARS)


@router.get("/-/folders")
def list_folders(
    page: CurrentPage, which: Which = Which.ALL, kind: Kind | None = None, q: str = "", owner: str = "",
    label: str | None = None, sort: Sort = Sort.NAME, number: PageNumber = 1,
) -> Response:  # fmt: skip
    wanted = Search(split_words(q), kind, which, owner.strip() or None, label, sort=sort)
    with page.reading() as work:
        found = search.find_folders(work, wanted, PAGE + 1, (number - 1) * PAGE)
    return page.render(
        "folders.html", folders=found[:PAGE], which=which, kind=kind, q=q, owner=owner, label=label, sort=sort,
        number=number, more=len(found) > PAGE, ways=list(Which), sorts=FOLDER_SORTS,
    )  # fmt: skip


@router.get("/-/new-folder")
def new_folder_form(page: CurrentPage, kind: Kind = Kind.MODEL, owner: str = "") -> Response:
    return show_new_folder(page, kind, owner or page.person.name)


@router.post("/-/new-folder")
def new_folder(page: CurrentPage, form: CurrentForm) -> Response:
    kind = Kind.DATASET if text_of(form, "kind") == Kind.DATASET else Kind.MODEL
    name, description = text_of(form, "name") or "", text_of(form, "description") or ""
    owner = text_of(form, "owner") or page.person.name
    try:
        with page.writing() as work:
            made = folders.create_folder(work, FolderPath(owner, kind, name), description)
    except HubError as refusal:
        return show_new_folder(page, kind, owner, name, description, str(refusal))
    return page.go(url_of(made.path))


def show_new_folder(
    page: Page, kind: Kind, owner: str, name: str = "", description: str = "", problem: str | None = None
) -> Response:
    with page.reading() as work:
        owners = [page.person.name, *(group.name for group, _ in groups.my_groups(work))]
    return page.render(
        "new-folder.html", 422 if problem else 200, kind=kind, problem=problem, name=name, description=description,
        owner=owner, owners=owners,
    )  # fmt: skip


@router.get("/{owner}")
def owner(
    page: CurrentPage, owner: str, kind: Kind | None = None, q: str = "", sort: Sort = Sort.NAME, number: PageNumber = 1
) -> Response:
    with page.reading() as work:
        folders.list_folders(work, owner, limit=1)  # NotFound if there is no such owner
        wanted = Search(split_words(q), kind, owner=owner, sort=sort)
        found = search.find_folders(work, wanted, PAGE + 1, (number - 1) * PAGE)
        who = accounts.find_owner(work, owner) if page.found else None
        members = groups.list_members(work, who.name) if who and who.kind is OwnerKind.GROUP else []
        gone = deletions.deleted_folders(work, owner) if page.found else []
    name = who.name if who else owner
    return page.render(
        "owner.html", owner=name, who=who, members=members, folders=found[:PAGE], more=len(found) > PAGE, gone=gone,
        kind=kind, q=q, sort=sort, number=number, sorts=FOLDER_SORTS,
    )  # fmt: skip


@router.get("/{owner}/{kind}/{folder}")
def folder(
    page: CurrentPage, path: CurrentFolder, q: str = "", label: str | None = None, sort: Sort = Sort.NAME,
    number: PageNumber = 1,
) -> Response:  # fmt: skip
    with page.reading() as work:
        found = folders.get_folder(work, path)
        if str(found.path) != str(path):
            return page.go(url_of(found.path))
        wanted = Search(split_words(q), label=label, sort=sort)
        cards = summaries.folder_cards(work, path, wanted, CARDS + 1, (number - 1) * CARDS)
        labels = summaries.folder_labels(work, path)
        gone = deletions.deleted_assets(work, path)
    return page.render(
        "folder.html", folder=found, cards=cards[:CARDS], labels=labels, q=q, label=label, path=found.path, gone=gone,
        sort=sort, sorts=ASSET_SORTS, number=number, more=len(cards) > CARDS, tab="assets",
    )  # fmt: skip


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
