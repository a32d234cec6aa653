"""A hub with something of everything, served to a browser, and what a page must hold to be sound."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from babel.messages.pofile import read_po
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from assethub.domain.names import AssetPath, parse_asset_path
from assethub.server.console import language
from assethub.services import history, receiving
from assethub.services.history import NewFile
from tests.conftest import until
from tests.console.conftest import fits
from tests.matrix.console import CONSOLE
from tests.matrix.rows import filled
from tests.matrix.world import World

MOST_WEIGHT = 200_000  # bytes that a page may take to come up in a browser that has nothing of the hub yet
MOST_SHIFT = 0.1
FILES = {
    "README.md": b"# Net\n\n[Reads](https://example.org) words.\n\n|a|b|\n|-|-|\n|1|2|\n\n```python\nx = 1\n```\n",
    "table.csv": b"word,count\nzebra,1\n",
    "code.py": b"def answer():\n    return 42  # the answer\n",
    "deep/er/notes.txt": b"notes\n",
}
OF_THE_LOOK = {
    "runOnly": ["color-contrast", "link-in-text-block", "scrollable-region-focusable"]
}  # another in the dark


@dataclass
class Served:
    """A world at an address, with the session of its administrator."""

    world: World
    url: str

    def client(self, who: str | None = "ada") -> httpx2.Client:
        cookies = {"ah_session": self.world.cookies[who]} if who else {}
        return httpx2.Client(base_url=self.url, cookies=cookies, trust_env=False, headers={"Accept-Language": "en"})


@contextmanager
def served(world: World) -> Iterator[Served]:
    furnish(world)
    config = uvicorn.Config(world.app, port=0, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="server")
    thread.start()
    until(lambda: server.started)
    yield Served(world, f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
    server.should_exit = True
    thread.join()


def furnish(world: World) -> None:
    """Files of several kinds in a model, and lines and curves in its run that is under way."""
    net = parse_asset_path("olga/model/vision/net")
    put(world, net, FILES)
    run = {"Authorization": f"Bearer {world.secrets['run']}"}
    with world.client() as client:
        for what, body in {
            "log": {"batch": 1, "lines": [[0, "out", "epoch 1 <b>"], [1, "err", "careful"]]},
            "metrics": {
                "batch": 1,
                "points": [{"step": at, "time": at, "values": {"train/loss": 1 / (at + 1)}} for at in range(9)],
            },
        }.items():
            answer = client.post(f"/api/v1/runs/{world.names['run']}/{what}", json=body, headers=run)
            assert answer.status_code == 200, answer.text


def put(world: World, path: AssetPath, files: dict[str, bytes]) -> None:
    from hashlib import sha256

    hub, olga = world.opened.hub, world.person("olga")
    receiving.receive_small(hub, olga, path, [(sha256(body).hexdigest(), body) for body in files.values()])
    added = [NewFile(name, sha256(body).hexdigest(), len(body)) for name, body in files.items()]
    with hub.work(olga) as work:
        history.commit_changes(work, path, "main", "Add files of several kinds", add=added)


def address_of(world: World, operation: str) -> str:
    """Where an operation of the matrix is in this world."""
    ask, path = CONSOLE[operation], operation.split(" ", 1)[1]
    names = dict(world.names)
    address = re.sub(r"\{(\w+)(?::path)?\}", lambda part: str(filled(ask.path[part.group(1)], names)), path)
    query = httpx2.QueryParams(filled(ask.query, names))
    return f"{address}?{query}" if query else address


def is_page(served: Served, address: str, who: str | None) -> bool:
    with served.client(who) as client, client.stream("GET", address) as answer:
        kind: str = answer.headers.get("content-type", "")
        return kind.startswith("text/html") and not answer.is_redirect and not address.startswith("/raw/")


class Outline(HTMLParser):
    """What a page says to a browser without scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words, self.heading, self.within = "", "", Counter[str]()
        self.forms: list[dict[str, Any]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.within[tag] += 1
        given = dict(attrs)
        if tag == "form":
            self.forms.append({"what": given.get("method", "get"), "action": given.get("action"), "sent": False})
        if tag in ("button", "input") and self.within["form"] and given.get("type", "submit") == "submit":
            self.forms[-1]["sent"] = True

    def handle_endtag(self, tag: str) -> None:
        self.within[tag] -= 1

    def handle_data(self, data: str) -> None:
        if self.within["main"]:
            self.words += data
        if self.within["h1"]:
            self.heading += data


@cache
def untranslated() -> frozenset[str]:
    """English texts that have a Chinese one of their own."""
    file = Path(language.__file__).parent / "locale/zh_CN/LC_MESSAGES/messages.po"
    with file.open("rb") as opened:
        messages = [message for message in read_po(opened, locale="zh_CN") if message.id]
    return frozenset(str(one.id) for one in messages if one.string != one.id and not one.pluralizable)


@dataclass
class Looking:
    """One window of a browser that goes from page to page, and what its console says there."""

    served: Served
    page: Page
    faults: list[str] = field(default_factory=list)

    @classmethod
    def begin(cls, served: Served, context: BrowserContext) -> "Looking":
        page = context.new_page()
        looking = cls(served, page)
        page.on("pageerror", lambda error: looking.faults.append(str(error)))
        page.on("console", looking.hear)
        return looking

    def hear(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "status of 4" not in message.text:
            self.faults.append(message.text)

    def open(self, address: str, language: str, width: int, theme: str) -> None:
        self.faults.clear()
        cookies: list[Any] = [
            {"name": name, "value": value, "url": self.served.url}
            for name, value in (("ah_language", language), ("ah_theme", theme))
        ]
        self.page.context.add_cookies(cookies)
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.goto(self.served.url + address)
        expect(self.page.locator("[aria-busy=true]")).to_have_count(0)

    def problems(self, language: str) -> list[str]:
        """What is not as it has to be on every page, but for what axe finds."""
        page, headings, weight, shift = (
            self.page,
            self.page.locator("h1:not([aria-level])").count(),
            self.weight(),
            self.shift(),
        )
        checks = {
            "its language is not told": page.locator("html").get_attribute("lang") == language,
            "it has no title": bool(page.title().strip()),
            f"it has {headings} main headings": headings == 1,
            "it scrolls sideways": fits(page),
            f"it weighs {weight} bytes": weight <= MOST_WEIGHT,
            f"it shifts by {shift:.2f}": shift < MOST_SHIFT,
        }
        english = self.words() & untranslated() if language != "en" else set()
        return [*(told for told, holds in checks.items() if not holds), *sorted(english), *self.faults]

    def weight(self) -> int:
        """Bytes that a browser with an empty cache takes for the page and what belongs to it; not what it shows."""
        told = self.page.evaluate(
            """() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
            .filter(one => one.initiatorType !== 'fetch' && !one.name.includes('/raw/'))
            .reduce((sum, one) => sum + one.encodedBodySize, 0)"""
        )
        return int(told)

    def shift(self) -> float:
        told = self.page.evaluate(
            """() => new Promise(done => {
                let sum = 0;
                const take = all => { for (const one of all.getEntries()) sum += one.hadRecentInput ? 0 : one.value; };
                new PerformanceObserver(take).observe({ type: 'layout-shift', buffered: true });
                requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum))));
            })"""
        )
        return float(told)

    def words(self) -> set[str]:
        """Every text of the page as a reader or a screen reader meets it."""
        told = self.page.evaluate(
            """() => {
                const found = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
                while (walk.nextNode())
                    if (!walk.currentNode.parentElement.closest('script, .readme, .mono, .log, pre'))
                        found.push(walk.currentNode.textContent);
                for (const one of document.querySelectorAll('[aria-label], [placeholder], [title]'))
                    for (const name of ['aria-label', 'placeholder', 'title']) found.push(one.getAttribute(name) ?? '');
                return found;
            }"""
        )
        return {" ".join(one.split()) for one in told}
