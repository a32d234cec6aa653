"""What people do in the console, in a real browser, at desktop and phone width."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import MODEL, Site, fits


def test_from_sign_in_through_a_live_run_and_an_evaluation_to_publishing(visitor: Page, site: Site) -> None:
    page = visitor
    page.get_by_role("link", name="New run").click()
    expect(page.get_by_label("Dataset", exact=True).first).to_have_value("ada/dataset/texts/words")
    expect(page.get_by_label("Git repository")).to_have_value(re.compile("/project$"))
    epochs = page.locator("#param\\.epochs")
    epochs.fill("5")
    page.get_by_label("New branch for the result").fill("a..b")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("alert")).to_contain_text("not allowed")
    expect(page.get_by_label("New branch for the result")).to_have_value("a..b")
    page.get_by_label("New branch for the result").fill("first")
    expect(epochs).to_have_value("5")
    epochs.fill("4")
    page.get_by_role("button", name="Start").click()

    page.wait_for_url("**/runs/1")
    expect(page.locator("#log")).to_contain_text("epoch 2 <b>bold</b>", timeout=30_000)
    expect(page.locator("[data-state]")).to_have_text("Running", timeout=30_000)
    expect(page.locator("#chart-loss canvas")).to_be_visible(timeout=30_000)
    assert fits(page)
    site.go.touch()
    expect(page.locator("[data-state]")).to_have_text("Succeeded", timeout=30_000)
    expect(page.locator("#log")).to_contain_text("epoch 4")
    expect(page.locator("#log .log-out", has_text="epoch 3 ")).to_have_count(1)
    expect(page.locator("[data-metric=loss]")).to_have_text("0.5")

    page.get_by_role("link", name="first").first.click()
    expect(page.locator(".readme h1")).to_have_text("A model")
    expect(page).to_have_title(MODEL)
    page.get_by_role("link", name="Evaluations").click()
    page.get_by_role("link", name="Evaluate").last.click()
    page.get_by_label("Version to evaluate").fill("first")
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/runs/2")
    expect(page.locator("[data-state]")).to_have_text("Succeeded", timeout=30_000)

    page.goto(f"{site.url}/{MODEL}/-/publish?source=first")
    expect(page.locator("table").first).to_contain_text("0.94")
    assert fits(page)
    page.get_by_role("button", name="Publish").click()
    page.wait_for_url("**/-/commit/*")
    expect(page.locator(".commit-head h2")).to_have_text("Merge first into main")
    page.goto(f"{site.url}/{MODEL}")
    expect(page.locator(".side")).to_contain_text("0.94")
    expect(page.locator(".side")).to_contain_text("Run 1")


def test_every_page_opens_fits_and_says_nothing_in_the_console(visitor: Page, site: Site) -> None:
    site.go.touch()
    model = site.hub.model("model/texts/reader")
    model.train("first").wait()
    model.train("second", params={"epochs": 5}).wait()
    for branch in ("first", "second"):
        model.branch(branch).evaluate().wait()
    commit = model.branch("first").head().id
    dataset = "/ada/dataset/texts/words"
    for address, words in {
        "/": "Recent work", "/ada": "2 folders", "/ada/model/texts": "reader", "/runs": "Succeeded",
        "/runs/1": "epoch 3", "/runs/1/log": "epoch 3", "/runs/1/log?search=epoch": "4 found",
        f"/{MODEL}?ref=first": "Made by", dataset: "Words", f"{dataset}/-/files/src": "code.py",
        f"{dataset}/-/file/src/code.py": "def answer", f"{dataset}/-/file/words.csv": "zebra",
        f"{dataset}/-/file/README.md": "a table", f"/{MODEL}/-/commits?ref=first": "Train on words:main",
        f"/{MODEL}/-/commit/{commit}": "weights.txt",
        f"/{MODEL}/-/compare?source=first&target=second&direct=1": "1 changed",
        f"/{MODEL}/-/evaluations": "Scores by version", f"/{MODEL}/-/new-evaluation": "Metrics",
        f"/{MODEL}/-/runs": "Evaluate", f"/{MODEL}/-/new-run?type=continue": "Version to continue from",
        f"/{MODEL}/-/publish": "Strategy", f"/{MODEL}/-/refs": "Create branch",
        f"/{MODEL}/-/settings": "Training settings",
        "/-/credentials": "for your runs", "/ada/model/texts/-/credentials": "whose result goes to this folder",
        "/-/new-folder": "New model folder", "/ada/model/texts/-/new": "New model", "/ada/model/none": "no folder",
        "/nowhere/at/all": "no page",
    }.items():  # fmt: skip
        page = visitor
        page.goto(site.url + address)
        expect(page.locator("main")).to_contain_text(words)
        assert fits(page), address
        assert page.locator("h1, h2").count() > 0, address


def test_branches_tags_settings_and_deletion(visitor: Page, site: Site) -> None:
    page = visitor
    page.goto(f"{site.url}/{MODEL}/-/refs")
    page.get_by_label("Name").fill("a..b")
    page.get_by_role("button", name="Create branch").click()
    expect(page.get_by_role("alert")).to_contain_text("not allowed")
    page.get_by_label("Name").fill("exp/a")
    page.get_by_role("button", name="Create branch").click()
    page.get_by_label("Name").fill("v1")
    page.get_by_role("button", name="Create tag").click()
    expect(page.get_by_role("link", name="v1")).to_be_visible()
    page.goto(f"{site.url}/{MODEL}")
    page.locator("details.menu summary.btn").first.click()
    page.get_by_label("Find a branch or tag").fill("exp")
    page.get_by_role("link", name="exp/a").click()
    page.wait_for_url("**?ref=exp%2Fa")
    page.goto(f"{site.url}/{MODEL}/-/refs")
    page.locator("tr", has_text="exp/a").locator("details.menu > summary").click()
    page.locator("tr", has_text="exp/a").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("exp/a was deleted")
    expect(page.get_by_role("link", name="exp/a")).to_have_count(0)
    page.get_by_role("button", name="Bring it back").click()
    expect(page.get_by_role("link", name="exp/a")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())

    page.goto(f"{site.url}/{MODEL}/-/settings")
    page.get_by_label("Description").fill("Reads <i>words</i>")
    page.get_by_label("Parameters").fill("epochs=2\nlr=0.5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    assert site.hub.model("model/texts/reader").info.training.params == {"epochs": "2", "lr": "0.5"}
    page.goto(f"{site.url}/{MODEL}")
    expect(page.locator(".side")).to_contain_text("Reads <i>words</i>")
    page.goto(f"{site.url}/{MODEL}/-/settings")
    page.get_by_label("Type its name to confirm").fill("wrong")
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("alert")).to_contain_text("Type the name 'reader'")
    page.get_by_label("Type its name to confirm").fill("reader")
    page.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/ada/model/texts")
    expect(page.locator("main")).to_contain_text("Nothing here yet")
    page.get_by_text("1 deleted in the last 14 days").click()
    page.get_by_role("button", name="Restore").click()
    page.wait_for_url(f"**/{MODEL}")


def test_folders_and_assets_are_made_by_forms(visitor: Page, site: Site) -> None:
    page = visitor
    page.goto(f"{site.url}/")
    page.get_by_role("link", name="Dataset folder").click()
    page.get_by_label("Name").fill("images")
    page.get_by_role("button", name="Create").click()
    page.get_by_role("link", name="New dataset").click()
    page.get_by_label("Name").fill("digits")
    page.get_by_label("Labels").fill("image small")
    page.get_by_role("button", name="Create").click()
    page.wait_for_url("**/ada/dataset/images/digits")
    expect(page.locator("main")).to_contain_text("No files here yet")


def test_theme_and_language_are_remembered(visitor: Page, site: Site) -> None:
    page = visitor
    page.locator(".account summary").click()
    page.get_by_role("button", name="Dark").click()
    root = page.locator("html")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.locator(".account summary").click()
    page.get_by_role("button", name="简体中文").click()
    expect(page.get_by_role("link", name="新建运行")).to_be_visible()
    expect(root).to_have_attribute("lang", "zh-CN")
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.goto(f"{site.url}/runs")
    expect(page.locator("main")).to_contain_text("没有运行")


def test_signing_out_ends_the_session(visitor: Page, site: Site) -> None:
    page = visitor
    page.locator(".account summary").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.goto(f"{site.url}/{MODEL}")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_commit_is_taken_back_from_its_page(visitor: Page, site: Site) -> None:
    page = visitor
    dataset = site.hub.dataset("dataset/texts/words")
    page.goto(f"{site.url}/{dataset.path}/-/commit/{dataset.main.head().id}")
    assert fits(page)
    page.get_by_role("button", name="Revert").click()
    expect(page.locator(".commit-head h2")).to_have_text("Revert 'Add words'")
    assert dataset.list_object() == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_files_are_imported_from_a_source_by_a_form(visitor: Page, site: Site, tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    shelf.mkdir()
    (shelf / "weights.bin").write_bytes(b"12345")
    page = visitor
    page.get_by_role("link", name="Import").click()
    expect(page.get_by_text("No sources yet")).to_be_visible()
    assert fits(page)
    site.hub.add_source("shelf", str(shelf))
    page.reload()
    page.get_by_label("What to import").fill("../up")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("alert")).to_contain_text("segment")
    page.get_by_label("What to import").fill("")
    page.get_by_label("Into the folder").fill("in")
    page.get_by_label("Link").check()
    assert fits(page)
    page.get_by_role("button", name="Import").click()
    page.wait_for_url("**/-/imports/*")
    expect(page.get_by_text("Succeeded")).to_be_visible(timeout=30_000)
    expect(page.get_by_text("linked")).to_be_visible()
    assert fits(page)
    page.locator("dd a.mono").click()
    expect(page.get_by_text("in/weights.bin").first).to_be_visible()
    page.goto(f"{site.url}/{MODEL}/-/imports")
    expect(page.get_by_role("row", name="shelf").get_by_text("Succeeded")).to_be_visible()
    assert fits(page)


def test_a_git_credential_is_kept_and_removed_by_forms(visitor: Page, site: Site) -> None:
    page = visitor
    page.goto(f"{site.url}/ada/model/texts")
    page.locator(".tabs").get_by_role("link", name="Git credentials").click()
    page.wait_for_url("**/ada/model/texts/-/credentials")
    page.get_by_label("Address").fill("http://git.example/team")
    page.get_by_label("Token", exact=True).fill("tok-secret")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("not a Git address")
    assert "tok-secret" not in page.content()
    page.get_by_label("Address").fill("https://git.example/team")
    page.get_by_label("Token", exact=True).fill("tok-secret")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("tbody")).to_contain_text("git.example/team")
    assert "tok-secret" not in page.content()
    (kept,) = site.hub.get("ada/model/texts").credentials()  # type: ignore[union-attr]
    assert (kept.url, kept.kind) == ("https://git.example/team", "token")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("tbody")).to_contain_text("None yet")
    page.locator(".account summary").click()
    page.locator(".account").get_by_role("link", name="Git credentials").click()
    page.wait_for_url("**/-/credentials")
    expect(page.locator("main")).to_contain_text("for your runs")
