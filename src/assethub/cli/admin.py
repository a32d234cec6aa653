"""ah admin: on the hub's own machine, for the person who runs it"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from assethub.cli.serve import SERVER_MISSING

ELSEWHERE = {
    **dict.fromkeys(("audit", "collect", "purge", "quota"), "assethub.cli.upkeep"),
    "queue": "assethub.cli.queue",
    **dict.fromkeys(("settings", "storage"), "assethub.cli.inspecting"),
}
data_option = click.option(
    "--data", type=click.Path(file_okay=False, path_type=Path), help="The hub's data folder.  [default: per user]"
)
database_option = click.option("--database", help="Database URL, if it is not SQLite in the data folder.")


@contextmanager
def opened(data: Path | None, database: str | None) -> Iterator[Any]:
    """The hub of the data folder, which may be serving at the same time."""
    try:
        from assethub.server.settings import load_settings
        from assethub.services.opening import open_hub
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("assethub"):
            raise
        raise click.ClickException(SERVER_MISSING) from error
    settings = load_settings({"data": data, "database": database})
    opened = open_hub(
        settings.data, database=settings.database or None, store=settings.store or None,
        slots=settings.slots, machine=settings.machine,
        grace=timedelta(hours=settings.grace_hours), quota=settings.quota_bytes, audit_kept=settings.audit_kept,
    )  # fmt: skip
    try:
        yield opened.hub
    finally:
        opened.close()


def keeper() -> Any:
    """Who sits at the hub's machine, as the audit log tells of them."""
    from getpass import getuser

    from assethub.domain.owners import Keeper

    return Keeper(getuser())


class AdminCommands(click.Group):
    """What looks after bytes, the log and the queue lies in modules of its own."""

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted([*super().list_commands(context), *ELSEWHERE])

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name in ELSEWHERE:
            command: click.Command = getattr(import_module(ELSEWHERE[name]), name)
            return command
        return super().get_command(context, name)


@click.group(cls=AdminCommands)
def admin() -> None:
    """Look after a hub on its own machine."""


@admin.group()
def key() -> None:
    """API keys for scripts."""


@key.command("create")
@click.option("--user", required=True, help="Whose key it is.")
@click.option("--scope", type=click.Choice(["read", "write", "admin"]), default="write", show_default=True)
@click.option("--name", default="made by ah admin", show_default=True)
@data_option
@database_option
def create_key(user: str, scope: str, name: str, data: Path | None, database: str | None) -> None:
    """Make an API key and print its secret, alone on a line."""
    from assethub.domain.owners import Scope
    from assethub.services import accounts, keys

    with opened(data, database) as hub, hub.work(keeper()) as work:
        found = accounts.get_user(work, user)
        _, secret = keys.make_key(work, found, name, Scope[scope.upper()])
    click.echo(secret)


@admin.group("user")
def user_group() -> None:
    """Users of the hub."""


@user_group.command("create")
@click.argument("name")
@click.option("--admin", "is_admin", is_flag=True, help="Make them a hub administrator.")
@click.password_option()
@data_option
@database_option
def create_user(name: str, is_admin: bool, password: str, data: Path | None, database: str | None) -> None:
    """Sign up a user with a password."""
    from assethub.services import accounts

    with opened(data, database) as hub, hub.work(keeper()) as work:
        made = accounts.create_user(work, name, password, admin=is_admin)
    click.echo(f"Signed up {made.name!r}{' as an administrator' if made.admin else ''}.")


@user_group.command("ls")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_option
@database_option
def list_users(as_json: bool, data: Path | None, database: str | None) -> None:
    """List the users."""
    from assethub.services import accounts

    with opened(data, database) as hub, hub.work(keeper(), reading=True) as work:
        users = accounts.list_users(work)
    if as_json:
        click.echo(json.dumps([{"id": str(user.id), "name": user.name, "admin": user.admin} for user in users]))
        return
    for user in users:
        click.echo(f"{user.name}\t{'administrator' if user.admin else 'user'}\t{user.created_at:%Y-%m-%d}")


@user_group.command("deactivate")
@click.argument("name")
@data_option
@database_option
def deactivate(name: str, data: Path | None, database: str | None) -> None:
    """End a user's sessions, keys and runs at once; what they own stays."""
    switch(name, data, database, active=False)


@user_group.command("activate")
@click.argument("name")
@data_option
@database_option
def activate(name: str, data: Path | None, database: str | None) -> None:
    """Let a deactivated user sign in again."""
    switch(name, data, database, active=True)


def switch(name: str, data: Path | None, database: str | None, *, active: bool) -> None:
    from assethub.services import accounts

    with opened(data, database) as hub, hub.work(keeper()) as work:
        accounts.change_user(work, name, active=active)
    click.echo(f"{name!r} is {'active' if active else 'deactivated'}.")


@admin.group("source")
def source_group() -> None:
    """Places that imports may read."""


@source_group.command("add")
@click.argument("name")
@click.argument("url")
@data_option
@database_option
def add_source(name: str, url: str, data: Path | None, database: str | None) -> None:
    """Let every editor import from URL: a folder of this machine, or s3://, gs:// or az:// with a bucket and a prefix.

    The server reads the keys of a bucket from its own environment.
    """
    from assethub.services import sources

    with opened(data, database) as hub, hub.work(keeper()) as work:
        made = sources.register_source(work, name, url)
    click.echo(f"Added the source {made.name!r}: {made.url}")


@source_group.command("ls")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_option
@database_option
def list_sources(as_json: bool, data: Path | None, database: str | None) -> None:
    """List the sources."""
    from assethub.services import sources

    with opened(data, database) as hub, hub.work(keeper(), reading=True) as work:
        found = sources.registered_sources(work)
    if as_json:
        click.echo(json.dumps([{"name": one.name, "url": one.url} for one in found]))
        return
    for one in found:
        click.echo(f"{one.name}\t{one.url}\t{one.created_at:%Y-%m-%d}")


@source_group.command("rm")
@click.argument("name")
@click.option("--force", is_flag=True, help="Even if contents are linked to it, which cannot be read then.")
@data_option
@database_option
def remove_source(name: str, force: bool, data: Path | None, database: str | None) -> None:
    """Take a source away; nothing of it is deleted."""
    from assethub.services import sources

    with opened(data, database) as hub, hub.work(keeper()) as work:
        sources.unregister_source(work, name, force=force)
    click.echo(f"Removed the source {name!r}.")


@admin.command("reset-password")
@click.argument("name")
@click.password_option()
@data_option
@database_option
def reset_password(name: str, password: str, data: Path | None, database: str | None) -> None:
    """Give a user a new password; their sessions end."""
    from assethub.services import accounts

    with opened(data, database) as hub, hub.work(keeper()) as work:
        accounts.reset_password(work, name, password)
    click.echo(f"{name!r} has a new password.")


@admin.command()
@click.option("--deep", is_flag=True, help="Read and hash every content, not only look for it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_option
@database_option
def verify(deep: bool, as_json: bool, data: Path | None, database: str | None) -> None:
    """Look at everything that the hub keeps; exit status 1 if something is damaged. Runs beside a serving hub."""
    from dataclasses import asdict

    from assethub.services import verification

    with opened(data, database) as hub:
        found = verification.verify(hub, deep=deep)
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        for damage in found.damages:
            click.echo(f"{damage.asset}@{damage.commit[:8]} {damage.path or ''}: {damage.problem}")
        looked = "read" if deep else "looked for"
        verdict = f"{len(found.damages)} damages" if found.damages else "all is well"
        contents = f"{found.bodies:,} contents ({found.bytes:,} bytes)"
        click.echo(f"{looked.capitalize()} {contents} and the trees of {found.commits:,} commits: {verdict}.")
    if found.damages:
        raise SystemExit(1)
