"""ah export, and ah import of what it wrote"""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from assethub.cli.context import hub, print_json, progress
from assethub.cli.history import version_of
from assethub.domain.sizes import size

if TYPE_CHECKING:
    from assethub.client.hub import Hub


@click.command()
@click.argument("reference", metavar="PATH[:REF]")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.ahub")
@click.option("--all", "everything", is_flag=True, help="Every branch and tag, not just this version's history.")
@hub
def export(hub: "Hub", reference: str, file: Path, everything: bool) -> None:
    """Write a version with its history and tags as one file; `ah import` brings it into another hub.

    Commit ids stay what they are. Evaluations are not part of it.
    """
    version = version_of(hub, reference)
    with progress("Exporting") as report:
        made = version.export(file, all=everything, progress=report)
    click.echo(f"{version} is in {file}: {made.commits} commits, {made.objects} contents, {size(made.size)}")


def import_file(hub: "Hub", file: Path, path: str, as_json: bool) -> None:
    if not file.is_file():
        raise click.UsageError(f"There is no file {str(file)!r} here.")
    with progress("Importing") as report:
        made = hub.import_archive(file, path, progress=report)
    if as_json:
        print_json(made)
        return
    for ref in made.refs:
        click.echo(f"{ref.kind} {ref.name} is at {ref.commit[:8]}")
    if not made.refs:
        click.echo(f"{made.path} holds all of this already.")
        return
    click.echo(f"{made.path} has {made.commits} commits, {made.objects} contents, {size(made.size)} from {file}")
