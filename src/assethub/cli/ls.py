"""ah ls"""

from typing import TYPE_CHECKING

import click

from assethub.cli.context import ago, hub, json_option, print_json, table
from assethub.cli.evaluations import show_evaluations
from assethub.cli.history import show_commits
from assethub.cli.importing import show_imports
from assethub.cli.runs import show_runs
from assethub.domain.sizes import size

if TYPE_CHECKING:
    from assethub.client.assets import Asset
    from assethub.client.hub import Hub
    from assethub.client.versions import Version

MOST_REFS = 100_000
RESOURCES = ("branch", "tag", "commit", "run", "evaluation", "import")


@click.command()
@click.argument("path", required=False, metavar="[PATH[:REF]]")
@click.option("--branch", "resource", flag_value="branch", help="List the asset's branches.")
@click.option("--tag", "resource", flag_value="tag", help="List its tags.")
@click.option("--commit", "resource", flag_value="commit", help="List its commits.")
@click.option("--run", "resource", flag_value="run", help="List its runs.")
@click.option("--evaluation", "resource", flag_value="evaluation", help="List its evaluations.")
@click.option("--import", "resource", flag_value="import", help="List what was imported into it.")
@click.option("-r", "--recursive", is_flag=True, help="List all files, not just one level.")
@click.option("--search", default="", metavar="TEXT", help="Only branches or tags with this text in their names.")
@click.option("--prefix", default="", help="Only files below this folder, such as data/.")
@click.option("--mine", "which", flag_value="mine", help="Only your own folders.")
@click.option("--shared", "which", flag_value="shared", help="Only folders that were shared with you.")
@click.option("--public", "which", flag_value="public", help="Only folders that everybody may read.")
@json_option
@hub
def ls(
    hub: "Hub", path: str | None, resource: str | None, recursive: bool, search: str, prefix: str, which: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """List the folders that you may see, a folder's assets, or an asset's files."""
    from assethub.client.assets import Asset
    from assethub.client.folders import Folder

    if path is None:
        show_folders(hub, which or "all", as_json)
        return
    found = hub.get(path)
    if isinstance(found, Folder):
        show_assets(found, as_json)
        return
    version = found.main if isinstance(found, Asset) else found
    if resource is None:
        show_files(version, recursive, prefix, as_json)
    elif resource == "commit":
        show_commits(version.list_commit(), as_json)
    else:
        asset = hub.get(path.partition(":")[0])
        assert isinstance(asset, Asset)  # a path without a ref that is no folder
        show_resource(asset, resource, search, as_json)


def show_folders(hub: "Hub", which: str, as_json: bool) -> None:
    folders = hub.folders(which=which)
    if as_json:
        print_json([folder.info for folder in folders])
        return
    if not folders:
        click.echo("No folders yet. `ah create model/FOLDER/NAME` makes one with a model in it.")
    table(
        [(f.path, f"{f.info.assets} asset{'' if f.info.assets == 1 else 's'}", f.info.description) for f in folders],
        ("path", "holds", "description"),
    )


def show_assets(folder: "object", as_json: bool) -> None:
    from assethub.client.folders import Folder

    assert isinstance(folder, Folder)
    assets = folder.list()
    if as_json:
        print_json([asset.info for asset in assets])
        return
    if not assets:
        click.echo(f"{folder.path} is empty. `ah create {folder.path}/NAME` makes something in it.")
    rows = [
        (a.path, ", ".join(a.info.labels), ago(a.info.updated_at), a.info.bucket, a.info.description) for a in assets
    ]
    table(rows, ("path", "labels", "updated", "bucket", "description"))


def show_files(version: "Version", recursive: bool, prefix: str, as_json: bool) -> None:
    folders, files = ([], version.list_object(prefix)) if recursive else version.list_folder(prefix)
    if as_json:
        print_json(
            [{"path": path, "folder": True} for path in folders] + [one.model_dump(mode="json") for one in files]
        )
        return
    if not folders and not files:
        click.echo(f"{version} has no files. `ah commit {version} -m MESSAGE -a FILE` puts some in.")
    rows: list[tuple[str, str, str]] = [(path, "", "") for path in folders]
    rows += [(one.path, size(one.size), ago(one.mtime)) for one in files]
    table(rows, ("path", "size", "modified"), right=(1,))


def show_resource(asset: "Asset", resource: str, search: str, as_json: bool) -> None:
    from assethub.client.assets import Model

    if resource in ("branch", "tag"):
        refs = asset.find_refs(search, kind=resource, limit=MOST_REFS)
        if as_json:
            print_json(refs)
        else:
            rows = [(ref.name, ref.commit[:8], ago(ref.updated_at), ref.message.partition("\n")[0]) for ref in refs]
            table(rows, (resource, "commit", "updated", "message"))
    elif resource == "import":
        show_imports(asset.imports(), as_json)
    elif not isinstance(asset, Model):
        raise click.UsageError(f"{asset.path} is a dataset; only models have runs and evaluations.")
    elif resource == "run":
        show_runs(asset.runs(), as_json)
    else:
        show_evaluations(asset.list_evaluation(), as_json)
