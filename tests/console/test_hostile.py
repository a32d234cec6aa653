"""Bytes and names that would take the console over if they could: opened in a real browser, through every door."""

import hashlib
import json
from urllib.parse import quote

import httpx2
import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page

from assethub.domain.names import Reference, parse_asset_path
from assethub.domain.owners import Caller, Scope
from assethub.services import accounts, history, read_links, receiving
from assethub.services.history import NewFile
from tests.console.conftest import Site

SCRIPT = "window.taken=1;document.title='taken';try{localStorage.taken=1;document.cookie='taken=1'}catch(e){}"
TAG = f'<script>{SCRIPT}</script><img src=x onerror="{SCRIPT}">'
SVG = f'<svg xmlns="http://www.w3.org/2000/svg" onload="{SCRIPT}"><script>{SCRIPT}</script><circle r="9"/></svg>'
QUOTED = json.dumps(TAG)
NAMED = json.dumps({"__metadata__": {TAG: TAG}, f"{TAG}.{TAG}": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}})
XHTML = "http://www.w3.org/1999/xhtml"
OUTPUTS: list[dict[str, object]] = [
    {"output_type": "stream", "name": "stdout", "text": TAG},
    {"output_type": "display_data", "data": {"text/html": f"<table><tr><td>{TAG}</td></tr></table>{SVG}"}},
    {"output_type": "display_data", "data": {"image/png": f'"><img src=x onerror="{SCRIPT}">'}},
    {"output_type": "display_data", "data": {"image/svg+xml": SVG, "application/javascript": SCRIPT}},
    {"output_type": "error", "ename": TAG, "evalue": TAG, "traceback": [TAG]},
]
CELLS = [
    {"cell_type": "markdown", "source": [TAG]},
    {"cell_type": "code", "source": TAG, "outputs": OUTPUTS},
    {"cell_type": TAG, "source": TAG},
]
FILES: dict[str, tuple[str, str | None]] = {  # content, and the type that its uploader says it has
    "page.html": (f"<!doctype html><title>x</title><body>{TAG}", None),
    "page.xhtml": (f'<html xmlns="{XHTML}"><head/><body><script>{SCRIPT}</script></body></html>', None),
    "drawing.svg": (SVG, None),
    "said-html.txt": (f"<!doctype html><body>{TAG}", "text/html"),
    "said-svg.png": (SVG, "image/svg+xml"),
    "said-picture.html": (f"<!doctype html><body>{TAG}", "image/png"),
    "polyglot.gif": (f"GIF89a/*{TAG}*/=1;{SCRIPT}", None),
    "polyglot.pdf": (f"%PDF-1.4\n<!doctype html>{TAG}\n1 0 obj << /OpenAction << /S /JavaScript /JS (1) >> >>", None),
    "film.mp4": (f"<!doctype html><body>{TAG}", None),
    "tone.mp3": (f"ID3<html><body>{TAG}", None),
    "said-film.html": (f"<!doctype html><body>{TAG}", "video/mp4"),
    "said-pdf.html": (f"<!doctype html><body>{TAG}", "application/pdf"),
    "said-svg.mp4": (SVG, "image/svg+xml; charset=utf-8"),
    "weights.safetensors": ((len(NAMED)).to_bytes(8, "little").decode() + NAMED, None),
    "tree.json": (json.dumps({TAG: [TAG], "constructor": {"__proto__": TAG}}), None),
    "front.md": (f"---\n{QUOTED}: [{QUOTED}]\nb: {{c: {QUOTED}}}\n---\n# <b id=charts>x</b>\n", None),
    "module.js": (SCRIPT, None),
    "feed.xml": (f'<?xml version="1.0"?><x xmlns:h="{XHTML}"><h:script>{SCRIPT}</h:script></x>', None),
    "archive.mhtml": (f"MIME-Version: 1.0\nContent-Type: text/html\n\n<body>{TAG}", None),
    "README.md": (
        f"# Card\n\n{TAG}\n\n[a](javascript:{SCRIPT}) ![b](javascript:{SCRIPT})\n\n"
        f"<a href='data:text/html,{TAG}'>c</a>\n\n"
        f"<svg onload=\"{SCRIPT}\">\n\n<iframe srcdoc=\"{TAG.replace(chr(34), '&quot;')}\"></iframe>\n",
        None,
    ),
    "table.csv": (f'a,b\n"{TAG.replace(chr(34), chr(34) * 2)}",=cmd()\n', None),
    "notebook.ipynb": (json.dumps({"nbformat": 4, "cells": CELLS}), None),
    "<img src=x onerror=window.taken=1>.txt": ("x", None),
    '"><script>window.taken=1</script>': ("x", None),
}  # fmt: skip
PATH = "ada/dataset/texts/hostile"


@pytest.fixture
def hostile(site: Site) -> list[str]:
    """A dataset of such files, with such a message, description and labels; answers the addresses to open."""
    hub = site.live.hub
    site.hub.create("dataset/texts/hostile", description=TAG, labels=[TAG[:90]])
    with hub.work(None, reading=True) as work:
        ada = Caller(accounts.get_user(work, "ada"), Scope.ADMIN)
    path = parse_asset_path(PATH)
    bodies = {name: content.encode() for name, (content, _) in FILES.items()}
    shas = {name: hashlib.sha256(body).hexdigest() for name, body in bodies.items()}
    receiving.receive_small(hub, ada, path, [(shas[name], body) for name, body in bodies.items()])
    given = [NewFile(name, shas[name], len(body), content_type=FILES[name][1]) for name, body in bodies.items()]
    with hub.work(ada) as work:
        made = history.commit_changes(work, path, "main", TAG, add=given)
    assert made is not None
    site.hub.dataset("dataset/texts/hostile").create_tag("<script>window.taken=1</script>")
    pages = [
        f"/{PATH}",
        f"/{PATH}/-/commits",
        f"/{PATH}/-/commit/{made.id}",
        f"/{PATH}/-/settings",
        f"/{'/'.join(PATH.split('/')[:3])}",
        "/",
    ]
    pages += [f"/{PATH}/-/file/{quote(name)}{query}" for name in FILES for query in ("", "?source=1")]
    return pages + [f"/api/v1/assets/{PATH}/files/{quote(name)}?ref=main" for name in FILES]


def sign_in(context: BrowserContext, site: Site) -> Page:
    page = context.new_page()
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(site.live.admin_password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.url}/")
    return page


def opened(page: Page, address: str) -> bool:
    """Whether the browser shows it; it may also keep it as a file, or be told that there is none."""
    try:
        answer = page.goto(address, wait_until="load")
    except Error as error:
        if not any(kept in str(error) for kept in ("Download is starting", "ERR_ABORTED")):
            raise
        return False
    return answer is not None and answer.status != 404


def test_hostile_bytes_and_names_run_no_script_here(chrome: Browser, site: Site, hostile: list[str]) -> None:
    context = chrome.new_context(extra_http_headers={"Authorization": f"Bearer {site.live.api_key}"})
    page = sign_in(context, site)
    links = []
    for address in hostile:
        if opened(page, site.url + address):
            assert page.evaluate("window.taken") is None, address
            assert page.title() != "taken", address
            found = page.eval_on_selector_all(
                "[src^='/raw/'], [href^='/raw/']", "all => all.map(one => one.src || one.href)"
            )
            links += found
            assert page.eval_on_selector_all("[href^='javascript:'], [href^='data:'], iframe", "all => all.length") == 0
    assert len(set(links)) >= len(FILES)
    for link in set(links):
        if opened(page, link):  # shown in place: nothing that could be a page
            assert page.evaluate("window.taken") is None, link
            assert page.evaluate("document.contentType").startswith(("image/", "video/", "audio/")), link
            assert page.evaluate("document.contentType") != "image/svg+xml", link
    page.goto(f"{site.url}/")
    assert page.evaluate("localStorage.taken") is None
    assert "taken" not in page.evaluate("document.cookie")
    context.close()


def test_raw_addresses_give_a_fixed_type_in_a_sandbox_whatever_the_bytes_are(site: Site, hostile: list[str]) -> None:
    types = {
        "page.html": "application/octet-stream", "said-html.txt": "application/octet-stream",
        "said-picture.html": "image/png", "drawing.svg": "image/svg+xml", "said-svg.png": "image/svg+xml",
        "said-svg.mp4": "image/svg+xml", "film.mp4": "video/mp4", "said-film.html": "video/mp4",
        "tone.mp3": "audio/mpeg", "polyglot.pdf": "application/pdf", "said-pdf.html": "application/pdf",
        "notebook.ipynb": "application/octet-stream", "feed.xml": "application/octet-stream",
    }  # fmt: skip
    with site.live.hub.work(None, reading=True) as work:
        ada = Caller(accounts.get_user(work, "ada"), Scope.ADMIN)
    with site.live.hub.work(ada, reading=True) as work:
        links = read_links.read_links(work, Reference(parse_asset_path(PATH)))
    for name, type in types.items():
        answer = httpx2.get(f"{site.url}/raw/{links.to(name)}/{name}", headers={"Range": "bytes=0-3"})
        assert (answer.status_code, answer.headers["content-type"], len(answer.content)) == (206, type, 4), name
        assert answer.headers["content-security-policy"].startswith("sandbox; default-src 'none'"), name
        assert answer.headers["x-content-type-options"] == "nosniff"
        kept = answer.headers["content-disposition"].startswith("attachment")
        assert kept == (type in ("application/octet-stream", "image/svg+xml", "application/pdf")), name


def test_no_answer_with_users_bytes_can_be_a_page(site: Site, hostile: list[str]) -> None:
    """Every door that gives users' bytes gives them in a sandbox, with a fixed type, and to be kept, not shown."""
    with httpx2.Client(base_url=site.url, headers={"Authorization": f"Bearer {site.live.api_key}"}) as client:
        for address in hostile:
            if address.startswith("/api/"):
                answer = client.get(address)
                assert answer.status_code == 200
                assert answer.headers["content-security-policy"].startswith("sandbox"), address
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["content-disposition"].startswith("attachment")
                assert "set-cookie" not in answer.headers
