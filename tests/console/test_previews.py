"""Previews of files of every format."""

import hashlib
import json
import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import quote

import httpx2
import pytest
from playwright.sync_api import Page, expect

from assethub.domain.names import parse_asset_path
from assethub.domain.owners import Caller, Scope
from assethub.services import accounts, history, receiving
from assethub.services.history import NewFile
from tests.console.conftest import Site, fits
from tests.console.samples import LONG, samples
from tests.services.weights import safetensors, tensor

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
PATH = "ada/dataset/texts/all"
SHOWN = {  # what the page of each file shows
    "README.md": "A dataset", "src/code.py": "def function_0", "long.txt": "line 1 of a long text",
    "images/one.png": "", "images/drawing.svg": "", "images/photo.jpg": "", "tone.wav": "", "clip.mp4": "",
    "paper.pdf": "", "study.ipynb": "cell 7", "model.safetensors": "10.attention.weight", "model.gguf": "Q4_K",
    "broken.safetensors": "cannot be read", "files.zip": "data/two.txt", "files.tar": "data/two.txt",
    "files.tar.gz": "data/two.txt", "values.npy": "float64", "objects.npy": "The hub unpickles nothing.",
    "arrays.npz": "labels", "weights.pt": "archive/data.pkl", "weights.pkl": "The hub unpickles nothing.",
    "config.json": "text", "settings.toml": "[part]", "data.yaml": "[x, y]", "unknown.bin": "is not shown here",
}  # fmt: skip


def put(site: Site, files: dict[str, bytes]) -> None:
    hub, path = site.live.hub, parse_asset_path(PATH)
    site.hub.create("dataset/texts/all", description="All formats")
    with hub.work(None, reading=True) as work:
        ada = Caller(accounts.get_user(work, "ada"), Scope.ADMIN)
    shas = {name: hashlib.sha256(body).hexdigest() for name, body in files.items()}
    receiving.receive_small(hub, ada, path, [(shas[name], body) for name, body in files.items()])
    new = [NewFile(name, shas[name], len(body)) for name, body in files.items()]
    with hub.work(ada) as work:
        history.commit_changes(work, path, "main", "Add", add=new)


@pytest.fixture
def reader(site: Site) -> Iterator[httpx2.Client]:
    """A browser that is signed in."""
    with httpx2.Client(base_url=site.url) as client:
        token = re.search('name="csrf" value="([^"]*)"', client.get("/sign-in").text)
        assert token
        form = {"csrf": token[1], "name": "ada", "password": site.live.admin_password}
        assert client.post("/sign-in", data=form).status_code == 303
        yield client


def shown(reader: httpx2.Client, file: str, **query: str | int) -> str:
    answer = reader.get(f"/{PATH}/-/file/{quote(file)}", params=query)
    assert answer.status_code == 200
    return answer.text


def test_a_page_of_every_format_opens_fits_and_says_nothing_in_the_console(visitor: Page, site: Site) -> None:
    put(site, samples())
    page = visitor
    for file, words in SHOWN.items():
        page.goto(f"{site.url}/{PATH}/-/file/{file}")
        expect(page.locator(".panel").first).to_contain_text(words)
        assert fits(page), file
    for file in ("images/one.png", "images/drawing.svg", "images/photo.jpg"):
        page.goto(f"{site.url}/{PATH}/-/file/{file}")
        expect(page.locator(".picture img")).to_have_js_property("complete", True)
        assert page.locator(".picture img").evaluate("one => one.naturalWidth") > 0, file
    page.goto(f"{site.url}/{PATH}/-/file/tone.wav")
    expect(page.locator("audio")).to_have_js_property("duration", 1)
    page.goto(f"{site.url}/{PATH}/-/file/paper.pdf")
    expect(page.locator("canvas[data-drawn]")).to_have_count(2)
    assert page.locator("canvas").first.evaluate(
        "one => new Uint32Array(one.getContext('2d').getImageData(0, 0, one.width, one.height).data.buffer)"
        ".some(dot => dot !== 0xffffffff)"
    )
    page.goto(f"{site.url}/{PATH}")
    expect(page.locator(".readme img")).to_have_count(2)
    page.get_by_text("Table of contents").click()
    page.get_by_role("link", name="How to use").click()
    page.wait_for_url("**#md-how-to-use")
    page.locator(".readme").get_by_role("link", name="the code").click()
    page.wait_for_url("**/-/file/src/code.py#L2")


def test_lines_are_chosen_and_their_address_is_copied(visitor: Page, site: Site) -> None:
    put(site, samples())
    page, code = visitor, f"{site.url}/{PATH}/-/file/src/code.py"
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{code}#L3-L5")
    expect(page.locator("tr.chosen")).to_have_count(3)
    page.get_by_role("link", name="10", exact=True).click()
    expect(page.locator("tr.chosen")).to_have_count(1)
    page.get_by_role("link", name="14", exact=True).click(modifiers=["Shift"])
    expect(page.locator("tr.chosen")).to_have_count(5)
    expect(page).to_have_url(f"{code}#L10-L14")
    page.get_by_role("link", name="8", exact=True).click(modifiers=["Shift"])
    expect(page).to_have_url(f"{code}#L8-L14")
    page.get_by_role("button", name="Copy permalink").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(re.escape(code) + r"\?ref=[0-9a-f]{64}#L8-L14", copied)
    page.get_by_label("Wrap lines").check()
    page.reload()
    expect(page.get_by_label("Wrap lines")).to_be_checked()
    expect(page.locator("table.code pre").first).to_have_css("white-space", "pre-wrap")


def test_a_long_text_is_read_in_pieces_that_join(reader: httpx2.Client, site: Site) -> None:
    put(
        site,
        {
            "long.txt": LONG.encode(),
            "wide.txt": "ü".encode() * 400_000,
            "empty.txt": b"",
            "old.txt": "旧文本".encode("gb18030"),
        },
    )
    text, pieces = "", 0
    query: dict[str, str | int] = {}
    while True:
        body = shown(reader, "long.txt", **query)
        assert len(body) < 3 << 20
        rows = re.findall(r'<tr id="L(\d+)">.*?<pre>(.*?)</pre>', body)
        assert [int(number) for number, _ in rows] == list(
            range(text.count("\n") + 1, text.count("\n") + 1 + len(rows))
        )
        text += "".join(unescape(line) + "\n" for _, line in rows)
        pieces += 1
        more = re.search(r'rel="next" href="[^"]*at=(\d+)&amp;line=(\d+)"', body)
        if more is None:
            break
        query = {"at": more[1], "line": more[2]}
    assert text == LONG
    assert pieces == 8
    begin = shown(reader, "wide.txt")
    at = re.search(r"at=(\d+)", begin)
    assert at
    assert begin.count("ü") + shown(reader, "wide.txt", at=at[1]).count("ü") == 400_000
    assert "ü" in shown(reader, "wide.txt", at=1)
    assert "0 lines" in shown(reader, "empty.txt")
    assert "旧文本" in shown(reader, "old.txt")
    for odd in ("-1", "x", "9" * 30, "٣"):
        assert "line 1 of a long text" in shown(reader, "long.txt", at=odd)


def test_a_card_shows_its_front_matter_and_the_pictures_of_its_version(reader: httpx2.Client, site: Site) -> None:
    put(
        site,
        samples() | {"docs/deep.md": b"![up](../images/one.png) ![out](../../etc/x.png) [up](../README.md#limits)"},
    )
    body = shown(reader, "README.md")
    assert re.search(r"<th scope=\"row\">license</th><td>apache-2.0</td>", body)
    assert '<span class="chip">digits</span>' in body
    assert "- name: accuracy\n  value: 0.97" in body
    assert '<a href="https://example.org/remote.png" rel="noopener noreferrer nofollow">theirs</a>' in body
    pictures = re.findall(r'<img[^>]* src="(/raw/[^"]+)"', body)
    assert [reader.get(unescape(one)).headers["content-type"] for one in pictures] == ["image/png", "image/png"]
    assert f'href="/{PATH}/-/files/images"' in body
    deep = shown(reader, "docs/deep.md")
    assert len(re.findall(r'src="/raw/[^"]+/one\.png"', deep)) == 1
    assert "etc/x.png" not in re.sub(r"<a [^>]*>", "", deep)
    assert f'href="/{PATH}/-/file/README.md#md-limits"' in deep
    folder = reader.get(f"/{PATH}/-/file/images?ref=main")
    assert (folder.status_code, folder.headers["location"]) == (303, f"/{PATH}/-/files/images?ref=main")
    assert reader.get(f"/{PATH}/-/file/image").status_code == 404


def test_cards_that_would_take_seconds_are_shown_as_they_are_written(reader: httpx2.Client, site: Site) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    )
    texts = {
        "Bomb": f"---\n{bomb}---\n# Bomb", "Deep": f"---\na: {'[' * 60_000}\n---\n# Deep", 
        "Bad": "---\na: b: c\n---\n# Bad",
        "None": "---\n# None", "List": "---\n- a\n---\n# List", "Quoted": "> " * 100_000 + "Quoted",
        "Nested": "<div>" * 100_000 + "Nested", "Marked": "*" * 100_000 + "Marked" + "*" * 100_000,
        "Many": "# Many\n" * 50_000, "Open": "[" * 200_000 + "Open", 
        "Table": "|a" * 50_000 + "\n" + "|-" * 50_000 + "\nTable",
    }  # fmt: skip
    put(site, {f"{title}.md": text.encode() for title, text in texts.items()})
    for title in texts:
        assert title in shown(reader, f"{title}.md")
    assert "*a, *a" in shown(reader, "Bomb.md")


def test_a_notebook_shows_what_its_cells_put_out_and_no_more(reader: httpx2.Client, site: Site) -> None:
    put(
        site,
        samples()
        | {
            "old.ipynb": b'{"worksheets": []}',
            "odd.ipynb": json.dumps({"cells": [1, {}, {"cell_type": "code", "outputs": [3, {}]}]}).encode(),
        },
    )
    body = shown(reader, "study.ipynb")
    assert re.search(r"<h1[^>]*>A study</h1>", body)
    assert "<td>cell 7</td>" in body
    assert "color:red" not in body
    assert 'src="data:image/png;base64,iVBOR' in body
    assert "ValueError: no" in body
    assert "\x1b" not in body
    assert "execution_count" in unescape(shown(reader, "study.ipynb", source=1))
    assert "worksheets" in shown(reader, "old.ipynb")
    assert "notebook" in shown(reader, "odd.ipynb")


def test_a_folder_of_pictures_is_a_gallery(visitor: Page, site: Site) -> None:
    put(site, samples())
    page = visitor
    page.goto(f"{site.url}/{PATH}/-/files/images")
    page.get_by_role("link", name="Gallery").click()
    expect(page.locator(".gallery img")).to_have_count(4)
    for picture in page.locator(".gallery img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("one => one.naturalWidth") > 0
    assert fits(page)
    page.locator(".gallery").get_by_role("link", name="photo.jpg").click()
    page.wait_for_url("**/-/file/images/photo.jpg")


def test_a_gallery_has_pages(reader: httpx2.Client, site: Site) -> None:
    picture = samples()["images/one.png"]
    put(site, {f"all/{n:03}.png": picture for n in range(130)})
    first = reader.get(f"/{PATH}/-/files/all?view=gallery").text
    assert first.count('loading="lazy"') == 120
    more = re.search(r'href="([^"]*after=[^"]*)"', first)
    assert more
    assert reader.get(unescape(more[1])).text.count('loading="lazy"') == 10


def test_tensors_of_a_large_file_unfold_page_by_page(reader: httpx2.Client, site: Site) -> None:
    flat = {f"t{n}": tensor("U8", [0], 0, 0) for n in range(2_500)}
    deep = {"a." * n + "w": tensor("U8", [0], 0, 0) for n in range(500)}
    layers = {f"layers.{n}.{part}": tensor("U8", [0], 0, 0) for n in range(600) for part in "qkv"}
    put(
        site,
        {
            "flat.safetensors": safetensors(flat),
            "deep.safetensors": safetensors(deep),
            "layers.safetensors": safetensors(layers),
        },
    )
    body = shown(reader, "flat.safetensors")
    assert body.count('class="tensor"') == 1000
    assert "1 to 1000 of 2500" in body
    assert "t2499" in shown(reader, "flat.safetensors", after=2000)
    assert shown(reader, "deep.safetensors").count("<details") < 30
    assert "below=layers." in shown(reader, "layers.safetensors")
    assert shown(reader, "layers.safetensors", below="layers.7.").count('class="tensor"') == 3


def test_bytes_of_sound_and_films_come_by_range(reader: httpx2.Client, site: Site) -> None:
    put(site, samples())
    for file, type in {"tone.wav": "audio/wav", "clip.mp4": "video/mp4"}.items():
        link = re.search(r'src="(/raw/[^"]+)"', shown(reader, file))
        assert link
        part = httpx2.get(site.url + unescape(link[1]), headers={"Range": "bytes=2-4"})
        assert (part.status_code, part.headers["content-type"], part.content) == (206, type, samples()[file][2:5])
