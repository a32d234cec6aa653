"""Which commit touched a path last, and which commit two histories share, beside the plain way to find out."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

import pytest
from sqlalchemy import update

from assethub.database.tables import commits
from assethub.domain.assets import Asset
from assethub.domain.history import Commit
from assethub.domain.names import Reference
from assethub.domain.objects import Entry, guess_type
from assethub.domain.owners import Caller
from assethub.services import ancestry, assets, last_commits, recording
from assethub.services.work import Hub, Work
from assethub.storage.nodes import EPOCH
from assethub.storage.path_filters import filter_of
from tests.services.conftest import MODEL

NAMES = [f"{folder}{name}" for folder in ("", "a/", "a/b/", "c/") for name in "wxyz"]
FOLDERS = ["a/", "a/b/", "c/"]


@dataclass
class Histories:
    """Random histories with merges, each version also as plain dictionaries."""

    work: Work
    asset: Asset
    random: Random
    made: list[Commit] = field(default_factory=list)
    files: dict[str, dict[str, str]] = field(default_factory=dict)

    def grow(self, count: int) -> None:
        if not self.made:
            first = self.work.commits.first(self.asset.id)
            self.made.append(self.work.commits.get(self.asset.id, first))
            self.files[first] = {}
        for _ in range(count):
            parents = tuple(self.random.sample(self.made[-6:], min(len(self.made), self.random.choice((1, 1, 2, 3)))))
            files = {}
            for path in NAMES:  # each path from one of the parents, as merges may do
                content = self.files[self.random.choice(parents).id].get(path)
                if content is not None:
                    files[path] = content
            for path in self.random.sample(NAMES, self.random.randint(0, 2)):
                files[path] = self.random.choice("123") * 64
            for path in self.random.sample(NAMES, self.random.randint(0, 1)):
                files.pop(path, None)
            entries = {path: Entry(sha256, 1, EPOCH, guess_type(path)) for path, sha256 in files.items()}
            tree = self.work.trees.empty.with_changes(entries)
            commit = recording.record_commit(self.work, self.asset, tree, parents, f"Number {len(self.made)}")
            self.made.append(commit)
            self.files[commit.id] = files

    def below(self, commit: str, path: str) -> dict[str, str]:
        return {
            name: content
            for name, content in self.files[commit].items()
            if name == path or (path.endswith("/") and name.startswith(path))
        }

    def last(self, head: Commit, path: str) -> str:
        """The plain way: follow the first parent that has the same."""
        known = {commit.id: commit for commit in self.made}
        at = head
        while True:
            same = [one for one in at.parents if self.below(one, path) == self.below(at.id, path)]
            if not same:
                return at.id
            at = known[same[0]]

    def ancestors(self, head: str) -> set[str]:
        known = {commit.id: commit for commit in self.made}
        found, queue = {head}, [head]
        while queue:
            for parent in known[queue.pop()].parents:
                if parent not in found:
                    found.add(parent)
                    queue.append(parent)
        return found


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ancestry, "FIRST_BATCH", 2)
    monkeypatch.setattr(ancestry, "LARGEST_BATCH", 5)


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("seed", range(2))
def test_last_commits_and_merge_bases_are_those_of_the_plain_walk(
    hub: Hub, ada: Caller, model: Asset, seed: int
) -> None:
    with hub.work(ada) as work:
        histories = Histories(work, model, Random(seed))
        histories.grow(50)
        forget = [commit.id for commit in histories.made[::5]]  # as written before there were filters
        work.connection.execute(update(commits).where(commits.c.id.in_(forget)).values(changed_paths=None))
        for head in histories.made[-4:]:
            found = last_commits.last_commits(work, Reference(MODEL, f"commit/{head.id}"), [*NAMES, *FOLDERS])
            assert {path: one.id for path, one in found.items()} == {
                path: histories.last(head, path) for path in [*NAMES, *FOLDERS]
            }
        for _ in range(40):
            one, other = histories.random.choices(histories.made, k=2)
            base = ancestry.merge_base(work, model.id, one, other)
            assert base in best(histories, histories.ancestors(one.id) & histories.ancestors(other.id))
            assert base == ancestry.merge_base(work, model.id, other, one)


def best(histories: Histories, common: Iterable[str]) -> set[str]:
    """Those that are no ancestor of another."""
    shared = set(common)
    return {one for one in shared if not any(one in histories.ancestors(other) - {other} for other in shared)}


def test_filters_hold_what_a_commit_changes_and_nothing_is_kept_for_very_many(
    hub: Hub, ada: Caller, model: Asset
) -> None:
    with hub.work(ada) as work:
        first = work.commits.get(model.id, work.commits.first(model.id))
        kept = {}
        for count in (2, 513):
            entries = {f"d/{number}": Entry("1" * 64, 1, EPOCH, "x") for number in range(count)}
            tree = work.trees.empty.with_changes(entries)
            made = recording.record_commit(work, model, tree, (first,), f"{count}")
            kept[made.id] = filter_of(entries) if count == 2 else None
        steps = work.commits.steps(model.id, (9, ""), 9)
    assert {step.id: step.changed_paths for step in steps} == kept | {first.id: filter_of([])}


def test_a_path_that_was_touched_a_thousand_commits_ago_is_found(hub: Hub, ada: Caller, model: Asset) -> None:
    with hub.work(ada) as work:
        first = work.commits.get(model.id, work.commits.first(model.id))
        tree = work.trees.empty.with_changes({"old": Entry("1" * 64, 1, EPOCH, "x")})
        touched = recording.record_commit(work, model, tree, (first,), "Touch")
        head = touched
        for number in range(1200):
            facts = {**touched.__dict__, "id": f"{number:064x}", "parents": (head.id,), "generation": 3 + number}
            head = Commit(**facts)
            work.commits.add(head, filter_of([]))
        assets.create_branch(work, MODEL, "long", head.id)
        found = last_commits.last_commits(work, Reference(MODEL, "long"), ["old"])
        assert found["old"].id == touched.id
        assert ancestry.merge_base(work, model.id, head, touched) == touched.id
