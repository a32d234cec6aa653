"""ah search, star, unstar, stars"""

from typing import TYPE_CHECKING

import click

from assethub.cli.context import ago, hub, json_option, print_json, table
from assethub.domain.errors import Invalid
from assethub.domain.sizes import size

if TYPE_CHECKING:
    from assethub.client.assets import Dataset, Model
    from assethub.client.hub import Hub
    from assethub.protocol.search import FoundFilesInfo


@click.command()
@click.argument("words", nargs=-1)
@click.option("--kind", type=click.Choice(["model", "dataset"]))
@click.option("--mine", "which", flag_value="mine", help="Only in your own folders.")
@click.option("--shared", "which", flag_value="shared", help="Only in folders that were shared with you.")
@click.option("--public", "which", flag_value="public", help="Only in folders that everybody may read.")
@click.option("--owner", help="Only what belongs to this user or group.")
@click.option("--label", help="Only what has this label.")
@click.option("--sort", type=click.Choice(["best", "updated", "name", "size", "stars"]), default="best")
@click.option("--files", is_flag=True, help="Find files on main by their paths instead.")
@click.option("--limit", default=50, show_default=True, help="At most so many folders, and so many assets.")
@json_option
@hub
def search(
    hub: "Hub", words: tuple[str, ...], kind: str | None, which: str | None, owner: str | None, label: str | None,
    sort: str, files: bool, limit: int, as_json: bool,
) -> None:  # fmt: skip
    """Find the folders and assets that have all WORDS in their path, description, labels or card."""
    if not (words or owner or label):
        raise click.UsageError("Give a word to look for, --owner or --label.")
    text, place = " ".join(words), which or "all"
    if files:
        show_files(hub.search_files(text, kind=kind, which=place, owner=owner, limit=limit), as_json)
        return
    found = hub.search(text, kind=kind, which=place, owner=owner, label=label, sort=sort, limit=limit)
    if as_json:
        print_json([one.info for one in found])
        return
    rows = [(str(one.path), " ".join(one.info.labels), one.info.description) for one in found]
    if not rows:
        click.echo("Nothing that you may see has all of these words.", err=True)
    table(rows, ("path", "labels", "description"))


def show_files(found: "FoundFilesInfo", as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    table([(one.asset, one.path, size(one.size)) for one in found.files], ("asset", "path", "size"), right=(2,))
    if not found.files:
        click.echo("No file that you may see has all of these words in its path.", err=True)
    if not found.complete:
        click.echo("There may be more; another word narrows the search.", err=True)


@click.command()
@click.argument("path")
@hub
def star(hub: "Hub", path: str) -> None:
    """Give the asset at PATH your star."""
    told = asset_at(hub, path).star()
    click.echo(f"{path} has {told.stars} star{'' if told.stars == 1 else 's'}, one of them yours.")


@click.command()
@click.argument("path")
@hub
def unstar(hub: "Hub", path: str) -> None:
    """Take your star back from the asset at PATH."""
    told = asset_at(hub, path).unstar()
    click.echo(f"{path} has {told.stars} star{'' if told.stars == 1 else 's'}.")


@click.command()
@json_option
@hub
def stars(hub: "Hub", as_json: bool) -> None:
    """List the assets that you starred, the last changed first."""
    found = hub.stars()
    if as_json:
        print_json([one.info for one in found])
        return
    table([(one.path, ago(one.info.updated_at), one.info.description) for one in found],
          ("path", "updated", "description"))  # fmt: skip


def asset_at(hub: "Hub", path: str) -> "Model | Dataset":
    from assethub.client.assets import Dataset, Model

    found = hub.get(path)
    if not isinstance(found, Model | Dataset):
        raise Invalid(f"{path!r} is not an asset; its path is owner/kind/folder/name.")
    return found
