"""What pages show of an asset at a glance."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from assethub.domain.assets import Asset
from assethub.domain.errors import NotFound
from assethub.domain.evaluations import Evaluation
from assethub.domain.folders import Role
from assethub.domain.history import MAIN, Commit, Ref, RefKind
from assethub.domain.names import AssetPath, FolderPath, Kind, Reference
from assethub.domain.objects import Listed
from assethub.domain.owners import Caller
from assethub.domain.search import Search, Sort
from assethub.services import stars, versions
from assethub.services.work import Work

MOST_LABELLED = 5000  # assets of a folder whose labels are counted
MOST_LABELS = 40
BY_NAME = Search(sort=Sort.NAME)
MOST_REFS = 50  # of each kind that a page holds; there may be many more, which are searched for


@dataclass(frozen=True)
class Card:
    """An asset among others: its head, and the newest evaluation of what is published."""

    asset: Asset
    head: Commit
    evaluation: Evaluation | None
    stars: int = 0
    starred: bool = False


@dataclass(frozen=True)
class Overview:
    """The frame of an asset's pages: one version of it, and how much there is of everything."""

    asset: Asset
    ref: str
    commit: Commit
    refs: tuple[Ref, ...]  # main, the one that is shown, and of each kind those that moved last: at most MOST_REFS
    evaluations: int
    runs: int
    stars: int = 0
    starred: bool = False
    seen_at: datetime | None = None  # when the caller worked with it last
    named: Ref | None = None  # the branch or tag that `ref` names
    branch_count: int = 1
    tag_count: int = 0

    @property
    def branches(self) -> list[Ref]:
        return [ref for ref in self.refs if ref.kind is RefKind.BRANCH]

    @property
    def tags(self) -> list[Ref]:
        return [ref for ref in self.refs if ref.kind is RefKind.TAG]

    @property
    def on_branch(self) -> bool:
        return self.named is not None and self.named.kind is RefKind.BRANCH

    @property
    def path(self) -> AssetPath:
        return self.asset.path

    @property
    def running(self) -> bool:
        """Whether the caller may start runs of it; the services decide again."""
        return (self.asset.role or 0) >= Role.RUNNER

    @property
    def editing(self) -> bool:
        return (self.asset.role or 0) >= Role.EDITOR


def folder_cards(
    work: Work, path: FolderPath, search: Search = BY_NAME, limit: int = 1000, offset: int = 0
) -> list[Card]:
    """The assets of a folder, in a number of queries that does not grow with them."""
    folder = work.folder(path, needs=Role.VIEWER)
    return cards(work, work.assets.browsed(replace(search, folder=folder.id), limit, offset))


def folder_labels(work: Work, path: FolderPath) -> dict[str, int]:
    """The labels of a folder's assets, the most used first, with the number of assets that have them."""
    folder = work.folder(path, needs=Role.VIEWER)
    found = Counter(label for labels in work.assets.labels(folder.id, MOST_LABELLED) for label in labels)
    return dict(found.most_common(MOST_LABELS))


def cards(work: Work, assets: list[Asset]) -> list[Card]:
    """Of assets that the caller may see, in this order."""
    ids = [asset.id for asset in assets]
    heads = work.commits.heads(ids, MAIN)
    newest = work.evaluations.newest([(id, heads[id].content) for id in ids if id in heads])
    counts = work.stars.counts(ids)
    mine = work.stars.starred(work.caller.user.id, ids) if isinstance(work.caller, Caller) else set()
    return [
        Card(asset, heads[asset.id], newest.get(asset.id), counts.get(asset.id, 0), asset.id in mine)
        for asset in assets if asset.id in heads
    ]  # fmt: skip


def overview(work: Work, path: AssetPath, ref: str | None = None, *, needs: Role = Role.VIEWER) -> Overview:
    """What an asset's pages show of a version, for those who have at least the role."""
    asset = work.asset(path, needs=needs)
    commit = versions.commit_at(work, asset, ref)
    model = path.kind is Kind.MODEL
    counts = work.refs.counts(asset.id)
    shown = [one for kind in (RefKind.BRANCH, RefKind.TAG) if counts[kind] for one in recent_refs(work, asset, kind)]
    named = next((one for one in shown if one.name == (ref or MAIN)), None) or work.refs.find(asset.id, ref or MAIN)
    if named is not None and named not in shown:
        shown.append(named)
    return Overview(
        asset, ref or MAIN, commit, tuple(shown),
        work.evaluations.count(asset.id) if model else 0, work.runs.count(asset.id) if model else 0,
        *stars.standing(work, asset), named, counts[RefKind.BRANCH], counts[RefKind.TAG],
    )  # fmt: skip


def find_listed(work: Work, reference: Reference, paths: Sequence[str]) -> list[Listed]:
    """Files, and folders (`dir/`) with how much is below them, in the order asked; NotFound names the first missing."""
    asset, commit = versions.version(work, reference)
    tree = versions.tree_of(work, commit)
    found = []
    for path in paths:
        name = path.rstrip("/")
        rows, _ = tree.page(name, "/", f"{name}.\U0010ffff", 1) if path != name else ([], None)
        entry = tree.find(path)
        if rows and rows[0].path == path:
            found.append(rows[0])
        elif path == name and entry is not None:
            found.append(Listed(path, entry, 1, entry.size))
        else:
            raise NotFound(f"{asset.path} has nothing at {path!r} ({commit.id[:8]}).")
    return found


def newest_evaluation(work: Work, overview: Overview) -> Evaluation | None:
    """Of the version's model files, whichever commit they were evaluated in."""
    return work.evaluations.newest([(overview.asset.id, overview.commit.content)]).get(overview.asset.id)


def recent_refs(work: Work, asset: Asset, kind: RefKind) -> list[Ref]:
    """Those that moved last, with `main` before all others."""
    found = work.refs.page(asset.id, kind, MOST_REFS, recent=True)
    if kind is not RefKind.BRANCH:
        return found
    main = next((one for one in found if one.name == MAIN), None) or work.refs.branch(asset.id, MAIN)
    return [main, *(one for one in found if one.name != MAIN)]


def origin(work: Work, asset: Asset, commit: Commit) -> Commit | None:
    """The commit whose provenance says what made this one: itself, or for a merge the side it was taken from."""
    seen = commit
    for _ in range(10):
        if "provenance" in seen.metadata:
            return seen
        parents = [work.commits.get(asset.id, parent) for parent in reversed(seen.parents)]
        same = [parent for parent in parents if parent.content == seen.content]
        if not same:
            return None
        seen = same[0]
    return None
