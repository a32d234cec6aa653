"""Screenshots of every page from a demo's data: python -m tests.console.screens FOLDER [ah demo's data folder]

Every page in the light on a desktop as NAME.png; a choice of them in the dark, on a phone, and in Chinese. At the end
it names the console's routes that no page shows.
"""

import io
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, expect

from assethub.client.connection import connect
from assethub.domain.assets import TrainingSettings
from assethub.domain.folders import Role
from assethub.domain.names import Reference, parse_asset_path
from assethub.domain.owners import Caller, Scope
from assethub.server.running import RunningServer
from assethub.server.settings import Settings
from assethub.services import accounts, assets, evaluations, gates, groups, sharing, staging, versions
from tests.browsing import browser
from tests.matrix.rows import table

MODEL = "admin/model/digits/mlp"
DATASET = "admin/dataset/digits/handwritten"
COLOURS, TALLEST = 128, 1600  # of a picture
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
    "file-picture": f"/{DATASET}/-/file/test/0001.png",
    "gallery": f"/{DATASET}/-/files/test?view=gallery",
    "new-file": f"/{MODEL}/-/new-file",
    "edit": f"/{MODEL}/-/edit/docs/README.md",
    "upload": f"/{DATASET}/-/upload",
    "staged": f"/{MODEL}/-/staged",
    "commits": f"/{MODEL}/-/commits",
    "commit": f"/{MODEL}/-/commit/COMMIT",
    "compare": f"/{MODEL}/-/compare?source=epoch-5&target=epoch-10",
    "diff": f"/{MODEL}/-/diff/config.json?source=epoch-5&target=epoch-10",
    "evaluations": f"/{MODEL}/-/evaluations",
    "evaluation": f"/{MODEL}/-/evaluations/EVALUATION",
    "leaderboard": f"/{DATASET}/-/leaderboard",
    "new-evaluation": f"/{MODEL}/-/new-evaluation",
    "asset-runs": f"/{MODEL}/-/runs",
    "run": "/runs/1",
    "compare-runs": "/runs/compare?run=1&run=2",
    "sweep": "/sweeps/1",
    "lineage": f"/{MODEL}/-/lineage",
    "run-lineage": "/runs/3/lineage",
    "run-log": "/runs/1/log?search=epoch",
    "new-run": f"/{MODEL}/-/new-run?type=continue&ref=epoch-10",
    "publish": f"/{MODEL}/-/publish?source=epoch-5",
    "refs": f"/{MODEL}/-/refs",
    "imports": f"/{MODEL}/-/imports",
    "settings": f"/{MODEL}/-/settings",
    "audit": "/-/audit",
    "credentials": "/-/credentials",
    "folder-credentials": "/admin/model/digits/-/credentials",
    "new-folder": "/-/new-folder",
    "folders": "/-/folders?which=shared",
    "search": "/search?q=digits",
    "search-files": "/search?q=json&what=files",
    "stars": "/-/stars",
    "use": f"/{MODEL}/-/use",
    "find": f"/{MODEL}/-/find?q=m",
    "folder-settings": "/admin/model/digits/-/settings",
    "share": "/admin/model/digits/-/share",
    "account": "/-/account",
    "keys": "/-/account/keys",
    "users": "/-/admin/users",
    "user": "/-/admin/users/eve",
    "queue": "/-/admin/queue",
    "groups": "/-/groups",
    "group": "/-/groups/vision",
    "group-owner": "/vision",
    "new-asset": "/admin/model/digits/-/new",
    "gates": "/admin/model/digits/-/gates",
    "sources": "/-/admin/sources",
    "sessions": "/-/account/sessions",
    "s3-keys": "/-/account/s3-keys",
    "engines": "/-/admin/engines",
    "storage": "/-/admin/storage",
    "hub-settings": "/-/admin/settings",
    "not-found": "/admin/model/digits/nothing",
}
MAIN = ("home", "asset-files", "dataset-files", "file-table", "gallery", "commits", "commit", "publish", "evaluations",
        "leaderboard", "run", "compare-runs", "new-run", "lineage", "upload", "storage", "engines")  # fmt: skip


@dataclass(frozen=True)
class Variant:
    """How pages are shown; `end` is what their pictures' names have behind the page's."""

    end: str
    pages: tuple[str, ...]
    width: int = 1360
    theme: Literal["light", "dark"] = "light"
    locale: str = "en"


VARIANTS = (
    Variant("", ("sign-in", *PAGES)),
    Variant("-dark", MAIN, theme="dark"),
    Variant("-phone", ("sign-in", *MAIN), width=390),
    Variant("-zh", ("home", "asset-files", "run", "storage"), width=390, theme="dark", locale="zh-CN"),
)


def main() -> None:
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(scratch) / "data"
        if not data.exists():
            subprocess.run([Path(sys.executable).with_name("ah"), "demo", "--data", str(data), "--exit"], check=True)
        shoot(data, target)


def shoot(data: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    settings = Settings(data=data, port=0, git_roots=(data / "code",))
    with RunningServer(settings) as server, browser() as opened:
        with server.hub.work(None, reading=True) as work:
            admin = accounts.get_user(work, "admin")
            peopled = work.owners.find("vision") is not None
        with server.hub.work(Caller(admin, Scope.ADMIN), reading=True) as work:
            model = parse_asset_path(MODEL)
            known = {
                "COMMIT": versions.version(work, Reference(model, "epoch-10"))[1].id,
                "EVALUATION": str(evaluations.list_evaluations(work, model)[0][0].id),
            }
        pages = {name: re.sub("|".join(known), lambda found: known[found[0]], to) for name, to in PAGES.items()}
        if not peopled:
            invite(server, Caller(admin, Scope.ADMIN))
            sweep(server)
        link = server.sign_in_link(admin)
        session: str | None = None
        for variant in VARIANTS:
            session = show(opened, server, variant, pages, target, session or link)
    for route in table("console.txt"):
        method, _, path = route.partition(" ")
        pattern = re.sub(r"\\\{\w+:path\\\}", ".*", re.escape(path))
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", pattern)
        if method == "GET" and not any(re.fullmatch(pattern, one.split("?")[0]) for one in PAGES.values()):
            print(f"not shown: {path}")


def show(
    opened: Browser, server: RunningServer, variant: Variant, pages: dict[str, str], target: Path, key: str
) -> str:  # fmt: skip
    """Take the variant's pictures; `key` is a link that signs in, or the session of an earlier variant."""
    context = opened.new_context(
        viewport={"width": variant.width, "height": 850}, color_scheme=variant.theme, locale=variant.locale,
        reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    if "sign-in" in variant.pages:
        take(page, f"{server.url}/sign-in", target / f"sign-in{variant.end}.png")
    if key.startswith("http"):
        page.goto(key)
    else:
        context.add_cookies([{"name": "ah_session", "value": key, "url": server.url}])
    for name in variant.pages:
        if name in pages:
            take(page, server.url + pages[name], target / f"{name}{variant.end}.png")
    if not variant.end:
        page.goto(f"{server.url}/{MODEL}")
        page.locator("details.menu summary.btn").first.click()
        keep(page.screenshot(animations="disabled"), target / "branch-selector.png")
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        keep(page.screenshot(animations="disabled"), target / "shortcuts.png")
    found = next((one["value"] for one in context.cookies() if one["name"] == "ah_session"), key)
    context.close()
    return found


def sweep(server: RunningServer) -> None:
    """Two short runs side by side, and what they must reach before they are published."""
    with connect(server.local_url, server.create_key("admin", "screens", Scope.ADMIN)) as hub:
        started = hub.model(MODEL).train("grid", sweep={"lr": [0.01, 0.001]}, params={"epochs": 2})
        started.wait()


def invite(server: RunningServer, admin: Caller) -> None:
    """Some people and groups to show, and folders shared with them and by them."""
    digits, reading = parse_asset_path(MODEL).parent, parse_asset_path("eve/model/reading/letters")
    with server.hub.work(admin) as work:
        for name, title in (("eve", "Eve Lindqvist"), ("bob", "Bob Stone"), ("mei", "Mei Chen")):
            accounts.add_user(work, name, None, title=title)
        for name, title in (("vision", "Everything that looks at pictures"), ("speech", "Voices and words")):
            groups.create_group(work, name, title)
            groups.put_member(work, name, "mei")
        groups.put_member(work, "vision", "eve", admin=True)
        sharing.grant_role(work, digits, "vision", Role.EDITOR)
        sharing.grant_role(work, digits, "bob", Role.RUNNER)
        gates.add_gate(work, digits, DATASET, "accuracy >= 0.9")
        moves = {"README.md": "docs/README.md"}
        staging.stage_changes(work, parse_asset_path(MODEL), "main", delete=["config.json"], move=moves)
        eve = Caller(accounts.get_user(work, "eve"), Scope.ADMIN)
    with server.hub.work(eve) as work:
        assets.create_asset(work, reading, "Reads handwriting, one letter at a time", ("letters",), TrainingSettings())
        sharing.grant_role(work, reading.parent, "admin", Role.EDITOR)


def take(page: Page, address: str, path: Path) -> None:
    answer = page.goto(address)
    if answer is None or answer.status not in (200, 404):
        raise SystemExit(f"{address} answers {answer.status if answer else 'nothing'}")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    if page.locator("[data-charts], [data-chart]").count():
        expect(page.locator(".chart canvas").first).to_be_visible()
    keep(page.screenshot(full_page=True, animations="disabled"), path)


def keep(picture: bytes, path: Path) -> None:
    """Few colours and no more than shows what the page is like: about a tenth of the bytes."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image = image.crop((0, 0, image.width, min(image.height, TALLEST)))
    packed = image.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    packed.save(path, optimize=True)


if __name__ == "__main__":
    main()
