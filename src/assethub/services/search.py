"""Finding folders, assets, files and people by words, among what the caller may see."""

import logging
import time
from dataclasses import dataclass, replace

from assethub.domain.assets import Asset
from assethub.domain.errors import Damaged
from assethub.domain.folders import Folder, Role
from assethub.domain.history import MAIN, Commit
from assethub.domain.names import Reference
from assethub.domain.owners import Caller, Owner
from assethub.domain.search import Search, Sort, split_words
from assethub.services import versions
from assethub.services.accounts import search_owners
from assethub.services.work import Work

log = logging.getLogger("assethub")
MOST_PLACES = 20  # assets whose files one search looks through
MOST_PATHS = 200_000  # paths that one search looks at
SECONDS = 1.0  # that one search looks at paths


@dataclass(frozen=True)
class Found:
    folders: list[Folder]
    assets: list[Asset]


@dataclass(frozen=True)
class FoundFile:
    """A file of an asset's main."""

    asset: Asset
    path: str
    size: int


@dataclass(frozen=True)
class Files:
    """Paths of one version; `complete` unless there are more, or the looking was cut short."""

    paths: list[tuple[str, int]]
    complete: bool


def search(work: Work, wanted: Search, limit: int = 50) -> Found:
    """What has every word in its path, description, labels or card; assets with the words in their names come first."""
    work.may_list()
    if not (wanted.words or wanted.owner or wanted.label):
        return Found([], [])
    most = max(1, min(limit, 1000))
    return Found(find_folders(work, replace(wanted, sort=Sort.NAME), most), find_assets(work, wanted, most))


def find_assets(work: Work, wanted: Search, limit: int, offset: int = 0) -> list[Asset]:
    work.may_list()
    return work.assets.browsed(wanted, limit, offset)


def find_folders(work: Work, wanted: Search, limit: int, offset: int = 0) -> list[Folder]:
    work.may_list()
    owner = None
    if wanted.owner is not None:
        found = work.owners.find(wanted.owner)
        if found is None:
            return []
        owner = found.id
    return work.folders.listed(
        owner=owner, kind=wanted.kind, which=wanted.which, words=wanted.words, label=wanted.label, sort=wanted.sort,
        limit=limit, offset=offset,
    )  # fmt: skip


def find_people(work: Work, words: str) -> list[Owner]:
    """Users and groups; nobody for visitors and for keys that are good for one folder only."""
    if not isinstance(work.caller, Caller) or work.caller.limit is not None or not words.strip():
        return []
    return search_owners(work, words)


def find_files(work: Work, wanted: Search, limit: int) -> tuple[list[FoundFile], bool]:
    """Files on main whose paths have every word that their asset's path has not; whether these are all.

    Which assets to look into is told by words that are kept of file names; what is found is read of the trees, so
    that it is there.
    """
    work.may_list()
    places = work.assets.with_files(wanted, MOST_PLACES + 1)
    until, left, found = time.monotonic() + SECONDS, MOST_PATHS, list[FoundFile]()
    heads = work.commits.heads([asset.id for asset in places[:MOST_PLACES]], MAIN)
    complete = len(places) <= MOST_PLACES
    for asset in places[:MOST_PLACES]:
        above = f"{asset.path} {asset.description} {' '.join(asset.labels)}".lower()
        words = tuple(word for word in wanted.words if word not in above) or wanted.words
        try:
            files, looked = paths_with(work, heads[asset.id], words, limit + 1 - len(found), left, until)
        except Damaged as error:  # one asset's loss is not the others'
            log.warning("a search left out %s: %s", asset.path, error)
            complete = False
            continue
        left -= looked
        found += [FoundFile(asset, path, size) for path, size in files]
        if len(found) > limit or left <= 0 or time.monotonic() >= until:
            return found[:limit], False
    return found, complete


def find_in_version(work: Work, reference: Reference, words: str, limit: int = 100) -> Files:
    """Files of one version whose paths have every word. What takes too long is cut short."""
    _, commit = versions.version(work, reference, needs=Role.VIEWER)
    wanted = split_words(words)
    until = time.monotonic() + SECONDS
    files, looked = paths_with(work, commit, wanted, limit + 1, MOST_PATHS, until)
    whole = looked >= commit.files and len(files) <= limit
    return Files(files[:limit], whole)


def paths_with(
    work: Work, commit: Commit, words: tuple[str, ...], limit: int, most: int, until: float
) -> tuple[list[tuple[str, int]], int]:
    """Paths with every word, and how many paths were looked at: a leaf of the tree at a time, which has thousands."""
    tree = versions.tree_of(work, commit)
    found: list[tuple[str, int]] = []
    looked = 0
    for number in range(len(tree.leaves)):
        if len(found) >= limit or looked >= most or time.monotonic() >= until:
            break
        rows = tree.leaf(number)
        looked += len(rows)
        every = b"\n".join(rows.keys).decode()  # no path has a line's end
        if not all(word in every.lower() for word in words):
            continue
        for place, path in enumerate(every.split("\n")):
            if all(word in path.lower() for word in words):
                found.append((path, int(rows.sizes[place])))
    return found[:limit], looked
