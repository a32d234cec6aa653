"""Screenshots of every page from a demo's data: python -m tests.console.screens FOLDER [ah demo's data folder]"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page

from assethub.server.running import RunningServer
from assethub.server.settings import Settings
from assethub.services import accounts
from tests.console.browsing import browser

WIDTHS = {"desktop": 1360, "phone": 390}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
MODEL = "admin/model/digits/mlp"
DATASET = "admin/dataset/digits/handwritten"
PAGES = {
    "home": "/",
    "owner": "/admin",
    "runs": "/runs",
    "folder": "/admin/model/digits",
    "asset-files": f"/{MODEL}",
    "dataset-files": f"/{DATASET}",
    "folder-files": f"/{DATASET}/-/files/test",
    "file-text": f"/{MODEL}/-/file/config.json",
    "file-markdown": f"/{MODEL}/-/file/README.md",
    "file-table": f"/{DATASET}/-/file/labels.csv",
    "commits": f"/{MODEL}/-/commits",
    "commit": f"/{MODEL}/-/commit/COMMIT",
    "compare": f"/{MODEL}/-/compare?source=epoch-5&target=epoch-10",
    "evaluations": f"/{MODEL}/-/evaluations",
    "new-evaluation": f"/{MODEL}/-/new-evaluation",
    "asset-runs": f"/{MODEL}/-/runs",
    "run": "/runs/1",
    "new-run": f"/{MODEL}/-/new-run?type=continue&ref=epoch-10",
    "publish": f"/{MODEL}/-/publish?source=epoch-5",
    "refs": f"/{MODEL}/-/refs",
    "imports": f"/{MODEL}/-/imports",
    "settings": f"/{MODEL}/-/settings",
    "new-folder": "/-/new-folder",
    "new-asset": "/admin/model/digits/-/new",
    "not-found": "/admin/model/digits/nothing",
}


def main() -> None:
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(scratch) / "data"
        if not data.exists():
            subprocess.run([Path(sys.executable).with_name("ah"), "demo", "--data", str(data), "--exit"], check=True)
        shoot(data, target)


def shoot(data: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    with RunningServer(Settings(data=data, port=0)) as server, browser() as opened:
        with server.hub.work(None, reading=True) as work:
            admin = accounts.find_user(work, "admin")
        for device, width in WIDTHS.items():
            for theme in THEMES:
                context = opened.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
                page = context.new_page()
                take(page, f"{server.url}/sign-in", target / f"sign-in-{device}-{theme}.png")
                page.goto(server.sign_in_link(admin))
                page.goto(f"{server.url}/{MODEL}/-/commits")
                commit = page.locator("a.btn.mono").nth(1).get_attribute("href") or ""
                for name, address in PAGES.items():
                    take(
                        page,
                        server.url + (commit if name == "commit" else address),
                        target / f"{name}-{device}-{theme}.png",
                    )
                page.goto(f"{server.url}/{MODEL}")
                page.locator("details.menu summary.btn").first.click()
                page.screenshot(path=target / f"branch-selector-{device}-{theme}.png")
                context.close()


def take(page: Page, address: str, path: Path) -> None:
    page.goto(address, wait_until="networkidle")
    page.screenshot(path=path, full_page=True)


if __name__ == "__main__":
    main()
