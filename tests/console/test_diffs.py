"""Differences by format, merges with their conflicts, branches and histories, over plain HTTP and in a browser."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from assethub.client.assets import Model
from tests.console.conftest import MODEL, Site, fits
from tests.console.test_pages import csrf
from tests.services.weights import safetensors, tensor

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def picture(colour: str) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (8, 6), colour).save(body, "PNG")
    return body.getvalue()


def weights(shape: list[int], value: int) -> bytes:
    return safetensors({"w": tensor("F32", shape, 0, 16), "b": tensor("F32", [1], 16, 20)}, bytes([value]) * 20)


OLD: dict[str, bytes] = {
    "notes.md": b"# Notes\n\nThe rate is 0.1 <script>\n", "config.yaml": b"a: 1\n", "curve.png": picture("red"),
    "net.safetensors": weights([4], 0), "metrics.json": b'{"accuracy": 0.9, "loss": 0.5}', "raw.bin": b"\0\1",
    "long.txt": b"".join(b"line %d\n" % at for at in range(40_000)), "gone.txt": b"x\n",
}  # fmt: skip
NEW: dict[str, bytes] = {
    "notes.md": b"# Notes\n\nThe rate is 0.25 <script>\n", "moved.yaml": b"a: 1\n", "curve.png": picture("blue"),
    "net.safetensors": weights([2, 2], 1), "metrics.json": json.dumps({"accuracy": 0.93, "f1": 0.5}).encode(),
    "raw.bin": b"\0\2",
    "long.txt": b"".join(b"line %d%s\n" % (at, b"!" * (at % 3 == 0)) for at in range(40_000)),
}  # fmt: skip


@pytest.fixture
def model(site: Site, tmp_path: Path) -> Model:
    """`main` as OLD, `side` as NEW, and then another change of the notes on main."""
    model = site.hub.model(MODEL)
    for name, files in (("old", OLD), ("new", NEW)):
        (tmp_path / name).mkdir()
        for file, body in files.items():
            (tmp_path / name / file).write_bytes(body)
    model.commit("Begin", [f"{tmp_path}/old/*"])
    model.create_branch("side")
    model.branch("side").commit("Change all", [f"{tmp_path}/new/*"], ["config.yaml", "gone.txt"])
    (tmp_path / "notes.md").write_text("# Notes\n\nNo rate\n")
    model.commit("Write notes anew", [str(tmp_path / "notes.md")])
    return model


@pytest.fixture
def pages(site: Site, model: Model) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=site.url, follow_redirects=True, timeout=60) as client:
        client.post("/sign-in", data={"name": "ada", "password": site.live.admin_password})
        yield client


def test_each_format_is_compared_in_its_own_way(model: Model, pages: httpx2.Client) -> None:
    commit = model.branch("side").head()
    shown = pages.get(f"/{MODEL}/-/commit/{commit.id}").text
    assert "7 changed" not in shown
    for words in (
        "8 changed files", "0.<mark>1</mark> &lt;script&gt;", "0.<mark>25</mark>", "Moved; the content is the same.",
        "another shape or type", "+0.03", "f1", "Load this diff", "application/octet-stream", "Swipe",
    ):  # fmt: skip
        assert words in shown, words
    raw = re.findall(r'src="(/raw/[^"]+)"', shown)
    assert [pages.get(address).content for address in raw] == [OLD["curve.png"], NEW["curve.png"]]
    split = pages.get(f"/{MODEL}/-/commit/{commit.id}?view=split").text
    assert 'class="code difference split"' in split
    assert "view=split" in split
    named = pages.get(f"/{MODEL}/-/commit/{commit.id}?q=NOTES&kind=changed").text
    assert "1 file fits" in named
    assert "raw.bin" not in named
    alone = pages.get(f"/{MODEL}/-/diff/long.txt", params={"source": commit.parents[0], "target": commit.id}).text
    assert "line 9<mark>!</mark>" in alone
    assert "13,334 lines added" in alone
    text = pages.get(f"/{MODEL}/-/diff/metrics.json", params={"source": "main", "target": "side", "text": "1"}).text
    assert "difference" in text
    assert pages.get(f"/{MODEL}/-/diff/none.txt", params={"source": "main", "target": "side"}).status_code == 404
    first = model.list_commit()[-2]
    assert "notes.md" in pages.get(f"/{MODEL}/-/commit/{first.id}").text


def test_versions_are_compared_from_where_they_parted_or_directly(model: Model, pages: httpx2.Client) -> None:
    parted = pages.get(f"/{MODEL}/-/compare?source=main&target=side").text
    assert "side is 1 ahead of main and 1 behind" in parted
    assert "The rate is 0.<mark>1</mark>" in parted
    direct = pages.get(f"/{MODEL}/-/compare?source=main&target=side&direct=1").text
    assert "No rate" in direct
    assert "No rate" not in parted
    assert "Both name the same commit" in pages.get(f"/{MODEL}/-/compare?source=main&target=main").text


def test_conflicts_are_answered_and_a_merge_is_taken_back(model: Model, pages: httpx2.Client) -> None:
    page = f"/{MODEL}/-/publish"
    asked = pages.get(page, params={"source": "side", "strategy": "merge"}).text
    assert "1 conflict" in asked
    assert 'name="answer:notes.md"' in asked
    form = {"csrf": csrf(pages), "source": "side", "into": "main", "strategy": "merge", "drop": "1"}
    refused = pages.post(page, data=form)
    assert (refused.status_code, "changed on both sides" in refused.text) == (409, True)
    wrong = pages.post(page, data={**form, "source": "nowhere"})
    assert (wrong.status_code, "nowhere" in wrong.text) == (409, True)
    merged = pages.post(page, data={**form, "answer:notes.md": "target"})
    assert "Merged into main." in merged.text
    assert "The branch side was deleted." in merged.text
    assert model.main.read("notes.md") == b"# Notes\n\nNo rate\n"
    assert model.main.read("moved.yaml") == b"a: 1\n"
    pages.post(f"/{MODEL}/-/refs", data={"csrf": form["csrf"], "act": "restore", "name": "side"})
    nothing = pages.get(page, params={"source": "side", "strategy": "merge"}).text
    assert "There is nothing to merge" in nothing
    head = model.main.head()
    pages.post(f"/{MODEL}/-/commit/{head.id}/revert", data={"csrf": form["csrf"], "branch": "main"})
    assert model.main.read("config.yaml") == b"a: 1\n"


def test_histories_and_refs_are_narrowed_on_the_server(model: Model, pages: httpx2.Client, site: Site) -> None:
    log = pages.get(f"/{MODEL}/-/commits?path=notes.md").text
    assert log.count('<tr id="c-') == 2
    assert "No commits found" in pages.get(f"/{MODEL}/-/commits?author=bob").text
    assert pages.get(f"/{MODEL}/-/commits?q=anew").text.count('<tr id="c-') == 1
    for at in range(60):
        model.create_branch(f"exp/{at:02}")
    model.create_tag("v1", message="The first that works")
    listed = pages.get(f"/{MODEL}/-/refs").text
    assert listed.count("What can be done with exp/") == 50
    more = re.search(r'rel="next" href="([^"]+)"', listed)
    assert more
    assert pages.get(more[1].replace("&amp;", "&")).text.count("What can be done with") == 12
    assert pages.get(f"/{MODEL}/-/refs?q=p/07").text.count("What can be done with") == 1
    assert "The first that works" in pages.get(f"/{MODEL}/-/refs?kind=tag").text
    front = pages.get(f"/{MODEL}").text
    assert front.count('class="menu-item" href="/ada/model/texts/reader?ref=exp') <= 50
    assert "All 62 branches" in front
    head = model.main.head().id
    found = pages.get(f"/{MODEL}/-/refs.json", params={"search": head[:8]}).json()
    assert [one["id"] for one in found["commits"]] == [head]
    assert pages.get(f"/{MODEL}/-/refs.json", params={"search": "P/07"}).json()["branches"]["names"] == ["exp/07"]


def test_a_large_difference_is_loaded_in_place_and_pictures_are_laid_over_one_another(
    visitor: Page, site: Site, model: Model
) -> None:
    page = visitor
    page.goto(f"{site.url}/{MODEL}/-/commit/{model.branch('side').head().id}")
    large = page.locator("details.diff", has_text="long.txt")
    expect(large.locator("table.difference")).to_have_count(0)
    large.get_by_role("link", name="Load this diff").click()
    expect(large.locator("table.difference mark").first).to_have_text("!", timeout=30_000)
    shown = page.locator("[data-pictures]")
    expect(shown.locator("[data-pixels]").first).to_have_text(re.compile("8 . 6"))
    shown.get_by_role("button", name="Swipe").click()
    slider = shown.get_by_role("slider")
    slider.fill("25")
    expect(shown.locator(".after img")).to_have_css("clip-path", "inset(0px 0px 0px 75%)")
    shown.get_by_role("button", name="Onion skin").click()
    expect(shown.locator(".after img")).to_have_css("opacity", "0.25")
    assert fits(page)
    page.get_by_role("link", name="Side by side").click()
    page.wait_for_url("**view=split**")
    expect(page.locator("table.split").first).to_be_visible()
    assert fits(page)


def test_a_branch_beyond_those_that_are_listed_is_found_by_typing_and_reached_by_keys(
    visitor: Page, site: Site, model: Model
) -> None:
    for at in range(52):
        model.create_branch(f"exp/{at:02}")
    page = visitor
    page.goto(f"{site.url}/{MODEL}/-/commits")
    selector = page.locator("details.refs")
    expect(selector.get_by_role("link", name="exp/00", exact=True)).to_have_count(0)
    selector.locator("summary").click()
    field = selector.get_by_label("Find a branch or tag")
    expect(field).to_be_focused()
    field.fill("exp/0")
    expect(selector.get_by_role("link", name="exp/00", exact=True)).to_be_visible()
    field.press("ArrowDown")
    expect(selector.get_by_role("link", name="exp/09", exact=True)).to_be_focused()
    field.fill("nothing like it")
    expect(selector.get_by_role("status")).to_have_text("Nothing of that name")
    field.fill("exp/00")
    expect(selector.locator("section[data-kind=branches] div a.menu-item")).to_have_count(1)
    field.press("Enter")
    page.wait_for_url("**ref=exp%2F00**")
    assert fits(page)
