"""The log and the curves of a run: a page of the log, a search in it, and what is new as the run goes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response, StreamingResponse

from assethub.domain.runs import LogLine, MetricPoint, Run
from assethub.server.console.pages import CurrentPage, Page
from assethub.services import run_progress, run_records, runs
from assethub.services.run_records import Drawn

router = APIRouter()
LAST_LINES = 500
LAST_POINTS = 200
BUCKETS = 400  # of each curve: more than a chart has room for
POLL = 0.5  # seconds between looks for new lines
CONTEXT = 20  # lines before one that a search found
MOST_TEXT = 10_000  # lines of a log that are read at once


@router.get("/runs/{id}/log")
def log_page(
    page: CurrentPage, id: str, after: Annotated[int, Query(ge=0)] = 0, search: str = "", rank: str = ""
) -> Response:
    """A page of the log, or of what a search found in it: a part of the log at a time."""
    of = int(rank) if rank.isdecimal() and len(rank) < 6 else None
    with page.reading() as work:
        run = runs.get_run(work, id)
        found = run_records.read_log(work, id, after, LAST_LINES, search=search or None, rank=of)
    chosen = {name: value for name, value in (("search", search), ("rank", rank)) if value}
    return page.render(
        "run-log.html", run=run, page_of=found, after=after, search=search, rank=of, ranks=ranks_of(run),
        chosen=chosen, earlier=max(0, after - LAST_LINES), context=CONTEXT,
    )  # fmt: skip


def ranks_of(run: Run) -> range:
    """The ranks of a run of several processes; none for one process."""
    processes: int = run.task["resources"].get("processes_per_node", 1)
    return range(processes if processes > 1 else 0)


def charts(drawn: Drawn, run: Run) -> dict[str, dict[str, Any]]:
    """Curves by what they measure: loss and validation_loss share a chart, accuracy has its own.

    Of each bucket `x` is the step, `t` seconds after the run began, `at` the number of the first point.
    """
    began = (run.started_at or run.created_at).timestamp()
    found: dict[str, dict[str, Any]] = {}
    for curve in drawn.curves:
        topic = curve.name.replace("/", "_").replace(".", "_").rsplit("_", 1)[-1]
        times = [None if at is None else round(at - began, 2) for at in curve.time]
        columns: dict[str, Any] = {"x": rounded(curve.x), "t": times, "at": curve.at, "mean": rounded(curve.mean)}
        if drawn.size > 1:
            columns |= {"least": rounded(curve.least), "most": rounded(curve.most)}
        found.setdefault(topic, {})[curve.name] = columns
    return found


def rounded(numbers: Sequence[float | None]) -> list[float | None]:
    return [None if number is None else float(f"{number:.7g}") for number in numbers]


def latest(drawn: Drawn, recent: Iterable[MetricPoint]) -> dict[str, float | None]:
    """The last value of every curve; of one that has none among the recent points, the mean of its last bucket."""
    found = {curve.name: next((one for one in reversed(curve.mean) if one is not None), None) for curve in drawn.curves}
    for point in recent:
        found |= point.values
    return found


@router.get("/runs/{id}/curves.json")
def curves(
    page: CurrentPage, id: str, start: Annotated[int, Query(ge=0)] = 0, end: Annotated[int | None, Query(ge=0)] = None
) -> Response:
    """The charts of a part of the points, as the run's page draws them."""
    with page.reading() as work:
        run = runs.get_run(work, id)
        return JSONResponse(charts(run_records.read_curves(work, id, start=start, end=end, buckets=BUCKETS), run))


@router.get("/runs/{id}/system.json")
def system(page: CurrentPage, id: str, after: float | None = None) -> Response:
    """What the run used of its machine: times and values by name, or what is new behind a time."""
    with page.reading() as work:
        samples = run_progress.read_system(work, id, after=after)
    found: dict[str, dict[str, list[float]]] = {}
    for one in samples:
        for name, value in one.values.items():
            column = found.setdefault(name, {"time": [], "values": []})
            column["time"].append(one.at.timestamp())
            column["values"].append(value)
    return JSONResponse(found)


@router.get("/runs/{id}/log.txt")
def log_text(page: CurrentPage, id: str) -> Response:
    """The whole log as text."""

    def text() -> Iterable[str]:
        after = 0
        while True:
            with page.reading() as work:
                found = run_records.read_log(work, id, after, MOST_TEXT)
            if not found.lines:
                return
            after = found.next
            yield "".join(as_text(line) for line in found.lines)

    with page.reading() as work:
        number = runs.get_run(work, id).number
    headers = {"Content-Disposition": f'attachment; filename="run-{number}.log"'}
    return StreamingResponse(text(), media_type="text/plain; charset=utf-8", headers=headers)


def as_text(line: LogLine) -> str:
    rank = "" if line.rank is None else f"[{line.rank}] "
    return f"{line.at:%Y-%m-%d %H:%M:%S} {rank}{line.text}\n"


@router.get("/runs/{id}/events")
async def events(request: Request, page: CurrentPage, id: str, lines: int = 0, points: int = 0) -> Response:
    """Server-sent events of what is new after so many lines and points; ends with the event `end`."""
    seen = request.headers.get("last-event-id", "")
    if seen.replace(":", "").isdecimal() and seen.count(":") == 1:
        lines, points = (int(part) for part in seen.split(":"))
    first = await run_in_threadpool(news, page, id, lines, points)
    return StreamingResponse(
        follow(request, page, id, first), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def follow(request: Request, page: Page, id: str, told: dict[str, Any]) -> AsyncIterator[str]:
    while True:
        mark = f"{told['last']}:{told['count']}"
        yield f"id: {mark}\nevent: news\ndata: {json.dumps(told)}\n\n"
        if told["ended"]:
            yield f"id: {mark}\nevent: end\ndata: {{}}\n\n"
            return
        if not told["lines"]:
            await asyncio.sleep(POLL)
        if await request.is_disconnected():
            return
        told = await run_in_threadpool(news, page, id, told["last"], told["count"])


def news(page: Page, id: str, after: int, count: int) -> dict[str, Any]:
    with page.reading() as work:
        run = runs.get_run(work, id)
        log = run_records.read_log(work, id, after, LAST_LINES)
        drawn = run_records.read_curves(work, id, start=count, buckets=BUCKETS)
    return {
        "state": run.state.value, "ended": log.ended, "last": log.next, "count": drawn.end,
        "lines": [shown(line) for line in log.lines], "charts": charts(drawn, run),
    }  # fmt: skip


def shown(line: LogLine) -> list[Any]:
    return [f"{line.at:%H:%M:%S}", line.stream, line.text, line.rank, line.number]
