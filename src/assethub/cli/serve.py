"""ah serve"""

import signal
import threading
from pathlib import Path
from typing import Any

import click

SERVER_MISSING = "The server is not installed here; install it with: pip install 'assethub[server]'"


@click.command()
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder that holds everything.")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 takes a free one.  [default: 7700]")
@click.option("--s3-port", type=int, help="Port of the S3 door; 0 takes a free one.  [default: the one after --port]")
@click.option("--url", help="Address that people and runs reach the hub at.")
@click.option("--database", help="Database URL.  [default: SQLite in the data folder]")
@click.option("--log-level", type=click.Choice(["debug", "info", "warning", "error"]), help="How much to tell.")
def serve(**options: Any) -> None:
    """Run a hub until Ctrl-C or SIGTERM. Settings also come from ASSETHUB_* and DATA/assethub.toml."""
    server = start(options)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    from assethub.server.running import settle

    with server:
        click.echo(f"Asset Hub is at {server.url} (data in {server.hub.folder}). Ctrl-C stops it; runs go on.")
        first = server.first_user
        if first is not None:
            click.echo(f"First start: signed up {first.name!r} with the password {first.password}")
            click.echo(f"Sign in with one click: {first.link}")
        settle()
        while not stopping.wait(3600):
            pass
    click.echo("Stopped.")


def start(options: dict[str, Any]) -> Any:
    """A server for these options, ready to start; the server's packages are imported only here."""
    try:
        from assethub.server.running import RunningServer
        from assethub.server.settings import load_settings
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("assethub"):
            raise
        raise click.ClickException(SERVER_MISSING) from error
    settings = load_settings(options)
    configure_logging(settings.log_level)
    return RunningServer(settings)


def configure_logging(level: str) -> None:
    import logging

    logging.getLogger("alembic").setLevel(logging.WARNING)  # its plugins are nobody's business
    logging.basicConfig(level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
