"""Gates of a folder, and the evaluations that a publish still lacks."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.errors import Forbidden, HubError, Invalid, NotFound
from assethub.domain.folders import Role
from assethub.domain.names import FolderPath
from assethub.domain.runs import RunType
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of, url_of
from assethub.server.dependencies import CurrentAsset, CurrentFolder
from assethub.services import folders, gates, runs
from assethub.services.runs import RunRequest

router = APIRouter()
FIELDS = ("rule", "dataset", "by_run")


@router.get("/{owner}/{kind}/{folder}/-/gates")
def show(page: CurrentPage, path: CurrentFolder) -> Response:
    return show_gates(page, path, None, dict.fromkeys(FIELDS, ""))


@router.post("/{owner}/{kind}/{folder}/-/gates")
def change(page: CurrentPage, path: CurrentFolder, form: CurrentForm) -> Response:
    """Add a gate or remove one."""
    given = {name: text_of(form, name) or "" for name in FIELDS}
    try:
        with page.writing() as work:
            if text_of(form, "act") == "remove":
                gates.remove_gate(work, path, id_of(text_of(form, "id")))
            else:
                gates.add_gate(work, path, given["dataset"], given["rule"], by_run=bool(given["by_run"]))
    except Forbidden:
        raise
    except NotFound as refusal:
        if "dataset" not in str(refusal) and "asset" not in str(refusal):
            raise
        return show_gates(page, path, str(refusal), given)
    except HubError as refusal:
        return show_gates(page, path, str(refusal), given)
    return page.go(url_of(path, "gates"))


def id_of(text: str | None) -> UUID:
    try:
        return UUID(text or "")
    except ValueError:
        raise Invalid("This form names no gate; open the page again.") from None


def show_gates(page: Page, path: FolderPath, problem: str | None, given: dict[str, str]) -> Response:
    with page.reading() as work:
        folder = folders.get_folder(work, path)
        found = gates.list_gates(work, path)
    return page.render(
        "gates/folder.html", 422 if problem else 200, folder=folder, path=folder.path, gates=found, given=given,
        problem=problem, owning=folder.role is Role.OWNER, tab="gates",
    )  # fmt: skip


@router.post("/{owner}/{kind}/{folder}/{name}/-/publish/evaluate")
def evaluate(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    """Start the evaluation that a gate asks for, with the code of the training settings."""
    request = RunRequest(
        RunType.EVALUATE, path, ref=text_of(form, "version"), datasets=(text_of(form, "dataset") or "",)
    )
    return page.go(f"/runs/{runs.start_run(page.hub, page.caller, request).number}")
