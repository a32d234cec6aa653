"""ah s3key"""

from typing import TYPE_CHECKING

import click

from assethub.cli.account import user_option
from assethub.cli.context import ago, hub, json_option, print_json, table

if TYPE_CHECKING:
    from assethub.client.hub import Hub

FORMATS = ("env", "s3cfg", "secret", "rclone", "boto3", "duckdb", "json")


@click.group("s3key")
def s3key_group() -> None:
    """Make, list and revoke keys for tools that speak S3."""


@s3key_group.command("create")
@click.option("--name", help="What to call it.  [default: after this machine]")
@click.option("--asset", metavar="PATH", help="Good for this asset, and for nothing else.")
@click.option("--folder", metavar="PATH", help="Buckets that are created with the key become assets in this folder.")
@click.option("--write", is_flag=True, help="It may write too, where you may.  [default: it reads]")
@click.option("--commit-after", metavar="TIME", help="Commit what was written when nothing more comes for, say, 30s.")
@click.option("--days", type=int, help="Expires after this many days.  [default: never]")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMATS),
    default="env",
    show_default=True,
    help="Variables of a shell, ~/.s3cfg, a Kubernetes Secret, rclone.conf, Python, DuckDB, or JSON.",
)
@user_option
@hub
def create_s3_key(
    hub: "Hub", name: str | None, asset: str | None, folder: str | None, write: bool, commit_after: str | None,
    days: int | None, form: str, user: str | None,
) -> None:  # fmt: skip
    """Make an S3 key, and print it as a tool takes it; its secret is shown only now."""
    from socket import gethostname

    from assethub.domain.s3_keys import parse_wait
    from assethub.domain.s3_snippets import SNIPPETS, S3Access

    made = hub.create_s3_key(
        name or f"ah on {gethostname()}"[:100], write=write, asset=asset, folder=folder,
        commit_after=parse_wait(commit_after) if commit_after else None, expires_in_days=days, user=user,
    )  # fmt: skip
    if form == "json":
        print_json(made)
        return
    access = S3Access(made.endpoint, made.region, made.access_key, made.secret, made.bucket)
    click.echo(SNIPPETS[form](access), nl=False)


@s3key_group.command("ls")
@user_option
@json_option
@hub
def list_s3_keys(hub: "Hub", user: str | None, as_json: bool) -> None:
    """List your S3 keys; their secrets are never shown again."""
    found = hub.s3_keys(user=user)
    if as_json:
        print_json(found)
        return
    rows = [
        (one.access_key, one.name, "writes" if one.write else "reads", one.asset or "everything", one.folder or "",
         ago(one.created_at), ago(one.last_used_at))
        for one in found
    ]  # fmt: skip
    table(rows, ("access key", "name", "may", "for", "new buckets", "made", "used"))


@s3key_group.command("revoke")
@click.argument("key")
@user_option
@hub
def revoke_s3_key(hub: "Hub", key: str, user: str | None) -> None:
    """Make a key worthless; KEY is its access key."""
    hub.revoke_s3_key(key, user=user)
    click.echo(f"Revoked {key}")
