"""ah download, ah cat, ah tensors"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from assethub.cli.context import hub, json_option, print_json, progress, table
from assethub.cli.history import version_of
from assethub.domain.sizes import size

if TYPE_CHECKING:
    from assethub.client.hub import Hub


@click.command()
@click.argument("reference", metavar="PATH[:REF]")
@click.argument("paths", nargs=-1, metavar="[FILE|DIR/]...")
@click.option("-o", "--output", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Where to.")
@click.option("--archive", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.tar|FILE.zip",
              help="Write one file instead: the version, or one DIR/ of it.")  # fmt: skip
@hub
def download(hub: "Hub", reference: str, paths: tuple[str, ...], output: Path, archive: Path | None) -> None:
    """Download a version, or some files of it. The same command again goes on where it stopped."""
    version = version_of(hub, reference)
    if archive is not None:
        if len(paths) > 1:
            raise click.UsageError("An archive holds a version or one DIR/ of it; give one.")
        with progress("Downloading") as report:
            version.archive(archive, "".join(paths), progress=report)
        click.echo(f"{version} is in {archive}")
        return
    with progress("Downloading") as report:
        files = version.download(paths or None, output, progress=report)
    click.echo(f"{len(files)} files of {version} are in {output}")


@click.command()
@click.argument("reference", metavar="PATH[:REF]")
@click.argument("file")
@hub
def cat(hub: "Hub", reference: str, file: str) -> None:
    """Print a file of a version as it is."""
    from urllib.parse import quote

    version = version_of(hub, reference)
    url = f"{version.url}/files/{quote(file)}"
    with hub.connection.stream("GET", url, params={"ref": version.ref}) as response:
        for piece in response.iter_bytes(1 << 20):
            sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


@click.command()
@click.argument("reference", metavar="PATH[:REF]")
@click.argument("file")
@json_option
@hub
def tensors(hub: "Hub", reference: str, file: str, as_json: bool) -> None:
    """Show the tensors of a .safetensors or .gguf file by its header; no weights are downloaded."""
    found = version_of(hub, reference).tensors(file)
    if as_json:
        print_json(found)
        return
    rows = [(one.name, one.dtype, str(one.shape), "" if one.size is None else size(one.size)) for one in found.tensors]
    table(rows, ("name", "type", "shape", "size"), right=(3,))
    click.echo(f"{len(found.tensors):,} tensors, {found.parameters:,} parameters, {size(found.size)}")
