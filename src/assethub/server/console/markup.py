"""User text made into markup that is safe to show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound

from assethub.server.console.place import ANCHOR, Place

MOST_HIGHLIGHTED = 100_000  # characters; beyond that the colours cost more than they tell
LONGEST_HIGHLIGHTED = 5_000  # characters of a line; longer ones are data, and slow some lexers down
MOST_TAGS = 3_000  # of HTML in Markdown
DEEPEST = 100
MOST_MATCHED = 100_000_000  # marks of a paragraph times its characters
MOST_LINES = 5_000  # of Markdown
MOST_MARKS = 50_000
MARKS = re.compile(r"[\[*_~`<&|\\]")
TAG = re.compile(r"<[a-zA-Z]")
LEAST_LISTED = 4  # headings of a text that gets a table of contents
MOST_LISTED = 200
TAGS = {
    "a", "b", "blockquote", "br", "code", "del", "details", "div", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i",
    "img", "kbd", "li", "ol", "p", "pre", "s", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}  # fmt: skip
# The page's own heading is the only one of the first level; those of a text stand below it.
HEADINGS = {f"h{level}": {"aria-level": str(level + 1)} for level in range(1, 7)}
ATTRIBUTES = {
    "a": {"href", "title"}, "code": {"class"}, "div": {"align"}, "img": {"alt", "height", "src", "title", "width"},
    "p": {"align"}, "span": {"class"},
} | {f"h{level}": {"align", "id"} for level in range(1, 7)}  # fmt: skip


@dataclass(frozen=True)
class Heading:
    level: int  # 1 to 6
    text: str
    id: str


@dataclass(frozen=True)
class Rendered:
    """A Markdown text, and its headings where they are enough for a table of contents."""

    body: Markup
    contents: tuple[Heading, ...] = ()


@cache
def renderer(html: bool = True) -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": html, "highlight": fenced}).enable(["table", "strikethrough"])
    made.core.ruler.before("inline", "costly", leave_costly)
    made.add_render_rule("plain", lambda _, tokens, at, *__: str(Markup.escape(tokens[at].content)))
    return made


def leave_costly(state: StateCore) -> None:
    """Texts whose marks would be matched with one another for seconds stay as they are."""
    for token in state.tokens:
        if token.type == "inline" and len(MARKS.findall(token.content)) * len(token.content) > MOST_MATCHED:
            token.type = "plain"


def parsed(text: str) -> list[Token] | None:
    """The text's tokens; None if to show it would take seconds, for its length or for how deeply it nests."""
    if text.count("\n") > MOST_LINES or len(MARKS.findall(text)) > MOST_MARKS:
        return None
    tokens = renderer().parse(text)
    raw = [one.content for one in within(tokens) if one.type in ("html_block", "html_inline")]
    if sum(len(TAG.findall(one)) for one in raw) > MOST_TAGS:
        tokens = renderer(html=False).parse(text)
    depth = deepest = 0
    for token in within(tokens):
        depth += token.nesting
        deepest = max(deepest, depth)
    return None if deepest > DEEPEST else tokens


def within(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()


def lexer_named(name: str) -> Lexer:
    try:
        return get_lexer_by_name(name) if name else TextLexer()
    except ClassNotFound:
        return TextLexer()


def fenced(code: str, name: str, _: str) -> str:
    lexer = TextLexer() if too_long(code) else lexer_named(name)
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def too_long(text: str) -> bool:
    return len(text) > MOST_HIGHLIGHTED or max(map(len, text.splitlines()), default=0) > LONGEST_HIGHLIGHTED


def rendered(text: str, place: Place) -> Rendered:
    """Markdown, its HTML reduced to harmless tags; links to the version's files and their pictures work."""
    tokens = parsed(text)
    if tokens is None:
        return Rendered(Markup("<pre>{}</pre>").format(text))
    headings = list(anchored(tokens))
    for token in tokens:
        token.children = (
            [remote_as_link(child, place) for child in token.children] if token.children else token.children
        )
    raw = renderer().renderer.render(tokens, renderer().options, {})

    def resolved(tag: str, name: str, value: str) -> str | None:
        if name == "href":
            return place.page(value)
        return place.picture(value) if name == "src" else value

    clean = nh3.clean(
        raw, tags=TAGS, attributes=ATTRIBUTES, attribute_filter=resolved, id_prefix=ANCHOR,
        url_schemes={"http", "https", "mailto"}, link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values=HEADINGS | {"img": {"loading": "lazy"}},
    )  # fmt: skip
    return Rendered(Markup(clean), tuple(headings[:MOST_LISTED]) if len(headings) >= LEAST_LISTED else ())


def anchored(tokens: list[Token]) -> Iterator[Heading]:
    """Headings get ids, as other hosts of Markdown make them of their text."""
    taken: dict[str, int] = {}
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            text = "".join(one.content for one in tokens[at + 1].children or () if one.type in ("text", "code_inline"))
            slug = re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-") or "section"
            taken[slug] = taken.get(slug, 0) + 1
            id = slug if taken[slug] == 1 else f"{slug}-{taken[slug] - 1}"
            token.attrSet("id", id)
            yield Heading(int(token.tag[1:]), text, ANCHOR + id)


def remote_as_link(token: Token, place: Place) -> Token:
    """A picture of another site is a link to it: nobody learns who reads a card."""
    if token.type != "image" or place.picture(str(token.attrGet("src") or "")):
        return token
    source = str(token.attrGet("src") or "")
    link = f'<a href="{Markup.escape(source)}">{Markup.escape(token.content or source)}</a>'
    return Token("html_inline", "", 0, content=link)


def highlighted(text: str, path: str) -> list[Markup]:
    """The lines of a text, coloured by what its name says it is."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if too_long(text):
        return [Markup.escape(line) for line in lines]
    try:
        lexer = get_lexer_for_filename(path, stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    coloured = highlight(text, lexer, HtmlFormatter(nowrap=True)).split("\n")[: len(lines)]
    return [Markup(line) for line in coloured]
