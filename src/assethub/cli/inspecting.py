"""ah admin settings, storage: how the hub is set up, and what its store holds"""

from pathlib import Path

import click

from assethub.cli.admin import data_option, database_option, keeper, opened
from assethub.cli.context import json_option, print_json, table
from assethub.domain.sizes import size


@click.command()
@json_option
@data_option
@database_option
def settings(as_json: bool, data: Path | None, database: str | None) -> None:
    """Show every setting that `ah serve` would start with here, and where its value comes from; secrets are masked."""
    from assethub.protocol.administration import SettingInfo
    from assethub.server.settings import load_settings

    found = [SettingInfo.model_validate(one) for one in load_settings({"data": data, "database": database}).shown]
    if as_json:
        print_json(found)
        return
    table([(one.name, one.value, one.source or "default") for one in found], ("setting", "value", "from"))


@click.command()
@click.argument("owner", required=False)
@json_option
@data_option
@database_option
def storage(owner: str | None, as_json: bool, data: Path | None, database: str | None) -> None:
    """Show what the store holds, by owner, and the largest assets (of OWNER)."""
    from assethub.protocol.administration import StorageInfo
    from assethub.services.storage import report_storage

    with opened(data, database) as hub, hub.work(keeper(), reading=True) as work:
        found = StorageInfo.model_validate(report_storage(work, owner))
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.contents:,} contents, {size(found.bytes)} in {found.packs:,} files")
    rows = [(one.name, size(one.stored), size(one.deleted), f"{one.assets:,}") for one in found.owners]
    table(rows, ("owner", "stored", "of deleted", "assets"))
    table(
        [(one.path, size(one.stored), "?" if one.shared is None else size(one.shared)) for one in found.assets],
        ("asset", "stored", "shared"),
    )
