"""Small JSON as a tree that folds."""

import json
from dataclasses import dataclass
from typing import Any

from assethub.server.console.previews.looking import Looking, Shown
from assethub.server.console.previews.text import whole_text

MOST_NODES = 2_000
DEEPEST = 20
OPEN = 200  # nodes of a tree that is open from the start
LONGEST = 500


@dataclass(frozen=True)
class Node:
    """A value as `text`, or what is in an object or a list of so many; `kind` is JSON's name of its type."""

    name: str
    kind: str
    text: str = ""
    count: int = 0
    nodes: "tuple[Node, ...]" = ()


class TooLarge(Exception):
    pass


def show(looking: Looking) -> Shown | None:
    if looking.source or not looking.opened.path.lower().endswith((".json", ".geojson")):
        return None
    text = whole_text(looking.opened)
    try:
        counted = Counting()
        root = counted.node("", json.loads(text), 0) if text else None
    except (ValueError, RecursionError, TooLarge):
        return None
    if root is None or not root.nodes:
        return None
    return Shown("previews/tree.html", {"root": root, "open": counted.seen <= OPEN}, renders=True)


class Counting:
    def __init__(self) -> None:
        self.seen = 0

    def node(self, name: str, value: Any, depth: int) -> Node:
        self.seen += 1
        if self.seen > MOST_NODES or depth > DEEPEST:
            raise TooLarge
        if isinstance(value, dict):
            nodes = tuple(self.node(key, one, depth + 1) for key, one in value.items())
            return Node(name, "object", count=len(value), nodes=nodes)
        if isinstance(value, list):
            nodes = tuple(self.node(str(at), one, depth + 1) for at, one in enumerate(value))
            return Node(name, "array", count=len(value), nodes=nodes)
        text = json.dumps(value, ensure_ascii=False)
        kind = {bool: "constant", type(None): "constant", str: "string"}.get(type(value), "number")
        return Node(name, kind, text if len(text) <= LONGEST else text[:LONGEST] + "…")
