"""The console's upload in Chromium beside `ah commit` of the same folder, in one run.

python -m bench upload [FOLDER]: 5,000 files of 10 KiB and one of 2 GiB below FOLDER (a temporary one), on one disk.
"""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import Page, expect

from bench.transfer import commit, serving, timed
from tests.browsing import browser

COUNT, SMALL, LARGE = 5000, 10 << 10, 2 << 30
LONGEST = 1_800_000  # milliseconds


def main(arguments: Iterable[str]) -> None:
    place = next(iter(arguments), None)
    with tempfile.TemporaryDirectory(dir=place) as scratch, browser() as chrome:
        folder = Path(scratch)
        os.environ["ASSETHUB_CACHE"] = str(folder / "cache")
        small, large = make_files(folder)
        with serving(folder) as (hub, server):
            page = chrome.new_page()
            page.goto(f"{hub.connection.endpoint}/sign-in")
            page.get_by_label("Name").fill("admin")
            page.get_by_label("Password").fill("correct horse")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url(f"{hub.connection.endpoint}/")
            for files, size in ((small, COUNT * SMALL), (large, LARGE)):
                print(f"{files.name}: {size >> 20:,} MiB")
                for what, act in (("browser", in_browser), ("ah commit", by_command)):
                    asset = f"dataset/bench/{files.name}-{what.split()[0]}"
                    hub.create(asset)

                    def told(elapsed: float, size: int = size) -> str:
                        return f"{size / elapsed / 1e6:,.0f} MB/s"

                    timed(f"  {what}", lambda: act(page, hub.connection.endpoint, asset, files), server, told)  # noqa: B023


def in_browser(page: Page, endpoint: str, asset: str, files: Path) -> None:
    page.goto(f"{endpoint}/admin/{asset}/-/upload")
    page.locator("[data-input=folder]").set_input_files(files)
    page.get_by_role("button", name="Commit").click()
    page.wait_for_url("**/-/commit/*", timeout=LONGEST)
    expect(page.locator(".commit-head")).to_be_visible()


def by_command(page: Page, endpoint: str, asset: str, files: Path) -> None:
    commit(asset, "-m", "Upload", "-a", str(files))


def make_files(folder: Path) -> tuple[Path, Path]:
    small, large = folder / "small", folder / "large"
    for made in (small, large):
        made.mkdir()
    for number in range(COUNT):
        (small / f"{number:05}").write_bytes(os.urandom(SMALL))
    with (large / "weights.bin").open("wb") as file:
        for _ in range(LARGE >> 20):
            file.write(os.urandom(1 << 20))
    os.sync()
    return small, large
