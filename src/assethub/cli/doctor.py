"""ah doctor"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from assethub.domain.errors import HubError
from assethub.domain.sizes import size

LITTLE_SPACE = 5_000_000_000
Check = tuple[bool, str, str]  # whether it is well, what was looked at, what was found or what to do


@click.command()
def doctor() -> None:
    """Check the hub, the sign-in, and what runs need on this machine."""
    well = True
    for good, what, found in (*hub_checks(), *machine_checks()):
        well = well and good
        click.echo(
            f"{click.style('ok     ', fg='green') if good else click.style('problem', fg='red')}  {what}: {found}"
        )
    if not well:
        sys.exit(1)


def hub_checks() -> Iterator[Check]:
    from importlib.metadata import version

    from assethub.client.connection import connect

    hub = connect()
    try:
        info = hub.info()
    except HubError as error:
        yield False, "Hub", str(error)
        return
    mine = version("assethub")
    yield True, "Hub", f"version {info.version} at {hub.connection.endpoint}"
    if info.version != mine:
        yield False, "Version", f"the hub has {info.version}, this is {mine}; install the same version"
    if info.user is None:
        yield False, "Signed in", "nobody; run `ah login`, or set ASSETHUB_API_KEY"
    else:
        yield True, "Signed in", info.user.name


def machine_checks() -> Iterator[Check]:
    yield True, "Python", sys.version.split()[0]
    git = shutil.which("git")
    if git is None:
        yield False, "git", "not installed; runs on this machine need it (apt-get install git)"
    else:
        yield True, "git", subprocess.run([git, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    uv = uv_program()
    if uv is None:
        yield False, "uv", "not installed; runs with requirements need it (pip install uv)"
    else:
        yield True, "uv", subprocess.run([uv, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if sys.platform == "linux":
        yield sandbox_check()
    free = shutil.disk_usage(".").free
    yield free > LITTLE_SPACE, "Disk", f"{size(free)} free here{'' if free > LITTLE_SPACE else '; free some space'}"


def sandbox_check() -> Check:
    """Confines a command as the runs of a hub that was started here would be."""
    from assethub.runner.sandbox import find_problem

    with TemporaryDirectory() as scratch:
        problem = find_problem(shutil.which("bwrap"), Path(scratch), [], [])
    if problem is None:
        return True, "Sandbox", "usable; each run sees only what is its own"
    return False, "Sandbox", f"{problem.what}; {problem.remedy}, or else only administrators may start runs for several"


def uv_program() -> str | None:
    """The uv that came with the server, or the one on the PATH."""
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("uv")
