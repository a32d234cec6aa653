"""Trees without a store."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import strategies as st

from assethub.domain.objects import Entry
from assethub.storage import nodes
from assethub.storage.nodes import Bounds, Rows
from assethub.storage.outlines import Outline
from assethub.storage.trees import Tree

AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
segments = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="/"), min_size=1, max_size=6)
paths = st.lists(segments.filter(lambda s: s not in (".", "..")), min_size=1, max_size=3).map("/".join)
entries = st.builds(
    Entry, st.sampled_from(["a" * 64, "b" * 64, "c" * 64]), st.integers(0, 9), st.just(AT), st.just("text/plain")
)
files = st.dictionaries(paths, entries, max_size=60)
few_paths = st.sampled_from([f"{folder}{name}" for folder in ("", "a/", "a/b/", "A/", "é/") for name in "abAé"])
few_files = st.dictionaries(few_paths, entries, max_size=20)  # that often meet at one path


@pytest.fixture(autouse=True, scope="module")
def small_nodes() -> Iterator[None]:
    """Nodes of a few entries, so that small trees are deep."""
    patch = pytest.MonkeyPatch()
    patch.setattr(nodes, "LEAVES", Bounds(2, 4, 8))
    patch.setattr(nodes, "INNERS", Bounds(2, 3, 5))
    yield
    patch.undo()


class Nowhere:
    def leaves(self, ids: Sequence[bytes]) -> list[Rows]:
        raise AssertionError("every leaf of this tree is fresh")

    def outlines(self, ids: Sequence[bytes]) -> dict[bytes, Outline]:
        raise AssertionError("every leaf of this tree is fresh")


def tree_of(given_files: Mapping[str, Entry]) -> Tree:
    return Tree((), Nowhere()).with_changes(given_files)


def entry(content: str, size: int = 1) -> Entry:
    return Entry(content * 64, size, AT, "text/plain")


def digest(entry: Entry | None) -> str | None:
    return entry.sha256 if entry else None
