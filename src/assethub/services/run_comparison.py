"""Runs side by side."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from assethub.domain.comparison import (
    CodeChange,
    FileChange,
    Measure,
    RunComparison,
    measured,
    packages_of,
    side_by_side,
)
from assethub.domain.errors import Damaged, Invalid
from assethub.domain.folders import Role
from assethub.domain.owners import Asking, Caller
from assethub.domain.runs import Code, Run
from assethub.services import credentials, repositories
from assethub.services.git import run_git
from assethub.services.run_records import last_points
from assethub.services.work import Hub, Work

MOST = 200
MOST_BOUNDED = 20  # runs whose curves are looked through for their bounds
MOST_POINTS = 50_000  # of each run, and its last ones
MOST_FILES = 300
NUMBERS = re.compile(r"(\d+|-)\t(\d+|-)\t(.*)", re.DOTALL)


def compare_runs(hub: Hub, caller: Asking, ids: Sequence[str]) -> RunComparison:
    """Up to 200 runs, by number or id, in the order given; code as it differs from the first one's.

    Of more than 20, metrics have their final values alone.
    """
    with hub.work(caller, reading=True) as work:
        found = seen_runs(work, ids)
        results = work.measures.results(found)
        bounded = len(found) <= MOST_BOUNDED
        curves = {run.id: last_points(work, run, MOST_POINTS) for run in found} if bounded else {}
        cache = readable_cache(work, found[0])

    def measures(run: Run) -> Mapping[str, Measure]:
        if bounded:
            return measured(curves[run.id], results.get(run.id, {}))
        return {name: Measure(value, None, None) for name, value in {**run.latest, **results.get(run.id, {})}.items()}

    params = side_by_side([dict(run.params) for run in found])
    metrics = side_by_side([dict(measures(run)) for run in found])
    packages = side_by_side([dict(packages_of(run.environment)) for run in found])
    differing = {name: row for name, row in sorted(packages.items()) if len(set(row)) > 1}
    return RunComparison(
        tuple(found), params, metrics, differing, len(packages) - len(differing),
        tuple(code_changes(cache, found)),
    )  # fmt: skip


def seen_runs(work: Work, ids: Sequence[str], *, least: int = 2, most: int = MOST) -> list[Run]:
    work.may_list()
    asked = list(dict.fromkeys(ids))
    if not least <= len(asked) <= most:
        raise Invalid(f"Name from {'one' if least == 1 else 'two'} to {most} runs; these are {len(asked)}.")
    by_name = {one: name_of(one) for one in asked}
    numbers = [name for name in by_name.values() if isinstance(name, int)]
    rows = work.measures.runs(numbers, [name for name in by_name.values() if isinstance(name, UUID)])
    known = {key: run for run in rows for key in (run.number, run.id)}
    for one, name in by_name.items():
        if name not in known:
            raise work.hidden("run", one)
    return list({known[name].id: known[name] for name in by_name.values() if name is not None}.values())


def name_of(text: str) -> int | UUID | None:
    try:
        return int(text) if text.isdecimal() and len(text) < 10 else UUID(text)
    except ValueError:
        return None


def readable_cache(work: Work, run: Run) -> Path | None:
    """The hub's copy of a run's repository, for those who could start such a run; others are told no file names."""
    asset = work.asset_by_id(run.asset, needs=Role.VIEWER)
    if not isinstance(work.caller, Caller) or (asset.role or 0) < Role.RUNNER:
        return None
    try:
        opener = credentials.find_opener(work, run.code.url, work.caller.user.id, asset)
    except Damaged:  # a credential that cannot be unsealed opens nothing
        return None
    return repositories.cache_of(work.hub, run.code.url, opener)


def code_changes(cache: Path | None, found: Sequence[Run]) -> Iterator[CodeChange]:
    """From the first run's code to that of each other; what several share is looked up once."""
    known: dict[Code, CodeChange] = {}
    for run in found[1:]:
        if run.code not in known:
            known[run.code] = code_change(cache, found[0].code, run)
        yield replace(known[run.code], number=run.number)


def code_change(cache: Path | None, first: Code, run: Run) -> CodeChange:
    if run.code.sha == first.sha:
        return CodeChange(run.number, True, ())
    if cache is None or run.code.url != first.url:
        return CodeChange(run.number, False, None)
    files = changed_files(cache, first.sha, run.code.sha)
    if files is None:
        return CodeChange(run.number, False, None)
    return CodeChange(run.number, False, tuple(files[:MOST_FILES]), max(0, len(files) - MOST_FILES))


def changed_files(cache: Path, old: str, new: str) -> list[FileChange] | None:
    """What differs between two commits, as `git diff --stat` has it; None unless the cache holds both."""
    if any(repositories.sha_of(cache, sha) is None for sha in (old, new)):
        return None
    done = run_git(["diff-tree", "-r", "--numstat", "-z", "--no-renames", old, new], cache)
    if done.returncode != 0:
        return None
    found = [NUMBERS.fullmatch(line) for line in done.stdout.split("\0")]
    return [FileChange(one[3], number_of(one[1]), number_of(one[2])) for one in found if one]


def number_of(text: str) -> int | None:
    return None if text == "-" else int(text)
