"""Archives that were made with care to be wrong: each is refused with a sentence, and leaves nothing."""

import hashlib
import json
import re
import tarfile
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from assethub.domain.errors import Invalid
from assethub.domain.history import id_of_text
from assethub.domain.names import AssetPath, Reference
from assethub.domain.owners import Caller
from assethub.protocol.archives import Reader, header
from assethub.services import archive_import, archives, history
from assethub.services.work import Hub
from assethub.storage import nodes
from assethub.storage.nodes import Bounds, Child, Rows, encode_inner
from assethub.storage.trees import child_of, parent_of
from tests.services.archive_building import (
    AT,
    EMPTY,
    FIRST,
    LEAF,
    Members,
    archive,
    archive_of,
    body,
    commit,
    head,
    lines,
    packed,
    rows,
)
from tests.services.conftest import DATASET, MODEL


@pytest.fixture(params=["sqlite"])
def database() -> None:
    """One kind is enough: what is refused reaches no rows."""


@pytest.fixture(autouse=True)
def small_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "LEAVES", Bounds(2, 4, 8))
    monkeypatch.setattr(nodes, "INNERS", Bounds(2, 3, 5))


def bring(hub: Hub, ada: Caller, members: Members, path: AssetPath = MODEL) -> None:
    archive_import.import_archive(hub, ada, path, [archive_of(members)])


def test_the_form_of_an_archive_is_fixed(hub: Hub, ada: Caller) -> None:
    members = archive()
    assert id_of_text(FIRST) == "63ed9bec436424f3caa24245e04585a117d62eac36330f2a02202445e837e0d2"
    assert (
        hashlib.sha256(archive_of([*members[:3], *members[5:]])).hexdigest()
        == "6dc9045364cfc73ebe1ee4e822b14c3ee4b4eacc969121d9b71ee075befe16e6"
    )
    bring(hub, ada, members)
    export = archives.begin_export(hub, ada, Reference(MODEL))
    again = [(member.name, member.read()) for member in Reader(export.stream())]
    assert again[2:] == members[2:]
    assert json.loads(again[0][1]) | {"exported_by": ""} == json.loads(members[0][1]) | {"exported_by": ""}
    assert json.loads(again[1][1]) == json.loads(members[1][1])
    with hub.work(ada, reading=True) as work:
        newest, first = history.log_commits(work, Reference(MODEL))
    assert (newest.author, newest.committer, newest.made_at, newest.metadata) == ("ada", "run 5", AT, {"lr": 0.1})
    assert (first.id, newest.generation, newest.added, newest.files, newest.size) == (id_of_text(FIRST), 2, 2, 2, 2)


@pytest.mark.parametrize("size", [0, 1, 8**11 - 1, 8**11, 1 << 61])
def test_headers_are_those_of_tar(size: int) -> None:
    info = tarfile.TarInfo("objects/" + "0" * 64)
    info.size = size
    assert header(info.name, size) == info.tobuf(tarfile.GNU_FORMAT)


def with_member(at: int, name: str, data: bytes) -> Members:
    members = archive()
    members[at] = name, data
    return members


def without(at: int) -> Members:
    members = archive()
    del members[at]
    return members


def swapped(one: int, other: int) -> Members:
    members = archive()
    members[one], members[other] = members[other], members[one]
    return members


def twice(at: int) -> Members:
    members = archive()
    return [*members[: at + 1], members[at], *members[at + 1 :]]


def with_refs(*refs: tuple[str, str, str]) -> Members:
    return with_member(1, "refs.jsonl", lines({"kind": kind, "name": name, "commit": id} for kind, name, id in refs))


def leaf(changed: Rows, **fields: object) -> Members:
    return archive([replace(changed, **fields).encoded])  # type: ignore[arg-type]


def grown(count: int) -> tuple[list[Rows], list[str]]:
    """So many leaves, each closed by its cut, and all their paths."""
    made: list[Rows] = []
    paths: list[str] = []
    number = 0
    while len(made) < count:
        open_: list[str] = []
        while not open_ or not nodes.cuts([path.encode() for path in open_], 0):
            open_.append(f"{number:05}")
            number += 1
        made.append(rows(open_))
        paths += open_
    return made, paths


def inner(change: Callable[[list[Child]], list[Child]], level: int = 1) -> Members:
    """An archive whose tree is two leaves under one node, which `change` has spoiled."""
    (one, two), paths = grown(2)
    children = change([child_of(one), child_of(two)])
    return archive([one.encoded, two.encoded, encode_inner(children, level)], paths)


def tower() -> Members:
    """A root above a root."""
    (one, two), paths = grown(2)
    below = [child_of(one), child_of(two)]
    data = encode_inner(below, 1)
    return archive([one.encoded, two.encoded, data, encode_inner([parent_of(below, data)], 2)], paths)


def early_cut() -> Members:
    """Two leaves of which the first ends where the format cuts nothing."""
    made, paths = grown(2)
    short = rows(paths[: len(made[0].keys) - 1])
    rest = rows(paths[len(made[0].keys) - 1 : len(made[0].keys)])
    data = encode_inner([child_of(short), child_of(rest)], 1)
    return archive([short.encoded, rest.encoded, data], paths[: len(made[0].keys)])


WRONG: dict[str, tuple[Callable[[], Members], str]] = {
    "no head": (lambda: without(0), "not at its place"),
    "no refs": (lambda: without(1), "not at its place"),
    "no commits": (lambda: without(2), "not at its place"),
    "two heads": (lambda: twice(0), "not at its place"),
    "objects first": (lambda: swapped(3, 6), "not at its place"),
    "a node among objects": (lambda: swapped(4, 5), "lacks the tree"),
    "commits misnumbered": (lambda: with_member(2, "commits/00000002.jsonl", FIRST.encode() + b"\n"), "at its place"),
    "unknown member": (lambda: [*archive(), ("../../etc/passwd", b"x")], "no archive has a member"),
    "later format": (lambda: with_member(0, *head("0" * 64, format=2)), "has the format 2"),
    "head no object": (lambda: with_member(0, "assethub.json", b"[]"), "no JSON object"),
    "head nested": (lambda: with_member(0, "assethub.json", b"[" * 100_000), "no JSON object"),
    "head with more": (lambda: with_member(0, *head("0" * 64, more=1)), "more: Extra inputs"),
    "NUL": (lambda: with_member(0, *head("0" * 64, description="a\0b")), "NUL"),
    "labels": (lambda: with_member(0, *head("0" * 64, labels=["x"] * 51)), "labels: List should have at most 50"),
    "ref to nowhere": (lambda: with_refs(("branch", "main", "0" * 64)), "lacks the commit 00000000"),
    "ref with a bad name": (lambda: with_refs(("branch", "../x", "0" * 64)), "not allowed"),
    "refs of one name": (lambda: with_refs(("branch", "x", "0" * 64), ("tag", "x", "0" * 64)), "share a name"),
    "refs no JSON": (lambda: with_member(1, "refs.jsonl", b"x\n"), "not understood"),
    "forged message": (
        lambda: archive(history=[FIRST.replace("Gr", "gR"), commit(LEAF.encoded, id_of_text(FIRST))]), "parent"
    ),
    "child before parent": (lambda: archive(history=[commit(LEAF.encoded, id_of_text(FIRST)), FIRST]), "parent"),
    "commit twice": (lambda: archive(history=[FIRST, FIRST]), "second history|twice"),
    "two roots": (lambda: archive(history=[FIRST, commit(EMPTY, message="Other")]), "second history"),
    "a root with files": (lambda: archive(history=[commit(LEAF.encoded)]), "is not empty"),
    "a commit that nothing names": (
        lambda: archive(history=[FIRST, commit(EMPTY, id_of_text(FIRST)), commit(LEAF.encoded, id_of_text(FIRST))]),
        "leads to the commit",
    ),
    "commit with spaces": (lambda: archive(history=[FIRST.replace(":", ": ", 1)]), "canonical form"),
    "commit with more": (lambda: archive(history=[FIRST.replace("{", '{"a":1,', 1)]), "canonical form"),
    "commit without author": (lambda: archive(history=[commit(EMPTY, author="")]), "canonical form"),
    "commit with NUL": (lambda: archive(history=[commit(EMPTY, message="a\0b")]), "canonical form"),
    "commit nested": (lambda: archive(history=["[" * 100_000]), "canonical form"),
    "commit at no time": (lambda: archive(history=[FIRST.replace("2026-01", "2026-13")]), "canonical form"),
    "no tree": (lambda: without(4), "lacks the tree"),
    "stray node": (lambda: [*archive()[:5], packed(rows(["c"]).encoded), *archive()[5:]], "no version has the tree"),
    "node twice": (lambda: twice(4), "twice"),
    "node misnamed": (lambda: with_member(4, packed(LEAF.encoded)[0], packed(EMPTY)[1]), "another sha256"),
    "node not packed": (lambda: with_member(4, packed(LEAF.encoded)[0], LEAF.encoded), "cannot be unpacked|larger"),
    "node that bursts": (lambda: with_member(4, *packed(bytes(1 << 28))), "larger than"),
    "no node at all": (lambda: archive([b"AHX1"]), "not those of a node"),
    "node cut off": (lambda: archive([LEAF.encoded[:-3]]), "not those of a node|one form"),
    "node with a huge count": (lambda: archive([b"AHL1" + b"\xff" * 40]), "not those of a node"),
    "node with a tail": (lambda: archive([LEAF.encoded + b"x"]), "one form"),
    "unused type": (
        lambda: archive([LEAF.encoded.replace(b"\x01\0\x0a\0", b"\x02\0\x01\0a\x0a\0")]), "not those|one form"
    ),
    "evil path": (lambda: archive([rows(["../a"]).encoded]), "'..' segment"),
    "absolute path": (lambda: archive([rows(["/a"]).encoded]), "'..' segment"),
    "path not UTF-8": (lambda: archive([rows(["\udcff"]).encoded]), "not those of a node"),
    "unsorted": (lambda: archive([rows(["b", "a"]).encoded]), "not in order"),
    "path twice": (lambda: archive([rows(["a", "a"]).encoded]), "not in order"),
    "time beyond time": (lambda: leaf(LEAF, times=np.array([1 << 62, 0], "<i8")), "years 1 to 9999"),
    "type with a newline": (lambda: leaf(LEAF, types=("a\r\nb",)), "no content type"),
    "enormous size": (lambda: leaf(LEAF, sizes=np.array([1 << 63, 1], "<u8")), "more than"),
    "too long": (lambda: archive([rows(f"{number:05}" for number in range(9)).encoded]), "not cut"),
    "inner count": (lambda: inner(lambda both: [both[0]._replace(count=99), both[1]]), "says of its part"),
    "inner size": (lambda: inner(lambda both: [both[0]._replace(size=0), both[1]]), "says of its part"),
    "inner first": (lambda: inner(lambda both: [both[0]._replace(first=b"0"), both[1]]), "says of its part"),
    "inner content": (lambda: inner(lambda both: [both[0]._replace(content=bytes(32)), both[1]]), "says of its part"),
    "inner of nothing": (lambda: inner(lambda both: [both[0]._replace(id=bytes(32)), both[1]]), "before it"),
    "inner level": (lambda: inner(lambda both: both, level=2), "says of its part"),
    "inner unsorted": (lambda: inner(lambda both: both[::-1]), "not in order"),
    "inner double": (lambda: inner(lambda both: [both[0], both[0]]), "not in order"),
    "inner empty": (lambda: inner(lambda both: []), "one form|not those"),
    "inner of one": (lambda: inner(lambda both: both[:1]), "no version has|level more"),
    "a level too many": (tower, "level more"),
    "cut too early": (early_cut, "not cut where|are not cut"),
    "body missing": (lambda: archive(contents=["a"]), "lacks the content"),
    "body twice": (lambda: archive(contents=["a", "b", "a"]), "twice"),
    "body of no file": (lambda: archive(contents=["a", "b", "c"]), "no version has the content"),
    "body misnamed": (lambda: [*archive()[:-1], (body("b")[0], b"x")], "was announced"),
    "body longer": (lambda: [*archive()[:-1], (body("b")[0], b"bb")], "not as many"),
    "body of two sizes": (lambda: leaf(LEAF, sizes=np.array([1, 5], "<u8"), hashes=LEAF.hashes[[0, 0]]), "not as many"),
}  # fmt: skip


def test_forged_archives_are_refused_and_leave_nothing(hub: Hub, ada: Caller) -> None:
    for what, (forge, sentence) in WRONG.items():
        with pytest.raises(Invalid) as refusal:
            bring(hub, ada, forge())
        assert re.search(sentence, str(refusal.value)), f"{what}: {refusal.value}"
        with hub.work(None, reading=True) as work:
            assert work.assets.all() == [], what


def test_a_huge_member_is_refused_before_it_arrives(hub: Hub, ada: Caller) -> None:
    for name, size in (("assethub.json", 1 << 40), ("assethub.json", 1 << 60)):
        with pytest.raises(Invalid, match="at most 1048576 are allowed"):
            archive_import.import_archive(hub, ada, MODEL, [header(name, size)])


def test_a_dataset_with_a_model_s_things_is_refused(hub: Hub, ada: Caller) -> None:
    members = archive()
    id = id_of_text(FIRST)
    for change, sentence in (
        ([head(id, kind="dataset"), with_refs(("branch", "v1", id))[1]], "no branch 'v1'"),
        ([head(id, kind="dataset", training={"git": "https://x"})], "no training settings"),
    ):
        with pytest.raises(Invalid, match=sentence):
            bring(hub, ada, [*change, *members[len(change) :]], DATASET)


def test_a_deep_tree_that_is_sound_comes_in(hub: Hub, ada: Caller) -> None:
    bring(hub, ada, inner(lambda both: both))
