"""ah train, ah evaluate"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from assethub.cli.context import hub, json_option, parse_params, print_json
from assethub.cli.history import version_of
from assethub.cli.runs import follow

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.client.runs import Run


def code_options(command: Callable[..., None]) -> Callable[..., None]:
    """What is left out comes from the model's training settings."""
    for option in (
        click.option(
            "--wait", is_flag=True, help="Follow the log until it ends; exit status 1 if it does not succeed."
        ),
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
@code_options
@json_option
@hub
def train(
    hub: "Hub", model: str, branch: str, checkpoint: str | None, onto_existing: bool, datasets: tuple[str, ...],
    git: str | None, revision: str | None, subpath: str | None, params: tuple[str, ...], wait: bool, as_json: bool,
) -> None:  # fmt: skip
    """Train a model, or with -c continue from a version. What is left out comes from its training settings."""
    run = hub.model(model).train(
        branch, list(datasets), checkpoint=checkpoint, git=git, revision=revision, subpath=subpath,
        params=parse_params(params), onto_existing=onto_existing,
    )  # fmt: skip
    show_started(run, wait, as_json)


@click.command()
@click.argument("reference", metavar="MODEL:REF")
@code_options
@json_option
@hub
def evaluate(
    hub: "Hub", reference: str, datasets: tuple[str, ...], git: str | None, revision: str | None, subpath: str | None,
    params: tuple[str, ...], wait: bool, as_json: bool,
) -> None:  # fmt: skip
    """Evaluate a model version. What is left out comes from its training settings."""
    run = version_of(hub, reference).evaluate(
        list(datasets), git=git, revision=revision, subpath=subpath, params=parse_params(params)
    )
    show_started(run, wait, as_json)


def show_started(run: "Run", wait: bool, as_json: bool) -> None:
    if wait:
        if not as_json:
            follow(run)
        run.wait(check=False)
    if as_json:
        print_json(run.info)
    elif not wait:
        click.echo(f"Run {run.number} is {run.state}. `ah run logs -f {run.number}` follows it.")
    if wait and run.state != "succeeded":
        sys.exit(1)
