"""Leaderboards: what was evaluated on a dataset, across all models that the caller may see."""

from collections import Counter
from collections.abc import Iterable

from assethub.domain.errors import Invalid
from assethub.domain.evaluations import Evaluation, Leaderboard, Standing, lower_is_better
from assethub.domain.folders import Role
from assethub.domain.names import AssetPath, Kind
from assethub.services import versions
from assethub.services.work import Work

MOST = 5000  # evaluations that are looked at
Found = tuple[Evaluation, str, str]  # with the model's path and the digest of its files


def read_leaderboard(
    work: Work, path: AssetPath, *, ref: str | None = None, metric: str | None = None, lowest: bool | None = None,
    best: bool = False,
) -> Leaderboard:  # fmt: skip
    """The evaluations on a dataset, or on one version of it, by a metric: the most common one unless it is named.

    `best`: of each model the best alone. `lowest` says that less is better, where the metric's name does not.
    """
    work.refuse_runs()
    if path.kind is not Kind.DATASET:
        raise Invalid(f"{path} is a model; leaderboards are of datasets.")
    dataset = work.asset(path, needs=Role.VIEWER)
    content = None if ref is None else versions.commit_at(work, dataset, ref).content
    found = work.evaluations.on(dataset.id, str(dataset.path), work.reader, content=content, limit=MOST + 1)
    cut, found = len(found) > MOST, found[:MOST]
    frequency = Counter(name for one, _, _ in found for name in one.metrics)
    names = tuple(sorted(frequency, key=lambda name: ("." in name, -frequency[name])))
    chosen = metric or (names[0] if names else None)
    if chosen is not None and names and chosen not in frequency:
        raise Invalid(f"Nothing on {path} has the metric {chosen!r}; the metrics are {', '.join(names[:20])}.")
    low = lower_is_better(chosen or "") if lowest is None else lowest
    ordered = sorted(found, key=lambda one: rank(one[0], chosen, low))
    if best:
        ordered = list({one.asset: (one, model, files) for one, model, files in reversed(ordered)}.values())
        ordered.sort(key=lambda one: rank(one[0], chosen, low))
    return Leaderboard(str(dataset.path), chosen, low, names, tuple(placed(work, ordered, chosen)), cut)


def rank(one: Evaluation, metric: str | None, lowest: bool) -> tuple[bool, float]:
    value = one.metrics.get(metric) if metric else None
    return value is None, 0 if value is None else value if lowest else -value


def placed(work: Work, ordered: list[Found], metric: str | None) -> Iterable[Standing]:
    shown = work.evaluations.shown({one.asset for one, _, _ in ordered})
    place, last = 0, None
    for at, (one, model, files) in enumerate(ordered, start=1):
        value = one.metrics.get(metric) if metric else None
        if value != last:
            place, last = at, value
        yield Standing(one, model, tuple(shown.get((one.asset, files), ())), place if value is not None else None)
