"""ah audit"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assethub.cli.context import hub, json_option, print_json, table

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.protocol.audit import EventInfo

DAYS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
Command = Callable[..., None]


def filter_options(command: Command) -> Command:
    """Which events somebody looks for."""
    for option in (
        click.option("--search", default="", metavar="WORDS", help="Words of any field."),
        click.option("--outcome", type=click.Choice(["done", "refused"])),
        click.option("--until", type=click.DateTime(DAYS), metavar="TIME", help="Before this time (UTC)."),
        click.option(
            "--since", type=click.DateTime(DAYS), metavar="TIME", help="From then on (UTC), such as 2026-03-01."
        ),
        click.option("--folder", help="In this folder; its owners may see that."),
        click.option("--action", help="Such as folder.share, or folder for all that begin so."),
        click.option("--user", help="By this user."),
    ):
        command = option(command)
    return command


def utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None


def filters(given: dict[str, Any]) -> dict[str, Any]:
    return given | {"since": utc(given["since"]), "until": utc(given["until"])}


@click.group("audit", invoke_without_command=True)
@filter_options
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="The newest so many.")
@json_option
@click.pass_context
def audit(context: click.Context, /, limit: int, as_json: bool, **given: Any) -> None:
    """Show who did what: everything to administrators, a folder to its owners, else your own acts."""
    if context.invoked_subcommand is None:
        show(limit, as_json, filters(given))


@hub
def show(hub: "Hub", limit: int, as_json: bool, wanted: dict[str, Any]) -> None:
    events = list(hub.audit(**wanted, limit=limit))
    if as_json:
        print_json(events)
        return
    rows = [(f"{one.at:%Y-%m-%d %H:%M:%S}", who(one), one.address, told(one), one.target) for one in events]
    table(rows, ("when (UTC)", "who", "from", "did", "what"))


def who(event: "EventInfo") -> str:
    """The name and how they came in; without a name, whoever had not signed in, or the hub."""
    return f"{event.actor_name} ({event.via})" if event.actor_name else event.via


def told(event: "EventInfo") -> str:
    return event.action if event.outcome == "done" else f"{event.action} (refused)"


@audit.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@filter_options
@hub
def export(hub: "Hub", file: Path, **given: Any) -> None:
    """Write the log to FILE as lines of JSON, oldest first; for administrators."""
    click.echo(f"Wrote {hub.export_audit(file, **filters(given))}")
