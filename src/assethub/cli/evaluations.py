"""ah evaluation"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from assethub.cli.context import ago, hub, json_option, pair, print_json, table
from assethub.cli.history import version_of

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.protocol.evaluations import EvaluationInfo

MOST_COLUMNS = 5


@click.group()
def evaluation() -> None:
    """Enter, list and delete evaluations."""


@evaluation.command("create")
@click.argument("reference", metavar="MODEL:REF")
@click.option("-d", "--dataset", required=True, metavar="REF", help="Dataset version that it was measured on.")
@click.option("-m", "--metric", "metrics", multiple=True, required=True, metavar="NAME=NUMBER", help="A metric.")
@json_option
@hub
def create(hub: "Hub", reference: str, dataset: str, metrics: tuple[str, ...], as_json: bool) -> None:
    """Enter metrics of a model version by hand."""
    numbers = {}
    for name, value in (pair(text, "-m accuracy=0.99") for text in metrics):
        try:
            numbers[name] = float(value)
        except ValueError:
            raise click.UsageError(f"The metric {name!r} must be a number, not {value!r}.") from None
    made = version_of(hub, reference).create_evaluation(numbers, dataset)
    if as_json:
        print_json(made)
    else:
        click.echo(f"Entered evaluation {made.id} of {reference} ({made.commit[:8]}) on {made.dataset}")


@evaluation.command("ls")
@click.argument("reference", metavar="MODEL[:REF]")
@json_option
@hub
def list_evaluations(hub: "Hub", reference: str, as_json: bool) -> None:
    """List the evaluations of a model, or of one version of it."""
    if ":" in reference:
        show_evaluations(version_of(hub, reference).list_evaluation(), as_json)
    else:
        show_evaluations(hub.model(reference).list_evaluation(), as_json)


def show_evaluations(evaluations: "Sequence[EvaluationInfo]", as_json: bool) -> None:
    if as_json:
        print_json(list(evaluations))
        return
    names = list(dict.fromkeys(name for one in evaluations for name in one.metrics))[:MOST_COLUMNS]
    rows = [
        (one.id, ", ".join(one.refs) or one.commit[:8], *(number(one.metrics.get(name)) for name in names),
         f"{one.dataset}@{one.dataset_commit[:8]}", f"run {one.run_number}" if one.run_number else one.created_by,
         ago(one.created_at))
        for one in evaluations
    ]  # fmt: skip
    columns = ("id", "version", *names, "dataset", "made by", "made")
    table(rows, columns, right=range(2, 2 + len(names)))


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


@evaluation.command("delete")
@click.argument("id")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@hub
def delete(hub: "Hub", id: str, yes: bool) -> None:
    """Delete an evaluation by its id."""
    if not yes:
        raise click.UsageError("This deletes the evaluation for good; say --yes if you mean it.")
    hub.connection.delete(f"/evaluations/{id}")
    click.echo(f"Deleted evaluation {id}")
