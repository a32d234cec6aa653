"""ah run"""

import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from assethub.cli.context import ago, hub, json_option, parse_params, print_json, table, took

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.client.runs import Run
    from assethub.client.sweeps import Sweep
    from assethub.protocol.runs import LogLineInfo, PriorityWord, RunInfo

PRIORITIES = ("low", "normal", "high")
TYPES = ("train", "continue", "evaluate")
STATES = ("queued", "preparing", "running", "saving", "succeeded", "failed", "cancelled", "lost")


@click.group("run")
def run_group() -> None:
    """Look at runs, follow, cancel and repeat them. RUN is a number or an id."""


@run_group.command("ls")
@click.argument("model", required=False)
@click.option("--state", type=click.Choice(STATES), help="Only runs in this state.")
@click.option("--sweep", type=int, metavar="N", help="The runs of a sweep, with what was swept and their metrics.")
@click.option("--type", "kind", type=click.Choice(TYPES), help="Only runs of this task.")
@click.option("--by", "creator", metavar="USER", help="Only runs that this user started.")
@click.option("--text", metavar="TEXT", help="Only runs with this text in their branch or model.")
@click.option("-n", "--number", default=20, show_default=True, help="How many.")
@json_option
@hub
def list_runs(
    hub: "Hub", model: str | None, state: str | None, sweep: int | None, kind: str | None, creator: str | None,
    text: str | None, number: int, as_json: bool,
) -> None:  # fmt: skip
    """List the newest runs, of one model or of all."""
    if sweep is not None:
        found = hub.sweep(sweep)
        if as_json:
            print_json([one for one in found.results() if state in (None, one.run.state)])
        else:
            show_swept(found, state)
        return
    chosen = {"state": state, "type": kind, "creator": creator, "text": text}
    runs = hub.model(model).runs(number, **chosen) if model else hub.runs(limit=number, **chosen)
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


def show_swept(sweep: "Sweep", state: str | None = None) -> None:
    """A sweep's runs: what was swept, and the newest value of each metric."""
    results = [one for one in sweep.results() if state in (None, one.run.state)]
    names = sorted({name for one in results for name in one.metrics})
    params = list(sweep.info.params)
    rows = [
        (one.run.number, one.run.state, *(one.run.params.get(name) for name in params),
         *(number(one.metrics.get(name)) for name in names), one.run.branch or "")
        for one in results
    ]  # fmt: skip
    table(rows, ("run", "state", *params, *names, "branch"), right=(0,))


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


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
    if info.waiting is not None:
        facts.insert(2, ("Waits", waiting(info)))
    if info.priority != "normal":
        facts.append(("Priority", info.priority))
    if info.gpus:
        facts.append(("GPUs", ", ".join(info.gpus)))
    if info.commit:
        facts.append(("Result", f"{info.path}:{info.branch} at {info.commit[:8]}"))
    elif info.checkpoint:
        facts.append(("Checkpoint", f"{info.path}:{info.branch} at {info.checkpoint[:8]}"))
    if info.evaluation:
        facts.append(("Result", f"evaluation {info.evaluation}"))
    if info.follower or info.follows:
        facts.append(("Follows", f"run {info.follows}") if info.follows else ("Then", f"run {info.follower}"))
    if info.sweep:
        facts.append(("Sweep", f"{info.sweep}; `ah run ls --sweep {info.sweep}` compares its runs"))
    facts.append(("Same again", again_command(info)))
    table(facts, ("", ""))


def waiting(info: "RunInfo") -> str:
    """Why it waits, and where in the queue it is."""
    why = info.waiting
    if why is None:
        return ""
    return f"{why.sentence} Place {why.position} of {why.length}." if why.position else why.sentence


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
@click.option("--grep", "search", metavar="TEXT", help="Only lines with this text in them, whatever its case.")
@click.option("--rank", type=click.IntRange(0), help="Only lines of this one of several processes.")
@json_option
@hub
def logs(hub: "Hub", id: str, follow_it: bool, search: str | None, rank: int | None, as_json: bool) -> None:
    """Print a run's log."""
    run = hub.run(id)
    if as_json:
        print_json(list(run.logs(follow=follow_it, search=search, rank=rank)))
    elif follow_it:
        follow(run, search, rank)
    else:
        for line in run.logs(search=search, rank=rank):
            print_line(line)


def follow(run: "Run", search: str | None = None, rank: int | None = None) -> None:
    """Print the log as it grows, and how the run ended."""
    for line in run.logs(follow=True, search=search, rank=rank):
        print_line(line)
    info = run.refresh().info
    made = f": {info.path}:{info.branch} at {info.commit[:8]}" if info.commit else ""
    click.echo(f"Run {info.number} {info.state}{made}", err=True)


def print_line(line: "LogLineInfo") -> None:
    terminal = sys.stdout.isatty()
    text = line.text if line.rank is None else f"[{line.rank}] {line.text}"
    if line.stream == "hub":
        click.echo(click.style(f"· {text}", fg="blue") if terminal else f"· {text}")
    else:
        click.echo(click.style(text, fg="yellow") if terminal and line.stream == "err" else text)


@run_group.command("patch")
@click.argument("id", metavar="RUN")
@hub
def patch(hub: "Hub", id: str) -> None:
    """Print what was changed in a run's code since its commit."""
    click.echo(hub.run(id).patch(), nl=False)


@run_group.command("cancel")
@click.argument("id", metavar="RUN", required=False)
@click.option("--sweep", type=int, metavar="N", help="All runs of a sweep.")
@hub
def cancel(hub: "Hub", id: str | None, sweep: int | None) -> None:
    """Ask for a run's end; all its processes are stopped."""
    if sweep is not None:
        hub.sweep(sweep).cancel()
        click.echo(f"The runs of sweep {sweep} are being cancelled.")
        return
    if id is None:
        raise click.UsageError("Name a run, or a sweep with --sweep.")
    run = hub.run(id).cancel()
    click.echo(f"Run {run.number} is {run.state}." if run.ended else f"Run {run.number} is being cancelled.")


@run_group.command("priority")
@click.argument("id", metavar="RUN")
@click.argument("priority", type=click.Choice(PRIORITIES))
@hub
def priority(hub: "Hub", id: str, priority: "PriorityWord") -> None:
    """Let a run that waits go earlier or later; above normal is for administrators."""
    run = hub.run(id).set_priority(priority)
    click.echo(f"Run {run.number} has the priority {run.info.priority}. {waiting(run.info)}".rstrip())


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
@click.option("-p", "--param", "params", multiple=True, metavar="NAME=VALUE", help="Another value for a parameter.")
@click.option("-d", "--dataset", "datasets", multiple=True, metavar="REF", help="Use these datasets instead.")
@hub
def again(hub: "Hub", id: str, branch: str | None, params: tuple[str, ...], datasets: tuple[str, ...]) -> None:
    """Start a new run from the same pins, but for what is given."""
    run = hub.run(id).again(branch, params=parse_params(params), datasets=datasets)
    click.echo(f"Run {run.number} is {run.state}. `ah run logs -f {run.number}` follows it.")
