"""Curves of many runs at once: few queries however many they are, and of each object only the columns asked for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from assethub.domain.runs import Curve, Run, Segment
from assethub.services.objects import locate, read_body
from assethub.services.run_comparison import seen_runs
from assethub.services.work import Hub, Work
from assethub.storage import curves
from assethub.storage.contents import Location
from assethub.storage.curves import Buckets
from assethub.storage.segments import open_object

MOST_RUNS = 200
MOST_METRICS = 4  # in one answer
MOST_BUCKETS = 1000  # less than the points of an object, so that the highest tier there is has fine enough buckets
AT_ONCE = 8  # objects read side by side, which tells where the store is far away
WHOLE = 128 << 10  # bytes up to which an object is read in one piece


@dataclass(frozen=True)
class Overlay:
    """Curves of several metrics, each of the runs that have it; `names` are all metrics, the most common first."""

    runs: tuple[Run, ...]
    names: tuple[str, ...]
    curves: tuple[tuple[Run, Curve], ...]


def overlay_runs(work: Work, ids: Sequence[str], names: Sequence[str] = (), *, buckets: int = 200) -> Overlay:
    """Up to four metrics of up to 200 runs, by number or id; without names, the most common one."""
    found = seen_runs(work, ids, least=1, most=MOST_RUNS)
    counts = work.metrics.counts(run.id for run in found)
    frequency = Counter(name for _, known in counts.values() for name in known)
    known = [name for name, _ in frequency.most_common()]
    chosen = list(dict.fromkeys(name for name in names if name in frequency))[:MOST_METRICS] or known[:1]
    drawn = draw(work, found, {id: points for id, (points, _) in counts.items()}, chosen, min(buckets, MOST_BUCKETS))
    return Overlay(tuple(found), tuple(known), tuple(drawn))


def draw(
    work: Work, runs: Sequence[Run], points: dict[object, int], names: Sequence[str], buckets: int
) -> Iterable[tuple[Run, Curve]]:  # fmt: skip
    """Each run in buckets of its own size, so that it has as many as there is room for."""
    sizes = {run.id: curves.bucket_size(points[run.id], max(1, buckets)) for run in runs}
    folded = work.segments.uncovered([run.id for run in runs], "points")
    recent = work.metrics.recent([run.id for run in runs])
    places = locate(work, {segment.object for several in folded.values() for segment in several})
    jobs = [(run, segment) for run in runs for segment in folded.get(run.id, ())]

    def look(job: tuple[Run, Segment]) -> dict[str, Buckets]:
        run, segment = job
        return looked(work.hub, places[segment.object], run, segment, sizes[run.id], names)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        looks = list(pool.map(look, jobs))
    parts: dict[object, dict[str, list[Buckets]]] = {}
    for (run, _), seen in zip(jobs, looks, strict=True):
        for name, curve in seen.items():
            parts.setdefault(run.id, {}).setdefault(name, []).append(curve)
    for id, (first, latest) in recent.items():
        known = max(first, max((one.last for one in folded.get(id, ())), default=0))  # a batch may be folded in part
        for name, curve in curves.look_at_points(known, latest[known - first :], names).items():
            parts.setdefault(id, {}).setdefault(name, []).append(curve)
    for run in runs:
        for drawn in curves.drawn(parts.get(run.id, {}), sizes[run.id], 0, points[run.id]):
            yield run, drawn


def looked(
    hub: Hub, place: Location, run: Run, segment: Segment, size: int, names: Sequence[str]
) -> dict[str, Buckets]:  # fmt: skip
    read = partial(read_body, hub, place, f"what run {run.number} measured")
    if segment.size <= WHOLE:
        body = b"".join(read())
        opened = open_object(lambda start, end: body[start:end], segment.head)
    else:
        opened = open_object(lambda start, end: b"".join(read(start, end)), segment.head)
    return curves.look(opened, size, names)
