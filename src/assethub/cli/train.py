"""ah train, ah evaluate"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from assethub.cli.context import hub, json_option, pair, parse_params, print_json
from assethub.cli.history import version_of
from assethub.cli.runs import PRIORITIES, follow, show_swept
from assethub.domain.runs import HERE

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.client.runs import Run
    from assethub.client.sweeps import CodePlace, Sweep, TrainOptions
    from assethub.protocol.runs import PriorityWord


def code_options(command: Callable[..., None]) -> Callable[..., None]:
    """What is left out comes from the model's training settings."""
    for option in (
        click.option(
            "--here",
            is_flag=True,
            help="Run it on this machine, with the code of this folder (or -s) as it is, and wait for it.",
        ),
        click.option(
            "--wait", is_flag=True, help="Follow the log until it ends; exit status 1 if it does not succeed."
        ),
        click.option("--priority", type=click.Choice(PRIORITIES), default="normal", help="high is for administrators."),
        click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="Parameter of the task."),
        click.option("-s", "--subpath", metavar="DIR", help="Folder of the task file in the repository."),
        click.option("-i", "--revision", metavar="REV", help="Branch, tag or commit of the repository."),
        click.option("-r", "--git", metavar="URL", help="Git repository of the code."),
        click.option("-d", "--dataset", "datasets", multiple=True, metavar="REF", help="Dataset; may be repeated."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("model")
@click.option("-b", "--branch", required=True, help="New branch that receives the result.")
@click.option("-c", "--checkpoint", metavar="MODEL:REF", help="Model version to continue from.")
@click.option("--onto-existing", is_flag=True, help="The branch may exist; the result is committed on top.")
@click.option(
    "--sweep", "swept", multiple=True, metavar="NAME=V1,V2", help="One run for each combination of such values."
)
@code_options
@json_option
@hub
def train(
    hub: "Hub", model: str, branch: str, checkpoint: str | None, onto_existing: bool, swept: tuple[str, ...],
    datasets: tuple[str, ...], git: str | None, revision: str | None, subpath: str | None, params: tuple[str, ...],
    priority: "PriorityWord", wait: bool, here: bool, as_json: bool,
) -> None:  # fmt: skip
    """Train a model, or with -c continue from a version. What is left out comes from its training settings.

    With --sweep, or where the task has a matrix, the results are on branches with -1, -2 and so on behind the name.
    """
    options: TrainOptions = {
        "checkpoint": checkpoint, "git": git, "revision": revision, "params": parse_params(params),
        "onto_existing": onto_existing, "priority": priority, **place_of(here, subpath),
    }  # fmt: skip
    values = {name: text.split(",") for name, text in (pair(one, "--sweep lr=0.1,0.01") for one in swept)}
    if values:
        show_sweep(hub.model(model).train(branch, list(datasets), sweep=values, **options), wait, as_json)
        return
    show_started(hub.model(model).train(branch, list(datasets), **options), wait or here, as_json)


@click.command()
@click.argument("reference", metavar="MODEL:REF")
@code_options
@json_option
@hub
def evaluate(
    hub: "Hub", reference: str, datasets: tuple[str, ...], git: str | None, revision: str | None, subpath: str | None,
    params: tuple[str, ...], priority: "PriorityWord", wait: bool, here: bool, as_json: bool,
) -> None:  # fmt: skip
    """Evaluate a model version. What is left out comes from its training settings."""
    run = version_of(hub, reference).evaluate(
        list(datasets), git=git, revision=revision, params=parse_params(params), priority=priority,
        **place_of(here, subpath),
    )  # fmt: skip
    show_started(run, wait or here, as_json)


def place_of(here: bool, subpath: str | None) -> "CodePlace":
    """Where the task file is: in a folder of this machine, or of the repository."""
    return {"here": subpath or "."} if here else {"subpath": subpath}


def show_sweep(sweep: "Sweep", wait: bool, as_json: bool) -> None:
    if wait:
        sweep.wait(check=False)
    if as_json:
        print_json(sweep.info)
    elif wait:
        show_swept(sweep)
    else:
        count = sum(sweep.info.states.values())
        click.echo(f"Sweep {sweep.number} has {count} runs. `ah run ls --sweep {sweep.number}` shows them.")
    if wait and set(sweep.info.states) != {"succeeded"}:
        sys.exit(1)


def show_started(run: "Run", wait: bool, as_json: bool) -> None:
    if run.info.sweep is not None:  # the task has a matrix
        show_sweep(run.sweep(), wait, as_json)
        return
    if wait:
        try:
            if not as_json:
                follow(run)
            run.wait(check=False)
        except KeyboardInterrupt:
            if run.info.engine != HERE:
                raise
            click.echo(f"Run {run.number} is being cancelled.", err=True)
            run.cancel().wait(check=False)
    if as_json:
        print_json(run.info)
    elif not wait:
        click.echo(f"Run {run.number} is {run.state}. `ah run logs -f {run.number}` follows it.")
    if wait and run.state != "succeeded":
        sys.exit(1)
