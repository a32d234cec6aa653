"""One's own account: name and password, browsers that are signed in, API keys."""

from uuid import UUID

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from assethub.domain.errors import HubError, Invalid
from assethub.domain.owners import Scope
from assethub.domain.s3_snippets import S3Access
from assethub.server.console import s3_keys
from assethub.server.console.home import signed_in
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of, url_of
from assethub.server.console.s3_keys import days_of
from assethub.services import accounts, keys, sessions
from assethub.services.work import Work

router = APIRouter()
ACCOUNT, KEYS = "/-/account", "/-/account/keys"
SESSIONS, S3_KEYS = ACCOUNT + "/sessions", ACCOUNT + "/s3-keys"
FIELDS = ("name", "folder", "days", *s3_keys.FIELDS)  # what a refused form shows again
SCOPES = tuple(scope.name.lower() for scope in Scope)


@router.get(ACCOUNT)
def account(page: CurrentPage) -> Response:
    return show_account(page)


@router.post(ACCOUNT)
def change(page: CurrentPage, form: CurrentForm) -> Response:
    """Title and email, the password, or the end of other sessions."""
    person, what = page.person, text_of(form, "what")
    try:
        if what == "password":
            new = str(form.get("new") or "")
            if new != form.get("again"):
                raise Invalid("The two new passwords differ.")
            accounts.change_password(page.hub, page.caller, str(form.get("old") or ""), new)
            return signed_in(page, person.user, f"{ACCOUNT}?saved=1")  # everybody else was signed out
        with page.writing() as work:
            if what == "end":
                sessions.end_session(work, id_of(form))
            elif what == "end-others":
                sessions.end_sessions(work, but=page.signed_in.session if page.signed_in else None)
            else:
                title, email = text_of(form, "title") or "", text_of(form, "email") or ""
                accounts.change_user(work, person.name, title=title, email=email)
    except HubError as refusal:
        return show_account(page, str(refusal))
    return page.go(SESSIONS if what in ("end", "end-others") else f"{ACCOUNT}?saved=1")


def show_account(page: Page, problem: str | None = None) -> Response:
    person = page.person
    with page.reading() as work:
        user = accounts.get_user(work, person.name)
        unset = not accounts.has_password(work)
    status = 422 if problem else 200
    return page.render("account/account.html", status, user=user, problem=problem, unset=unset, tab="account")


@router.get(SESSIONS)
def own_sessions(page: CurrentPage) -> Response:
    with page.reading() as work:
        open_ones = sessions.list_sessions(work)
    here = page.signed_in.session if page.signed_in else None
    return page.render("account/sessions.html", sessions=open_ones, here=here, problem=None, tab="sessions")


@router.get(KEYS)
def own_keys(page: CurrentPage, asset: str = "") -> Response:
    return page.go(url_of(S3_KEYS[1:], asset=asset) + "#new-s3-key") if asset else show_keys(page)


@router.get(S3_KEYS)
def own_s3_keys(page: CurrentPage, asset: str = "") -> Response:
    return show_keys(page, given={"s3_asset": asset}, s3=True)


@router.post(S3_KEYS)
@router.post(KEYS)
def change_keys(page: CurrentPage, form: CurrentForm) -> Response:
    """Make an API key or an S3 key, whose secret is on the answer and nowhere else, or revoke one."""
    secret, access, what = None, None, text_of(form, "what")
    s3 = what in ("s3-key", "revoke-s3")
    try:
        with page.writing() as work:
            match what:
                case "revoke":
                    keys.revoke_key(work, id_of(form))
                case "revoke-s3":
                    s3_keys.revoke(work, form)
                case "s3-key":
                    access = s3_keys.create(page, work, form)
                case _:
                    secret = create(work, form)
    except HubError as refusal:
        return show_keys(page, str(refusal), {name: text_of(form, name) or "" for name in FIELDS}, s3=s3)
    shown = secret or access
    return show_keys(page, secret=secret, access=access, s3=s3) if shown else page.go(S3_KEYS if s3 else KEYS)


def create(work: Work, form: FormData) -> str:
    scope, name, folder = key_of(form)
    return keys.create_key(work, name, scope, days_of(form), folder)[1]


def key_of(form: FormData) -> tuple[Scope, str, str | None]:
    """Scope, name and folder of a key that a form asks for."""
    scope = text_of(form, "scope") or "write"
    if scope not in SCOPES:
        raise Invalid(f"{scope!r} is no scope; choose read, write or admin.")
    name = text_of(form, "name")
    if not name or len(name) > 100:
        raise Invalid("Name the key, in at most 100 characters.")
    return Scope[scope.upper()], name, text_of(form, "folder")


def id_of(form: FormData) -> UUID:
    try:
        return UUID(text_of(form, "id") or "")
    except ValueError:
        raise Invalid("The form names nothing that there is; open the page again.") from None


def show_keys(
    page: Page, problem: str | None = None, given: dict[str, str] | None = None, *, secret: str | None = None,
    access: S3Access | None = None, s3: bool = False,
) -> Response:  # fmt: skip
    with page.reading() as work:
        found = [] if s3 else keys.list_keys(work)
        s3_found = s3_keys.keys_of(work) if s3 else []
    return page.render(
        "account/keys.html", 422 if problem else 200, keys=found, problem=problem, given=given or {}, secret=secret,
        s3_keys=s3_found, access=access, snippets=s3_keys.snippets_of(access) if access else {},
        scopes=SCOPES if page.person.admin else SCOPES[:-1], tab="s3" if s3 else "keys",
    )  # fmt: skip
