"""Cards: the README of an asset, and the front matter that may stand before its text."""

from collections.abc import Mapping
from dataclasses import dataclass, field

NAMES = ("README.md", "README.txt", "README", "readme.md")  # the best first
FENCE = "---"


@dataclass(frozen=True)
class Card:
    """`front` is the YAML before the text, empty where there is none."""

    text: str
    front: str = ""


@dataclass(frozen=True)
class Facts:
    """What a card's front matter says that people look for."""

    license: str | None = None
    tags: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    more: Mapping[str, str] = field(default_factory=dict)  # by the names of the field's own tools


def split_card(text: str) -> Card:
    """A card in its two parts; a fence that is never closed is text."""
    lines = text.removeprefix("\ufeff").split("\n")
    if lines[0].rstrip() != FENCE:
        return Card(text)
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() == FENCE:
            return Card("\n".join(lines[number + 1 :]), "\n".join(lines[1:number]))
    return Card(text)
