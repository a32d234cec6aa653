"""What a page is made for and from: who looks, in which language and theme, and the templates."""

import gzip
import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Query, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from assethub.domain.errors import Forbidden, SignInNeeded, TooMany
from assethub.domain.owners import Asking, Caller, Origin, Visitor
from assethub.server.console.highlighting import highlight
from assethub.server.console.icons import icon
from assethub.server.console.language import NAMES, Formats, choose, translations
from assethub.server.dependencies import address_of
from assethub.services import sessions
from assethub.services.keys import same
from assethub.services.sessions import SignedIn
from assethub.services.work import Hub, Work

HERE = Path(__file__).parent
SESSION = "ah_session"
THEME = "ah_theme"
MASK = 32  # bytes, as many as a token has
MOST_PADDING = 64  # bytes that a compressed page is longer at random
THEMES = ("auto", "light", "dark")
MOST_FORM = 4 << 20  # bytes of a posted form
MOST_FIELDS = 2000  # every row of a page of files may be chosen
FILE_ICONS = {"text": "file-text", "image": "photo"}


@cache
def asset_version() -> str:
    """Changes with the static files, so that browsers may keep them for ever."""
    digest = hashlib.sha256()
    for path in sorted((HERE / "static").rglob("*.*")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def environment(language: str) -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"), autoescape=select_autoescape(), undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"], trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    made.install_gettext_translations(translations(language), newstyle=True)  # type: ignore[attr-defined]
    formats = Formats(language)
    made.globals.update(
        icon=icon, formats=formats, languages=NAMES, language=language, themes=THEMES, static=static, url=url_of,
        file_icon=file_icon, highlight=highlight,
    )  # fmt: skip
    made.filters.update(size=formats.size, number=formats.number, metric=formats.metric, json=json.dumps)
    return made


def static(name: str) -> str:
    return f"/static/{name}?v={asset_version()}"


def url_of(path: object, /, *parts: str, **query: object) -> str:
    """An address in the console: /owner/kind/folder/name/-/parts?query, each part quoted."""
    tail = "/-/" + "/".join(quote(part) for part in parts) if parts else ""
    given = {name: value for name, value in query.items() if value is not None}
    return f"/{quote(str(path))}{tail}" + (f"?{urlencode(given)}" if given else "")


def file_icon(path: str, content_type: str) -> str:
    if path.endswith("/"):
        return "folder"
    if content_type.endswith(("json", "yaml", "toml", "x-python", "javascript")):
        return "file-code"
    if content_type in ("text/csv", "text/tab-separated-values"):
        return "table"
    return FILE_ICONS.get(content_type.split("/")[0], "cube")


@dataclass(frozen=True)
class Page:
    """One request for a page."""

    request: Request
    hub: Hub
    signed_in: SignedIn | None

    @property
    def found(self) -> Caller | None:
        return self.signed_in.caller if self.signed_in else None

    @property
    def caller(self) -> Asking:
        return self.found or Visitor(Origin("the console", address_of(self.request)))

    @property
    def person(self) -> Caller:
        if self.found is None:
            raise SignInNeeded("Sign in to see this page.")
        return self.found

    @property
    def language(self) -> str:
        return choose(self.request.cookies, self.request.headers.get("accept-language", ""))

    @property
    def theme(self) -> str:
        theme = self.request.cookies.get(THEME, "auto")
        return theme if theme in THEMES else "auto"

    @property
    def csrf(self) -> str:
        """The session's token under a mask of this answer's own: pages travel compressed, and their lengths tell."""
        mask = secrets.token_bytes(MASK)
        return (mask + masked(self.token, mask)).hex()

    @property
    def token(self) -> bytes:
        return bytes.fromhex(self.hub.sign("csrf", self.signed_in.session.hex if self.signed_in else ""))

    def knows(self, given: str) -> bool:
        """Whether a form brings the token of this session."""
        try:
            raw = bytes.fromhex(given)
        except ValueError:
            return False
        return same(masked(raw[MASK:], raw[:MASK]).hex(), self.token.hex())

    def here(self, **changes: object) -> str:
        """The address of this list with other parameters; from its first page on, unless `page` is given."""
        query: dict[str, object] = {**self.request.query_params, "page": None, "saved": None, **changes}
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return quote(self.request.url.path) + (f"?{urlencode(given)}" if given else "")

    def gettext(self, text: str) -> str:
        return translations(self.language).gettext(text)

    @contextmanager
    def reading(self) -> Iterator[Work]:
        with self.hub.work(self.caller, reading=True) as work:
            yield work

    @contextmanager
    def writing(self) -> Iterator[Work]:
        with self.hub.work(self.caller) as work:
            yield work

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        text = environment(self.language).get_template(template).render(page=self, me=self.found, **values)
        body = text.encode(errors="replace")  # JSON of users may hold halves of characters
        headers = {"Vary": "Accept-Encoding, Cookie"}
        if "gzip" in self.request.headers.get("accept-encoding", ""):
            body, headers["Content-Encoding"] = compressed(body), "gzip"
        return HTMLResponse(body, status, headers)

    def go(self, address: str) -> Response:
        return RedirectResponse(address, 303)


def masked(token: bytes, mask: bytes) -> bytes:
    return bytes(one ^ other for one, other in zip(token, mask, strict=False))


def compressed(body: bytes) -> bytes:
    """As gzip whose length says nothing exact: its header holds a name of random length."""
    packed = BytesIO()
    with gzip.GzipFile("x" * secrets.randbelow(MOST_PADDING), "wb", 6, packed) as file:
        file.write(body)
    return packed.getvalue()


def page_of(request: Request) -> Page:
    hub: Hub = request.app.state.hub
    secret = request.cookies.get(SESSION)
    signed_in = sessions.session_of(hub, secret, address_of(request)) if secret else None
    if signed_in is not None:
        hub.rates.learn(signed_in.secret)
    if signed_in is not None and signed_in.secret != secret:
        request.state.new_session = signed_in.secret  # goes out with the answer
    return Page(request, hub, signed_in)


def keep_session(response: Response, secret: str, *, secure: bool) -> None:
    response.set_cookie(
        SESSION, secret, max_age=int(sessions.LASTS.total_seconds()), httponly=True, samesite="lax", secure=secure
    )


async def limited(request: Request) -> None:
    """TooMany, before anything is looked up, if the session or the visitor's address asked too often."""
    hub: Hub = request.app.state.hub
    try:
        hub.rates.spend(request.cookies.get(SESSION), address_of(request))
    except TooMany:
        request.state.too_many = True
        raise


CurrentPage = Annotated[Page, Depends(page_of)]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=1000)]


async def checked_form(request: Request, page: CurrentPage) -> FormData:
    """The posted form, if it comes from a page of ours that was shown to this session."""
    refuse_other_sites(request)
    form = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=MOST_FORM)
    if not page.knows(str(form.get("csrf", ""))):
        raise Forbidden("This form is too old, or not one of the hub's own; open the page again.")
    return form


def refuse_other_sites(request: Request) -> None:
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if site not in ("same-origin", "none") or (origin not in (None, "null", own)):
        raise Forbidden("This form came from another site.")


CurrentForm = Annotated[FormData, Depends(checked_form)]


async def checked_script(request: Request, page: CurrentPage) -> Page:
    """The page of a request that a script of ours sent, on a page that was shown to this session."""
    refuse_other_sites(request)
    if page.found is None:
        raise SignInNeeded("Sign in again: your session has ended.")
    if not page.knows(request.headers.get("x-csrf-token", "")):
        raise Forbidden("This page is too old; open it again.")
    return page


CurrentScript = Annotated[Page, Depends(checked_script)]


def text_of(form: FormData, name: str) -> str | None:
    """A field's text without spaces around it; None if it is empty."""
    value = form.get(name)
    return value.strip() or None if isinstance(value, str) else None


def lines_of(form: FormData, name: str) -> list[str]:
    return [line.strip() for line in (text_of(form, name) or "").splitlines() if line.strip()]
