"""The console without a mouse: skip link, shortcuts, menus."""

import pytest
from playwright.sync_api import Page, expect

from tests.console.conftest import MODEL, Site

pytestmark = [
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
    pytest.mark.parametrize("visitor", ["desktop-en", "desktop-zh_CN"], indirect=True),
]


def test_the_first_tab_leads_past_the_navigation(visitor: Page, site: Site) -> None:
    page = visitor
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("main a").first).to_be_focused()


def test_shortcuts_lead_where_their_list_says(visitor: Page, site: Site) -> None:
    page = visitor
    page.keyboard.press("?")
    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(shortcuts).to_contain_text("g h")
    expect(shortcuts).to_contain_text("Find a file")
    expect(shortcuts.locator("dd", has_text="Runs")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("r")
    expect(shortcuts).to_be_visible()
    page.keyboard.press("Escape")
    expect(shortcuts).to_be_hidden()
    page.keyboard.press("/")
    search = page.get_by_role("combobox", name="Search")
    expect(search).to_be_focused()
    page.keyboard.type("g r?")
    expect(search).to_have_value("g r?")
    expect(shortcuts).to_be_hidden()
    page.get_by_role("main").click(position={"x": 2, "y": 2})
    page.keyboard.press("x")
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/runs")
    page.keyboard.press("g")
    page.keyboard.press("h")
    page.wait_for_url(f"{site.url}/")


def test_menus_go_by_arrows_and_close_on_escape(visitor: Page, site: Site) -> None:
    page = visitor
    page.goto(f"{site.url}/{MODEL}")
    summary = page.locator(".account summary")
    summary.focus()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".account .menu-item").first).to_be_focused()
    page.keyboard.press("End")
    last = page.get_by_role("button", name="Sign out")
    expect(last).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator(".account .menu-item").first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(last).to_be_focused()
    page.keyboard.press("Escape")
    expect(last).to_be_hidden()
    expect(summary).to_be_focused()
