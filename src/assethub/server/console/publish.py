"""Merging a branch, and so publishing a version into main."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from assethub.domain.errors import Conflict, HubError, NotFound
from assethub.domain.folders import Role
from assethub.domain.gates import GateState
from assethub.domain.history import MAIN, Change, ChangeKind, Conflicting, Strategy
from assethub.domain.names import AssetPath, Kind, Reference
from assethub.server.console.diffs import LATER, Differing, difference
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of, url_of
from assethub.server.console.scores import scores
from assethub.server.dependencies import CurrentAsset
from assethub.services import deletions, evaluations, merging, refs, reproducing, summaries
from assethub.services.comparing import open_sides
from assethub.services.work import Work

router = APIRouter()
MOST_CHANGES = 100
MOST_CONFLICTS, MOST_SHOWN = 200, 10  # that are answered one by one, and whose differences are on the page
ANSWER = "answer:"


@router.get("/{owner}/{kind}/{folder}/{name}/-/publish")
def publish_form(
    page: CurrentPage, path: CurrentAsset, source: str = "", into: str = MAIN, strategy: str | None = None
) -> Response:
    return show(page, path, source, into, None, chosen(strategy))


@router.post("/{owner}/{kind}/{folder}/{name}/-/publish")
def publish(page: CurrentPage, path: CurrentAsset, form: CurrentForm) -> Response:
    source, into = text_of(form, "source") or "", text_of(form, "into") or MAIN
    strategy = chosen(text_of(form, "strategy"))
    answers = {name.removeprefix(ANSWER): str(form[name]) for name in form if name.startswith(ANSWER)}
    drop = text_of(form, "drop") is not None
    try:
        with page.writing() as work:
            made = merging.merge_branch(
                work, path, source, into, strategy=strategy, answers=answers, message=text_of(form, "message")
            )
            if drop and made is not None:
                deletions.delete_branch(work, path, source)
    except HubError as refusal:
        return show(page, path, source, into, refusal, strategy, answers)
    if made is None:
        return page.go(url_of(path, "publish", source=source, into=into, strategy=strategy))
    return page.go(url_of(path, "commit", made.id, merged=into, dropped=source if drop else None))


def chosen(strategy: str | None) -> Strategy | None:
    return Strategy(strategy) if strategy in list(Strategy) else None


@router.post("/{owner}/{kind}/{folder}/{name}/-/commit/{id}/{act}")
def repeat_or_revert(page: CurrentPage, path: CurrentAsset, form: CurrentForm, id: str, act: str) -> Response:
    """Take a commit back on a branch, make its change there, or run once more what made it."""
    branch = text_of(form, "branch") or MAIN
    with page.writing() as work:
        if act == "revert":
            made = merging.revert_commit(work, path, id, branch)
        elif act == "reproduce":
            run = reproducing.reproduce(work, Reference(path, f"commit/{id}"), text_of(form, "branch"))
            return page.go(f"/runs/{run.number}")
        elif act == "cherry-pick":
            made = merging.cherry_pick(work, path, id, branch)
        else:
            raise NotFound.named("act", act)
    return page.go(url_of(path, "commit", made.id) if made else url_of(path, "commits", ref=branch))


@dataclass(frozen=True)
class Question:
    """A conflict as it is asked: what the target has becomes what the source has, shown as far as there is room."""

    conflict: Conflicting
    change: Change
    shown: Any
    answer: str | None


def show(
    page: Page,
    path: AssetPath,
    source: str,
    into: str,
    refusal: HubError | None,
    strategy: Strategy | None,
    answers: dict[str, str] | None = None,
) -> Response:
    """Both sides beside one another: what changes, how good each is, and what has to be decided."""
    sides: dict[str, Any] = {
        "plan": None, "changes": None, "scores": [], "metrics": [], "gates": [], "ahead": None, "behind": None,
        "droppable": False,
    }  # fmt: skip
    asked: list[Any] = []
    problem = refusal
    with page.reading() as work:
        asset = summaries.overview(work, path, needs=Role.EDITOR)
        from_ref = source or next((one.name for one in asset.branches if one.name != into), "")
        if from_ref:
            try:
                plan = merging.preview_merge(work, path, from_ref, into, strategy=strategy)
            except HubError as error:
                problem = problem or error
            else:
                sides |= facts(work, path, plan, from_ref, into)
                asked = conflicts(work, plan, answers or {})
    questions = [
        Question(
            one, opened.change, difference(Differing(opened)) if at < MOST_SHOWN else LATER,
            (answers or {}).get(one.path),
        )
        for at, (one, opened) in enumerate(asked)
    ]  # fmt: skip
    told = problem.details if isinstance(problem, Conflict) else ()
    return page.render(
        "asset/publish.html", 409 if refusal else 200, asset=asset, tab="files", source=from_ref, into=into,
        problem=str(problem) if problem else None, blocked=[line for line in told if ": source " not in line],
        questions=questions, strategies=list(Strategy), strategy=strategy or merging.default_strategy(into), **sides,
    )  # fmt: skip


def facts(work: Work, path: AssetPath, plan: merging.Plan, source: str, into: str) -> dict[str, Any]:
    found: dict[str, Any] = {"plan": plan, "changes": plan.changes.excerpt(MOST_CHANGES)}
    found["ahead"], found["behind"] = merging.apart(work, plan)
    found["droppable"] = source not in (MAIN, into) and refs.is_branch(work, path, source)
    if path.kind is Kind.MODEL:
        found |= scores(
            evaluations.list_evaluations(work, path, f"commit/{plan.target.id}"),
            evaluations.list_evaluations(work, path, f"commit/{plan.source.id}"),
        )
        found["gates"] = offers(merging.gates_before(work, path, plan, into))
    return found


def conflicts(work: Work, plan: merging.Plan, answers: dict[str, str]) -> list[Any]:
    shown = plan.conflicts[:MOST_CONFLICTS]
    changes = [change_of(one) for one in shown]
    return list(zip(shown, open_sides(work, plan.target, plan.source, changes), strict=True))


def change_of(conflict: Conflicting) -> Change:
    if conflict.target is None:
        kind = ChangeKind.ADDED
    else:
        kind = ChangeKind.REMOVED if conflict.source is None else ChangeKind.CHANGED
    return Change(kind, conflict.path, conflict.target, conflict.source)


def offers(states: list[GateState]) -> list[tuple[GateState, bool]]:
    """Each with whether its missing evaluation is offered: once for all gates that wait for the same."""
    seen: set[tuple[str, str]] = set()
    found = []
    for state in states:
        wanted = (state.missing, state.gate.dataset_path) if state.missing and state.gate.dataset_path else None
        found.append((state, wanted is not None and wanted not in seen))
        seen |= {wanted} if wanted else set()
    return found
