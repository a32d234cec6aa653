"""ah run"""

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from assethub.cli.context import ago, hub, json_option, print_json, table, took

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.client.runs import Run
    from assethub.protocol.runs import RunInfo

STATES = ("queued", "preparing", "running", "saving", "succeeded", "failed", "cancelled", "lost")


@click.group("run")
def run_group() -> None:
    """Look at runs, follow, cancel and repeat them. RUN is a number or an id."""


@run_group.command("ls")
@click.argument("model", required=False)
@click.option("--state", type=click.Choice(STATES), help="Only runs in this state.")
@click.option("-n", "--number", default=20, show_default=True, help="How many.")
@json_option
@hub
def list_runs(hub: "Hub", model: str | None, state: str | None, number: int, as_json: bool) -> None:
    """List the newest runs, of one model or of all."""
    runs = hub.model(model).runs(number) if model else hub.runs(state=state, limit=number)
    show_runs([run for run in runs if state in (None, run.state)], as_json)


def show_runs(runs: "Sequence[Run]", as_json: bool) -> None:
    if as_json:
        print_json([run.info for run in runs])
        return
    rows = [
        (run.number, run.info.type, run.state, f"{run.info.path}:{target(run.info)}", run.info.creator,
         ago(run.info.created_at), took(run.info.started_at, run.info.ended_at))
        for run in runs
    ]  # fmt: skip
    table(rows, ("run", "type", "state", "model", "by", "created", "took"), right=(0,))


def target(info: "RunInfo") -> str:
    """The branch that receives the result, or the version that is evaluated."""
    return info.branch or next((one.ref for one in info.inputs if one.folder == "model"), "main")


@run_group.command("show")
@click.argument("id", metavar="RUN")
@json_option
@hub
def show_run(hub: "Hub", id: str, as_json: bool) -> None:
    """Show a run: state, inputs, parameters, result, and the command that repeats it."""
    run = hub.run(id)
    info = run.info
    if as_json:
        print_json(info)
        return
    place = f" in {info.code.subpath}" if info.code.subpath else ""
    facts = [
        ("Run", f"{info.number} ({info.id})"),
        ("State", f"{info.state}{f': {info.reason}' if info.reason else ''}"),
        ("Task", f"{info.type} of {info.path}:{target(info)}"),
        ("Code", f"{info.code.url} at {info.code.sha[:8]} ({info.code.revision}){place}"),
        *((one.folder.capitalize(), f"{one.path}:{one.ref} at {one.commit[:8]}") for one in info.inputs),
        ("Parameters", "  ".join(f"{name}={value}" for name, value in info.params.items()) or "none"),
        ("Started by", f"{info.creator}, {ago(info.created_at)}, on {info.engine}, attempt {info.attempt}"),
        ("Took", took(info.started_at, info.ended_at)),
    ]
    if info.commit:
        facts.append(("Result", f"{info.path}:{info.branch} at {info.commit[:8]}"))
    if info.evaluation:
        facts.append(("Result", f"evaluation {info.evaluation}"))
    facts.append(("Same again", again_command(info)))
    table(facts, ("", ""))


def again_command(info: "RunInfo") -> str:
    """The command that starts the same with what is pinned here."""
    datasets = [f"-d {one.path}:{one.commit[:12]}" for one in info.inputs if one.folder != "model"]
    model = next((f"{one.path}:{one.commit[:12]}" for one in info.inputs if one.folder == "model"), "")
    code = ["-r", info.code.url, "-i", info.code.sha, *(["-s", info.code.subpath] if info.code.subpath else [])]
    params = [f"-p {shlex.quote(f'{name}={value}')}" for name, value in info.params.items()]
    if info.type == "evaluate":
        start = ["ah evaluate", model]
    else:
        start = ["ah train", info.path, "-b NEW-BRANCH", *([f"-c {model}"] if model else [])]
    return " ".join([*start, *datasets, *map(shlex.quote, code), *params])


@run_group.command("logs")
@click.argument("id", metavar="RUN")
@click.option("-f", "--follow", "follow_it", is_flag=True, help="Go on until the run ends.")
@json_option
@hub
def logs(hub: "Hub", id: str, follow_it: bool, as_json: bool) -> None:
    """Print a run's log."""
    run = hub.run(id)
    if as_json:
        print_json(list(run.logs(follow=follow_it)))
    elif follow_it:
        follow(run)
    else:
        for line in run.logs():
            print_line(line.stream, line.text)


def follow(run: "Run") -> None:
    """Print the log as it grows, and how the run ended."""
    for line in run.logs(follow=True):
        print_line(line.stream, line.text)
    info = run.refresh().info
    made = f": {info.path}:{info.branch} at {info.commit[:8]}" if info.commit else ""
    click.echo(f"Run {info.number} {info.state}{made}", err=True)


def print_line(stream: str, text: str) -> None:
    terminal = sys.stdout.isatty()
    if stream == "hub":
        click.echo(click.style(f"· {text}", fg="blue") if terminal else f"· {text}")
    else:
        click.echo(click.style(text, fg="yellow") if terminal and stream == "err" else text)


@run_group.command("cancel")
@click.argument("id", metavar="RUN")
@hub
def cancel(hub: "Hub", id: str) -> None:
    """Ask for a run's end; all its processes are stopped."""
    run = hub.run(id).cancel()
    click.echo(f"Run {run.number} is {run.state}." if run.ended else f"Run {run.number} is being cancelled.")


@run_group.command("retry")
@click.argument("id", metavar="RUN")
@hub
def retry(hub: "Hub", id: str) -> None:
    """Try a failed, cancelled or lost run again, as the same run."""
    run = hub.run(id).retry()
    click.echo(f"Run {run.number} is {run.state}, attempt {run.info.attempt}.")


@run_group.command("again")
@click.argument("id", metavar="RUN")
@click.option("-b", "--branch", help="New branch for the result.  [default: the old one's name with -again]")
@hub
def again(hub: "Hub", id: str, branch: str | None) -> None:
    """Start a new run from the same pins."""
    run = hub.run(id).again(branch)
    click.echo(f"Run {run.number} is {run.state}. `ah run logs -f {run.number}` follows it.")
