"""ah run compare"""

from typing import TYPE_CHECKING

import click

from assethub.cli.context import hub, json_option, print_json, table, took
from assethub.cli.runs import run_group, target

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.protocol.comparison import CodeChangeInfo, MeasureInfo


@run_group.command("compare")
@click.argument("ids", metavar="RUN RUN…", nargs=-1, required=True)
@json_option
@hub
def compare(hub: "Hub", ids: tuple[str, ...], as_json: bool) -> None:
    """Put runs side by side: parameters, metrics, inputs, environments, code."""
    found = hub.compare_runs(*ids)
    if as_json:
        print_json(found)
        return
    runs = found.runs
    rows: list[tuple[str, ...]] = [
        ("run", *(str(run.number) for run in runs)),
        ("state", *(run.state for run in runs)),
        ("task", *(f"{run.type} {run.path.rsplit('/', 1)[-1]}:{target(run)}" for run in runs)),
        ("took", *(took(run.started_at, run.ended_at) for run in runs)),
    ]
    rows += [
        (f"-p {name}", *("-" if value is None else str(value) for value in row)) for name, row in found.params.items()
    ]
    rows += [(name, *map(measure, row)) for name, row in found.metrics.items()]
    folders = dict.fromkeys(one.folder for run in runs for one in run.inputs)
    for folder in folders:
        used = [next((one for one in run.inputs if one.folder == folder), None) for run in runs]
        rows.append((folder, *(f"{one.path}@{one.commit[:8]}" if one else "-" for one in used)))
    rows.append(("code", *(run.code.sha[:8] for run in runs)))
    rows += [(name, *(version or "-" for version in row)) for name, row in found.packages.items()]
    table(rows, ("", *("" for _ in runs)))
    for change in found.code:
        show_code(change, runs[0].number)


def measure(one: "MeasureInfo | None") -> str:
    """The final value, and between which the curve went if that tells more."""
    if one is None:
        return "-"
    final = "-" if one.final is None else f"{one.final:.4g}"
    if one.lowest is None or one.highest is None or one.lowest == one.highest:
        return final
    return f"{final} ({one.lowest:.4g} … {one.highest:.4g})"


def show_code(change: "CodeChangeInfo", first: int) -> None:
    if change.same:
        return
    if change.files is None:
        click.echo(f"\nThe code of run {change.number} is another than that of run {first}.")
        return
    click.echo(f"\nThe code of run {change.number} against that of run {first}:")
    rows = [(one.path, "binary" if one.added is None else f"+{one.added} -{one.removed}") for one in change.files]
    table(rows, ("file", "lines"))
    if change.more:
        click.echo(f"and {change.more} more files")
