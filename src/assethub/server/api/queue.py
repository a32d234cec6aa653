"""/queue, for administrators"""

from typing import Annotated

from fastapi import APIRouter, Query

from assethub.domain.queue import Need, QueueState, Waiting
from assethub.domain.runs import Run
from assethub.protocol.queue import EntryInfo, QueueChange, QueueInfo, ResourcesInfo
from assethub.server.api.runs import waiting_info
from assethub.server.dependencies import CurrentWork, WorkRoute
from assethub.services import queue
from assethub.services.work import Work

router = APIRouter(tags=["queue"], route_class=WorkRoute)


@router.get("/queue")
def show_queue(work: CurrentWork, limit: Annotated[int, Query(ge=1, le=10_000)] = 1000) -> QueueInfo:
    """The queue in order, and what each placed run holds."""
    return queue_info(work, limit)


@router.patch("/queue")
def change_queue(work: CurrentWork, change: QueueChange) -> QueueInfo:
    """Pause, drain or open it, or change its limits; what is under way goes on."""
    queue.change_queue(
        work, state=QueueState(change.state) if change.state else None, note=change.note, runs=change.runs,
        per_user=change.per_user, per_group=change.per_group,
    )  # fmt: skip
    return queue_info(work, 1000)


def queue_info(work: Work, limit: int) -> QueueInfo:
    view = queue.show_queue(work, limit)
    kept, offers = view.queue, view.offers
    return QueueInfo(
        engine=kept.engine, state=kept.state.value, note=kept.note, runs=view.runs, per_user=kept.per_user,
        per_group=kept.per_group, changed_by=kept.changed_by, changed_at=kept.changed_at,
        offers=ResourcesInfo.model_validate(offers) if offers else None,
        placed=[entry_info(run) for run, _ in view.placed],
        waiting=[entry_info(run, why) for run, why in view.waiting], length=view.length,
    )  # fmt: skip


def entry_info(run: Run, why: Waiting | None = None) -> EntryInfo:
    need = Need.of(run.task["resources"])
    return EntryInfo(
        number=run.number, state=run.state.value, type=run.type.value, path=run.path, creator=run.creator,
        priority=run.priority.word, cpus=need.cpus, memory=need.memory, gpus=need.gpus, gpu_ids=list(run.gpus),
        created_at=run.created_at, waiting=waiting_info(why),
    )  # fmt: skip
