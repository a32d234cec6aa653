"""ah admin collect, purge, quota, audit: after the bytes, and what was done"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from assethub.cli.admin import data_option, database_option, keeper, opened
from assethub.cli.audit import filter_options, utc
from assethub.domain.sizes import size


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would go, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@data_option
@database_option
def collect(dry_run: bool, as_json: bool, data: Path | None, database: str | None) -> None:
    """Take away what no version, run or evaluation needs any more. Runs beside a serving hub."""
    from assethub.services import collection

    with opened(data, database) as hub:
        found = collection.collect(hub, dry=dry_run, by=keeper())
    if as_json:
        click.echo(json.dumps(asdict(found)))
        return
    for one in found.doomed:
        click.echo(f"{one.what}  {one.name}  {size(one.size)}  {one.reason}")
    what = (
        f"{found.commits:,} commits, {found.contents:,} contents, {found.nodes:,} tree nodes in {found.files:,} files"
    )
    did = "Would free" if dry_run else "Freed"
    click.echo(f"{did} {size(found.bytes)} in {found.files:,} files: {what}.")


@click.command()
@click.argument("target", metavar="PATH[:REF]|SHA256", required=False)
@click.argument("file", required=False)
@click.option("--reason", help="Why; whoever asks for the content is told.")
@click.option("--by", default="the hub's administrator", show_default=True, help="Who removes it.")
@click.option("--yes", is_flag=True, help="Do it: nothing brings the content back.")
@click.option("--list", "listing", is_flag=True, help="Print the receipts of all purges instead.")
@data_option
@database_option
def purge(
    target: str | None, file: str | None, reason: str | None, by: str, yes: bool, listing: bool, data: Path | None,
    database: str | None,
) -> None:  # fmt: skip
    """Remove a file's content from history for good, and print a receipt. Commits keep their ids.

    Give a version and a FILE of it, or the content's sha256.
    """
    from assethub.domain.names import Reference
    from assethub.services import purging

    with opened(data, database) as hub:
        if listing:
            with hub.work(None, reading=True) as work:
                done = purging.list_purges(work)
            click.echo(json.dumps([purging.receipt(hub, one) for one in done], indent=2, ensure_ascii=False))
            return
        if target is None or not reason:
            raise click.UsageError("Give what is to be removed, and --reason.")
        sha256 = purging.content_of(hub, Reference.parse(target), file) if file else target
        if not yes:
            raise click.UsageError(f"This removes the content {sha256} for good; say --yes if that is meant.")
        receipt = purging.receipt(hub, purging.purge(hub, sha256, reason, by, keeper()))
    click.echo(json.dumps(receipt, indent=2, ensure_ascii=False))


@click.command()
@click.argument("owner")
@click.argument("quota", metavar="SIZE|none")
@data_option
@database_option
def quota(owner: str, quota: str, data: Path | None, database: str | None) -> None:
    """Let the assets of a user or a group hold SIZE bytes, such as 500GB; none: as many as the hub's setting says."""
    from assethub.domain.sizes import parse_size
    from assethub.services import quotas

    count = None if quota == "none" else parse_size(quota)
    with opened(data, database) as hub, hub.work(keeper()) as work:
        now = quotas.set_quota(work, owner, count)
    allowed = "as much as there is room for" if now.limit is None else size(now.limit)
    click.echo(f"{now.owner} holds {size(now.stored)} and may hold {allowed}.")


@click.command()
@filter_options
@data_option
@database_option
def audit(data: Path | None, database: str | None, folder: str | None, **given: Any) -> None:
    """Print the audit log as lines of JSON, oldest first."""
    from assethub.domain.audit import Filter, Outcome
    from assethub.domain.names import parse_folder_path
    from assethub.services import audit as log

    outcome = Outcome(given["outcome"]) if given["outcome"] else None
    wanted = Filter(
        given["user"], given["action"], None, utc(given["since"]), utc(given["until"]), outcome, given["search"]
    )
    with opened(data, database) as hub:
        where = parse_folder_path(folder) if folder else None
        for lines in log.begin_export(hub, keeper(), wanted, where):
            click.echo(lines, nl=False)
