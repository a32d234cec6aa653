"""ah gate"""

import sys
from typing import TYPE_CHECKING

import click

from assethub.cli.context import hub, json_option, print_json, table
from assethub.cli.history import version_of

if TYPE_CHECKING:
    from assethub.client.folders import Folder
    from assethub.client.hub import Hub


@click.group()
def gate() -> None:
    """Say what a version must reach before it is published into main."""


def folder_of(hub: "Hub", path: str) -> "Folder":
    from assethub.client.folders import Folder

    found = hub.get(path)
    if not isinstance(found, Folder):
        raise click.UsageError(f"{path} is no folder; gates are set on folders, such as {path.rsplit('/', 1)[0]}.")
    return found


@gate.command("ls")
@click.argument("folder")
@json_option
@hub
def list_gates(hub: "Hub", folder: str, as_json: bool) -> None:
    """List the gates of a folder of models."""
    gates = folder_of(hub, folder).gates()
    if as_json:
        print_json(gates)
        return
    rows = [(one.id, one.rule, one.dataset or "-", "runs" if one.by_run else "all", one.created_by) for one in gates]
    table(rows, ("id", "gate", "dataset", "counts", "set by"))


@gate.command("add")
@click.argument("folder")
@click.argument("rule")
@click.option("-d", "--dataset", required=True, metavar="PATH", help="Dataset that it is measured on, as its main is.")
@click.option("--by-run", is_flag=True, help="Numbers that were entered by hand do not count.")
@json_option
@hub
def add_gate(hub: "Hub", folder: str, rule: str, dataset: str, by_run: bool, as_json: bool) -> None:
    """Require RULE of what is published: 'accuracy >= 0.9', 'loss <= 0.2', 'accuracy >= main - 0.01'."""
    made = folder_of(hub, folder).add_gate(rule, dataset, by_run=by_run)
    if as_json:
        print_json(made)
    else:
        click.echo(f"Publishing in {folder} needs {made.rule} on {made.dataset} from now on.")


@gate.command("rm")
@click.argument("folder")
@click.argument("id")
@hub
def remove_gate(hub: "Hub", folder: str, id: str) -> None:
    """Require it no more."""
    folder_of(hub, folder).remove_gate(id)
    click.echo(f"Removed the gate {id}")


@gate.command("check")
@click.argument("reference", metavar="MODEL:REF")
@json_option
@hub
def check(hub: "Hub", reference: str, as_json: bool) -> None:
    """Show how a version stands at the gates; exit status 1 if it could not be published."""
    states = version_of(hub, reference).gates()
    if as_json:
        print_json(states)
    else:
        for state in states:
            click.echo(f"{'passed ' if state.passed else 'blocked'}  {state.said}")
        if not states:
            click.echo("There are no gates; every version can be published.")
    if not all(state.passed for state in states):
        sys.exit(1)
