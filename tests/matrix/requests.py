"""What is sent to each operation: something that its owner may well ask, filled with the world's names."""

import hashlib
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Ask:
    """`path` fills the address; a text in braces is a name of the world."""

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    json: Any = None
    content: bytes | None = None
    form: dict[str, str] | None = None


FOLDER = {"owner": "olga", "kind": "model", "folder": "vision"}
NET = FOLDER | {"name": "net"}
DIGITS = {"owner": "olga", "kind": "dataset", "folder": "images", "name": "digits"}
SHA = "ab" * 32
BODY = b"weights"
HELD = hashlib.sha256(BODY).hexdigest()


def on(where: dict[str, str], **more: str) -> dict[str, str]:
    return where | more
