"""A browser, and a live hub with something to look at."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

from assethub.client.connection import connect
from assethub.client.hub import Hub
from tests.conftest import Live, make_repository
from tests.console.axe import serious
from tests.console.speaking import speak

TASKS = """\
tasks:
  train:
    command: |
      for epoch in $(seq 1 {epochs}); do
        echo "epoch $epoch <b>bold</b>"
        printf '{"step": %s, "loss": 0.%s}\\n' $epoch $((9 - epoch)) >> $AH_METRICS_FILE
        [ $epoch = 2 ] && until [ -e GO ]; do sleep 0.05; done
      done
      printf '# A model\\n\\n<script>document.title = "taken over"</script> Reads **words**.\\n' > {output}/README.md
      echo {epochs} > {output}/weights.txt
    params: {epochs: 3}
  evaluate: {command: "printf '{\\"accuracy\\": 0.9%s}' $(cat {model}/weights.txt) > {results}/metrics.json"}
"""
MODEL = "ada/model/texts/reader"
SIZES: dict[str, ViewportSize] = {
    "desktop": {"width": 1360, "height": 900},
    "phone": {"width": 390, "height": 844},
}
JOURNEYS = [
    ("sqlite", "desktop-en"), ("postgresql", "phone-en"), ("postgresql", "desktop-zh_CN"), ("sqlite", "phone-zh_CN")
]  # fmt: skip


@dataclass
class Site:
    live: Live
    hub: Hub
    go: Path

    @property
    def url(self) -> str:
        return self.live.url


@pytest.fixture
def site(live: Live, tmp_path: Path) -> Iterator[Site]:
    go = tmp_path / "signals" / "go"
    repository = live.code / "project"
    make_repository(repository, {"assethub.yaml": TASKS.replace("GO", str(go))})
    (tmp_path / "words.csv").write_text("word,count\nzebra,1\n=cmd,2\n")
    (tmp_path / "code.py").write_text("def answer():\n    return 42\n")
    (tmp_path / "README.md").write_text(
        "# Words\n\n[x](javascript:alert(1)) and a table\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    with connect(live.url, live.api_key) as hub:
        hub.create("dataset/texts/words", description="Some words", labels=["text"])
        files = [str(tmp_path / name) for name in ("words.csv", "README.md")]
        hub.dataset("dataset/texts/words").commit("Add words", [*files, {str(tmp_path / "code.py"): "src/"}])
        hub.create("model/texts/reader", git=str(repository), datasets=["dataset/texts/words"], params={"epochs": 3})
        yield Site(live, hub, go)


class Watched:
    """A page whose console errors and policy violations fail the test."""

    def __init__(self, context: BrowserContext) -> None:
        self.page: Page = context.new_page()
        self.faults: list[str] = []
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda message: self.faults.append(message.text) if message.type == "error" else None)


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Journeys go in both languages on both sizes; those that ask for both databases share the four among them."""
    marked = {mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")}
    if "visitor" not in metafunc.fixturenames or "visitor" in marked:
        return
    one = "database" in marked
    names, values = ("visitor", [visitor for _, visitor in JOURNEYS]) if one else (("database", "visitor"), JOURNEYS)
    metafunc.definition.add_marker(pytest.mark.parametrize(names, values, indirect=True))


def window(chrome: Browser, journey: str, patch: pytest.MonkeyPatch) -> BrowserContext:
    """A window of this size in this language, such as `phone-zh_CN`, which tests go through in English."""
    size, language = journey.split("-")
    speak(patch, language)
    return chrome.new_context(viewport=SIZES[size], locale=language.replace("_", "-"))


@pytest.fixture
def visitor(
    request: pytest.FixtureRequest, chrome: Browser, site: Site, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Page]:
    """A browser window that has signed in by the form; its size and language."""
    context = window(chrome, request.param, monkeypatch)
    watched = Watched(context)
    page = watched.page
    page.goto(f"{site.url}/{MODEL}")
    page.get_by_label("Name").fill("ada")
    page.get_by_label("Password").fill(site.live.admin_password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{site.url}/{MODEL}")
    yield page
    kept_out = serious(page)
    context.close()
    assert kept_out == []
    unexpected = [fault for fault in watched.faults if "status of 4" not in fault]
    assert unexpected == []


def fits(page: Page) -> bool:
    """Whether the page scrolls only downwards, once it has come to rest."""
    narrow = "root => root.scrollWidth <= root.clientWidth"
    rests = time.monotonic() + 10
    while not (found := bool(page.locator("html").evaluate(narrow))) and time.monotonic() < rests:
        page.wait_for_timeout(50)
    return found
