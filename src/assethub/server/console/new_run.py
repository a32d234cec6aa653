"""The form that starts a run, and what its fields suggest."""

from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import JSONResponse, Response

from assethub.domain.assets import TrainingSettings
from assethub.domain.errors import HubError, Invalid, Unavailable
from assethub.domain.folders import Role
from assethub.domain.history import RefKind
from assethub.domain.names import AssetPath, Kind, parse_asset_path
from assethub.domain.runs import Priority, RunType
from assethub.domain.search import Search, split_words
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, lines_of, text_of
from assethub.server.console.task_params import asked_params, asked_sweep, given_values, loaded, spoken
from assethub.server.dependencies import CurrentAsset
from assethub.services import assets, refs, run_code, runs, search, summaries
from assethub.services.repeating import repeated
from assethub.services.runs import RunRequest

router = APIRouter()
FIELDS = ("git", "revision", "subpath", "branch", "ref", "checkpoint", "sweep", "priority")
REFS = 50  # of each kind that a field offers
SUGGESTED = 20


@dataclass
class Given:
    """What the form shows in its fields; `part` is of the parameters, once the task file was read."""

    values: dict[str, str]
    datasets: list[tuple[str, str]]  # the asset, and the ref if one is named
    part: dict[str, Any] = field(default_factory=dict)


@router.get("/{owner}/{kind}/{folder}/{name}/-/new-run")
def new_run_form(
    page: CurrentPage, path: CurrentAsset, type: RunType = RunType.TRAIN, ref: str | None = None,
    again: str | None = None,
) -> Response:  # fmt: skip
    """Empty, or filled with what an old run was made from (`again`)."""
    if again is not None:
        with page.reading() as work:
            old = repeated(work, again, None, {}, ())
        return show_form(page, path, old.type, None, given_of(old))
    return show_form(page, path, type, None, Given({"ref": ref or "main", "checkpoint": ref or "main"}, []))


def given_of(old: RunRequest) -> Given:
    values = {
        "git": old.git or "", "revision": old.revision or "", "subpath": old.subpath or "",
        "branch": old.branch or "", "ref": old.ref or "main", "checkpoint": old.checkpoint or "main",
        "params": spoken(old.params),
    }  # fmt: skip
    return Given(values, [parted(one) for one in old.datasets])


def parted(reference: str) -> tuple[str, str]:
    asset, _, ref = reference.partition(":")
    return asset, ref


@router.post("/{owner}/{kind}/{folder}/{name}/-/new-run")
def new_run(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    """Start what the form asks for; with `act` `load` only read the task file, and show what it takes."""
    asked = text_of(form, "type")
    type = RunType(asked) if asked in list(RunType) else RunType.TRAIN
    values = {name: text_of(form, name) or "" for name in FIELDS}
    with page.reading() as work:
        training = assets.get_asset(work, path).training
    problem = None
    if text_of(form, "act") != "load":
        try:
            run = runs.start_run(page.hub, page.caller, request_of(form, values, path, type, training))
            return page.go(f"/sweeps/{run.sweep_number}" if run.sweep_number else f"/runs/{run.number}")
        except HubError as refusal:
            problem = str(refusal)
    values["params"] = text_of(form, "params") or spoken(given_values(form))
    datasets = [parted(one) for one in chosen_datasets(form)]
    return show_form(page, path, type, problem, Given(values, datasets, loaded(page, path, form)))


def chosen_datasets(form: FormData) -> list[str]:
    """The references of the rows, and those of the lines of one field."""
    names = [str(one).strip() for one in form.getlist("dataset")]
    refs = [str(one).strip() for one in form.getlist("dataset_ref")]
    rows = [f"{name}:{ref}" if ref else name for name, ref in zip(names, refs, strict=False) if name]
    return [*rows, *lines_of(form, "datasets")]


def request_of(
    form: FormData, given: dict[str, str], path: AssetPath, type: RunType, training: TrainingSettings
) -> RunRequest:
    checkpoint = given["checkpoint"]
    sweep = asked_sweep(form)
    params = {name: value for name, value in asked_params(form, training.params).items() if name not in sweep}
    return RunRequest(
        type=type, model=path, ref=given["ref"] or None, branch=given["branch"] or None,
        checkpoint=checkpoint if "/" in checkpoint and ":" in checkpoint else f"{path}:{checkpoint}",
        datasets=tuple(chosen_datasets(form)), git=given["git"] or None, revision=given["revision"] or None,
        subpath=given["subpath"], params=params, sweep=sweep,
        priority=Priority.__members__.get((text_of(form, "priority") or "").upper(), Priority.NORMAL),
    )  # fmt: skip


def show_form(page: Page, path: AssetPath, type: RunType, problem: str | None, given: Given) -> Response:
    """The form with what was given, else with what the training settings say."""
    with page.reading() as work:
        asset = summaries.overview(work, path, needs=Role.RUNNER)
        repositories = run_code.used_repositories(work)
    if path.kind is not Kind.MODEL:
        raise Invalid(f"{path} is a dataset; runs train, continue and evaluate models.")
    training = asset.asset.training
    settings = {
        "git": training.git or "", "revision": training.revision or "", "subpath": training.subpath or "", "branch": "",
        "priority": Priority.NORMAL.word, "params": spoken(training.params), "sweep": "",
    }  # fmt: skip
    return page.render(
        "asset/new-run.html", 422 if problem else 200, asset=asset, tab="runs", type=type, types=list(RunType),
        problem=problem, given=settings | given.values, priorities=list(Priority), repositories=repositories,
        datasets=given.datasets or [parted(one) for one in training.datasets] or [("", "")], part=given.part,
    )  # fmt: skip


@router.get("/{owner}/{kind}/{folder}/{name}/-/new-run/revisions.json")
def revisions(page: CurrentPage, path: CurrentAsset, git: str = "") -> Response:
    """The branches and tags of a repository, or why they cannot be listed."""
    try:
        found = run_code.list_refs(page.hub, page.caller, path, git.strip() or None)
    except (Invalid, Unavailable) as refusal:
        return JSONResponse({"problem": str(refusal), "default": None, "branches": [], "tags": []})
    return JSONResponse(
        {"problem": None, "default": found.default, "branches": list(found.branches), "tags": list(found.tags)}
    )


@router.get("/-/assets.json")
def suggest_assets(page: CurrentPage, kind: Kind, search_for: str = "") -> Response:
    """Assets that somebody means who types this."""
    wanted = Search(split_words(search_for.replace("/", " ")), kind)
    with page.reading() as work:
        found = search.find_assets(work, wanted, SUGGESTED) if wanted.words else []
    return JSONResponse([{"path": str(one.path), "title": one.description[:100]} for one in found])


@router.get("/-/refs.json")
def suggest_refs(page: CurrentPage, asset: str) -> Response:
    """The branches and tags of an asset."""
    with page.reading() as work:
        of = parse_asset_path(asset, me=page.person.name)
        kinds = (RefKind.BRANCH, RefKind.TAG)
        found = [one for kind in kinds for one in refs.find_refs(work, of, kind, recent=True, limit=REFS)[0]]
    return JSONResponse([{"name": one.name, "kind": one.kind.value} for one in found])
