"""Editing as people do it: with a keyboard, in a window that warns before anything written is lost."""

import pytest
from playwright.sync_api import Dialog, Page, expect

from tests.console.conftest import MODEL, Site, fits

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def filled(site: Site, visitor: Page) -> Page:
    (site.live.code / "notes.txt").write_text("one\n  two\n")
    model = site.hub.model("model/texts/reader").branch("main")
    model.commit("Add notes", [str(site.live.code / "notes.txt"), {str(site.live.code / "notes.txt"): "data/"}])
    visitor.goto(f"{site.url}/{MODEL}")
    return visitor


def test_a_text_is_edited_with_the_keyboard_and_the_commit_is_reverted(site: Site, filled: Page) -> None:
    page = filled
    page.goto(f"{site.url}/{MODEL}/-/file/notes.txt")
    page.get_by_role("link", name="Edit").click()
    text = page.get_by_label("Text", exact=True)
    text.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Tab")
    expect(text).to_have_value("  one\n  two\n")
    page.keyboard.press("Control+a")
    page.keyboard.press("Shift+Tab")
    expect(text).to_have_value("one\ntwo\n")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    expect(text).not_to_be_focused()
    assert fits(page)
    page.keyboard.press("Control+s")
    page.get_by_label("Message").fill("Less space")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Less space")
    assert site.hub.model("model/texts/reader").branch("main").read("notes.txt") == b"one\ntwo\n"
    page.get_by_role("button", name="Revert").click()
    expect(page.get_by_text("Revert 'Less space'").first).to_be_visible()
    assert site.hub.model("model/texts/reader").branch("main").read("notes.txt") == b"one\n  two\n"


def test_leaving_with_something_written_is_warned_of(site: Site, filled: Page) -> None:
    page = filled
    warned: list[str] = []

    def stay(dialog: Dialog) -> None:
        warned.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.get_by_role("link", name="New file").click()
    page.get_by_label("Path", exact=True).fill("new/file.txt")
    page.get_by_label("Text", exact=True).fill("kept")
    page.get_by_role("link", name="Asset Hub").click()
    expect(page.get_by_label("Text", exact=True)).to_have_value("kept")
    assert warned == ["beforeunload"]
    page.get_by_role("button", name="Save changes").click()
    page.get_by_label("New branch", exact=True).fill("idea")
    expect(page.get_by_label("Commit to a new branch")).to_be_checked()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("Committed to idea")
    assert warned == ["beforeunload"]


def test_rows_are_chosen_staged_for_deletion_and_committed(site: Site, filled: Page) -> None:
    page = filled
    move = page.get_by_role("button", name="Move")
    expect(move).to_be_disabled()
    page.get_by_label("Choose all").check()
    expect(move).to_be_enabled()
    page.get_by_label("Choose notes.txt").uncheck()
    assert fits(page)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Delete 1 file?")).to_be_visible()
    page.get_by_label("Add to the staged changes").check()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Deleted")).to_be_visible()
    assert fits(page)
    page.get_by_role("button", name="Discard data/notes.txt").click()
    page.get_by_role("link", name="Cancel").click()
    page.get_by_label("data/notes.txt", exact=True).check()
    page.get_by_role("button", name="Commit the chosen").click()
    expect(page.get_by_role("status")).to_contain_text("Commit data/notes.txt")
    assert [one.path for one in site.hub.model("model/texts/reader").branch("main").list_object()] == ["notes.txt"]
