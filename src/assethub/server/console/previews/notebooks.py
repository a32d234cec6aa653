"""Notebooks: their cells and what these put out, made on the server of what cannot carry a script."""

import json
import re
from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import dataclass
from typing import Any

import nh3
from markupsafe import Markup
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers.special import TextLexer

from assethub.server.console.markup import MOST_TAGS, TAG, lexer_named, rendered, too_long
from assethub.server.console.previews.looking import Looking, Shown
from assethub.services.objects import read_whole

LARGEST_NOTEBOOK = 16 << 20  # bytes
MOST_CELLS = 500
MOST_TEXT = 20_000  # characters of one output
MOST_TEXTS = 1_000_000  # characters of all outputs together
MOST_RENDERED = 5_000  # lines of all Markdown together; what follows is shown as it is written
MOST_COLOURED = 200_000  # characters of all code together
MOST_PICTURES = 6 << 20  # characters of all pictures of a page together
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
PICTURES = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8", "image/gif": b"GIF8", "image/webp": b"RIFF"}
TABLE = {
    "table",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "th",
    "td",
    "caption",
    "p",
    "b",
    "i",
    "em",
    "strong",
    "br",
    "ul",
    "ol",
    "li",
    "pre",
    "code",
}


@dataclass(frozen=True)
class Output:
    """One of these: a text, a table or Markdown as harmless markup, or a picture's address."""

    text: str = ""
    markup: Markup | None = None
    picture: str = ""
    left_out: bool = False  # a picture that is too large to show
    error: bool = False


@dataclass(frozen=True)
class Cell:
    """`source` is markup, of Markdown or of coloured code."""

    kind: str
    source: Markup
    number: int | None = None
    outputs: tuple[Output, ...] = ()


class Reading:
    """One notebook; what all of its pictures take is counted."""

    def __init__(self, looking: Looking, language: str) -> None:
        self.looking, self.lexer, self.left = looking, lexer_named(language), MOST_PICTURES
        self.texts, self.lines, self.coloured = MOST_TEXTS, MOST_RENDERED, MOST_COLOURED
        self.tags = MOST_TAGS

    def cell(self, given: Any) -> Cell:
        given = given if isinstance(given, dict) else {}
        kind, source = given.get("cell_type"), text_of(given.get("source"))
        if kind == "markdown":
            return Cell("markdown", self.markdown(source[: 5 * MOST_TEXT]))
        if kind != "code":
            return Cell("raw", Markup.escape(source[:MOST_TEXT]))
        self.coloured -= len(source)
        lexer = TextLexer() if self.coloured < 0 or too_long(source) else self.lexer
        coloured = Markup(highlight(source[: 5 * MOST_TEXT], lexer, HtmlFormatter(nowrap=True)))
        number, outputs = given.get("execution_count"), given.get("outputs")
        shown = [self.output(one) for one in outputs[:100]] if isinstance(outputs, list) else []
        return Cell("code", coloured, number if type(number) is int else None, tuple(one for one in shown if one))

    def output(self, given: Any) -> Output | None:
        given = given if isinstance(given, dict) else {}
        kind = given.get("output_type")
        if kind == "stream":
            return Output(self.plain(given.get("text")), error=given.get("name") == "stderr")
        if kind == "error":
            lines = given.get("traceback")
            text = "\n".join(map(text_of, lines)) if isinstance(lines, list) else ""
            return Output(self.plain(text or f"{given.get('ename')}: {given.get('evalue')}"), error=True)
        data = given.get("data")
        return self.best(data) if isinstance(data, dict) else None

    def best(self, data: dict[str, Any]) -> Output | None:
        """The first form that is shown: a picture, a table, Markdown, else the text that stands for it."""
        for type, magic in PICTURES.items():
            if type in data:
                return self.picture(type, text_of(data[type]), magic)
        if "image/svg+xml" in data:
            drawn = b64encode(text_of(data["image/svg+xml"]).encode()).decode()
            return self.placed(f"data:image/svg+xml;base64,{drawn}")
        html = text_of(data.get("text/html"))[: 10 * MOST_TEXT]
        self.texts -= len(html)
        self.tags -= len(TAG.findall(html))
        if "<table" in html and self.texts >= 0 and self.tags >= 0:
            return Output(
                markup=Markup(nh3.clean(html, tags=TABLE, attributes={}, clean_content_tags={"script", "style"}))
            )
        if "text/markdown" in data:
            return Output(markup=self.markdown(text_of(data["text/markdown"])[:MOST_TEXT]))
        for type in ("text/plain", "text/latex"):
            if type in data:
                return Output(self.plain(data[type]))
        return None

    def picture(self, type: str, text: str, magic: bytes) -> Output | None:
        try:
            body = b64decode(text)
        except (Error, ValueError):
            return None
        return self.placed(f"data:{type};base64,{b64encode(body).decode()}") if body.startswith(magic) else None

    def markdown(self, text: str) -> Markup:
        self.lines -= text.count("\n") + 1
        return rendered(text, self.looking.place).body if self.lines >= 0 else Markup("<pre>{}</pre>").format(text)

    def plain(self, value: Any) -> str:
        text = ANSI.sub("", text_of(value)[: 2 * MOST_TEXT])
        most = max(min(MOST_TEXT, self.texts), 0)
        self.texts -= len(text)
        return text if len(text) <= most else text[:most] + "\n…"

    def placed(self, address: str) -> Output:
        if len(address) > self.left:
            return Output(left_out=True)
        self.left -= len(address)
        return Output(picture=address)


def show(looking: Looking) -> Shown | None:
    if looking.source or not looking.opened.path.lower().endswith(".ipynb"):
        return None
    body = read_whole(looking.opened, LARGEST_NOTEBOOK)
    try:
        notebook = json.loads(body) if body else None
    except (ValueError, RecursionError):
        return None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        return None
    reading = Reading(looking, language_of(notebook))
    return Shown(
        "previews/notebook.html",
        {"cells": [reading.cell(cell) for cell in cells[:MOST_CELLS]], "left": max(len(cells) - MOST_CELLS, 0)},
        renders=True,
    )


def language_of(notebook: Any) -> str:
    about = notebook.get("metadata")
    for name, key in (("language_info", "name"), ("kernelspec", "language")):
        part = about.get(name) if isinstance(about, dict) else None
        if isinstance(part, dict) and isinstance(part.get(key), str):
            return str(part[key])
    return "python"


def text_of(value: Any) -> str:
    """A text, which notebooks may keep as a list of lines."""
    if isinstance(value, list):
        return "".join(one for one in value if isinstance(one, str))
    return value if isinstance(value, str) else ""
