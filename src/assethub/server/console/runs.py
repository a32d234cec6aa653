"""Runs: lists, the form that starts one, and one run as it goes."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.responses import Response, StreamingResponse

from assethub.domain.assets import TrainingSettings
from assethub.domain.errors import HubError, Invalid
from assethub.domain.names import AssetPath, Kind, parse_asset_path
from assethub.domain.runs import LogLine, MetricPoint, RunState, RunType
from assethub.domain.tasks import Value
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, lines_of, text_of
from assethub.server.dependencies import CurrentAsset
from assethub.services import assets, runs, summaries
from assethub.services.runs import RunRequest

router = APIRouter()
FIELDS = ("git", "revision", "subpath", "branch", "ref", "checkpoint", "datasets", "params")
PAGE = 50
LAST_LINES = 500
MOST_POINTS = 20_000
POLL = 0.5  # seconds between looks for new lines


@router.get("/runs")
def all_runs(page: CurrentPage, state: RunState | None = None, before: int | None = None) -> Response:
    with page.reading() as work:
        states = [state] if state else None
        found = runs.list_runs(work, states=states, before=before, limit=PAGE + 1)
    more = found[PAGE - 1].number if len(found) > PAGE else None
    return page.render("runs.html", runs=found[:PAGE], state=state, states=list(RunState), more=more)


@router.get("/{owner}/{kind}/{folder}/{name}/-/runs")
def model_runs(page: CurrentPage, path: CurrentAsset, before: int | None = None) -> Response:
    with page.reading() as work:
        asset = summaries.overview(work, path)
        found = runs.list_runs(work, path=path, before=before, limit=PAGE + 1)
    more = found[PAGE - 1].number if len(found) > PAGE else None
    return page.render("asset/runs.html", asset=asset, tab="runs", runs=found[:PAGE], more=more)


@router.get("/{owner}/{kind}/{folder}/{name}/-/new-run")
def new_run_form(
    page: CurrentPage, path: CurrentAsset, type: RunType = RunType.TRAIN, ref: str | None = None
) -> Response:
    return show_form(page, path, type, None, {"ref": ref or "main", "checkpoint": ref or "main"})


@router.post("/{owner}/{kind}/{folder}/{name}/-/new-run")
def new_run(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    asked = text_of(form, "type")
    type = RunType(asked) if asked in list(RunType) else RunType.TRAIN
    given = {name: text_of(form, name) or "" for name in FIELDS}
    with page.reading() as work:
        training = assets.get_asset(work, path).training
    try:
        run = runs.start_run(page.hub, page.caller, request_of(form, given, path, type, training))
    except HubError as refusal:
        return show_form(page, path, type, str(refusal), given)
    return page.go(f"/runs/{run.number}")


def request_of(
    form: FormData, given: dict[str, str], path: AssetPath, type: RunType, training: TrainingSettings
) -> RunRequest:
    usual = param_lines(training)  # what the form was filled with binds no task that lacks the parameter
    lines = [line for line in lines_of(form, "params") if line not in usual]
    checkpoint = given["checkpoint"]
    return RunRequest(
        type=type, model=path, ref=given["ref"] or None, branch=given["branch"] or None,
        checkpoint=checkpoint if "/" in checkpoint and ":" in checkpoint else f"{path}:{checkpoint}",
        datasets=tuple(lines_of(form, "datasets")), git=given["git"] or None, revision=given["revision"] or None,
        subpath=given["subpath"], params=dict(param_of(line) for line in lines),
    )  # fmt: skip


def param_of(line: str) -> tuple[str, Value]:
    name, found, value = line.partition("=")
    if not found or not name.strip():
        raise Invalid(f"{line!r} is not NAME=VALUE, such as lr=0.01.")
    return name.strip(), value.strip()


def param_lines(training: TrainingSettings) -> list[str]:
    return [f"{name}={value}" for name, value in training.params.items()]


def show_form(page: Page, path: AssetPath, type: RunType, problem: str | None, given: dict[str, str]) -> Response:
    """The form with what was given, else with what the training settings say."""
    with page.reading() as work:
        asset = summaries.overview(work, path)
    if path.kind is not Kind.MODEL:
        raise Invalid(f"{path} is a dataset; runs train, continue and evaluate models.")
    training = asset.asset.training
    settings = {
        "git": training.git or "", "revision": training.revision or "", "subpath": training.subpath or "", "branch": "",
        "datasets": "\n".join(training.datasets),
        "params": "\n".join(param_lines(training)),
    }  # fmt: skip
    return page.render(
        "asset/new-run.html", 422 if problem else 200, asset=asset, tab="runs", type=type, types=list(RunType),
        problem=problem, given=settings | given,
    )  # fmt: skip


@router.get("/runs/{id}")
def one_run(page: CurrentPage, id: str) -> Response:
    with page.reading() as work:
        run = runs.get_run(work, id)
        last = runs.log_length(work, id)
        lines, next_, _ = runs.read_log(work, id, max(0, last - LAST_LINES), LAST_LINES)
        points, count, _ = runs.read_metrics(work, id, 0, MOST_POINTS)
        asset = summaries.overview(work, parse_asset_path(run.path))
    latest: dict[str, float | None] = {}
    for point in points:
        latest |= point.values
    return page.render(
        "run.html", run=run, asset=asset, lines=lines, last=next_, skipped=lines[0].number - 1 if lines else 0,
        charts=charts(points), points=count, latest=latest,
    )  # fmt: skip


def charts(points: Iterable[MetricPoint]) -> dict[str, dict[str, Any]]:
    """Curves by what they measure: loss and validation_loss share a chart, accuracy has its own."""
    found: dict[str, dict[str, Any]] = {}
    for at, point in enumerate(points):
        for name, value in point.values.items():
            topic = name.replace("/", "_").replace(".", "_").rsplit("_", 1)[-1]
            curve = found.setdefault(topic, {}).setdefault(name, [])
            curve.append([at if point.step is None else point.step, value])
    return found


@router.get("/runs/{id}/log.txt")
def log_text(page: CurrentPage, id: str) -> Response:
    """The whole log as text."""

    def text() -> Iterable[str]:
        after = 0
        while True:
            with page.reading() as work:
                lines, after, _ = runs.read_log(work, id, after, 5000)
            if not lines:
                return
            yield "".join(f"{line.at:%Y-%m-%d %H:%M:%S} {line.text}\n" for line in lines)

    with page.reading() as work:
        number = runs.get_run(work, id).number
    headers = {"Content-Disposition": f'attachment; filename="run-{number}.log"'}
    return StreamingResponse(text(), media_type="text/plain; charset=utf-8", headers=headers)


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
        lines, last, ended = runs.read_log(work, id, after, LAST_LINES)
        points, total, _ = runs.read_metrics(work, id, count, MOST_POINTS)
    return {
        "state": run.state.value, "ended": ended, "last": last, "count": total,
        "lines": [shown(line) for line in lines], "charts": charts(points),
    }  # fmt: skip


def shown(line: LogLine) -> list[str]:
    return [f"{line.at:%H:%M:%S}", line.stream, line.text]


@router.post("/runs/{id}/cancel")
def cancel(page: CurrentPage, form: CurrentForm, id: str) -> Response:
    with page.writing() as work:
        run = runs.cancel_run(work, id)
    return page.go(f"/runs/{run.number}")


@router.post("/runs/{id}/retry")
def retry(page: CurrentPage, form: CurrentForm, id: str) -> Response:
    with page.writing() as work:
        run = runs.retry_run(work, id)
    return page.go(f"/runs/{run.number}")


@router.post("/runs/{id}/again")
def again(page: CurrentPage, form: CurrentForm, id: str) -> Response:
    with page.writing() as work:
        run = runs.run_again(work, id, text_of(form, "branch"))
    return page.go(f"/runs/{run.number}")
