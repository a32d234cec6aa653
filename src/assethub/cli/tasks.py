"""ah task"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assethub.cli.context import hub, json_option, print_json, table
from assethub.domain.tasks import TASK_FILE

if TYPE_CHECKING:
    from assethub.client.hub import Hub


@click.group("task")
def task_group() -> None:
    """Check and show the file that says how a repository trains and evaluates."""


@task_group.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=True, path_type=Path), default=TASK_FILE)
@json_option
def check(file: Path, as_json: bool) -> None:
    """Say all that is wrong with a task file, each with its line and key; exit status 1 if anything is.

    Needs no hub. FILE may be the folder that holds it.  [default: assethub.yaml]
    """
    from assethub.protocol.task_file import problems_of

    path = file / TASK_FILE if file.is_dir() else file
    problems = problems_of(read(path))
    if as_json:
        print_json([
            {"file": str(path), "line": one.line, "key": one.key, "problem": one.message} for one in problems
        ])  # fmt: skip
    else:
        for one in problems:
            click.echo(":".join([str(path), *([str(one.line)] if one.line else []), f" {one.message}"]), err=True)
        if not problems:
            click.echo(f"{path} is right.")
    if problems:
        sys.exit(1)


@task_group.command("show")
@click.argument("model")
@click.option("-r", "--git", metavar="URL", help="Git repository of the code.")
@click.option("-i", "--revision", metavar="REV", help="Branch, tag or commit of the repository.")
@click.option("-s", "--subpath", metavar="DIR", help="Folder of the task file in the repository.")
@json_option
@hub
def show(
    hub: "Hub", model: str, git: str | None, revision: str | None, subpath: str | None, as_json: bool
) -> None:  # fmt: skip
    """List the tasks of a model's repository, with their parameters and what each may be."""
    tasks = hub.model(model).tasks(git, revision, subpath)
    if as_json:
        print_json(tasks)
        return
    rows = [
        (task.name if at == 0 else "", one.name, "needed" if one.default is None else one.default, one.allowed,
         one.description)
        for task in tasks
        for at, one in enumerate(task.params)
    ]  # fmt: skip
    rows += [(task.name, "", "", "", task.description) for task in tasks if not task.params]
    table(rows, ("task", "parameter", "default", "allowed", "description"))


@task_group.command("refs")
@click.argument("model")
@click.option("-r", "--git", metavar="URL", help="Git repository of the code.")
@json_option
@hub
def refs(hub: "Hub", model: str, git: str | None, as_json: bool) -> None:
    """List the branches and tags of a model's repository."""
    found = hub.model(model).code_refs(git)
    if as_json:
        print_json(found)
        return
    rows = [("branch", name, "default" if name == found.default else "") for name in found.branches]
    table(rows + [("tag", name, "") for name in found.tags], ("kind", "name", ""))


def read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{path} cannot be read: {error}") from None
