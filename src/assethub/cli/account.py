"""ah login, ah logout, ah whoami, ah key, ah config"""

import os
import sys
from typing import TYPE_CHECKING

import click

from assethub.cli.context import ago, hub, json_option, print_json, table

if TYPE_CHECKING:
    from assethub.client.hub import Hub


@click.command()
@click.argument("url", required=False)
@click.option("--user", help="Your name on the hub.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--api-key", help="Use this key instead of a name and password.")
def login(url: str | None, user: str | None, password_stdin: bool, api_key: str | None) -> None:
    """Sign in to the hub at URL and keep a key for it on this machine."""
    from socket import gethostname

    from assethub.client.connection import DEFAULT_ENDPOINT, connect, load_login, save_login
    from assethub.protocol.owners import CreatedKey, SignIn

    endpoint = url or os.environ.get("ASSETHUB_ENDPOINT") or load_login().get("endpoint") or DEFAULT_ENDPOINT
    endpoint = (endpoint if "://" in endpoint else f"http://{endpoint}").rstrip("/")
    if api_key is None:
        name = user or click.prompt("Name")
        password = sys.stdin.readline().rstrip("\n") if password_stdin else click.prompt("Password", hide_input=True)
        new = SignIn(user=name, password=password, name=f"ah login on {gethostname()}"[:100], scope="write")
        api_key = connect(endpoint, "").connection.send(CreatedKey, "POST", "/sign-in", new, again=False).secret
    me = connect(endpoint, api_key).whoami()
    path = save_login(endpoint, api_key)
    click.echo(f"Signed in to {endpoint} as {me.name}; the key is in {path}")


@click.command()
def logout() -> None:
    """Forget the key on this machine. (`ah key revoke` makes it worthless everywhere.)"""
    from assethub.client.connection import login_file

    login_file().unlink(missing_ok=True)
    click.echo("The key is forgotten.")


@click.command()
@json_option
@hub
def whoami(hub: "Hub", as_json: bool) -> None:
    """Show who is signed in, and where."""
    me = hub.whoami()
    if as_json:
        print_json({"endpoint": hub.connection.endpoint, **me.model_dump(mode="json")})
    else:
        click.echo(f"{me.name}{' (administrator)' if me.admin else ''} at {hub.connection.endpoint}")


@click.group("key")
def key_group() -> None:
    """Make, list and revoke API keys."""


user_option = click.option("--user", help="Of this service account, for administrators.  [default: your own]")


@key_group.command("create")
@click.argument("name")
@click.option("--scope", type=click.Choice(["read", "write", "admin"]), default="write", show_default=True)
@click.option("--days", type=int, help="Expires after this many days.  [default: never]")
@click.option("--folder", help="Good for what is in this folder, and for nothing else.")
@user_option
@json_option
@hub
def create_key(
    hub: "Hub", name: str, scope: str, days: int | None, folder: str | None, user: str | None, as_json: bool
) -> None:
    """Make an API key; its secret is shown only now."""
    key = hub.create_key(name, scope=scope, expires_in_days=days, folder=folder, user=user)
    if as_json:
        print_json(key)
    else:
        click.echo(key.secret)


@key_group.command("ls")
@user_option
@json_option
@hub
def list_keys(hub: "Hub", user: str | None, as_json: bool) -> None:
    """List your API keys."""
    keys = hub.keys(user=user)
    if as_json:
        print_json(keys)
        return
    rows = [
        (one.id, one.name, one.scope, one.folder or "everything", ago(one.created_at), ago(one.last_used_at))
        for one in keys
    ]
    table(rows, ("id", "name", "scope", "for", "made", "used"))


@key_group.command("revoke")
@click.argument("id")
@user_option
@hub
def revoke_key(hub: "Hub", id: str, user: str | None) -> None:
    """Make a key worthless."""
    hub.revoke_key(id, user=user)
    click.echo(f"Revoked {id}")


@click.command()
@json_option
def config(as_json: bool) -> None:
    """Show which hub the commands speak to, and where that is set."""
    from assethub.client.connection import DEFAULT_ENDPOINT, load_login, login_file

    stored = load_login()
    rows = []
    for name, variable, default in (
        ("endpoint", "ASSETHUB_ENDPOINT", DEFAULT_ENDPOINT), ("api_key", "ASSETHUB_API_KEY", "none"),
    ):  # fmt: skip
        if os.environ.get(variable):
            value, source = os.environ[variable], variable
        elif stored.get(name):
            value, source = stored[name], str(login_file())
        else:
            value, source = default, "default"
        shown = f"{value[:7]}…" if name == "api_key" and value != default else value
        rows.append({"setting": name, "value": shown, "source": source})
    if as_json:
        print_json(rows)
    else:
        table([tuple(row.values()) for row in rows], ("setting", "value", "from"))
