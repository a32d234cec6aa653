"""ah leaderboard"""

from typing import TYPE_CHECKING

import click

from assethub.cli.context import ago, hub, json_option, print_json, table

if TYPE_CHECKING:
    from assethub.client.hub import Hub

MOST_COLUMNS = 5


@click.command()
@click.argument("dataset", metavar="DATASET[:REF]")
@click.option("-m", "--metric", metavar="NAME", help="Sort by this metric.  [default: the most common one]")
@click.option("--lowest/--highest", default=None, help="Which values are best, where the metric's name does not tell.")
@click.option("--best", is_flag=True, help="Only the best of each model.")
@json_option
@hub
def leaderboard(
    hub: "Hub", dataset: str, metric: str | None, lowest: bool | None, best: bool, as_json: bool
) -> None:  # fmt: skip
    """List what was evaluated on a dataset, across models, best first."""
    path, _, ref = dataset.partition(":")
    found = hub.dataset(path).leaderboard(metric, ref=ref or None, lowest=lowest, best=best)
    if as_json:
        print_json(found)
        return
    names = [*([found.metric] if found.metric else []), *(name for name in found.metrics if name != found.metric)]
    names = names[:MOST_COLUMNS]
    rows = [
        (one.place or "-", one.model, ", ".join(one.refs) or one.evaluation.commit[:8],
         *("-" if (value := one.evaluation.metrics.get(name)) is None else f"{value:.4g}" for name in names),
         one.evaluation.dataset_commit[:8], ago(one.evaluation.created_at))
        for one in found.standings
    ]  # fmt: skip
    table(rows, ("place", "model", "version", *names, "dataset", "made"), right=(0, *range(3, 3 + len(names))))
