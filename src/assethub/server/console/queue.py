"""The queue of the engine, for administrators."""

from fastapi import APIRouter
from starlette.datastructures import FormData
from starlette.responses import Response

from assethub.domain.errors import HubError, Invalid
from assethub.domain.queue import Need, QueueState
from assethub.domain.runs import Priority
from assethub.server.console.pages import CurrentForm, CurrentPage, Page, text_of
from assethub.services import queue

router = APIRouter()
QUEUE, ENGINES = "/-/admin/queue", "/-/admin/engines"
SHOWN = 200


@router.get(QUEUE)
def show_queue(page: CurrentPage) -> Response:
    return show(page, None)


@router.post(QUEUE)
def change_queue(page: CurrentPage, form: CurrentForm) -> Response:
    """Pause, drain or open it, or change its limits."""
    state = text_of(form, "state")
    try:
        if state is not None and state not in list(QueueState):
            raise Invalid(f"{state!r} is no state of a queue.")
        with page.writing() as work:
            if state is not None:
                queue.change_queue(work, state=QueueState(state), note=text_of(form, "note") or "")
            else:
                queue.change_queue(
                    work, runs=count_of(form, "runs"), per_user=count_of(form, "per_user"),
                    per_group=count_of(form, "per_group"),
                )  # fmt: skip
    except HubError as refusal:
        return show(page, str(refusal))
    return page.go(ENGINES if text_of(form, "from") == "engines" else QUEUE)


def count_of(form: FormData, name: str) -> int:
    """What the field says; an empty one takes the limit away."""
    text = text_of(form, name) or "0"
    if not (text.isascii() and text.isdecimal()):
        raise Invalid(f"{text!r} is not a number of runs.")
    return int(text[:12])


def show(page: Page, problem: str | None) -> Response:
    with page.reading() as work:
        view = queue.show_queue(work, SHOWN)
    needs = {run.id: Need.of(run.task["resources"]) for run, _ in [*view.placed, *view.waiting]}
    held = [needs[run.id] for run, _ in view.placed]
    used = Need(sum(one.cpus for one in held), sum(one.memory for one in held), sum(one.gpus for one in held))
    return page.render(
        "account/queue.html", 422 if problem else 200, view=view, queue=view.queue, needs=needs, used=used,
        slots=page.hub.slots, problem=problem, tab="queue",
    )  # fmt: skip


@router.post("/runs/{id}/priority")
def set_priority(page: CurrentPage, form: CurrentForm, id: str) -> Response:
    word = text_of(form, "priority") or ""
    if word.upper() not in Priority.__members__:
        raise Invalid(f"{word!r} is no priority; it is low, normal or high.")
    with page.writing() as work:
        run = queue.set_priority(work, id, Priority[word.upper()])
    return page.go(f"/runs/{run.number}")
