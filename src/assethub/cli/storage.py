"""ah copy, ah usage"""

from typing import TYPE_CHECKING

import click

from assethub.cli.context import hub, json_option, print_json, table
from assethub.cli.history import show_made, version_of
from assethub.domain.sizes import size

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.protocol.owners import OwnerUsageInfo


@click.command()
@click.argument("source", metavar="SOURCE[:REF]")
@click.argument("target", metavar="TARGET[:BRANCH]")
@click.argument("paths", nargs=-1, metavar="[FILE|DIR/]...")
@click.option("--to", default="", metavar="DIR", help="Folder of the target that receives them.")
@click.option("-m", "--message", default="", help="Why.  [default: where they come from]")
@json_option
@hub
def copy(
    hub: "Hub", source: str, target: str, paths: tuple[str, ...], to: str, message: str, as_json: bool
) -> None:  # fmt: skip
    """Copy a version, or some files of it, onto a branch of another asset. No bytes move."""
    version = version_of(hub, target)
    made = version.copy(version_of(hub, source), paths, to=to, message=message)
    show_made(made, as_json, f"{version} holds all of this already; nothing to copy.")


def show_owner(found: "OwnerUsageInfo", as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    if found.limit is None:
        allowed = "no limit"
    else:
        allowed = f"{size(found.limit)}{'' if found.quota is not None else ', as all on this hub'}"
    rows = [("Owner", found.owner), ("Assets", f"{found.assets:,}"), ("Stored", size(found.stored)), ("Limit", allowed)]
    table(rows, ("", ""))


@click.command()
@click.argument("reference", metavar="[PATH[:REF]|OWNER]", required=False)
@json_option
@hub
def usage(hub: "Hub", reference: str | None, as_json: bool) -> None:
    """Show how many bytes an asset and a version of it take in the store, or all assets of an owner (you)."""
    if reference is None or "/" not in reference:
        show_owner(hub.owner_usage(reference or hub.me), as_json)
        return
    version = version_of(hub, reference)
    found = version.usage()
    if as_json:
        print_json(found)
        return
    one = found.version
    rows = [
        ("Version", f"{version} at {one.commit[:8]}"),
        ("Files", f"{one.files:,}, {size(one.listed)}; equal contents once: {size(one.stored)}"),
        ("New in its commit", size(one.added)),
        ("Asset", f"{found.contents:,} contents, {size(found.own + found.shared)}"),
        ("Its alone", size(found.own)),
        ("Shared with others", size(found.shared)),
    ]
    table(rows, ("", ""))
