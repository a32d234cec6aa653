"""The content-defined sorted tree: its nodes, its edits, what it costs."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zstandard import ZstdDecompressor

from assethub.domain.history import ChangeKind
from assethub.domain.objects import Entry, Listed
from assethub.storage import nodes, outlines
from assethub.storage.filesystem import FilesystemBackend
from assethub.storage.nodes import EPOCH, Bounds, Rows, cuts, decode_inner, decode_leaf, encode_inner
from assethub.storage.outlines import Outline, outline_of, unpacked
from assethub.storage.tree_store import NodeCache, Trees
from assethub.storage.trees import Tree, child_of
from tests.storage.conftest import AT, digest, files, tree_of


@given(files, files, st.randoms())
def test_any_order_of_edits_gives_the_tree_of_a_full_rebuild(
    old: dict[str, Entry], new: dict[str, Entry], random: Random
) -> None:
    edits: list[tuple[str, Entry | None]] = [*new.items(), *((path, None) for path in old.keys() - new.keys())]
    random.shuffle(edits)
    tree = tree_of(old)
    while edits:
        count = random.randint(1, len(edits))
        batch, edits = edits[:count], edits[count:]
        tree = tree.with_changes({path: None for path, _ in batch}).with_changes(dict(batch))
    rebuilt = tree_of(new)
    assert (tree.id, tree.leaves) == (rebuilt.id, rebuilt.leaves)


@given(files)
def test_a_tree_holds_what_was_put_in_in_order(given_files: dict[str, Entry]) -> None:
    tree = tree_of(given_files)
    assert list(tree.items()) == sorted(given_files.items(), key=lambda item: item[0].encode())
    assert (len(tree), tree.size) == (len(given_files), sum(entry.size for entry in given_files.values()))
    for path, entry in given_files.items():
        assert tree.find(path) == entry
        assert tree.find(path + "!") == given_files.get(path + "!")


@given(files, st.text(max_size=3))
def test_what_is_below_a_prefix(given_files: dict[str, Entry], prefix: str) -> None:
    try:
        prefix.encode()
    except UnicodeEncodeError:
        return
    expected = sorted(path for path in given_files if path.startswith(prefix))
    assert [path for path, _ in tree_of(given_files).below(prefix)] == expected


@given(files, files)
def test_the_diff_of_two_trees_leads_from_one_to_the_other(old: dict[str, Entry], new: dict[str, Entry]) -> None:
    changes = tree_of(old).diff(tree_of(new))
    expected = {path for path in old.keys() | new.keys() if digest(old.get(path)) != digest(new.get(path))}
    assert {change.path for change in changes} == expected
    assert [change.path for change in changes] == sorted(expected, key=str.encode)
    assert {change.path: change.new for change in changes} == {path: new.get(path) for path in expected}


@given(files, st.integers(1, 5), st.sampled_from(["", "/"]), st.sampled_from(["", "a", "0/"]))
def test_pages_together_list_everything_once_and_in_order(
    given_files: dict[str, Entry], limit: int, by: str, prefix: str
) -> None:
    tree = tree_of(given_files)
    listed, after = [], ""
    while True:
        page, more = tree.page(prefix, by, after, limit)
        listed += page
        if more is None:
            break
        after = more
    inside = [path for path in given_files if path.startswith(prefix)]
    names = {prefix + rest.split("/", 1)[0] + "/" if by and "/" in rest else prefix + rest
             for rest in (path[len(prefix) :] for path in inside)}  # fmt: skip
    assert [one.path for one in listed] == sorted(names, key=str.encode)
    assert sum(one.files for one in listed) == len(inside)
    assert sum(one.size for one in listed) == sum(given_files[path].size for path in inside)


@given(files)
def test_nodes_read_back_as_they_were_written(given_files: dict[str, Entry]) -> None:
    tree = tree_of(given_files)
    for id, rows in tree.fresh.items():
        assert decode_leaf(rows.encoded) == rows
        assert hashlib.sha256(rows.encoded).digest() == id
    if tree.leaves:
        assert decode_inner(encode_inner(tree.leaves, 1)) == (1, list(tree.leaves))


def test_content_that_did_not_change_keeps_its_old_time() -> None:
    later = Entry("a" * 64, 1, datetime(2027, 1, 1, tzinfo=UTC), "text/plain")
    tree = tree_of({"x": Entry("a" * 64, 1, AT, "text/plain")})
    assert tree.with_changes({"x": later}).id == tree.id


def test_times_and_cards_alone_are_no_other_content() -> None:
    one = tree_of({"x": Entry("a" * 64, 1, AT, "text/plain")})
    later = tree_of({"x": Entry("a" * 64, 1, datetime(2027, 1, 1, tzinfo=UTC), "text/plain")})
    carded = one.with_changes(
        {"README.md": Entry("b" * 64, 1, AT, "text/markdown"), "license": Entry("c" * 64, 1, AT, "x")}
    )
    other = one.with_changes({"READY": Entry("b" * 64, 1, AT, "x")})
    assert list(one.diff(later)) == []
    assert one.diff(tree_of({}))[0].kind is ChangeKind.REMOVED
    assert len({one.content, later.content, carded.content}) == 1
    assert other.content != one.content
    assert len({one.id, later.id, carded.id}) == 3


class Index:
    """Where nodes lie, in memory."""

    def __init__(self) -> None:
        self.rows: dict[str, tuple[str, int, int]] = {}
        self.packed: dict[str, bytes] = {}

    def locate(self, ids: Iterable[str]) -> dict[str, tuple[str, int, int]]:
        return {id: self.rows[id] for id in ids if id in self.rows}

    def need(self, ids: Iterable[str]) -> set[str]:
        return set(self.locate(ids))

    def add(self, located: Iterable[tuple[str, str, int, int]]) -> None:
        for id, *place in located:
            self.rows[id] = (place[0], place[1], place[2])  # type: ignore[assignment]

    def outlines(self, ids: Iterable[str]) -> dict[str, bytes]:
        return {id: self.packed[id] for id in ids if id in self.packed}

    def add_outlines(self, outlines: Iterable[tuple[str, bytes]]) -> None:
        self.packed.update(outlines)


def test_a_commit_writes_one_pack_of_what_is_new_and_is_read_by_a_cold_cache(tmp_path: Path) -> None:
    backend, index = FilesystemBackend(tmp_path), Index()
    trees = Trees(NodeCache(backend), index)
    many = {f"d{n % 7}/{n:05}": Entry(f"{n:064x}", n, AT, "text/plain") for n in range(1000)}
    first = trees.empty.with_changes(many)
    trees.write(first)
    second = trees.get(first.id).with_changes({"d3/00500": Entry("f" * 64, 1, AT, "text/plain")})
    trees.write(second)
    packs = {pack for pack, _, _ in index.rows.values()}
    assert len(packs) == 2
    added = {id for id, (pack, _, _) in index.rows.items() if pack == index.rows[second.id][0]}
    assert len(added) < 20 < len(index.rows)
    cold = Trees(NodeCache(backend), index).get(second.id)
    assert cold.find("d3/00500") == Entry("f" * 64, 1, AT, "text/plain")
    assert list(cold.items()) == list(second.items())
    assert [change.path for change in Trees(NodeCache(backend), index).get(first.id).diff(cold)] == ["d3/00500"]
    assert trees.write(second) == second.id


def test_a_damaged_node_is_told_and_the_rest_stays_readable(tmp_path: Path) -> None:
    backend, index = FilesystemBackend(tmp_path), Index()
    trees = Trees(NodeCache(backend), index)
    tree = trees.empty.with_changes({f"{n:04}": Entry("a" * 64, n, AT, "x") for n in range(200)})
    trees.write(tree)
    victim = tree.leaves[5]
    pack, offset, _ = index.rows[victim.id.hex()]
    path = tmp_path / "trees" / pack[:2] / pack
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(offset + 10)
        file.write(b"damage")
    cold = Trees(NodeCache(backend), index).get(tree.id)
    assert cold.find("0000") is not None
    with pytest.raises(KeyError, match=f"{victim.id.hex()} is damaged"):
        cold.find(victim.first.decode())


@dataclass
class Kept:
    """Leaves and their outlines as they are kept."""

    rows: Mapping[bytes, Rows]

    def leaves(self, ids: Sequence[bytes]) -> list[Rows]:
        return [self.rows[id] for id in ids]

    def outlines(self, ids: Sequence[bytes]) -> dict[bytes, Outline]:
        made = {id: outline_of(self.rows[id]) for id in ids}
        return {id: unpacked(one.packed, ZstdDecompressor()) for id, one in made.items() if one}


@given(files, st.integers(1, 9), st.sampled_from(["", "a", "0/"]), st.sampled_from([2, 64]))
def test_listings_by_outlines_are_those_by_leaves(
    given_files: dict[str, Entry], limit: int, prefix: str, lines: int
) -> None:
    fresh = tree_of(given_files)
    kept = Tree(fresh.leaves, Kept(fresh.fresh))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outlines, "MOST_LINES", lines)
        after: str | None = ""
        while after is not None:
            page, more = fresh.page(prefix, "/", after, limit)
            assert kept.page(prefix, "/", after, limit) == (page, more)
            after = more


def test_a_listing_of_folders_reads_no_leaves_that_only_hold_parts_of_folders(tmp_path: Path) -> None:
    backend, index = FilesystemBackend(tmp_path), Index()
    trees = Trees(NodeCache(backend), index)
    many = {f"d{n // 30:02}/s{n % 3}/{n:05}": Entry("a" * 64, n, AT, "text/plain") for n in range(1500)}
    trees.write(trees.empty.with_changes(many))
    cold = Trees(NodeCache(backend), index)
    listed, more = cold.get(trees.empty.with_changes(many).id).page("", "/", "", 1000)
    assert ([one.files for one in listed], more) == ([30] * 50, None)
    assert sum(one.size for one in listed) == sum(range(1500))
    assert len(cold.cache.leaves.values) == 0
    below, _ = cold.get(trees.empty.with_changes(many).id).page("d07/", "/", "", 1000)
    assert [(one.path, one.files) for one in below] == [("d07/s0/", 10), ("d07/s1/", 10), ("d07/s2/", 10)]


def test_a_file_beside_a_folder_of_its_name_and_names_that_differ_in_case_are_all_kept() -> None:
    given_files = {
        path: Entry("a" * 64, 1, AT, "x") for path in ("a", "a/b", "a/", "A", "A/b", "a.b", "a/b/c", "ä" * 512)
    }
    tree = tree_of(given_files)
    assert [path for path, _ in tree.items()] == sorted(given_files, key=str.encode)
    assert [one.path for one in tree.page("", "/", "", 9)[0]] == ["A", "A/", "a", "a.b", "a/", "ä" * 512]
    assert [one.path for one in tree.page("a/", "/", "", 9)[0]] == ["a/", "a/b", "a/b/"]
    assert tree.page("a/", "/", "a/", 1) == ([Listed("a/b", given_files["a/b"], 1, 1)], "a/b")
    assert tree.with_changes(dict.fromkeys(given_files)).id == tree_of({}).id


def test_a_folder_of_very_many_files_with_long_names_is_listed_and_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "LEAVES", Bounds(1000, 2000, 4000))
    monkeypatch.setattr(nodes, "INNERS", Bounds(500, 1000, 2000))
    name = "n" * 1000
    tree = tree_of({f"dir/{name}{n:06}": Entry(f"{n:064x}", 1, AT, "x") for n in range(100_000)})
    assert tree.page("", "/", "", 10) == ([Listed("dir/", None, 100_000, 100_000)], None)
    page, more = tree.page("dir/", "/", f"dir/{name}077776", 2)
    assert [one.path[-6:] for one in page] == ["077777", "077778"]
    assert more == page[-1].path
    assert len(tree.with_changes({path: None for path, _ in tree.below("dir/")})) == 0


def test_an_empty_tree_is_a_tree(tmp_path: Path) -> None:
    index = Index()
    trees = Trees(NodeCache(FilesystemBackend(tmp_path)), index)
    trees.write(trees.empty)
    cold = Trees(NodeCache(FilesystemBackend(tmp_path)), index).get(trees.empty.id)
    assert (len(cold), cold.find("a"), cold.page("", "/", "", 5)) == (0, None, ([], None))


def test_ids_are_those_of_the_documented_format(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "LEAVES", Bounds(1000, 2000, 4000))
    monkeypatch.setattr(nodes, "INNERS", Bounds(500, 1000, 2000))
    two = tree_of({"é": Entry("a" * 64, 5, AT, "text/plain"), "a/b": Entry("b" * 64, 0, AT, "image/png")})
    assert two.id == "cda8f3bfb87fc76e31dab766311a5cc2a7c4d8fe9701be5abc5b91410925a42d"
    many = tree_of({f"{n:06}": Entry(f"{n:064x}", n, AT, "text/plain") for n in range(10_000)})
    assert [leaf.count for leaf in many.leaves] == [1057, 3873, 1267, 3803]
    assert many.id == "9d3561a45d0d8758b73e805beec5931910b100cb48511e4cb06acb8bd6a1ac82"
    assert (
        child_of(Rows.of([b"k"], [Entry("01" * 32, 1, EPOCH + timedelta(microseconds=2), "t")])).id.hex()
        == "59be8658ff6e0d215df7fadfb33a7bc6d5b588bbaa24722b40eb4000caf81b92"
    )
    assert cuts([], 0) == []
