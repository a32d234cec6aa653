"""The way to a repository on another machine: its redirects followed, each of its addresses judged."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from assethub.domain.errors import Invalid
from assethub.domain.repositories import Remote, shown
from assethub.services.git import Opener, Way, https_way, ssh_way
from assethub.services.outbound import Outbound, Place

if TYPE_CHECKING:
    import httpx2

TAIL = "/info/refs?service=git-upload-pack"
MOST_HOPS = 5


@contextmanager
def way_to(
    outbound: Outbound, remote: Remote, opener: Opener | None, scratch: Path, known_hosts: Path
) -> Iterator[Way]:
    """How git reaches the repository, and nothing else. Invalid if that is not allowed, or nothing answers."""
    if remote.scheme == "ssh":
        place = outbound.judge(remote.host, remote.port)
        with ssh_way(scratch, known_hosts, remote, place, opener) as way:
            yield way
        return
    place = outbound.judge(remote.host, remote.port, proxied=True)
    try:
        final, place, kept = followed(outbound, remote, place, opener)
    except Invalid as error:
        raise Invalid(opener.scrubbed(str(error)) if opener else str(error)) from None
    with https_way(scratch, final, place, kept) as way:
        yield way


def followed(
    outbound: Outbound, remote: Remote, place: Place, opener: Opener | None
) -> tuple[Remote, Place, Opener | None]:
    """Where the repository is by now. A credential goes along only to addresses that it is for, on the same host."""
    first = remote
    for _ in range(MOST_HOPS + 1):
        target = next_hop(outbound, remote, place, opener)
        if target is None:
            return remote, place, opener
        moved = redirected(remote, target)
        if opener is not None and not opener.credential.prefix.covers(moved):
            opener = None
        if (moved.host, moved.port) != (remote.host, remote.port):
            place = outbound.judge(moved.host, moved.port, proxied=True)
        remote = moved
    raise Invalid(f"The Git repository {first} redirects more than {MOST_HOPS} times.")


def next_hop(outbound: Outbound, remote: Remote, place: Place, opener: Opener | None) -> str | None:
    """Where the server sends git on to; None if it does not."""
    import httpx2

    headers = {"User-Agent": "git/2", "Accept": "*/*", "Git-Protocol": "version=2"}
    if opener is not None:
        headers["Authorization"] = f"Basic {opener.login}"
    try:
        with outbound.asking(place, "GET", remote.path + TAIL, headers=headers) as answer:
            return location(answer)
    except (httpx2.HTTPError, OSError) as error:
        told = str(error).replace("\n", " ")[:300] or type(error).__name__
        raise Invalid(f"The Git repository {remote} could not be read: {told}.") from None


def location(answer: "httpx2.Response") -> str | None:
    return answer.headers.get("location") if 300 <= answer.status_code < 400 else None


def redirected(remote: Remote, target: str) -> Remote:
    """The repository that a redirect leads to; Invalid if it leads to something else."""
    url = urljoin(f"{remote}{TAIL}", target)
    if not url.endswith(TAIL):
        raise Invalid(f"{remote} redirects to {shown(url)!r}, which is no Git repository.")
    if urlsplit(url).scheme != "https":
        raise Invalid(f"{remote} redirects to {shown(url)!r}; the hub follows redirects to https alone.")
    return replace(Remote.parse(url.removesuffix(TAIL)), user="")
