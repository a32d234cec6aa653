"""ah credential"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assethub.cli.context import ago, hub, json_option, print_json, table
from assethub.domain.errors import Invalid, NotFound

if TYPE_CHECKING:
    from assethub.client.credentials import GitCredentials
    from assethub.client.hub import Hub

folder_option = click.option("--folder", metavar="PATH", help="Those of a folder that you own.  [default: your own]")


@click.group("credential")
def credential_group() -> None:
    """Keep what opens private Git repositories, for your runs or for those of a folder."""


@credential_group.command("add")
@click.argument("url")
@click.option("--name", help="What to call it.  [default: after URL]")
@click.option("--username", help="Goes with it to the Git server.  [default: git]")
@click.option("--key-file", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True), help="A private SSH key.")
@folder_option
@json_option
@hub
def add_credential(
    hub: "Hub", url: str, name: str | None, username: str | None, key_file: Path | None, folder: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Keep a token for the repositories below URL (https://github.com/acme), or an SSH key (ssh://git@gitlab.corp).

    The token is asked for, or read from standard input.
    """
    made = keeper(hub, folder).create_credential(url, read_secret(key_file), name=name, username=username)
    if as_json:
        print_json(made)
    else:
        click.echo(f"Kept {made.name} for {made.url}{f' ({made.fingerprint})' if made.fingerprint else ''}")


@credential_group.command("ls")
@folder_option
@json_option
@hub
def list_credentials(hub: "Hub", folder: str | None, as_json: bool) -> None:
    """List credentials; their secrets are never shown."""
    found = keeper(hub, folder).credentials()
    if as_json:
        print_json(found)
        return
    rows = [
        (one.name, one.url, one.fingerprint or "token", ago(one.created_at), ago(one.last_used_at)) for one in found
    ]
    table(rows, ("name", "for", "kind", "made", "used"))


@credential_group.command("rm")
@click.argument("name")
@folder_option
@hub
def remove_credential(hub: "Hub", name: str, folder: str | None) -> None:
    """Forget a credential, by its name or id."""
    place = keeper(hub, folder)
    gone = next((one for one in place.credentials() if name in (one.name, str(one.id))), None)
    if gone is None:
        raise NotFound.named("credential", name)
    place.delete_credential(gone.id)
    click.echo(f"Removed {gone.name}")


def keeper(hub: "Hub", folder: str | None) -> "GitCredentials":
    if folder is None:
        return hub
    from assethub.client.folders import Folder

    found = hub.get(folder)
    if not isinstance(found, Folder):
        raise click.UsageError(f"{folder} is no folder; credentials are kept for you or for a folder.")
    return found


def read_secret(key_file: Path | None) -> str:
    """Never from the command line, where others on the machine would see it."""
    if key_file is not None and str(key_file) != "-":
        try:
            return key_file.read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise Invalid(f"The key {key_file} cannot be read: {getattr(error, 'strerror', None) or error}.") from None
    if key_file is None and sys.stdin.isatty():
        return str(click.prompt("Token", hide_input=True))
    return sys.stdin.read()
