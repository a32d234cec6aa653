"""Who may start runs on an engine: everyone where runs are kept apart, else those whom the hub trusts anyway."""

import logging
from dataclasses import dataclass

from assethub.domain.errors import Conflict, Forbidden, Invalid
from assethub.domain.names import AssetPath
from assethub.domain.owners import User
from assethub.domain.queue import Need, QueueState
from assethub.domain.runs import Priority
from assethub.domain.tasks import Task
from assethub.executors.executor import Capabilities, Isolation
from assethub.services.work import Hub, Work

log = logging.getLogger("assethub")


@dataclass(frozen=True)
class EngineView:
    """What an engine can do, and whether its runs reach nothing but what is theirs."""

    name: str
    capabilities: Capabilities
    isolation: Isolation


def show_engine(work: Work) -> EngineView:
    work.administrator("engine.show")
    engine = work.hub.executor
    return EngineView(engine.name, engine.capabilities(), engine.isolation())


def refusal(work: Work, user: User) -> str | None:
    """Why this user's runs may not start here, as a sentence; None if they may."""
    isolation = work.hub.executor.isolation()
    if isolation.problem is None:
        return None
    if isolation.required:
        return (
            f"This hub starts runs in a sandbox only, and it has none: {isolation.problem}. Ask an administrator to "
            f"{isolation.remedy}."
        )
    if user.admin or work.users.active() < 2:
        return None
    return (
        f"Only administrators of this hub may start runs, since it cannot keep runs from what is not theirs: "
        f"{isolation.problem}. Ask an administrator to {isolation.remedy}."
    )


def check_engine(work: Work, model: AssetPath, *others: User) -> None:
    """The caller, and the others whose code it would be, may start a run whose result the model receives."""
    for user in (work.person.user, *others):
        refused = refusal(work, user)
        if refused is not None:
            raise work.refused(Forbidden(refused), "run.start", str(model))


def check_task(hub: Hub, task: Task) -> None:
    """Invalid if the engine cannot do what the task asks for."""
    image = task.environment.image
    if image is not None and not hub.executor.capabilities().images:
        raise Invalid(
            f"Task {task.name!r} runs in the container image {image!r}, and this hub's engine "
            f"({hub.executor.name}) runs none; give it requirements or a lock file instead."
        )


def check_queue(work: Work, model: AssetPath, need: Need, priority: Priority = Priority.NORMAL) -> None:
    """A run of the caller's with such a need and priority may wait in the engine's queue."""
    engine = work.hub.executor
    if priority > Priority.NORMAL and not work.person.admin:
        told = f"Only a hub administrator may give a run the priority {priority.word}; leave it out, or say low."
        raise work.refused(Forbidden(told), "run.start", str(model))
    offers = engine.offers()
    if offers is not None:
        offers.check(need, engine.name)
    queue = work.queues.get(engine.name)
    if queue.state is QueueState.DRAINING:
        note = f": {queue.note}" if queue.note else ""
        raise Conflict(f"The engine {engine.name!r} takes no more runs for now{note}. Try again later.")


def tell_isolation(hub: Hub) -> None:
    """Say in the log what holds for the runs to come."""
    isolation = hub.executor.isolation()
    if isolation.problem is None:
        log.info("every run is kept from what is not its own, in a sandbox")
        return
    who = "nobody may start runs" if isolation.required else "with several users, only administrators may start runs"
    log.warning("no sandbox: %s, so %s; to change that, %s", isolation.problem, who, isolation.remedy)
