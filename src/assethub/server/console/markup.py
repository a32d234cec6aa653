"""User text made into markup that is safe to show."""

from functools import cache

import nh3
from markdown_it import MarkdownIt
from markupsafe import Markup
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.lexers.special import TextLexer
from pygments.util import ClassNotFound

MOST_HIGHLIGHTED = 100_000  # characters; beyond that the colours cost more than they tell
TAGS = {
    "a", "b", "blockquote", "br", "code", "del", "details", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "kbd",
    "li", "ol", "p", "pre", "s", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "th", "thead", "tr",
    "ul",
}  # fmt: skip


@cache
def renderer() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True, "highlight": fenced}).enable(["table", "strikethrough"])


def fenced(code: str, name: str, _: str) -> str:
    try:
        lexer = get_lexer_by_name(name) if name else TextLexer()
    except ClassNotFound:
        lexer = TextLexer()
    return str(highlight(code, lexer, HtmlFormatter(nowrap=True)))


def markdown(text: str) -> Markup:
    """A card: its front matter left out, its HTML reduced to harmless tags, no remote pictures."""
    if text.startswith("---\n") and "\n---\n" in text[4:]:
        text = text[4:].split("\n---\n", 1)[1]
    clean = nh3.clean(
        renderer().render(text), tags=TAGS, attributes={"a": {"href", "title"}, "span": {"class"}, "code": {"class"}},
        url_schemes={"http", "https", "mailto"}, link_rel="noopener noreferrer nofollow",
    )  # fmt: skip
    return Markup(clean)


def highlighted(text: str, path: str) -> list[Markup]:
    """The lines of a text, coloured by what its name says it is."""
    if len(text) > MOST_HIGHLIGHTED:
        return [Markup.escape(line) for line in text.splitlines()]
    try:
        lexer = get_lexer_for_filename(path, stripnl=False)
    except ClassNotFound:
        lexer = TextLexer(stripnl=False)
    return [Markup(line) for line in highlight(text, lexer, HtmlFormatter(nowrap=True)).split("\n")[:-1]]
