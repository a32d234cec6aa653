"""The hub for its administrators: engines, storage, sources of imports, settings."""

from fastapi import APIRouter, Query
from starlette.responses import Response

from assethub.domain.errors import HubError
from assethub.domain.queue import Need
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of
from assethub.services import engines, queue, settings, sources, storage

router = APIRouter()
ADMIN = "/-/admin"
STORAGE, SOURCES, SETTINGS, ENGINES = (f"{ADMIN}/{name}" for name in ("storage", "sources", "settings", "engines"))


@router.get(ADMIN)
def administration(page: CurrentPage) -> Response:
    return page.go(f"{ADMIN}/users")


@router.get(SETTINGS)
def show_settings(page: CurrentPage) -> Response:
    with page.reading() as work:
        found = settings.list_settings(work)
    return page.render("admin/settings.html", settings=found, problem=None, tab="settings")


@router.get(ENGINES)
def show_engines(page: CurrentPage) -> Response:
    with page.reading() as work:
        view, engine = queue.show_queue(work, 0), engines.show_engine(work)
    needs = {run.id: Need.of(run.task["resources"]) for run, _ in view.placed}
    held = needs.values()
    used = Need(sum(one.cpus for one in held), sum(one.memory for one in held), sum(one.gpus for one in held))
    cards = {gpu: run for run, _ in view.placed for gpu in run.gpus}
    return page.render(
        "admin/engines.html", view=view, queue=view.queue, engine=engine, needs=needs, used=used, cards=cards,
        problem=None, tab="engines",
    )  # fmt: skip


@router.get(STORAGE)
def show_storage(page: CurrentPage, owner: str = "", at: int = Query(0, ge=0, le=100_000)) -> Response:
    return storage_page(page, owner, at)


@router.post(STORAGE)
def collect(page: CurrentPage, form: CurrentForm) -> Response:
    """Begin a round of the collector, or count what one would take."""
    try:
        with page.writing() as work:
            storage.ask_collection(work, dry=text_of(form, "what") != "collect")
    except HubError as refusal:
        return storage_page(page, problem=str(refusal))
    return page.go(STORAGE)


def storage_page(page: Page, owner: str = "", at: int = 0, problem: str | None = None) -> Response:
    with page.reading() as work:
        report = storage.report_storage(work, owner or None, at)
    status = 422 if problem else 200
    return page.render("admin/storage.html", status, report=report, owner=owner, at=at, problem=problem, tab="storage")


@router.get(SOURCES)
def show_sources(page: CurrentPage) -> Response:
    return sources_page(page)


@router.post(SOURCES)
def change_sources(page: CurrentPage, form: CurrentForm) -> Response:
    name, url = text_of(form, "name") or "", text_of(form, "url") or ""
    try:
        with page.writing() as work:
            if text_of(form, "what") == "remove":
                sources.remove_source(work, name, force=text_of(form, "force") is not None)
            else:
                sources.add_source(work, name, url)
    except HubError as refusal:
        return sources_page(page, str(refusal), name, url)
    return page.go(SOURCES)


def sources_page(page: Page, problem: str | None = None, name: str = "", url: str = "") -> Response:
    with page.reading() as work:
        work.administrator("source.list")
        found = sources.list_sources(work)
    status = 422 if problem else 200
    return page.render("admin/sources.html", status, sources=found, name=name, url=url, problem=problem, tab="sources")
