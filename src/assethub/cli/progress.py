"""ah run stages, ah run system; `ah run` as a whole is what lies here, in comparison and in runs"""

from typing import TYPE_CHECKING

import click

import assethub.cli.comparison  # noqa: F401 - which adds its command
from assethub.cli.context import hub, json_option, print_json, table, took
from assethub.cli.runs import run_group

if TYPE_CHECKING:
    from assethub.client.hub import Hub

NAMES = {"cpu": "CPU (cores)", "memory": "memory", "gpu": "GPU", "gpu_memory": "GPU memory", "disk": "disk"}


@run_group.command("stages")
@click.argument("id", metavar="RUN")
@json_option
@hub
def stages(hub: "Hub", id: str, as_json: bool) -> None:
    """Show the states that a run was in, and for how long."""
    found = hub.run(id).stages()
    if as_json:
        print_json(found)
        return
    rows = [
        (one.attempt, one.state, f"{one.start:%Y-%m-%d %H:%M:%S}", took(one.start, one.end) if one.end else "")
        for one in found
    ]  # fmt: skip
    table(rows, ("attempt", "state", "from", "took"), right=(0,))


@run_group.command("system")
@click.argument("id", metavar="RUN")
@json_option
@hub
def system(hub: "Hub", id: str, as_json: bool) -> None:
    """Show what a run uses of its machine: the newest, the mean and the highest of each."""
    samples = hub.run(id).system()
    if as_json:
        print_json(samples)
        return
    rows = []
    for name, title in NAMES.items():
        values = [one.values[name] for one in samples if name in one.values]
        if values:
            told = (values[-1], sum(values) / len(values), max(values))
            rows.append((title, *(amount(name, value) for value in told)))
    table(rows, ("", "now", "mean", "highest"), right=(1, 2, 3))


def amount(name: str, value: float) -> str:
    if name == "cpu":
        return f"{value:.2f}"
    return f"{value:.0%}" if name == "gpu" else f"{value / 1e6:,.0f} MB"
