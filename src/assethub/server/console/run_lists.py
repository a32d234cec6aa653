"""Lists of runs: filtered, sorted, page by page, with boxes that choose some to compare."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from assethub.domain.names import AssetPath, parse_asset_path
from assethub.domain.runs import RunFilter, RunOrder, RunState, RunType
from assethub.server.console.pages import CurrentPage, Page
from assethub.server.dependencies import CurrentAsset
from assethub.services import runs, summaries

router = APIRouter()
PAGE = 50
FURTHEST = 2000  # pages
Text = Annotated[str, Query(max_length=200)]


class Wanted:
    """What a list of runs is asked for; a filter that is left empty chooses all."""

    def __init__(
        self, state: str = "", type: str = "", by: Text = "", text: Text = "",
        model: Text = "", order: RunOrder = RunOrder.NEWEST, at: Annotated[int, Query(ge=0, le=FURTHEST)] = 0,
    ) -> None:  # fmt: skip
        self.state = RunState(state) if state in list(RunState) else None
        self.type = RunType(type) if type in list(RunType) else None
        self.by, self.text, self.model, self.order, self.at = by.strip(), text.strip(), model.strip(), order, at

    @property
    def filter(self) -> RunFilter:
        return RunFilter((self.state,) if self.state else (), self.type, self.by or None, self.text or None)

    @property
    def filtered(self) -> bool:
        return bool(self.state or self.type or self.by or self.text or self.model)

    def query(self, at: int) -> dict[str, Any]:
        """Of the address of another page of the same list."""
        told = {"state": self.state, "type": self.type, "by": self.by, "text": self.text, "model": self.model}
        return {name: str(value) for name, value in {**told, "order": self.order, "at": at or None}.items() if value}


def show(page: Page, wanted: Wanted, path: AssetPath | None, template: str, **values: Any) -> Response:
    with page.reading() as work:
        if path is not None:
            values["asset"] = summaries.overview(work, path)
        elif wanted.model:
            path = parse_asset_path(wanted.model, me=page.person.name)
        found = runs.list_runs(
            work, path=path, chosen=wanted.filter, order=wanted.order, offset=wanted.at * PAGE, limit=PAGE + 1
        )
    return page.render(
        template, runs=found[:PAGE], more=len(found) > PAGE, wanted=wanted, states=list(RunState), types=list(RunType),
        orders=list(RunOrder), **values,
    )  # fmt: skip


@router.get("/runs")
def all_runs(page: CurrentPage, wanted: Annotated[Wanted, Depends()]) -> Response:
    return show(page, wanted, None, "runs.html")


@router.get("/{owner}/{kind}/{folder}/{name}/-/runs")
def model_runs(page: CurrentPage, path: CurrentAsset, wanted: Annotated[Wanted, Depends()]) -> Response:
    return show(page, wanted, path, "asset/runs.html", tab="runs")
