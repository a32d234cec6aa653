"""ah create, ah update, ah delete, ah restore"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from assethub.cli.context import hub, json_option, parse_params, print_json

if TYPE_CHECKING:
    from assethub.client.hub import Hub


def training_options(command: Callable[..., None]) -> Callable[..., None]:
    """A model's training settings: what its runs take for granted."""
    for option in (
        click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="Default parameter of runs."),
        click.option("--dataset", "datasets", multiple=True, metavar="REF", help="Dataset that runs use."),
        click.option("--subpath", metavar="DIR", help="Folder of the task file in the repository."),
        click.option("--revision", metavar="REV", help="Branch, tag or commit of the repository."),
        click.option("--git", metavar="URL", help="Git repository that runs take the code from."),
    ):
        command = option(command)
    return command


@click.command()
@click.argument("path", metavar="PATH[:REF]")
@click.option("--tag", is_flag=True, help="REF is a tag, not a branch.")
@click.option("--source", metavar="REF", help="Where the branch or tag starts.  [default: main]")
@click.option("--empty", is_flag=True, help="The branch starts without files.")
@click.option("-m", "--message", default="", help="What the tag says of the version.")
@click.option("-l", "--label", "labels", multiple=True, help="Label; may be repeated.")
@click.option("-d", "--description", default="", help="One sentence about it.")
@training_options
@json_option
@hub
def create(
    hub: "Hub", path: str, tag: bool, source: str | None, empty: bool, message: str, labels: tuple[str, ...],
    description: str, git: str | None, revision: str | None, subpath: str | None, datasets: tuple[str, ...],
    params: tuple[str, ...], as_json: bool,
) -> None:  # fmt: skip
    """Make a folder (model/FOLDER), an asset (model/FOLDER/NAME), or with :REF a branch or a tag of it."""
    if ":" in path:
        create_ref(hub, path, tag, source, empty, message)
        return
    made = hub.create(
        path, description=description, labels=labels, git=git, revision=revision, subpath=subpath, datasets=datasets,
        params=parse_params(params),
    )  # fmt: skip
    if as_json:
        print_json(made.info)
    else:
        click.echo(f"Created {made.path}")


def create_ref(hub: "Hub", path: str, tag: bool, source: str | None, empty: bool, message: str) -> None:
    from assethub.client.assets import Asset, Model
    from assethub.domain.errors import Conflict

    where, _, name = path.partition(":")
    asset = hub.get(where)
    if tag and isinstance(asset, Asset):
        asset.create_tag(name, source or "main", message=message)
        click.echo(f"Tagged {asset.path}:{name}")
        return
    if not isinstance(asset, Model):
        raise Conflict(
            f"{where} is not a model: only models have branches. A dataset's versions are marked with --tag."
        )
    asset.create_branch(name, source, empty=empty)
    click.echo(f"Created branch {asset.path}:{name}")


@click.command()
@click.argument("path")
@click.option("-n", "--name", help="New name.")
@click.option("-l", "--label", "labels", multiple=True, help="Label; all together replace the old ones.")
@click.option("-d", "--description", help="One sentence about it.")
@training_options
@hub
def update(
    hub: "Hub", path: str, name: str | None, labels: tuple[str, ...], description: str | None, git: str | None,
    revision: str | None, subpath: str | None, datasets: tuple[str, ...], params: tuple[str, ...],
) -> None:  # fmt: skip
    """Rename or describe a folder or an asset; keep a model's training settings."""
    from assethub.client.folders import Folder
    from assethub.client.versions import Version
    from assethub.protocol.assets import TrainingSettings

    found = hub.get(path)
    if isinstance(found, Version):
        raise click.UsageError("A branch or tag has nothing to update; give the path of its asset.")
    changes: dict[str, Any] = {"name": name, "description": description, "labels": labels or None}
    settings = {"git": git, "revision": revision, "subpath": subpath, "datasets": list(datasets) or None,
                "params": parse_params(params) or None}  # fmt: skip
    given = {key: value for key, value in settings.items() if value is not None}
    if given and not isinstance(found, Folder):
        changes["training"] = TrainingSettings(**{**found.info.training.model_dump(), **given})
    elif given:
        raise click.UsageError("A folder has no training settings; give the path of a model.")
    found.update(**changes)
    click.echo(f"Updated {found.path}")


@click.command()
@click.argument("path", metavar="PATH[:REF]")
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.option("--force", is_flag=True, help="Also when runs, evaluations or gates rest on it.")
@hub
def delete(hub: "Hub", path: str, yes: bool, force: bool) -> None:
    """Delete a folder with its assets, an asset with its history, or with :REF a branch or a tag."""
    found = hub.get(path)
    if not yes:
        raise click.UsageError(f"This deletes {found!r}; say --yes if you mean it.")
    found.delete(force=force)
    click.echo(f"Deleted {path}. `ah restore {path}` brings it back for 14 days.")


@click.command()
@click.argument("path", metavar="PATH[:REF]")
@hub
def restore(hub: "Hub", path: str) -> None:
    """Bring back a folder, an asset, a branch or a tag within 14 days of its deletion."""
    hub.restore(path)
    click.echo(f"Restored {path}")
