"""Home, sign-in, and the small choices that everyone has: language and theme."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from assethub.domain.errors import SignInNeeded, TooMany, Unavailable
from assethub.domain.folders import Which
from assethub.domain.owners import Origin, User
from assethub.domain.search import Sort
from assethub.server.console.language import COOKIE, NAMES
from assethub.server.console.pages import (
    SESSION,
    THEME,
    THEMES,
    CurrentForm,
    CurrentPage,
    Page,
    PageNumber,
    keep_session,
    refuse_other_sites,
    text_of,
)  # fmt: skip
from assethub.server.refusals import headers_of, status_of
from assethub.services import accounts, assets, folders, runs, sessions, single_sign_on, stars, summaries

router = APIRouter()
MOST_FOLDERS = 12
MOST_STARRED = 8
CARDS = 30  # on one page
BEGUN = "ah_sign_in"
YEAR = 365 * 24 * 3600


@router.get("/")
def home(page: CurrentPage) -> Response:
    me = page.found
    with page.reading() as work:
        changed = assets.recent_assets(work, limit=8)
        mine = stars.worked_with(work) if me else []
        starred = stars.my_stars(work, limit=MOST_STARRED + 1) if me else []
        latest = runs.list_runs(work, limit=6)
        listed = {
            which: folders.list_folders(work, which=which, limit=MOST_FOLDERS + 1)
            for which in (Which.MINE, Which.SHARED, Which.PUBLIC)
            if me is not None or which is Which.PUBLIC
            if page.hub.public or which is not Which.PUBLIC
        }
    own = {asset.id for asset, _ in mine}
    return page.render(
        "home.html", changed=[asset for asset in changed if asset.id not in own], mine=mine,
        starred=starred[:MOST_STARRED], more_stars=len(starred) > MOST_STARRED, listed=listed, most=MOST_FOLDERS,
        runs=latest, address=str(page.request.base_url).rstrip("/"),
    )  # fmt: skip


@router.get("/-/stars")
def my_stars(page: CurrentPage, sort: Sort = Sort.UPDATED, number: PageNumber = 1) -> Response:
    with page.reading() as work:
        found = stars.my_stars(work, sort, CARDS + 1, (number - 1) * CARDS)
        cards = summaries.cards(work, found[:CARDS])
    return page.render("stars.html", cards=cards, sort=sort, number=number, more=len(found) > CARDS)


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
        user = accounts.check_password(page.hub, name, password, page.caller.origin)
    except (SignInNeeded, TooMany) as refusal:
        answer = page.render("sign-in.html", status_of(refusal), next=local(next), problem=str(refusal), name=name)
        if isinstance(refusal, TooMany):
            answer.headers.update(headers_of(refusal))
        return answer
    return signed_in(page, user, local(next))


@router.get("/sign-in/oidc")
def begin_single_sign_on(page: CurrentPage, next: str = "/") -> Response:
    begun = single_sign_on.begin(page.hub, local(next))
    response = page.go(begun.address)
    response.set_cookie(
        BEGUN, begun.cookie, max_age=int(single_sign_on.LASTS.total_seconds()), path="/sign-in/oidc", httponly=True,
        samesite="lax", secure=page.request.url.scheme == "https",
    )  # fmt: skip
    return response


@router.get("/sign-in/oidc/callback")
def finish_single_sign_on(page: CurrentPage) -> Response:
    answer = dict(page.request.query_params)
    origin = Origin("single sign-on", page.caller.origin.address)
    try:
        user, next = single_sign_on.finish(page.hub, page.request.cookies.get(BEGUN, ""), answer, origin)
    except (SignInNeeded, Unavailable) as refusal:
        response = page.render("sign-in.html", status_of(refusal), next="/", problem=str(refusal), name="")
    else:
        response = signed_in(page, user, local(next), origin)
    response.delete_cookie(BEGUN, path="/sign-in/oidc")
    return response


@router.get("/sign-in/link")
def sign_in_by_link(page: CurrentPage, token: str, next: str = "/") -> Response:
    if page.found is not None:
        return page.go(local(next))
    return signed_in(page, sessions.use_link(page.hub, token, page.caller.origin), local(next))


def signed_in(page: Page, user: User, next: str, origin: Origin | None = None) -> Response:
    response = page.go(next)
    agent = page.request.headers.get("user-agent", "")
    secret = sessions.open_session(page.hub, user, origin or page.caller.origin, agent)
    keep_session(response, secret, secure=page.request.url.scheme == "https")
    return response


def local(address: str) -> str:
    """The address if it is one of ours, else home."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\")) and "\n" not in address
    return address if plain and "\\" not in address else "/"


@router.post("/sign-out")
def sign_out(page: CurrentPage, form: CurrentForm) -> Response:
    if page.signed_in:
        sessions.close_session(page.hub, page.signed_in)
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
