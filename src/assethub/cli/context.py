"""What commands share: the connected hub, and the ways they show things."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from assethub.domain.sizes import size

if TYPE_CHECKING:
    from pydantic import BaseModel

    from assethub.client.lanes import Progress

SECONDS = (("y", 31_536_000), ("mon", 2_592_000), ("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def hub(command: Callable[..., None]) -> Callable[..., None]:
    """Pass the connected hub as the command's first argument."""

    @wraps(command)
    def run(*arguments: Any, **options: Any) -> None:
        from assethub.client.connection import connect

        connected = connect()
        connected.connection.on_wait = lambda seconds, refused: click.echo(
            f"{refused} Going on in {seconds:.0f} s.", err=True
        )
        command(connected, *arguments, **options)

    return run


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, and nothing else.")


def print_json(value: "BaseModel | Iterable[BaseModel] | Any") -> None:
    from pydantic import BaseModel

    if isinstance(value, BaseModel):
        plain: Any = value.model_dump(mode="json")
    elif isinstance(value, list | tuple):
        plain = [one.model_dump(mode="json") if isinstance(one, BaseModel) else one for one in value]
    else:
        plain = value
    click.echo(json.dumps(plain, indent=2, ensure_ascii=False))


def table(rows: Sequence[Sequence[object]], headings: Sequence[str], *, right: Sequence[int] = ()) -> None:
    """Columns, aligned; headings only where somebody looks."""
    lines = [[str(cell) for cell in row] for row in rows]
    terminal = sys.stdout.isatty()
    if terminal and lines:
        lines.insert(0, [heading.upper() for heading in headings])
    widths = [max((len(line[at]) for line in lines), default=0) for at in range(len(headings))]
    for number, line in enumerate(lines):
        cells = [
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        text = "  ".join(cells).rstrip()
        click.echo(click.style(text, dim=True) if terminal and number == 0 else text)


def ago(at: datetime | None) -> str:
    if at is None:
        return "never"
    passed = (datetime.now(UTC) - at).total_seconds()
    for unit, seconds in SECONDS:
        if passed >= seconds:
            return f"{int(passed // seconds)} {unit} ago"
    return "now"


def took(start: datetime | None, end: datetime | None) -> str:
    """Such as 2 min 5 s; to now if it has not ended."""
    if start is None:
        return "-"
    seconds = int(((end or datetime.now(UTC)) - start).total_seconds())
    parts = [(seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"


@contextmanager
def progress(what: str) -> "Iterator[Progress]":
    """Bytes, rate and time left on a terminal; a line at the end elsewhere."""
    if not sys.stderr.isatty():

        def note(done: int, total: int) -> None:
            if done == total and total:
                click.echo(f"{what}: {size(total)}", err=True)

        yield note
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def parse_params(given: Sequence[str]) -> dict[str, str | int | float | bool]:
    """-p name=value pairs; the task's own defaults decide the types."""
    return dict(pair(text, "-p lr=0.01") for text in given)


def pair(text: str, example: str) -> tuple[str, str]:
    name, found, value = text.partition("=")
    if not found or not name:
        raise click.UsageError(f"{text!r} is not NAME=VALUE, such as {example}")
    return name, value
