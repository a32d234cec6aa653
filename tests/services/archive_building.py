"""Archives put together member by member, sound ones and others."""

import hashlib
import json
from collections.abc import Iterable
from datetime import UTC, datetime

import zstandard

from assethub.domain.errors import Invalid
from assethub.domain.history import commit_text, id_of_text
from assethub.domain.objects import Entry
from assethub.protocol.archives import KINDS, Tally, header, last, padding, rank_of
from assethub.storage.nodes import NONE, Rows

AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
Members = list[tuple[str, bytes]]


def archive_of(members: Members) -> bytes:
    """The members as they are given, with the end that belongs to them."""
    tally, parts = Tally(), []
    for name, body in members:
        try:
            kind = KINDS[rank_of(name)]
        except Invalid:
            kind = ""
        tally.begin(kind, len(body))
        for data, of in ((header(name, len(body)), ""), (body, kind), (padding(len(body)), "")):
            tally.add(data, of)
            parts.append(data)
    return b"".join([*parts, last("end.json", tally.ending())])


def lines(values: Iterable[object]) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def packed(data: bytes) -> tuple[str, bytes]:
    return f"nodes/{hashlib.sha256(data).hexdigest()}", zstandard.ZstdCompressor().compress(data)


def body(content: str) -> tuple[str, bytes]:
    return f"objects/{hashlib.sha256(content.encode()).hexdigest()}", content.encode()


def rows(paths: Iterable[str]) -> Rows:
    """A leaf whose files hold their own paths."""
    keys = [path.encode("utf-8", "surrogateescape") for path in paths]
    return Rows.of(keys, [Entry(hashlib.sha256(key).hexdigest(), len(key), AT, "text/plain") for key in keys])


def commit(tree: bytes, *parents: str, **changes: object) -> str:
    fields = {"author": "ada", "committer": "run 5", "message": "Grüße", "metadata": {"lr": 0.1}, **changes}
    id = hashlib.sha256(tree).hexdigest()
    return commit_text(id, parents, made_at=AT, **fields)  # type: ignore[arg-type]


EMPTY = NONE.encoded
FIRST = commit(EMPTY)
LEAF = rows(["a", "b"])


def head(id: str, **changes: object) -> tuple[str, bytes]:
    training: dict[str, object] = {"git": None, "revision": None, "subpath": None, "datasets": [], "params": {}}
    fields = {"format": 1, "kind": "model", "name": "net", "description": "", "labels": [], "training": training,
              "ref": "main", "head": id, "exported_by": "assethub 0.1.0", **changes}  # fmt: skip
    return "assethub.json", json.dumps(fields).encode()


def archive(
    tree: list[bytes] | None = None, contents: Iterable[str] = ("a", "b"), history: list[str] | None = None
) -> Members:
    """A sound archive of two commits, or one with other nodes, contents or commits."""
    tree = [LEAF.encoded] if tree is None else tree
    history = [FIRST, commit(tree[-1], id_of_text(FIRST))] if history is None else history
    id = id_of_text(history[-1])
    return [
        head(id), ("refs.jsonl", lines([{"kind": "branch", "name": "main", "commit": id}])),
        ("commits/00000001.jsonl", "".join(f"{line}\n" for line in history).encode()),
        *(packed(node) for node in [EMPTY, *tree]), *(body(content) for content in contents),
    ]  # fmt: skip
