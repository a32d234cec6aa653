"""ah reproduce"""

import sys
from typing import TYPE_CHECKING

import click

from assethub.cli.context import hub, json_option, print_json
from assethub.cli.runs import follow

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.protocol.reproduction import ReproductionInfo


@click.command()
@click.argument("reference", metavar="MODEL:REF")
@click.option("-b", "--branch", help="New branch for the result.  [default: reproduce- and the commit]")
@json_option
@hub
def reproduce(hub: "Hub", reference: str, branch: str | None, as_json: bool) -> None:
    """Run what made a version once more; exit status 0 if the same files and metrics came out, else 1."""
    run = hub.version(reference).reproduce(branch)
    if not as_json:
        click.echo(f"Run {run.number} makes {reference} once more, onto {run.info.branch}.", err=True)
        follow(run)
    run.wait(check=False)
    found = run.reproduction()
    if as_json:
        print_json(found)
    else:
        show(found)
    if not found.equal:
        sys.exit(1)


def show(found: "ReproductionInfo") -> None:
    if found.equal:
        click.echo(f"Equal: {found.path}:{found.run.branch} has the files and metrics of {found.commit[:8]}.")
    elif found.run.state != "succeeded":
        click.echo(f"Not reproduced: run {found.run.number} {found.run.state}.")
    else:
        click.echo(f"Not equal: {found.path}:{found.run.branch} differs from {found.commit[:8]}.")
    more = f" and {found.more_files} more" if found.more_files else ""
    for what, names in (("files", found.files), ("metrics", found.metrics), ("packages", found.packages)):
        if names:
            click.echo(f"  {what} that differ: {', '.join(names)}{more if what == 'files' else ''}")
