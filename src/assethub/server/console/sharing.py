"""Who may do what in a folder, and changing it."""

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.errors import Forbidden, HubError, Invalid, NotFound
from assethub.domain.folders import Role
from assethub.domain.names import FolderPath
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of, url_of
from assethub.server.dependencies import CurrentFolder
from assethub.services import sharing
from assethub.services.work import Work

router = APIRouter()
OPEN_ROLES = (Role.VIEWER, Role.RUNNER, Role.EDITOR)


@router.get("/{owner}/{kind}/{folder}/-/share")
def show(page: CurrentPage, path: CurrentFolder) -> Response:
    return show_sharing(page, path)


@router.post("/{owner}/{kind}/{folder}/-/share")
def share(page: CurrentPage, path: CurrentFolder, form: CurrentForm) -> Response:
    """One form gives a user or a group a role, one says what everyone may, one opens the folder to the public."""
    try:
        with page.writing() as work:
            change(work, path, {name: text_of(form, name) or "" for name in form})
    except (NotFound, Forbidden):  # of the folder itself: a page of its own
        raise
    except HubError as refusal:
        return show_sharing(page, path, str(refusal), text_of(form, "name") or "")
    return page.go(url_of(path, "share"))


def change(work: Work, path: FolderPath, given: dict[str, str]) -> None:
    if given.get("what") == "everyone":
        role = role_of(given.get("role", ""))
        sharing.open_folder(work, path, everyone=role, close=role is None)
    elif given.get("what") == "public":
        sharing.open_folder(work, path, public=given.get("public") == "yes")
    elif not given.get("name"):
        raise Invalid("Name a user or a group.")
    else:
        try:
            sharing.grant_role(work, path, given["name"], role_of(given.get("role", "")))
        except NotFound as error:
            if "owner" not in str(error):
                raise
            raise Invalid(f"There is no user or group {given['name']!r}.") from None


def role_of(text: str) -> Role | None:
    if text in ("", "none"):
        return None
    try:
        return Role[text.upper()]
    except KeyError:
        raise Invalid(f"{text!r} is no role; choose viewer, runner, editor or owner.") from None


def show_sharing(page: Page, path: FolderPath, problem: str | None = None, name: str = "") -> Response:
    with page.reading() as work:
        found = sharing.get_sharing(work, path)
    return page.render(
        "share.html", 422 if problem else 200, path=found.folder.path, folder=found.folder, sharing=found,
        owning=found.folder.role is Role.OWNER, roles=list(Role), open_roles=OPEN_ROLES, problem=problem, name=name,
        tab="sharing",
    )  # fmt: skip
