"""Logs and curves of runs: the recent end is rows, older parts are folded into objects; any page is a bounded read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from uuid import UUID

from assethub.domain.errors import Conflict, Invalid
from assethub.domain.runs import ACTIVE, Curve, LogLine, MetricPoint, Run, Segment
from assethub.services.objects import locate, read_body
from assethub.services.receiving import admit
from assethub.services.runs import get_run
from assethub.services.work import Hub, Work
from assethub.storage import curves
from assethub.storage.segments import Opened, Piece, Wanted, fold_lines, open_object, unfold_lines

MOST_LINES = 10_000
MOST_POINTS = 100_000
MOST_SCANNED = 32 << 20  # bytes of text that one request looks through
MOST_CURVES = 200  # in one answer
MOST_BUCKETS = 2000
LONGEST_SEARCH = 500
FOLD_BYTES, FOLD_BATCHES = 4 << 20, 1000  # of a log in rows
LAST = (1 << 31) - 1  # the highest number that a line or a point can have
REST = 200  # points of a run that has ended which are worth an object
TOGETHER = 20  # segments or batches looked up at once


@dataclass(frozen=True)
class LogPage:
    """Lines in order; `next` is what to ask after next, `last` the number of the last line that there is.

    `ended`: no more will come. A search may find nothing in a page and go on behind it.
    """

    lines: list[LogLine]
    next: int
    last: int
    ended: bool


@dataclass(frozen=True)
class Drawn:
    """Curves of the points from `start` up to `end` of `points` in buckets of `size`; `names` are all there are."""

    points: int
    start: int
    end: int
    size: int
    names: list[str]
    curves: list[Curve]


def read_log(
    work: Work, id: str, after: int = 0, limit: int = 1000, *, search: str | None = None, rank: int | None = None
) -> LogPage:
    """Lines numbered above `after`: all, or those with a text in them or of one of several processes."""
    run = get_run(work, id)
    if search and len(search) > LONGEST_SEARCH:
        raise Invalid(f"What is searched for has at most {LONGEST_SEARCH} characters.")
    wanted = Wanted((search or "").lower(), rank)
    found: list[LogLine] = []
    limit, last, scanned = min(limit, MOST_LINES), work.logs.last(run.id), 0
    next_ = after = min(after, LAST)
    for piece in pieces(work, run, after, last, wanted):
        found += piece.lines
        next_, scanned = piece.last, scanned + piece.size
        if len(found) >= limit:
            found, next_ = found[:limit], found[limit - 1].number
            break
        if scanned > MOST_SCANNED:
            break
    return LogPage(found, next_, last, run.state not in ACTIVE and next_ >= last)


def pieces(work: Work, run: Run, after: int, last: int, wanted: Wanted) -> Iterator[Piece]:
    """The lines behind a number up to another, some at a time, of which those that are wanted are given."""
    while after < last:
        for segment in work.segments.after(run.id, "log", 1, after, TOGETHER):
            for piece in unfold_lines(opened(work, run, segment), after, wanted):
                yield piece
                after = piece.last
        if work.segments.last(run.id, "log", 1) > after:
            continue
        batches = work.logs.batches(run.id, after, TOGETHER)
        if not batches:
            return
        for lines in batches:
            if lines[0].number > after + 1 and work.segments.last(run.id, "log", 1) > after:
                break  # what lay between was folded just now
            after = lines[-1].number
            size = sum(len(line.text) for line in lines)
            yield Piece(after, size, [line for line in lines if wanted.chooses(line)])


def opened(work: Work, run: Run, segment: Segment) -> Opened:
    location = locate(work, [segment.object])[segment.object]
    read = partial(read_body, work.hub, location, f"what run {run.number} said")
    return open_object(lambda start, end: b"".join(read(start, end)), segment.head)


def log_length(work: Work, id: str) -> int:
    """How many lines the log has by now."""
    return work.logs.last(get_run(work, id).id)


def read_metrics(work: Work, id: str, after: int = 0, limit: int = 10_000) -> tuple[list[MetricPoint], int, bool]:
    """Points after the first `after` ones, the count to ask after next, and whether no more will come."""
    run = get_run(work, id)
    after, limit = min(after, LAST), min(limit, MOST_POINTS)
    found: list[MetricPoint] = []
    for points in points_behind(work, run, after):
        found += points
        if len(found) >= limit:
            break
    found = found[:limit]
    return found, after + len(found), run.state not in ACTIVE and len(found) < limit


def points_behind(work: Work, run: Run, after: int) -> Iterator[Sequence[MetricPoint]]:
    while True:
        while segments := work.segments.after(run.id, "points", 1, after, TOGETHER):
            for segment in segments:
                points = curves.unfold_points(opened(work, run, segment))
                yield points[after - (segment.last - segment.count) :]
                after = segment.last
        recent = work.metrics.after(run.id, after, MOST_POINTS)
        if work.segments.last(run.id, "points", 1) > after:
            continue  # they were folded just now
        if not recent:
            return
        yield recent
        after += len(recent)


def last_points(work: Work, run: Run, most: int) -> list[MetricPoint]:
    """The last points of a run that the caller is known to see, at most so many."""
    after = max(0, work.metrics.last(run.id) - most)
    return [point for points in points_behind(work, run, after) for point in points]


def read_curves(
    work: Work, id: str, *, names: Sequence[str] | None = None, start: int = 0, end: int | None = None,
    buckets: int = 400,
) -> Drawn:  # fmt: skip
    """Curves over some of the points, or all, in at most so many buckets each. At most 200 of them: name others."""
    run = get_run(work, id)
    total, known = work.metrics.last(run.id), work.metrics.names(run.id)
    end = total if end is None else min(end, total)
    if not 0 <= start <= end:
        raise Invalid(f"There are {total} points; a range of them begins at 0 or later and ends behind its beginning.")
    size = curves.bucket_size(end - start, max(1, min(buckets, MOST_BUCKETS)))
    chosen = [name for name in known if names is None or name in names][:MOST_CURVES]
    parts: dict[str, list[curves.Buckets]] = {}
    for look in looks(work, run, size, start - start % size, end, chosen):
        for name, curve in look.items():
            parts.setdefault(name, []).append(curve)
    drawn = curves.drawn({name: parts[name] for name in chosen if name in parts}, size, start, end)
    return Drawn(total, start, end, size, known, drawn)


def looks(
    work: Work, run: Run, size: int, start: int, end: int, names: Sequence[str]
) -> Iterator[dict[str, curves.Buckets]]:
    """What the points of a range look like, part by part, from as far as buckets of this size allow."""
    for tier in range(curves.tier_for(size), 0, -1):
        while start < end and (segments := work.segments.after(run.id, "points", tier, start, TOGETHER, end=end)):
            for segment in segments:
                yield curves.look(opened(work, run, segment), size, names)
                start = segment.last
    while start < end:
        recent = work.metrics.after(run.id, start, end - start)
        if work.segments.last(run.id, "points", 1) > start:
            yield from looks(work, run, size, start, end, names)
            return
        if recent:
            yield curves.look_at_points(start, recent, names)
        return


def fold_log(hub: Hub, run: UUID) -> None:
    """Put the lines that lie in rows into an object, if they are many."""
    with hub.work(None, reading=True) as work:
        waiting = work.logs.waiting(run)
        if waiting.bytes < FOLD_BYTES and waiting.batches < FOLD_BATCHES:
            return
        first, lines = work.logs.unfolded(run)
    if lines:
        body, head = fold_lines(first, lines)
        keep(hub, run, body, Segment("log", 1, first + len(lines) - 1, len(lines), head, len(body)))


def fold_points(hub: Hub, run: UUID) -> None:
    """Put points that lie in rows into objects, as many as fill one each, and these into what shows them from afar."""
    while True:
        with hub.work(None, reading=True) as work:
            first, last = work.segments.last(run, "points", 1), work.metrics.last(run)
            if last - first < curves.POINTS:
                return
            points = work.metrics.after(run, first, curves.POINTS)
        body, head = curves.fold_points(first, points)
        keep(hub, run, body, Segment("points", 1, first + len(points), len(points), head, len(body)))
        fold_curves(hub, run)


def fold_rest(hub: Hub, run: UUID) -> None:
    """Put the points that are left in rows into an object, once no more are expected, if they are many."""
    with hub.work(None, reading=True) as work:
        first, last = work.segments.last(run, "points", 1), work.metrics.last(run)
        points = work.metrics.after(run, first, last - first) if last - first >= REST else []
    if points:
        body, head = curves.fold_points(first, points)
        keep(hub, run, body, Segment("points", 1, first + len(points), len(points), head, len(body)))
        fold_curves(hub, run)


def fold_curves(hub: Hub, run: UUID) -> None:
    tier = 1
    while True:
        with hub.work(None, reading=True) as work:
            found = work.runs.find(run)
            first = work.segments.last(run, "points", tier + 1)
            below = work.segments.after(run, "points", tier, first, curves.RATIO)
            if found is None or len(below) < curves.RATIO:
                return
            looked = [opened(work, found, segment) for segment in below]
            body, head = curves.fold_curves(tier + 1, first, looked)
        tier += 1
        keep(hub, run, body, Segment("points", tier, below[-1].last, below[-1].last - first, head, len(body)))


def keep(hub: Hub, run: UUID, body: bytes, segment: Segment) -> None:
    """Keep an object durably, then its rows, in place of those that were folded; unless another has done it."""
    incoming = hub.contents.incoming()
    try:
        incoming.write(body)
        location = incoming.keep()
    finally:
        incoming.discard()
    try:
        with hub.work(None) as work:
            if work.runs.locked(run) is None:
                raise Conflict("The run is gone.")
            if work.segments.last(run, segment.kind, segment.tier) != segment.last - segment.count:
                raise Conflict("This part of the run was folded already.")
            admit(work, [location])
            known = work.bodies.rows([location.sha256])[location.sha256]
            work.segments.add(run, replace(segment, object=location.sha256))
            if segment.tier == 1:
                (work.logs if segment.kind == "log" else work.metrics).forget(run, segment.last)
    except Conflict:
        hub.contents.drop(location.pack)
        return
    if known.pack != location.pack:
        hub.contents.drop(location.pack)
