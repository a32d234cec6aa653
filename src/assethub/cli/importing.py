"""ah import"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from assethub.cli.context import ago, hub, json_option, print_json, progress, table
from assethub.cli.exporting import import_file
from assethub.domain.sizes import size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from assethub.client.hub import Hub
    from assethub.client.imports import Import


@click.command("import")
@click.argument("source", metavar="SOURCE[:PREFIX]|FILE.ahub")
@click.argument("path", metavar="PATH[:BRANCH]")
@click.option("--to", default="", metavar="DIR", help="Folder of the asset that receives it.  [default: its root]")
@click.option("--link", is_flag=True, help="Leave the contents where they are; reading fails once they change.")
@click.option("-m", "--message", default="", help="Message of the commit.")
@click.option("--no-wait", is_flag=True, help="Do not wait for its end.")
@click.option("--cancel", is_flag=True, help="SOURCE is an import's id: cancel it.")
@json_option
@hub
def import_(
    hub: "Hub", source: str, path: str, to: str, link: bool, message: str, no_wait: bool, cancel: bool, as_json: bool
) -> None:
    """Import files from a source that an administrator registered, in one commit.

    The hub reads them itself, and goes on when this command is interrupted. `ah ls PATH --import` shows how far it is.
    A file that `ah export` wrote becomes a new asset at PATH, or new commits of one that came the same way before.
    """
    if source.endswith(".ahub") or ("/" in source and Path(source).is_file()):  # no source's name holds a slash
        if to or link or message or no_wait or cancel:
            raise click.UsageError("What `ah export` wrote comes in as it is; leave the options out.")
        import_file(hub, Path(source), path, as_json)
        return
    if cancel:
        show_import(find_import(hub, source, path).cancel(), as_json)
        return
    import_from_source(hub, source, path, to, link, message, no_wait, as_json)


def import_from_source(
    hub: "Hub", source: str, path: str, to: str, link: bool, message: str, no_wait: bool, as_json: bool
) -> None:
    from assethub.client.assets import Asset

    reference = hub.reference(path)
    name, _, prefix = source.partition(":")
    asset = hub.get(str(reference.asset))
    assert isinstance(asset, Asset)  # a reference's path is an asset's
    made = asset.import_from(name, prefix, branch=reference.ref or "main", to=to, link=link, message=message)
    if not no_wait:
        follow(made)
    show_import(made, as_json)


def follow(made: "Import") -> None:
    """Show how far it is until it has ended; to interrupt this does not end it."""
    try:
        with progress("Importing") as report:
            made.wait(check=False, progress=report)
    except KeyboardInterrupt:
        click.echo(
            f"The import goes on at the hub: `ah ls {made.info.path} --import` shows it, "
            f"`ah import --cancel {made.info.id} {made.info.path}` ends it.",
            err=True,
        )
        sys.exit(130)
    if made.state != "succeeded":
        raise click.ClickException(f"The import {made.state}: {made.info.error or 'no reason is known'}")


def find_import(hub: "Hub", id: str, path: str) -> "Import":
    from assethub.client.connection import asset_url
    from assethub.client.imports import Import
    from assethub.protocol.imports import ImportInfo

    try:
        where = f"{asset_url(hub.reference(path).asset)}/imports/{UUID(id)}"
    except ValueError:
        raise click.UsageError(f"{id!r} is not the id of an import; `ah ls {path} --import` lists them.") from None
    return Import(hub.connection, hub.connection.get(ImportInfo, where))


def show_import(made: "Import", as_json: bool) -> None:
    info = made.info
    if as_json:
        print_json(info)
        return
    files = f"{info.total_files} file{'' if info.total_files == 1 else 's'}, {size(info.total_bytes)}"
    if info.state != "succeeded":
        click.echo(f"Import {info.id} into {info.path}:{info.branch} is {info.state}")
    elif info.commit is None:
        click.echo(f"{info.path}:{info.branch} holds all of this already ({files}); nothing to commit.")
    else:
        kept = "linked" if info.link else "copied"
        click.echo(f"{info.commit[:8]} on {info.path}:{info.branch}  ({files}, {kept})")


def show_imports(imports: "Sequence[Import]", as_json: bool) -> None:
    if as_json:
        print_json([one.info for one in imports])
        return
    rows = [
        (one.info.id, one.state, f"{one.info.source}:{one.info.prefix}".rstrip(":"), one.info.branch,
         f"{one.info.done_files}/{one.info.total_files} files", size(one.info.done_bytes),
         one.info.error or (one.info.commit or "")[:8], ago(one.info.created_at))
        for one in imports
    ]  # fmt: skip
    table(rows, ("import", "state", "source", "branch", "done", "bytes", "result", "started"))
