"""A card: a Markdown text with front matter in YAML before it."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from textwrap import dedent

import yaml

from assethub.server.console.markup import Rendered, rendered
from assethub.server.console.place import Place

MOST_FRONT = 64 << 10  # characters of front matter that are looked at
MOST_FIELDS = 50
DEEPEST = 50
LONGEST_VALUE = 300
MOST_ITEMS = 40


@dataclass(frozen=True)
class Field:
    """A line of front matter: its value, or its `items` where it is a list of values; `text` for what is nested."""

    name: str
    value: str = ""
    items: tuple[str, ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Card:
    fields: tuple[Field, ...]
    text: Rendered


def card(text: str, place: Place) -> Card:
    """The card as it is shown."""
    front, body = parted(text)
    return Card(fields_of(front), rendered(body, place))


def parted(text: str) -> tuple[str, str]:
    text = text.replace("\r\n", "\n")
    if text.startswith("---\n") and "\n---\n" in text[3:] + "\n":
        front, _, body = (text[3:] + "\n").partition("\n---\n")
        return front.lstrip("\n"), body
    return "", text


def fields_of(front: str) -> tuple[Field, ...]:
    """Each field as its source has it. Nothing is built of it, and nothing recurses: no alias grows, no depth hurts."""
    found: list[Field] = []
    try:
        for field in islice(read_fields(front[:MOST_FRONT]), MOST_FIELDS):
            found.append(field)
    except (yaml.YAMLError, ValueError):
        if len(front) <= MOST_FRONT:
            return (Field("", text=shortened(front)),)
    return tuple(found)


def read_fields(front: str) -> Iterator[Field]:
    nodes = top_nodes(front)
    for name, value in zip(nodes, nodes, strict=False):
        title = shortened(name[0].value) if isinstance(name[0], yaml.ScalarEvent) else "?"
        yield field_of(front, title, value)


def top_nodes(front: str) -> Iterator[list[yaml.Event]]:
    """The names and values of the first mapping in turn, each as its events."""
    depth = 0
    node: list[yaml.Event] = []
    for event in yaml.parse(front, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth == 0 and isinstance(event, yaml.NodeEvent) and not isinstance(event, yaml.MappingStartEvent):
            return
        if depth >= 1 and isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
            node.append(event)
            if depth == 1 and not isinstance(event, yaml.CollectionStartEvent):
                yield node
                node = []
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise ValueError("it is nested too deeply")


def field_of(front: str, title: str, node: list[yaml.Event]) -> Field:
    begin, *inner = node
    if isinstance(begin, yaml.ScalarEvent):
        return Field(title, value=shortened(begin.value))
    items = [one.value for one in inner if isinstance(one, yaml.ScalarEvent)]
    if isinstance(begin, yaml.SequenceStartEvent) and len(items) == len(inner) - 1:
        return Field(title, items=(*map(shortened, items[:MOST_ITEMS]), *(["…"] if len(items) > MOST_ITEMS else [])))
    assert begin.start_mark is not None
    assert node[-1].end_mark is not None
    first, end = begin.start_mark.index, node[-1].end_mark.index
    start = front.rfind("\n", 0, first) + 1
    if front[start:first].strip():  # it begins in the line of its name
        start = first
    return Field(title, text=shortened(dedent(front[start:end]).rstrip(), 20 * LONGEST_VALUE))


def shortened(text: str, most: int = LONGEST_VALUE) -> str:
    return text if len(text) <= most else text[:most] + "…"
