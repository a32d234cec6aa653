"""Assets as S3 clients see them: buckets whose keys begin with a branch, a tag or a commit."""

from collections.abc import Iterator
from dataclasses import dataclass

from assethub.domain.assets import Asset
from assethub.domain.errors import NotFound
from assethub.domain.folders import Role, Which
from assethub.domain.history import Commit, Ref, RefKind
from assethub.domain.names import COMMIT_PREFIX
from assethub.domain.objects import Entry
from assethub.services import versions
from assethub.services.branch_views import staged_tree
from assethub.services.work import Work
from assethub.storage.trees import Tree

MOST_BUCKETS = 10_000
SHORTEST_COMMIT = 8  # hex digits of a commit's id that a key may begin with
MARKS = (".at.", "@")  # between an asset and the one branch of it that a bucket shows


class ReadOnlyKey(Exception):
    """The key leads to a tag or a commit, which never change."""


class NoBucket(NotFound):
    """Not of this name, or none that the caller may see."""


@dataclass(frozen=True)
class Bucket:
    """An asset, or one ref of it, whose keys have no branch part then."""

    asset: Asset
    ref: Ref | None = None


@dataclass(frozen=True)
class Place:
    """What a key leads to: a path at a ref. A path without a branch cannot be written."""

    bucket: Bucket
    key: str
    path: str
    ref: Ref | None  # None: a commit
    commit: Commit

    @property
    def asset(self) -> Asset:
        return self.bucket.asset

    @property
    def branch(self) -> str | None:
        return self.ref.name if self.ref is not None and self.ref.kind is RefKind.BRANCH else None


@dataclass(frozen=True)
class Page:
    """Keys with their entries, and prefixes that stand for many, in order; `next` begins the page after."""

    keys: list[tuple[str, Entry]]
    prefixes: list[str]
    next: str | None


def list_buckets(work: Work) -> list[Asset]:
    """What the caller may see, by bucket name."""
    return sorted(work.assets.recent(Which.ALL, MOST_BUCKETS), key=lambda asset: asset.bucket)


def find_bucket(work: Work, name: str, *, needs: Role = Role.VIEWER) -> Bucket:
    """NoBucket, alike for what is not there and what the caller may not see."""
    mark = next((mark for mark in MARKS if mark in name), None)
    base, _, wanted = name.partition(mark) if mark else (name, "", "")
    try:
        asset = work.checked_asset(work.seen(work.assets.by_bucket(base)), needs, name)
    except NotFound:
        raise no_bucket(work, name) from None
    if mark is None:
        return Bucket(asset)
    refs = [ref for ref in work.refs.of(asset.id) if ref.name.replace("/", ".").lower() == wanted.lower()]
    exact = [ref for ref in refs if ref.name.replace("/", ".") == wanted]
    for ref in exact or refs:
        return Bucket(asset, ref)
    raise no_bucket(work, name)


def no_bucket(work: Work, name: str) -> NoBucket:
    return work.refused(NoBucket.named("bucket", name), "asset.see", name)


def find_place(work: Work, bucket: Bucket, key: str) -> Place:
    """The ref that the key begins with, and the path behind it. NotFound if it begins with none."""
    if bucket.ref is not None:
        return place_of(work, bucket, bucket.ref, key, key)
    parts = key.split("/")
    names = ["/".join(parts[:count]) for count in range(1, min(len(parts), 64) + 1)]
    for ref in work.refs.named(bucket.asset.id, names):  # one at most: no ref is a folder of another
        return place_of(work, bucket, ref, key, key[len(ref.name) + 1 :])
    if len(parts[0]) >= SHORTEST_COMMIT and COMMIT_PREFIX.fullmatch(parts[0]):
        found = work.commits.with_prefix(bucket.asset.id, parts[0], 2)
        if len(found) == 1:
            return Place(bucket, key, key[len(parts[0]) + 1 :], None, found[0])
    raise NotFound(
        f"The key {key!r} begins with no branch, tag or commit of {bucket.asset.path}; "
        "write it as main/… (or use the bucket of one branch)."
    )


def place_of(work: Work, bucket: Bucket, ref: Ref, key: str, path: str = "") -> Place:
    return Place(bucket, key, path, ref, work.commits.get(bucket.asset.id, ref.commit))


def writable(work: Work, bucket: Bucket, key: str) -> tuple[Place, str]:
    """Where a key writes: to a branch, which is answered too. For editors."""
    work.asset_by_id(bucket.asset.id, needs=Role.EDITOR)
    place = find_place(work, bucket, key)
    if place.branch is None:
        raise ReadOnlyKey
    return place, place.branch


def tree_at(work: Work, place: Place) -> Tree:
    """The files there; on a branch with what is staged."""
    if place.branch is not None:
        return staged_tree(work, place.asset, place.branch, place.commit)
    return versions.tree_of(work, place.commit)


def find_entry(work: Work, place: Place) -> Entry | None:
    if not place.path:
        return None
    if place.branch is not None:
        change = work.staging.find(place.asset.id, place.branch, place.path)
        if change is not None:
            return change.entry
    return versions.tree_of(work, place.commit).find(place.path)


def list_keys(work: Work, bucket: Bucket, prefix: str, delimiter: str, after: str, limit: int) -> Page:
    """Keys and prefixes behind `after`, at most so many, in the order of their UTF-8 bytes.

    The refs of a bucket are folders: a listing with `/` shows them, one below a ref shows its files.
    """
    keys: list[tuple[str, Entry]] = []
    prefixes: list[str] = []
    last = after
    for base, ref in sections(work, bucket, prefix):
        rolled = rolled_up(base, prefix, delimiter)
        if (rolled or f"{base}\U0010ffff").encode() <= after.encode() or rolled in prefixes[-1:]:
            continue
        room = limit - len(keys) - len(prefixes)
        if room == 0:
            return Page(keys, prefixes, last)
        if rolled:
            prefixes.append(rolled)
            last = rolled
            continue
        inside = after[len(base) :] if after.startswith(base) else ""
        tree = tree_at(work, find_place(work, bucket, base) if ref is None else place_of(work, bucket, ref, base))
        listed, more = tree.page(prefix[len(base) :], delimiter, inside, room)
        for one in listed:
            last = base + one.path
            if one.entry is None:
                prefixes.append(last)
            else:
                keys.append((last, one.entry))
        if more is not None:
            return Page(keys, prefixes, last)
    return Page(keys, prefixes, None)


def sections(work: Work, bucket: Bucket, prefix: str) -> Iterator[tuple[str, Ref | None]]:
    """What a listing of the prefix touches: the beginning of keys that names a ref, and the ref (None: a commit)."""
    if bucket.ref is not None:
        yield "", bucket.ref
        return
    try:
        place = find_place(work, bucket, prefix)
    except NotFound:
        place = None
    if place is not None and prefix.removesuffix(place.path).endswith("/"):
        yield prefix[: len(prefix) - len(place.path)], place.ref
        return
    for ref in sorted(work.refs.of(bucket.asset.id), key=lambda ref: f"{ref.name}/".encode()):
        if f"{ref.name}/".startswith(prefix):
            yield f"{ref.name}/", ref


def rolled_up(base: str, prefix: str, delimiter: str) -> str:
    """The prefix that stands for a whole ref in a listing; empty if its keys are listed."""
    if not delimiter or len(base) <= len(prefix):
        return ""
    at = base.find(delimiter, len(prefix))
    return base[: at + len(delimiter)] if at >= 0 else ""
