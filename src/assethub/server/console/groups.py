"""Groups and their members."""

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.errors import HubError, Invalid
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of
from assethub.services import groups

router = APIRouter()
PAGE = 100


@router.get("/-/groups")
def all_groups(page: CurrentPage, q: str = "", after: str = "") -> Response:
    return show_groups(page, q, after)


@router.post("/-/groups")
def create(page: CurrentPage, form: CurrentForm) -> Response:
    name, title = text_of(form, "name") or "", text_of(form, "title") or ""
    try:
        with page.writing() as work:
            made = groups.create_group(work, name, title)
    except HubError as refusal:
        return show_groups(page, problem=str(refusal), name=name, title=title)
    return page.go(f"/-/groups/{made.name}")


def show_groups(
    page: Page, q: str = "", after: str = "", problem: str | None = None, name: str = "", title: str = ""
) -> Response:
    with page.reading() as work:
        mine = groups.my_groups(work)
        found = groups.list_groups(work, q, after, PAGE + 1)
    more = found[PAGE - 1].name if len(found) > PAGE else None
    return page.render(
        "groups.html", 422 if problem else 200, mine=mine, found=found[:PAGE], more=more, q=q, problem=problem,
        name=name, title=title,
    )  # fmt: skip


@router.get("/-/groups/{name}")
def one_group(page: CurrentPage, name: str) -> Response:
    return show_group(page, name)


@router.post("/-/groups/{name}")
def change(page: CurrentPage, form: CurrentForm, name: str) -> Response:
    """Add or change a member, let one go, describe the group, or delete it."""
    user, what = text_of(form, "user") or "", text_of(form, "what")
    try:
        with page.writing() as work:
            if what == "delete":
                if text_of(form, "confirm") != name:
                    raise Invalid(f"Type the name {name!r} to delete it.")
                groups.delete_group(work, name)
            elif what == "describe":
                claim = text_of(form, "claim") or "" if page.person.admin else None
                groups.change_group(work, name, title=text_of(form, "title") or "", claim=claim)
            elif what == "remove":
                groups.remove_member(work, name, user)
            elif not user:
                raise Invalid("Name a user.")
            else:
                groups.put_member(work, name, user, admin=text_of(form, "as") == "admin")
    except HubError as refusal:
        return show_group(page, name, str(refusal))
    gone = what == "delete"
    return page.go("/-/groups" if gone else f"/-/groups/{name}?saved=1")


def show_group(page: Page, name: str, problem: str | None = None) -> Response:
    with page.reading() as work:
        group = groups.get_group(work, name)
        members = groups.list_members(work, name)
        managing = groups.may_manage(work, group)
    return page.render(
        "group.html", 422 if problem else 200, group=group, members=members, managing=managing, problem=problem
    )
