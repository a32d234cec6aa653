"""Upload in a real browser: dropped and chosen, broken off and gone on with, committed; and its routes."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from assethub.client.connection import connect
from tests.conftest import Live, until
from tests.console.axe import serious
from tests.console.conftest import Watched, fits, window
from tests.wire import Wire

COUNT = int(os.environ.get("ASSETHUB_TEST_UPLOAD_FILES", "5000"))
SIZE = int(os.environ.get("ASSETHUB_TEST_UPLOAD_BYTES", str(128 << 20)))  # 2147483648 for the full size
PATIENCE = 60_000 + SIZE / 20_000  # milliseconds
DATASET = "ada/dataset/texts/words"
MODEL = "ada/model/texts/reader"

sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def wire(live: Live) -> Iterator[Wire]:
    port = urlsplit(live.url).port
    assert port is not None
    with Wire(port) as made:
        yield made


@pytest.fixture(params=["desktop-en", "phone-zh_CN"])
def context(
    request: pytest.FixtureRequest, chrome: Browser, live: Live, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BrowserContext]:
    """A browser that has signed in, through the wire, to a hub with an empty dataset and an empty model."""
    with connect(live.url, live.api_key) as hub:
        hub.create("dataset/texts/words")
        hub.create("model/texts/reader")
    opened = window(chrome, request.param, monkeypatch)
    sign_in(opened, wire, live)
    yield opened
    kept_out = [told for one in opened.pages for told in serious(one)]
    opened.close()
    assert kept_out == []


def sign_in(context: BrowserContext, wire: Wire, live: Live) -> None:
    form: dict[str, str | float | bool] = {"name": "ada", "password": live.admin_password}
    assert context.request.post(f"{wire.url}/sign-in", form=form).ok


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    watched = Watched(context)
    yield watched.page
    assert [fault for fault in watched.faults if "status of 4" not in fault and "ERR_" not in fault] == []


def make_folder(folder: Path) -> dict[str, str]:
    """Small files in folders and a large sparse one, beside what is left out; answers the sha256 of each path."""
    found = {}
    for number in range(COUNT):
        file = folder / f"part-{number % 20}" / f"{number:05}.txt"
        file.parent.mkdir(parents=True, exist_ok=True)
        body = b"%d " % number * 40
        file.write_bytes(body)
        found[str(file.relative_to(folder.parent))] = hashlib.sha256(body).hexdigest()
    with (folder / "weights.bin").open("wb") as large:
        large.truncate(SIZE)
        large.write(b"begins")
        large.seek(SIZE // 2)
        large.write(b"goes on")
    with (folder / "weights.bin").open("rb") as large:
        found[f"{folder.name}/weights.bin"] = hashlib.file_digest(large, "sha256").hexdigest()
    (folder / ".git").mkdir()
    (folder / ".git" / "HEAD").write_text("ref")
    (folder / ".DS_Store").write_text("rubbish")
    return found


def drop(page: Page, *paths: Path) -> None:
    """As from a file manager: the browser itself gives the page what lies at these paths."""
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        session.send("Input.dispatchDragEvent", {"type": kind, "x": 200, "y": 400, "data": data})
    session.detach()


def tree(live: Live, path: str, ref: str = "main") -> dict[str, str]:
    with connect(live.url, live.api_key) as hub:
        asset = hub.dataset(path) if "/dataset/" in path else hub.model(path)
        return {one.path: one.sha256 for one in asset.version(ref).list_object()}


@sqlite
def test_thousands_of_files_and_a_large_one_go_on_after_the_tab_was_closed(
    context: BrowserContext, page: Page, wire: Wire, live: Live, tmp_path: Path
) -> None:
    folder = tmp_path / "corpus"
    expected = make_folder(folder)
    bodies = SIZE + sum(file.stat().st_size for file in folder.glob("part-*/*"))
    page.goto(f"{wire.url}/{DATASET}")
    begun = wire.up
    wire.hold(bodies * 3 // 4)
    drop(page, folder)  # onto the asset's files, which leads to the upload
    expect(page).to_have_url(f"{wire.url}/{DATASET}/-/upload")
    expect(page.locator("[data-state]")).to_be_visible()
    wire.wait_full(PATIENCE / 1000)
    page.close()  # in the middle
    wire.cut()
    wire.hold(None)

    first, page = wire.up - begun, Watched(context).page
    page.goto(f"{wire.url}/{DATASET}/-/upload")
    expect(page.locator("[data-unfinished]")).to_contain_text("corpus")
    begun = wire.up
    page.locator("[data-input=folder]").set_input_files(folder)
    expect(page.locator("[data-state]")).to_have_text("Uploaded", timeout=PATIENCE)
    second = wire.up - begun
    print(f"sent {first:,} bytes, then {second:,} of {bodies:,}")
    in_flight = 4 * (16 << 20)  # parts that broke off are sent again
    assert second < bodies - first + in_flight + (8 << 20)
    assert second < 0.8 * bodies
    expect(page.locator("[data-held]")).to_contain_text("Here already")
    expect(page.locator("[data-left-out]")).to_contain_text(".git")
    expect(page.locator("[data-left-out]")).to_contain_text(".DS_Store")

    page.get_by_label("Message").fill("Add the corpus")
    page.get_by_role("button", name="Commit").click()
    page.wait_for_url("**/-/commit/*")
    assert tree(live, DATASET) == expected
    page.goto(f"{wire.url}/{DATASET}/-/upload")
    expect(page.locator("[data-drop]")).to_be_visible()
    expect(page.locator("[data-unfinished]")).to_be_hidden()


def choose(page: Page, *files: Path) -> None:
    page.locator("[data-input=files]").set_input_files(files)


@sqlite
def test_a_broken_connection_and_a_pause_lose_nothing_and_the_files_go_to_a_new_branch(
    page: Page, wire: Wire, live: Live, tmp_path: Path
) -> None:
    folder, model = tmp_path / "saved", f"{wire.url}/{MODEL}/-/upload?target=weights"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "small.txt").write_text("small")
    (folder / "empty").touch()
    (folder / "middle.bin").write_bytes(os.urandom(3 << 20))
    page.goto(model)
    assert fits(page)
    wire.hold(1 << 20)
    page.locator("[data-input=folder]").set_input_files(folder)
    wire.wait_full()
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("[data-state]")).to_have_text("Paused")
    wire.hold(1 << 20)
    page.get_by_role("button", name="Go on").click()
    wire.wait_full()
    wire.cut(down=True)
    expect(page.locator("[data-trouble]")).to_contain_text("does not answer")
    wire.hold(None)
    wire.down = False
    expect(page.locator("[data-state]")).to_have_text("Uploaded", timeout=60_000)
    expect(page.get_by_role("status").first).to_contain_text("All files are uploaded")
    assert fits(page)

    page.get_by_label("Branch", exact=True).select_option("")
    page.get_by_label("Name of the new branch").fill("main")
    page.get_by_label("Without the folder saved").check()
    expect(page.locator("[data-example]")).to_contain_text("→ weights/")
    page.get_by_role("button", name="Commit").click()
    expect(page.locator("[data-refused]")).to_contain_text("exists already")  # and nothing is lost
    page.get_by_label("Name of the new branch").fill("first")
    page.get_by_role("button", name="Commit").click()
    page.wait_for_url("**/-/commit/*")
    found = {f"weights/{one.relative_to(folder)}": one for one in folder.rglob("*") if one.is_file()}
    expected = {path: hashlib.sha256(file.read_bytes()).hexdigest() for path, file in found.items()}
    assert tree(live, MODEL, "first") == expected
    assert tree(live, MODEL) == {}


@sqlite
def test_a_file_that_cannot_be_read_is_told_and_tried_again(page: Page, wire: Wire, live: Live, tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(name)
    page.goto(f"{wire.url}/{DATASET}/-/upload")
    wire.hold(0)
    drop(page, tmp_path / "first")
    page.get_by_role("button", name="Pause").click()
    drop(page, tmp_path / "second")
    expect(page.locator("[data-tops] tr")).to_have_count(2)
    (tmp_path / "second" / "a.txt").unlink()
    wire.hold(None)
    page.get_by_role("button", name="Go on").click()
    told = ["second/a.txt", "The file changed, or is gone. Try again once it is there, or choose it again.", ""]
    expect(page.locator("[data-failed] td")).to_have_text(told)
    expect(page.locator("[data-failed]").get_by_role("button", name="Leave out second/a.txt")).to_be_visible()
    page.get_by_role("button", name="Commit").click()
    expect(page.locator("[data-later]")).to_contain_text("Some files are missing")
    (tmp_path / "second" / "a.txt").write_text("written anew")
    page.get_by_role("button", name="Try again").click()
    page.wait_for_url("**/-/commit/*")  # as it was asked for before
    assert set(tree(live, DATASET)) == {"first/a.txt", "second/a.txt"}


@sqlite
def test_what_the_hub_refuses_is_told_in_its_words_and_goes_on_once_it_may(
    page: Page, wire: Wire, live: Live, tmp_path: Path
) -> None:
    for number in range(3):
        (tmp_path / f"{number}.bin").write_bytes(os.urandom(2 << 20))
    (tmp_path / "left.txt").write_text("not this one")
    page.goto(f"{wire.url}/{DATASET}/-/upload")
    with connect(live.url, live.api_key) as hub:
        hub.set_quota("ada", 3 << 20)
        choose(page, *tmp_path.glob("?.bin"), tmp_path / "left.txt")
        expect(page.get_by_role("alert").first).to_contain_text("that this hub allows them")
        hub.set_quota("ada", 100 << 20)
    page.get_by_role("button", name="Leave out left.txt").click()
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("[data-state]")).to_have_text("Uploaded")
    page.get_by_label("Only stage").check()
    page.get_by_role("button", name="Stage").click()
    expect(page.locator("#upload")).to_contain_text("3 files are staged on main")
    page.evaluate("async () => (await import(document.querySelector('[src*=\"/upload.js\"]').src)).page.show()")  # late
    with connect(live.url, live.api_key) as hub:
        staged = hub.dataset(DATASET).version("main").status()
    assert [one.path for one in staged] == ["0.bin", "1.bin", "2.bin"]


@sqlite
def test_a_session_that_ends_stops_an_upload_until_the_person_has_signed_in_again(
    context: BrowserContext, page: Page, wire: Wire, live: Live, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("a")
    page.goto(f"{wire.url}/{DATASET}/-/upload")
    context.clear_cookies()
    choose(page, tmp_path / "a.txt")
    expect(page.get_by_role("alert").first).to_contain_text("Sign in in another tab")
    sign_in(context, wire, live)
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("[data-state]")).to_have_text("Uploaded")


@sqlite
def test_a_person_can_give_an_upload_up_with_the_keyboard(page: Page, wire: Wire, live: Live, tmp_path: Path) -> None:
    (tmp_path / "large.bin").write_bytes(os.urandom(40 << 20))
    page.goto(f"{wire.url}/{DATASET}/-/upload")
    page.on("dialog", lambda dialog: dialog.accept())
    wire.hold(20 << 20)
    choose(page, tmp_path / "large.bin")
    wire.wait_full()
    assert list((live.hub.spools.folder).iterdir())
    wire.hold(None)
    page.get_by_role("button", name="Cancel").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-progress]")).to_be_hidden()
    expect(page.get_by_role("button", name="Choose files", exact=True)).to_be_focused()
    until(lambda: not list(live.hub.spools.folder.iterdir()))
    page.reload()
    expect(page.locator("[data-drop]")).to_be_visible()
    expect(page.locator("[data-unfinished]")).to_be_hidden()
