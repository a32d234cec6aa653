"""What a page is made for and from: who looks, in which language and theme, and the templates."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.datastructures import FormData
from starlette.responses import HTMLResponse, RedirectResponse, Response

from assethub.domain.errors import Forbidden, SignInNeeded
from assethub.domain.owners import Caller
from assethub.server.console.icons import icon
from assethub.server.console.language import NAMES, Formats, choose, translations
from assethub.services import accounts
from assethub.services.work import Hub, Work

HERE = Path(__file__).parent
SESSION = "ah_session"
THEME = "ah_theme"
THEMES = ("auto", "light", "dark")
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
        file_icon=file_icon,
    )  # fmt: skip
    made.filters.update(size=formats.size, number=formats.number, metric=formats.metric, json=json.dumps)
    return made


def static(name: str) -> str:
    return f"/static/{name}?v={asset_version()}"


def url_of(path: object, *parts: str, **query: object) -> str:
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
    session: str | None
    found: Caller | None

    @property
    def caller(self) -> Caller:
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
        return self.hub.sign("csrf", self.session or "")

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
        return HTMLResponse(text, status)

    def go(self, address: str) -> Response:
        return RedirectResponse(address, 303)


def page_of(request: Request) -> Page:
    hub: Hub = request.app.state.hub
    secret = request.cookies.get(SESSION)
    return Page(request, hub, secret, accounts.session_caller(hub, secret) if secret else None)


CurrentPage = Annotated[Page, Depends(page_of)]


async def checked_form(request: Request, page: CurrentPage) -> FormData:
    """The posted form, if it comes from a page of ours that was shown to this session."""
    refuse_other_sites(request)
    form = await request.form(max_files=0, max_fields=500)
    if not accounts.same(str(form.get("csrf", "")), page.csrf):
        raise Forbidden("This form is too old, or not one of the hub's own; open the page again.")
    return form


def refuse_other_sites(request: Request) -> None:
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if site not in ("same-origin", "none") or (origin not in (None, "null", own)):
        raise Forbidden("This form came from another site.")


CurrentForm = Annotated[FormData, Depends(checked_form)]


def text_of(form: FormData, name: str) -> str | None:
    """A field's text without spaces around it; None if it is empty."""
    value = form.get(name)
    return value.strip() or None if isinstance(value, str) else None


def lines_of(form: FormData, name: str) -> list[str]:
    return [line.strip() for line in (text_of(form, name) or "").splitlines() if line.strip()]
