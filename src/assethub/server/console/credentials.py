"""Git credentials: one's own, and those of a folder for its owners."""

from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from assethub.domain.errors import HubError, Invalid
from assethub.domain.names import FolderPath
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of, url_of
from assethub.server.dependencies import CurrentFolder
from assethub.services import credentials, folders

router = APIRouter()
FIELDS = ("url", "name", "username")  # what a refused form shows again; never a secret
OWN = "/-/credentials"


@router.get(OWN)
def own_credentials(page: CurrentPage) -> Response:
    return show(page, None)


@router.post(OWN)
def change_own(page: CurrentPage, form: CurrentForm) -> Response:
    return change(page, form, None)


@router.get("/{owner}/{kind}/{folder}/-/credentials")
def folder_credentials(page: CurrentPage, path: CurrentFolder) -> Response:
    return show(page, path)


@router.post("/{owner}/{kind}/{folder}/-/credentials")
def change_folder(page: CurrentPage, path: CurrentFolder, form: CurrentForm) -> Response:
    return change(page, form, path)


def change(page: Page, form: FormData, folder: FolderPath | None) -> Response:
    """Add one or remove one."""
    try:
        if text_of(form, "act") == "remove":
            with page.writing() as work:
                credentials.delete_credential(work, id_of(form), folder)
        else:
            secret = secret_of(form)
            with page.writing() as work:
                credentials.create_credential(
                    work, text_of(form, "url") or "", secret, name=text_of(form, "name"),
                    username=text_of(form, "username"), folder=folder,
                )  # fmt: skip
    except HubError as refusal:
        given = {name: text_of(form, name) or "" for name in FIELDS}
        return show(page, folder, str(refusal), given)
    return page.go(address_of(folder))


def id_of(form: FormData) -> UUID:
    try:
        return UUID(text_of(form, "id") or "")
    except ValueError:
        raise Invalid("This form names no credential; open the page again.") from None


def secret_of(form: FormData) -> str:
    token, key = text_of(form, "token"), text_of(form, "key")
    if token and key:
        raise Invalid("Give a token or an SSH key, not both.")
    return token or key or ""


def address_of(folder: FolderPath | None) -> str:
    return url_of(folder, "credentials") if folder else OWN


def show(
    page: Page, folder: FolderPath | None, problem: str | None = None, given: dict[str, str] | None = None
) -> Response:
    with page.reading() as work:
        found = credentials.list_credentials(work, folder)
        shown = folders.get_folder(work, folder) if folder else None
    return page.render(
        "credentials/folder.html" if folder else "credentials/own.html", 422 if problem else 200, folder=shown,
        path=shown.path if shown else None, tab="credentials", credentials=found, problem=problem,
        given=given or dict.fromkeys(FIELDS, ""), address=address_of(folder),
    )  # fmt: skip
