"""Branches and tags as pages, searched on the server, with how far each is from `main`."""

from collections.abc import Sequence
from dataclasses import dataclass

from assethub.domain.errors import Invalid
from assethub.domain.folders import Role
from assethub.domain.history import MAIN, Commit, Ref, RefKind
from assethub.domain.names import COMMIT_PREFIX, AssetPath
from assethub.services.ancestry import distances
from assethub.services.work import Work

MOST_LISTED = 1000
MOST_COMMITS = 5  # that an id's first digits may name in a search


@dataclass(frozen=True)
class RefRow:
    """A branch or tag with its commit; `ahead` and `behind` count commits from main, None where that was not done."""

    ref: Ref
    head: Commit
    ahead: int | None = None
    behind: int | None = None


def find_refs(
    work: Work,
    path: AssetPath,
    kind: RefKind | None = None,
    *,
    search: str = "",
    after: str = "",
    recent: bool = False,
    limit: int = 100,
) -> tuple[list[Ref], str | None]:
    """A page of an asset's branches and tags, by name or (`recent`) those that moved last first, and what continues it.

    `search` is a part of their names, whatever its case; `after` continues behind the ref of that name.
    """
    work.refuse_runs()
    if not 1 <= limit <= MOST_LISTED:
        raise Invalid(f"A page has 1 to {MOST_LISTED} branches and tags, not {limit}.")
    asset = work.asset(path, needs=Role.VIEWER)
    found = work.refs.page(asset.id, kind, limit + 1, search=search, after=after, recent=recent)
    return found[:limit], found[limit - 1].name if len(found) > limit else None


def find_commits(work: Work, path: AssetPath, digits: str) -> list[Commit]:
    """The first commits whose ids begin with these digits; none if it is no beginning of an id."""
    asset = work.asset(path, needs=Role.VIEWER)
    return work.commits.with_prefix(asset.id, digits, MOST_COMMITS) if COMMIT_PREFIX.fullmatch(digits) else []


def ref_rows(work: Work, path: AssetPath, refs: Sequence[Ref], *, measured: bool) -> list[RefRow]:
    """These refs with their commits and, if `measured`, how far they are from main."""
    asset = work.asset(path, needs=Role.VIEWER)
    heads = work.commits.many(asset.id, {ref.commit for ref in refs})
    far: dict[str, tuple[int, int]] = {}
    if measured:
        main = work.commits.get(asset.id, work.refs.branch(asset.id, MAIN).commit)
        far = distances(work, asset.id, main, list(heads.values()))
    return [RefRow(ref, heads[ref.commit], *far.get(ref.commit, (None, None))) for ref in refs]


def is_branch(work: Work, path: AssetPath, name: str) -> bool:
    found = work.refs.find(work.asset(path, needs=Role.VIEWER).id, name)
    return found is not None and found.kind is RefKind.BRANCH


def refs_naming(work: Work, path: AssetPath, commits: Sequence[Commit]) -> dict[str, list[Ref]]:
    """The branches and tags that name these commits, by commit id."""
    asset = work.asset(path, needs=Role.VIEWER)
    found: dict[str, list[Ref]] = {}
    for ref in work.refs.naming(asset.id, (commit.id for commit in commits)):
        found.setdefault(ref.commit, []).append(ref)
    return found
