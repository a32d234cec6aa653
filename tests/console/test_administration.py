"""What administrators see and do: settings, storage and its collection, engines, sources of imports."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from playwright.sync_api import Page, expect

from assethub.cli.admin import admin
from assethub.client.connection import connect
from assethub.client.hub import Hub
from assethub.domain.errors import Conflict, Forbidden
from assethub.domain.owners import Scope
from assethub.domain.settings import MASK, masked
from assethub.server.settings import Settings, load_settings
from assethub.services.rounds import Round
from tests.conftest import Live, until
from tests.console.conftest import Site, fits

DESKTOP = pytest.mark.parametrize("visitor", ["desktop-en", "desktop-zh_CN"], indirect=True)
SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_each_setting_tells_who_gave_it_and_no_secret(tmp_path: Path) -> None:
    (tmp_path / "assethub.toml").write_text('slots = 5\ndatabase = "postgresql://hub:pass@db/hub"\n')
    environment = {"ASSETHUB_OIDC_CLIENT_SECRET": "s3cret", "ASSETHUB_QUOTA": "5GB"}
    found = {one.name: one for one in load_settings({"data": tmp_path, "port": 7000}, environment).shown}
    assert (found["port"].value, found["port"].default, found["port"].source) == ("7000", "7700", "--port")
    assert (found["slots"].value, found["slots"].source) == ("5", str(tmp_path / "assethub.toml"))
    assert (found["quota"].value, found["quota"].source) == ("5GB", "ASSETHUB_QUOTA")
    assert (found["oidc_client_secret"].value, found["database"].value) == (MASK, f"postgresql://hub:{MASK}@db/hub")
    assert (found["host"].value, found["host"].source, found["data"].source) == ("127.0.0.1", "", "--data")
    assert masked("s3://bucket/prefix") == "s3://bucket/prefix"
    assert {one.name: one.source for one in Settings(port=1).shown}["port"] == "--"


@SQLITE
def test_settings_and_storage_are_told_to_administrators_by_every_way(live: Live, tmp_path: Path) -> None:
    with connect(live.url, live.api_key) as hub:
        told = {one.name: one for one in hub.settings()}
        assert (told["admin_password"].value, told["admin_user"].value) == (MASK, "ada")
        fill(hub, tmp_path)
        eve = hub.create_user("eve", password="correct horse").name
        with connect(live.url, live.server.create_key(eve, "key", Scope.ADMIN)) as other:
            for ask in (other.settings, other.storage, other.collect):
                with pytest.raises(Forbidden):
                    ask()
        stored = hub.storage()
    data = ["--data", str(tmp_path / "data")]
    assert json.loads(CliRunner().invoke(admin, ["storage", "--json", *data]).output)["bytes"] == stored.bytes
    assert "words" in CliRunner().invoke(admin, ["storage", "ada", *data]).output
    assert "slots" in CliRunner().invoke(admin, ["settings", *data]).output


def fill(hub: Hub, folder: Path) -> None:
    """Two datasets that share the larger of three contents."""
    (folder / "own.txt").write_bytes(b"o" * 100)
    (folder / "shared.txt").write_bytes(b"s" * 1000)
    for name, files in {"words": ["own.txt", "shared.txt"], "others": ["shared.txt"]}.items():
        hub.create(f"dataset/texts/{name}")
        hub.dataset(f"dataset/texts/{name}").commit("Add", [str(folder / one) for one in files])


def test_storage_is_told_by_owner_and_by_asset(live: Live, tmp_path: Path) -> None:
    with connect(live.url, live.api_key) as hub:
        fill(hub, tmp_path)
        hub.create("model/texts/reader")
        hub.dataset("dataset/texts/others").delete(force=True)
        found = hub.storage(owner="ADA")
        (owner,) = found.owners
        assert (found.bytes, owner.name, owner.stored, owner.deleted, owner.assets) == (1100, "ada", 2100, 1000, 3)
        assert [(one.path.split("/")[-1], one.stored, one.shared, one.deleted) for one in found.assets] == [
            ("words", 1100, 1000, False), ("others", 1000, 1000, True), ("reader", 0, 0, False),
        ]  # fmt: skip
        assert hub.storage(owner="nobody").assets == []
        assert hub.storage(page=1).assets == []


def test_a_collection_that_was_asked_for_is_done_by_the_hub_itself(live: Live) -> None:
    with connect(live.url, live.api_key) as hub:
        assert hub.storage().round is None
        asked = hub.collect(dry=True)
        assert (asked.dry, asked.asked_by, asked.ended_at) == (True, "ada", None)
        until(lambda: (done := hub.storage().round) is not None and done.ended_at is not None)
        done = hub.storage().round
        assert done
        assert (done.dry, done.problem) == (True, "")
        live.hub.rounds.finish(Round(False, "ada", asked.asked_at))
        with pytest.raises(Conflict, match="under way"):
            hub.collect()


@SQLITE
@DESKTOP
def test_an_administrator_goes_through_the_area(visitor: Page, site: Site, tmp_path: Path) -> None:
    page = visitor
    page.locator(".account summary").click()
    page.get_by_role("link", name="Administration").click()
    area = page.get_by_role("navigation", name="Account and administration")
    area.get_by_role("link", name="Settings").click()
    expect(page.get_by_role("row", name="admin_password")).to_contain_text(MASK)
    area.get_by_role("link", name="Storage").click()
    expect(page.get_by_role("row", name="ada/dataset/texts/words")).to_be_visible()
    page.get_by_role("button", name="Count what can be reclaimed").click()
    expect(page.locator("#collection")).to_contain_text("can be reclaimed", timeout=30_000)
    page.get_by_role("row", name="ada").first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Assets of ada")).to_be_visible()
    area.get_by_role("link", name="Engines").click()
    page.get_by_label("Why").fill("a new disk")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("main")).to_contain_text("a new disk")
    page.get_by_role("button", name="Resume").click()
    expect(page.locator("main")).to_contain_text("Takes runs")
    area.get_by_role("link", name="Import sources").click()
    page.get_by_label("Address").fill("/no/such/folder")
    page.get_by_label("Name").fill("shelf")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("no folder")
    expect(page.get_by_label("Name")).to_have_value("shelf")
    (tmp_path / "shelf").mkdir()
    page.get_by_label("Address").fill(str(tmp_path / "shelf"))
    page.get_by_role("button", name="Add").click()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove shelf").click()
    expect(page.get_by_text("None yet")).to_be_visible()
    assert fits(page)
