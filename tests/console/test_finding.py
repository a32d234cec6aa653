"""Finding things: home, search, stars, folders, and the ways to use a version."""

import html
import json
import os
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import event

from assethub.services.indexing import Indexer
from tests.conftest import PASSWORD
from tests.console.conftest import MODEL, Site, fits

DATASET = "ada/dataset/texts/words"
FOLDER = "ada/model/texts"
sqlite_only = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
pytestmark = sqlite_only


@pytest.fixture
def browser(site: Site) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=site.url, follow_redirects=True) as client:
        client.post("/sign-in", data={"name": "ada", "password": site.live.admin_password})
        yield client


@pytest.fixture
def stranger(site: Site) -> Iterator[httpx2.Client]:
    """Somebody who is signed in and may see nothing."""
    site.hub.create_user("eve", password=PASSWORD)
    with httpx2.Client(base_url=site.url, follow_redirects=True) as client:
        client.post("/sign-in", data={"name": "eve", "password": PASSWORD})
        yield client


def post(client: httpx2.Client, address: str, **form: str) -> httpx2.Response:
    token = re.search(r'name="csrf" value="([0-9a-f]+)"', client.get("/").text)
    assert token
    return client.post(address, data={"csrf": token[1], **form})


def snippet(page: str, way: str) -> str:
    found = re.search(rf'id="{way}-text"[^>]*>(.*?)</pre>', page, re.DOTALL)
    assert found
    return html.unescape(found[1])


@contextmanager
def counted(site: Site) -> Iterator[list[str]]:
    """The queries that pages ask; not what the hub asks for itself."""
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *more: object) -> None:
        if threading.current_thread().name.startswith("AnyIO"):
            asked.append(statement)

    event.listen(site.live.hub.engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(site.live.hub.engine, "before_cursor_execute", note)


def test_a_star_is_given_on_the_asset_and_kept_at_home(
    browser: httpx2.Client, stranger: httpx2.Client, site: Site
) -> None:
    page = post(browser, f"/{MODEL}/-/star", star="yes", next=f"/{MODEL}").text
    assert 'aria-pressed="true"' in page
    assert f'href="/{MODEL}"' in browser.get("/-/stars").text
    assert site.hub.model(MODEL).stars().starred
    assert [one.path for one in site.hub.stars()] == [MODEL]
    assert post(stranger, f"/{MODEL}/-/star", star="yes").status_code == 404
    assert MODEL not in stranger.get("/-/stars").text
    assert 'aria-pressed="false"' in post(browser, f"/{MODEL}/-/star", star="no", next=f"/{MODEL}").text
    assert post(browser, f"/{MODEL}/-/star", star="yes", next="//evil.example/x").url.host == "127.0.0.1"


def test_home_teaches_the_first_steps_to_who_has_nothing(stranger: httpx2.Client, site: Site) -> None:
    page = stranger.get("/").text
    assert f"ah login {site.url}" in page
    assert "/-/new-folder?kind=model" in page
    assert MODEL not in page


def test_suggestions_and_searches_show_what_the_caller_may_see(
    browser: httpx2.Client, stranger: httpx2.Client, site: Site
) -> None:
    Indexer(site.live.hub).round()
    found = browser.get("/-/suggest?q=word").json()
    assert [(one["kind"], one["url"]) for one in found] == [("dataset", f"/{DATASET}")]
    assert [one["kind"] for one in browser.get("/-/suggest?q=texts").json()] == ["model", "dataset", "folder", "folder"]
    assert (browser.get("/-/suggest?q=").json(), stranger.get("/-/suggest?q=word").json()) == ([], [])
    for address in (
        "/search?q=table",
        "/search?q=code.py&what=files",
        "/search?label=text",
        "/search?q=texts&what=folders",
    ):
        assert "/ada/dataset/texts" in browser.get(address).text, address
        assert "/ada/" not in stranger.get(address).text, address
    assert "<mark>words</mark>" in browser.get("/search?q=words").text
    assert "&lt;b&gt;" in browser.get("/search?q=<b>").text
    assert 'href="/ada"' in browser.get("/search?q=ad&what=people").text


def test_the_same_is_found_by_rest_and_the_sdk(site: Site) -> None:
    Indexer(site.live.hub).round()
    assert [one.path for one in site.hub.search("table", kind="dataset")] == [DATASET]
    assert [one.path for one in site.hub.search(label="text", sort="stars")] == [DATASET]
    assert [one.path for one in site.hub.search_files("code").files] == ["src/code.py"]
    assert [one.path for one in site.hub.dataset(DATASET).find("code").files] == ["src/code.py"]


def test_a_folder_is_filtered_renamed_deleted_and_brought_back(browser: httpx2.Client, site: Site) -> None:
    assert "No description yet" not in browser.get(f"/{FOLDER}?q=nothing").text
    assert "/ada/dataset/texts/words" in browser.get("/ada/dataset/texts?label=text&sort=size&q=some").text
    settings = post(browser, f"/{FOLDER}/-/settings", name="stories", description="Long ones", labels="a, b")
    assert settings.url.path == "/ada/model/stories/-/settings"
    assert "Long ones" in settings.text
    assert browser.get(f"/{MODEL}").url.path == "/ada/model/stories/reader"
    assert post(browser, "/ada/model/stories/-/delete", confirm="texts").status_code == 422
    gone = post(browser, "/ada/model/stories/-/delete", confirm="stories")
    assert (gone.url.path, "stories" in gone.text) == ("/ada", True)
    assert browser.get("/ada/model/stories").status_code == 404
    assert post(browser, "/ada/model/stories/-/undelete").url.path == "/ada/model/stories"


def test_the_aside_tells_what_the_card_says_and_what_runs_take_for_granted(browser: httpx2.Client, site: Site) -> None:
    card = Path(site.go.parent.parent / "README.md")
    card.write_text("---\nlicense: apache-2.0\ntags: [<i>x]\nlanguage: en\n---\n# Reader\n")
    site.hub.model(MODEL).commit("Add a card", [str(card)])
    page = browser.get(f"/{MODEL}").text
    assert "apache-2.0" in page
    assert "&lt;i&gt;x" in page
    assert "epochs=3" in page
    assert f'href="/{MODEL}/-/lineage"' in page
    assert "New in this commit" in browser.get(f"/{MODEL}/-/usage").text


def test_the_snippets_run_as_they_stand(browser: httpx2.Client, site: Site, tmp_path: Path) -> None:
    site.hub.dataset(DATASET).create_tag("v1")
    page = browser.get(f"/{DATASET}/-/use?ref=v1").text
    environment = {**os.environ, **site.live.environment, "HOME": str(tmp_path)}
    (tmp_path / "here").mkdir()
    for line in snippet(page, "ah").splitlines():
        words = shlex.split(line)
        assert words[0] == "ah"
        if words[1] == "login":
            assert words[2] == site.url
            continue
        command = [sys.executable, "-c", "from assethub.cli.main import main; main()", *words[1:]]
        subprocess.run(command, check=True, env=environment, cwd=tmp_path / "here", timeout=60)
    assert (tmp_path / "here/words/words.csv").read_text().startswith("word,count")
    for way, seen in (("sdk", "print(len(data))"), ("fsspec", "print(len(data))")):
        program = f"{snippet(page, way)}\n{seen}\n"
        done = subprocess.run(
            [sys.executable, "-c", program], check=True, env=environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert done.stdout.splitlines()[-1] == str(len("word,count\nzebra,1\n=cmd,2\n"))


def test_pages_ask_few_queries(browser: httpx2.Client, site: Site) -> None:
    asked = {}
    for address in (f"/{MODEL}", f"/{DATASET}", "/", "/search?q=e", f"/{FOLDER}", "/-/suggest?q=e"):
        browser.get(address)
        with counted(site) as queries:
            browser.get(address)
        asked[address] = len([one for one in queries if not one.startswith(("BEGIN", "PRAGMA"))])
    assert asked[f"/{MODEL}"] <= 14, json.dumps(asked)
    assert asked[f"/{DATASET}"] <= 14, json.dumps(asked)
    assert max(asked.values()) <= 14, json.dumps(asked)


def test_suggestions_are_chosen_with_keys(visitor: Page, site: Site) -> None:
    visitor.keyboard.press("/")
    field = visitor.get_by_role("combobox", name="Search")
    expect(field).to_be_focused()
    field.press_sequentially("word")
    options = visitor.get_by_role("option")
    expect(options.first).to_contain_text("words")
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    expect(options.first).to_have_attribute("aria-selected", "true")
    assert fits(visitor)
    field.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press("ArrowDown")
    field.press("Enter")
    expect(visitor).to_have_url(f"{site.url}/{DATASET}")


def test_a_star_a_permalink_and_a_file_by_keys(visitor: Page, site: Site) -> None:
    head = site.hub.dataset(DATASET).main.head().id
    visitor.goto(f"{site.url}/{DATASET}")
    star = visitor.get_by_role("button", name=re.compile(r"^Star \d+ words$"))
    star.click()
    expect(star).to_have_attribute("aria-pressed", "true")
    expect(star.locator("[data-count]")).to_have_text("1")
    visitor.keyboard.press("y")
    expect(visitor).to_have_url(f"{site.url}/{DATASET}?ref={head}")
    assert fits(visitor)
    visitor.goto(f"{site.url}/{DATASET}")
    visitor.keyboard.press("t")
    expect(visitor).to_have_url(f"{site.url}/{DATASET}/-/find")
    visitor.get_by_label("Find a file").fill("code")
    expect(visitor.locator("#found tr")).to_have_count(1)
    visitor.keyboard.press("Enter")
    expect(visitor).to_have_url(f"{site.url}/{DATASET}/-/file/src/code.py")


def test_ways_to_use_a_version_are_tabs(visitor: Page, site: Site) -> None:
    visitor.goto(f"{site.url}/{DATASET}/-/use")
    visitor.get_by_role("tab", name="Command line").press("ArrowRight")
    panel = visitor.get_by_role("tabpanel", name="Python SDK")
    expect(panel).to_contain_text("assethub.connect")
    expect(visitor.get_by_role("tabpanel")).to_have_count(1)
    assert fits(visitor)
    for address in ("/", "/search?q=e", f"/{FOLDER}", f"/{FOLDER}/-/settings", "/-/stars", "/-/folders", "/ada"):
        visitor.goto(site.url + address)
        assert fits(visitor), address
