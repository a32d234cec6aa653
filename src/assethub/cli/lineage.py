"""ah lineage"""

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID

import click

from assethub.cli.context import ago, hub, json_option, print_json

if TYPE_CHECKING:
    from assethub.client.hub import Hub
    from assethub.protocol.lineage import LineageInfo, NodeInfo

MOST_METRICS = 4


@click.command()
@click.argument("reference", metavar="REF")
@click.option("--levels", type=click.IntRange(1, 5), default=3, show_default=True, help="Versions to go, each way.")
@json_option
@hub
def lineage(hub: "Hub", reference: str, levels: int, as_json: bool) -> None:
    """Show what made a version, and what was made from it.

    REF is PATH[:REF], the number of a run, or the id of an evaluation.
    """
    if reference.isdecimal():
        graph = hub.run(reference).lineage(levels=levels)
    elif ":" in reference or "/" in reference:
        graph = hub.version(hub.reference(reference)).lineage(levels=levels)
    else:
        graph = hub.evaluation_lineage(evaluation_id(reference), levels=levels)
    if as_json:
        print_json(graph)
        return
    nodes = {node.id: node for node in graph.nodes}
    click.echo(told(nodes[graph.focus]))
    for title, before, hidden in (
        ("made from", True, graph.hidden_before),
        ("made from it", False, graph.hidden_after),
    ):
        lines = list(tree(graph, nodes, graph.focus, before, 1, set()))
        if lines or hidden:
            click.echo(title)
        for line in lines:
            click.echo(line)
        if hidden:
            click.echo(f"  and {hidden} that you cannot see")
    if graph.cut:
        click.echo("There is more; `--levels` goes further, and `ah lineage` of what is shown goes on from there.")


def evaluation_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        told = f"{text!r} is neither PATH[:REF] nor the number of a run nor the id of an evaluation."
        raise click.UsageError(told) from None


def tree(
    graph: "LineageInfo", nodes: "dict[str, NodeInfo]", at: str, before: bool, depth: int, shown: set[str]
) -> Iterator[str]:
    """What is next to a node in one direction, each followed by what is behind it; nothing is told twice."""
    for source, target in graph.edges:
        here, there = (target, source) if before else (source, target)
        if here == at and there not in shown and there != graph.focus:
            shown.add(there)
            yield "  " * depth + told(nodes[there])
            yield from tree(graph, nodes, there, before, depth + 1, shown)


def told(node: "NodeInfo") -> str:
    if node.kind == "run":
        return f"run {node.number} ({node.type}, {node.state}) by {node.by}, {ago(node.at)}"
    if node.kind == "evaluation":
        named = sorted(node.metrics.items(), key=lambda one: "." in one[0])  # what is nested comes last
        numbers = [f"{name} {value:.4g}" for name, value in named if value is not None][:MOST_METRICS]
        by = f"run {node.number}" if node.number else node.by
        dataset = node.dataset or "a dataset that you cannot see"
        return f"evaluation of {node.path} on {dataset}: {', '.join(numbers)} (by {by})"
    refs = f" ({', '.join(node.refs)})" if node.refs else ""
    return f"{node.path} at {(node.commit or '')[:8]}{refs}"
