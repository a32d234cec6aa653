"""Home, sign-in, and the small choices that everyone has: language and theme."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from assethub.domain.errors import SignInNeeded
from assethub.domain.owners import User
from assethub.server.console.language import COOKIE, NAMES
from assethub.server.console.pages import (
    SESSION,
    THEME,
    THEMES,
    CurrentForm,
    CurrentPage,
    Page,
    refuse_other_sites,
    text_of,
)  # fmt: skip
from assethub.services import accounts, assets, folders, runs

router = APIRouter()
YEAR = 365 * 24 * 3600


@router.get("/")
def home(page: CurrentPage) -> Response:
    with page.reading() as work:
        recent = assets.recent_assets(work, 8)
        own = folders.list_folders(work)
        latest = runs.list_runs(work, limit=6)
    return page.render("home.html", recent=recent, folders=own, runs=latest)


@router.get("/sign-in")
def sign_in_form(page: CurrentPage, next: str = "/") -> Response:
    if page.found is not None:
        return page.go(local(next))
    return page.render("sign-in.html", next=local(next), problem=None, name="")


@router.post("/sign-in")
def sign_in(
    request: Request,
    page: CurrentPage,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    refuse_other_sites(request)
    try:
        user = accounts.check_password(page.hub, name, password)
    except SignInNeeded as refusal:
        return page.render("sign-in.html", 401, next=local(next), problem=str(refusal), name=name)
    return signed_in(page, user, local(next))


@router.get("/sign-in/link")
def sign_in_by_link(page: CurrentPage, token: str, next: str = "/") -> Response:
    if page.found is not None:
        return page.go(local(next))
    return signed_in(page, accounts.use_link(page.hub, token), local(next))


def signed_in(page: Page, user: User, next: str) -> Response:
    response = page.go(next)
    secure = page.request.url.scheme == "https"
    secret = accounts.open_session(page.hub, user)
    response.set_cookie(
        SESSION, secret, max_age=int(accounts.SESSION.total_seconds()), httponly=True, samesite="lax", secure=secure
    )
    return response


def local(address: str) -> str:
    """The address if it is one of ours, else home."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and "\n" not in address
    return address if plain and "\\" not in address else "/"


@router.post("/sign-out")
def sign_out(page: CurrentPage, form: CurrentForm) -> Response:
    if page.session:
        accounts.close_session(page.hub, page.session)
    response = page.go("/sign-in")
    response.delete_cookie(SESSION)
    return response


@router.post("/-/preferences")
def preferences(page: CurrentPage, form: CurrentForm) -> Response:
    """Remember the theme and the language in this browser."""
    response = page.go(local(text_of(form, "next") or "/"))
    theme, language = text_of(form, "theme"), text_of(form, "language")
    if theme in THEMES:
        response.set_cookie(THEME, theme, max_age=YEAR, samesite="lax")
    if language in NAMES:
        response.set_cookie(COOKIE, language, max_age=YEAR, samesite="lax")
    return response
