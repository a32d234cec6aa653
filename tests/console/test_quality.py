"""Every page of the console: sound for eyes, keyboards and screen readers, on every screen, in every language.

The pages are the rows of the matrix, so that a new one is looked at without being named here.
"""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from assethub.server.console.app import create_console
from tests.console.axe import serious
from tests.console.conftest import Site
from tests.console.looking import OF_THE_LOOK, Looking, Outline, Served, address_of, is_page, served
from tests.matrix.rows import CONSOLE_COLUMNS, table
from tests.matrix.world import make_world

ROWS = table("console.txt")
VISITORS = {name for name, row in ROWS.items() if name.startswith("GET ") and row[0] == 200}
ADA = CONSOLE_COLUMNS.index("ada")
PAGES = [name for name, row in ROWS.items() if name.startswith("GET ") and (row[ADA] == 200 or name in VISITORS)]
MORE = ("/olga/model/nothing", "/olga/model/vision/net/-/file/README.md", "/olga/model/vision/net/-/file/table.csv")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = make_world(tmp_path_factory.mktemp("world"))
    with served(made) as address:
        yield address
    made.kept.close()
    made.opened.close()


@pytest.fixture(scope="module")
def windows(hub: Served, chrome: Browser) -> Iterator[dict[str | None, Looking]]:
    """A window in which the administrator has signed in, and one of a visitor."""
    made = {}
    for who in ("ada", None):
        context = chrome.new_context(locale="en")
        if who:
            context.add_cookies([{"name": "ah_session", "value": hub.world.cookies[who], "url": hub.url}])
        made[who] = Looking.begin(hub, context)
    yield made
    for one in made.values():
        one.page.context.close()


@pytest.mark.parametrize("operation", [*PAGES, *MORE])
def test_a_page_is_sound(hub: Served, windows: dict[str | None, Looking], operation: str) -> None:
    who = None if operation in VISITORS and ROWS[operation][ADA] != 200 else "ada"
    address = address_of(hub.world, operation) if " " in operation else operation
    if not is_page(hub, address, who):
        return
    looking = windows[who]
    looking.open(address, "en", 1360, "light")
    found = looking.problems("en") + serious(looking.page)
    looking.open(address, "zh_CN", 390, "dark")
    found += looking.problems("zh-CN") + serious(looking.page, OF_THE_LOOK)
    assert not found, "\n".join(found)


@pytest.mark.parametrize("operation", PAGES)
def test_a_page_can_be_read_and_its_forms_sent_without_a_script(hub: Served, operation: str) -> None:
    who = None if operation in VISITORS and ROWS[operation][ADA] != 200 else "ada"
    address = address_of(hub.world, operation)
    if not is_page(hub, address, who):
        return
    with hub.client(who) as client:
        found = Outline(client.get(address).text)
    assert found.heading.strip()
    assert len(found.words) > 20
    assert [form for form in found.forms if form["what"] == "post" and not (form["action"] and form["sent"])] == []


def test_pages_travel_compressed_and_tell_no_token_by_their_length(hub: Served) -> None:
    with hub.client() as client:
        found = [client.get("/") for _ in range(8)]
    assert {one.headers["content-encoding"] for one in found} == {"gzip"}
    assert len({one.headers["content-length"] for one in found}) > 1
    tokens = {re.findall(r'name="csrf" value="(\w+)"', one.text)[0] for one in found}
    assert len(tokens) == len(found)
    assert all(knows(hub, token) for token in tokens)
    assert not knows(hub, "0" * 128)
    assert not knows(hub, "no token")


def test_refusals_and_faults_say_what_to_do_next(hub: Served) -> None:
    def fail() -> None:
        raise RuntimeError("a fault of ours")

    with hub.client() as client:
        missing = client.get("/olga/model/vison")
        assert (missing.status_code, 'value="vison"' in missing.text) == (404, True)
    with hub.client("vera") as client:
        assert "can give you a role" in client.get("/-/admin/users").text
    console = create_console(hub.world.opened.hub)
    console.get("/where/no/route/is/yet")(fail)
    with TestClient(console, raise_server_exceptions=False) as client:
        failed = client.get("/where/no/route/is/yet")
    assert (failed.status_code, "tell an administrator" in failed.text) == (500, True)
    assert "a fault of ours" not in failed.text
    assert "script-src 'self'" in failed.headers["content-security-policy"]


def knows(hub: Served, token: str) -> bool:
    with hub.client() as client:
        return client.post("/-/preferences", data={"csrf": token, "theme": "auto"}).status_code == 303


def test_static_files_travel_compressed_and_are_kept(hub: Served) -> None:
    with hub.client() as client:
        address = re.findall(r'href="(/static/vendor/tabler.css[^"]+)"', client.get("/").text)[0]
        packed, plain = client.get(address), client.get(address, headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < 100_000
    assert packed.content == plain.content
    assert "content-encoding" not in plain.headers
    assert "immutable" in packed.headers["cache-control"]
    assert packed.headers["content-type"].startswith("text/css")


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_model_with_a_branch_is_made_without_a_script(chrome: Browser, site: Site) -> None:
    context = chrome.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/sign-in")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(site.live.admin_password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.url}/")
    page.goto(f"{site.url}/ada/model/texts/-/new")
    page.get_by_label("Name").fill("writer")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/ada/model/texts/writer")
    page.goto(f"{site.url}/ada/model/texts/writer/-/refs")
    page.get_by_label("Name").fill("exp/a")
    page.get_by_role("button", name="Create branch").click()
    expect(page.get_by_role("link", name="exp/a")).to_be_visible()
    context.close()
