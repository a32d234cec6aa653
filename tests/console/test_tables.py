"""Tables on the console's pages: by links and a form without a script, and in a browser."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import Site, fits

FILE = "/ada/dataset/tables/things/-/file/"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


@pytest.fixture
def things(site: Site, tmp_path: Path) -> Site:
    folder = tmp_path / "things"
    folder.mkdir()
    n = 500
    table = {
        "id": range(n), "label": ["cat", "dog"] * (n // 2), "caption": [f"picture {at} " * 100 for at in range(n)],
        "image": [{"bytes": PNG, "path": "a.png"}] * n, "score": [at / n for at in range(n)],
    }  # fmt: skip
    pq.write_table(pa.table(table), folder / "train.parquet", row_group_size=100)
    (folder / "wide.csv").write_text(",".join(f"c{at}" for at in range(400)) + "\n" + ",".join("1" * 400) + "\n")
    (folder / "big.jsonl").write_text("".join(f'{{"id": {at}, "text": "{"word " * 20}"}}\n' for at in range(9000)))
    (folder / "settings.json").write_text('{"a": 1}')
    (folder / "rows.json").write_text('[{"a": "<b>bold</b>"}, {"a": null}]')
    (folder / "broken.parquet").write_bytes(b"not Parquet")
    site.hub.create("dataset/tables/things")
    site.hub.dataset("dataset/tables/things").commit("Add things", [f"{folder}/*"])
    return site


@pytest.fixture
def pages(site: Site) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=site.url, follow_redirects=True, timeout=60) as client:
        client.post("/sign-in", data={"name": "ada", "password": site.live.admin_password})
        yield client


def numbers(text: str) -> list[str]:
    return re.findall(r'<a href="[^"]*row=[^"]*"[^>]*>(\d+)</a>', text)


def link(text: str, words: str) -> str:
    """The address of the link that says this."""
    found = next(one for one in re.findall(r'<a[^>]*href="([^"]*)"[^>]*>(.*?)</a>', text, re.S) if words in one[1])
    return unescape(found[0])


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_table_is_paged_sorted_and_filtered_without_a_script(things: Site, pages: httpx2.Client) -> None:
    first = pages.get(FILE + "train.parquet").text
    assert (numbers(first)[0], len(numbers(first))) == ("1", 50)
    assert re.search(r">1 .{1,3} 50 / 500<", first)
    assert "data:image/png;base64," in first
    assert '<svg class="bars"' in first
    assert "50 %" in first
    second = pages.get(FILE + "train.parquet" + link(first, "Next")).text
    assert numbers(second)[0] == "51"
    assert numbers(pages.get(FILE + "train.parquet" + link(second, "Previous")).text)[0] == "1"
    again = link(pages.get(FILE + "train.parquet?sort=score").text, '<span class="name">score')
    largest = pages.get(FILE + "train.parquet" + again).text
    assert numbers(largest)[:2] == ["500", "499"]
    form = {"column": "label", "is": "=", "value": "dog", "sort": "-score"}
    filtered = pages.get(FILE + "train.parquet", params=form).text
    assert (numbers(filtered)[:2], "250 rows pass" in filtered) == (["500", "498"], True)
    both = pages.get(FILE + "train.parquet", params={"where": ["label=dog", "id<100"], "columns": ["id", "label"]}).text
    assert ("50 rows pass" in both, "picture" in both) == (True, False)
    assert "label=dog" in link(both, "id&lt;100") or "label%3Ddog" in link(both, "id&lt;100")
    row = pages.get(FILE + "train.parquet?row=77").text
    assert "picture 76 " * 100 in row
    wrong = pages.get(FILE + "train.parquet?where=nothing")
    assert (wrong.status_code, "is not a filter of this table" in wrong.text, len(numbers(wrong.text))) == (
        200,
        True,
        50,
    )


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_other_formats_and_broken_files_have_their_page(things: Site, pages: httpx2.Client) -> None:
    big = pages.get(FILE + "big.jsonl").text
    on = pages.get(FILE + "big.jsonl" + link(big, "Next")).text
    assert (numbers(on)[0], "First rows" in on) == ("51", True)
    assert len(numbers(pages.get(FILE + "big.jsonl?sort=-id").text)) == 50
    wide = pages.get(FILE + "wide.csv").text
    assert ("50 / 400" in wide, ">c49<" in wide, ">c399<" in wide) == (True, True, False)
    assert 'value="c399"' in pages.get(FILE + "wide.csv?find=c39").text
    assert "c399" in pages.get(FILE + "wide.csv?columns=c399").text
    assert 'id="L1"' in pages.get(FILE + "settings.json?source=1").text
    rows = pages.get(FILE + "rows.json").text
    assert ("&lt;b&gt;bold" in rows, "<b>bold" in rows, "null" in rows) == (True, False, True)
    assert 'id="L1"' in pages.get(FILE + "rows.json?source=1").text
    assert "cannot be read as a table" in pages.get(FILE + "broken.parquet").text


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_tables_in_a_browser(visitor: Page, things: Site) -> None:
    visitor.goto(things.url + FILE + "train.parquet")
    rows = visitor.get_by_role("region", name="Rows of the table")
    expect(rows.get_by_role("row")).to_have_count(51)
    assert fits(visitor)
    search = visitor.get_by_role("search", name="Filter the rows")
    search.get_by_label("Column").select_option("score")
    search.get_by_label("Condition").select_option(">=")
    search.get_by_label("Value").fill("0.99")
    search.get_by_role("button", name="Filter").click()
    expect(visitor.get_by_text("5 rows pass")).to_be_visible()
    visitor.get_by_role("link", name="499", exact=True).click()
    expect(visitor.get_by_role("region", name="One row")).to_contain_text("picture 498")
    visitor.get_by_role("link", name="Remove this filter").click()
    expect(visitor.get_by_role("region", name="Rows of the table").get_by_role("row")).to_have_count(51)
    visitor.goto(things.url + FILE + "wide.csv")
    visitor.get_by_text("50 / 400").click()
    find = visitor.get_by_role("searchbox", name="Find a column")
    expect(find).to_be_focused()
    find.fill("c299")
    visitor.get_by_label("c299").check()
    visitor.get_by_role("button", name="Show", exact=True).click()
    expect(visitor.get_by_role("columnheader", name="c299")).to_be_attached()
    assert fits(visitor)
