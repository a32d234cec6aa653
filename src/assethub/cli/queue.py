"""ah admin queue: who waits, who runs, and whether the engine takes and places runs"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assethub.cli.admin import data_option, database_option, keeper, opened
from assethub.cli.context import ago, json_option, print_json, table
from assethub.domain.queue import Need
from assethub.domain.sizes import size

if TYPE_CHECKING:
    from assethub.domain.queue import Queue
    from assethub.domain.runs import Run
    from assethub.services.queue import QueueView

TOLD = {"open": "takes and places runs", "paused": "places no runs", "draining": "takes no more runs"}
note_option = click.option("--note", default="", metavar="TEXT", help="Why; whoever waits is told.")


@click.group("queue")
def queue() -> None:
    """Runs that wait for the engine, and what the placed ones hold."""


@queue.command("show")
@json_option
@data_option
@database_option
def show(as_json: bool, data: Path | None, database: str | None) -> None:
    """Show the queue in its order, and why each run waits."""
    from assethub.server.api.queue import queue_info
    from assethub.services.queue import show_queue

    with opened(data, database) as hub, hub.work(keeper(), reading=True) as work:
        if as_json:
            print_json(queue_info(work, 10_000))
            return
        show_view(show_queue(work))


def show_view(view: "QueueView") -> None:
    click.echo(told(view.queue, view.runs))
    if view.offers is not None:
        gpus = ", ".join(view.offers.gpus) or "none"
        click.echo(f"Offers {view.offers.cpus:g} CPUs, {size(view.offers.memory)} of memory, GPUs: {gpus}")
    rows: list[tuple[Any, ...]] = [
        row(run, f"GPUs {', '.join(run.gpus)}" if run.gpus else "") for run, _ in view.placed
    ]
    rows += [row(run, why.sentence, why.position) for run, why in view.waiting]
    table(rows, ("", "run", "state", "priority", "by", "model", "asks for", "since", ""), right=(0, 1))
    if view.length > len(view.waiting):
        click.echo(f"and {view.length - len(view.waiting):,} more")


def row(run: "Run", said: str, position: int | str = "") -> tuple[Any, ...]:
    need = Need.of(run.task["resources"])
    asks = [f"{need.cpus:g} CPU", *([size(need.memory)] if need.memory else [])]
    asks += [f"{need.gpus} GPU"] if need.gpus else []
    since = ago(run.created_at)
    return position, run.number, run.state, run.priority.word, run.creator, run.path, ", ".join(asks), since, said


def told(queue: "Queue", runs: int) -> str:
    """Such as: The engine 'local' takes and places runs: 2 at once."""
    limits = [f"{runs} at once"]
    limits += [f"{queue.per_user} of one user"] if queue.per_user is not None else []
    limits += [f"{queue.per_group} of one group"] if queue.per_group is not None else []
    why = f" ({queue.note})" if queue.note else ""
    return f"The engine {queue.engine!r} {TOLD[queue.state]}{why}: {', '.join(limits)}."


@queue.command("pause")
@note_option
@data_option
@database_option
def pause(note: str, data: Path | None, database: str | None) -> None:
    """Place no more runs. Those under way go on, and new ones wait."""
    change(data, database, "paused", note=note)


@queue.command("drain")
@note_option
@data_option
@database_option
def drain(note: str, data: Path | None, database: str | None) -> None:
    """Take no more runs, and place those that wait."""
    change(data, database, "draining", note=note)


@queue.command("resume")
@data_option
@database_option
def resume(data: Path | None, database: str | None) -> None:
    """Take and place runs again."""
    change(data, database, "open")


@queue.command("limit")
@click.option("--runs", type=int, metavar="N", help="Under way at once; 0: as the setting `slots` says.")
@click.option("--per-user", type=int, metavar="N", help="Of one user; 0: no limit.")
@click.option("--per-group", type=int, metavar="N", help="In the folders of one group; 0: no limit.")
@data_option
@database_option
def limit(data: Path | None, database: str | None, **limits: int | None) -> None:
    """Change how many runs may be under way."""
    if all(count is None for count in limits.values()):
        raise click.UsageError("Say which limit: --runs, --per-user or --per-group.")
    change(data, database, None, **limits)


def change(data: Path | None, database: str | None, state: str | None, **given: Any) -> None:
    from assethub.domain.queue import QueueState
    from assethub.services.queue import change_queue

    with opened(data, database) as hub, hub.work(keeper()) as work:
        now = change_queue(work, state=QueueState(state) if state else None, **given)
        click.echo(told(now, hub.slots if now.runs is None else now.runs))
