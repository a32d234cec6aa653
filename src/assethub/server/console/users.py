"""Users and service accounts, for administrators."""

from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from assethub.domain.errors import HubError, Invalid
from assethub.domain.owners import OwnerKind
from assethub.domain.s3_snippets import S3Access
from assethub.server.console import s3_keys
from assethub.server.console.account import id_of, key_of
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of
from assethub.server.console.s3_keys import days_of
from assethub.services import accounts, keys, sessions
from assethub.services.work import Work

router = APIRouter()
PAGE = 100
USERS = "/-/admin/users"
FIELDS = ("name", "title", "email")


@router.get(USERS)
def all_users(page: CurrentPage, q: str = "", after: str = "") -> Response:
    return show_users(page, q, after)


@router.post(USERS)
def create(page: CurrentPage, form: CurrentForm) -> Response:
    """Without a password, the answer shows a link that signs the new user in once."""
    given = {name: text_of(form, name) or "" for name in FIELDS}
    password, service = str(form.get("password") or "") or None, text_of(form, "kind") == "service"
    try:
        with page.writing() as work:
            made = accounts.create_user(
                work, given["name"], password, title=given["title"], email=given["email"],
                kind=OwnerKind.SERVICE if service else OwnerKind.USER,
            )  # fmt: skip
            secret = sessions.create_sign_in_link(work, made.name) if not (service or password) else None
    except HubError as refusal:
        return show_users(page, problem=str(refusal), given=given)
    return show_user(page, made.name, link=link_of(page, secret)) if secret else page.go(f"{USERS}/{made.name}")


def show_users(
    page: Page, q: str = "", after: str = "", problem: str | None = None, given: dict[str, str] | None = None
) -> Response:
    with page.reading() as work:
        found = accounts.list_users(work, q, after, PAGE + 1)
    more = found[PAGE - 1].name if len(found) > PAGE else None
    return page.render(
        "account/users.html", 422 if problem else 200, users=found[:PAGE], more=more, q=q, problem=problem,
        given=given or {}, tab="users",
    )  # fmt: skip


@router.get(USERS + "/{name}")
def one_user(page: CurrentPage, name: str) -> Response:
    return show_user(page, name)


@router.post(USERS + "/{name}")
def change(page: CurrentPage, form: CurrentForm, name: str) -> Response:
    """Describe, deactivate, make an administrator, reset the password; a link or a key is shown once."""
    try:
        with page.writing() as work:
            shown = act(page, work, form, name)
    except HubError as refusal:
        return show_user(page, name, str(refusal))
    return show_user(page, name, **shown) if shown else page.go(f"{USERS}/{name}?saved=1")


def act(page: Page, work: Work, form: FormData, name: str) -> dict[str, Any]:
    """What one of the forms asks for; answers what is shown once of it, by the names of `show_user`."""
    match text_of(form, "what"):
        case "link":
            return {"link": link_of(page, sessions.create_sign_in_link(work, name))}
        case "key":
            scope, title, folder = key_of(form)
            return {"secret": keys.create_service_key(work, name, title, scope, days_of(form), folder)[1]}
        case "s3-key":
            return {"access": s3_keys.create(page, work, form, name)}
        case "revoke":
            keys.revoke_service_key(work, name, id_of(form))
        case "revoke-s3":
            s3_keys.revoke(work, form, name)
        case "password":
            accounts.reset_password(work, name, str(form.get("password") or ""))
        case "describe":
            accounts.change_user(work, name, title=text_of(form, "title") or "", email=text_of(form, "email") or "")
        case "activate" | "deactivate" as what:
            accounts.change_user(work, name, active=what == "activate")
        case "promote" | "demote" as what:
            accounts.change_user(work, name, admin=what == "promote")
        case what:
            raise Invalid(f"{what!r} is nothing that can be done to a user.")
    return {}


def link_of(page: Page, secret: str) -> str:
    return f"{str(page.request.base_url).rstrip('/')}/sign-in/link?token={secret}"


def show_user(
    page: Page, name: str, problem: str | None = None, *, link: str | None = None, secret: str | None = None,
    access: S3Access | None = None,
) -> Response:  # fmt: skip
    with page.reading() as work:
        user, groups = accounts.user_for_administrators(work, name)
        service = user.kind is OwnerKind.SERVICE
        found = keys.list_service_keys(work, name) if service else []
        s3 = s3_keys.keys_of(work, name) if service else []
    return page.render(
        "account/user.html", 422 if problem else 200, user=user, groups=groups, keys=found, problem=problem, link=link,
        secret=secret, s3_keys=s3, access=access, snippets=s3_keys.snippets_of(access) if access else {}, tab="users",
    )  # fmt: skip
