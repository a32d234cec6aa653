"""The one way out to addresses that people give: each is judged, and connected to as it was judged."""

import os
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.request import getproxies_environment, proxy_bypass

from assethub.domain.errors import Invalid
from assethub.domain.outbound import Address, Nature, Policy, address_of, host_of, nature_of

if TYPE_CHECKING:
    import httpx2

Resolver = Callable[[str, int], Sequence[str]]
SECONDS = 30


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, the best first; none if it is not known."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    return [str(entry[4][0]) for entry in found]


@dataclass(frozen=True)
class Place:
    """A host that may be connected to, at the addresses that were judged."""

    host: str
    port: int
    addresses: tuple[Address, ...]  # none: only the proxy knows them
    proxy: str | None = None

    @property
    def authority(self) -> str:
        host = bracketed(self.host)
        return host if self.port == 443 else f"{host}:{self.port}"


class Outbound:
    """What the hub may connect to. The resolver is asked once for each connection: a name cannot mean two things."""

    def __init__(self, policy: Policy | None = None, resolver: Resolver = resolve) -> None:
        self.policy, self.resolver = policy or Policy(), resolver

    def judge(self, host: str, port: int, *, proxied: bool = False) -> Place:
        """The host as it may be connected to; `proxied` where a proxy of the environment would be used.

        Invalid if one of its addresses is refused, or it has none. Behind a proxy, which looks names up itself, a
        host that is not known here is judged by its name.
        """
        host = host_of(host)
        proxy = proxy_for(host, port) if proxied else None
        literal = address_of(host)
        addresses = tuple(
            dict.fromkeys([literal] if literal else [ip_address(one) for one in self.resolver(host, port)])
        )
        for address in addresses:
            if not self.policy.allows(host, address):
                raise refused(host, nature_of(address), literal=literal is not None)
        if not addresses and proxy is None:
            raise Invalid(f"The hub finds no host named {host!r}.")
        if not addresses and not self.policy.allows_name(host):
            raise refused(host, Nature.PUBLIC, literal=False)
        return Place(host, port, addresses, proxy)

    @contextmanager
    def asking(
        self, place: Place, method: str, target: str, *, headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> "Iterator[httpx2.Response]":  # fmt: skip
        """The answer over TLS of exactly this place, its body unread; redirects are not followed."""
        import httpx2

        with httpx2.Client(proxy=place.proxy, verify=trusted(), trust_env=False, timeout=SECONDS) as client:
            told = {**(headers or {}), "Host": place.authority}
            response = self.first(client, place, method, target, told, content)
            try:
                yield response
            finally:
                response.close()

    def first(
        self, client: "httpx2.Client", place: Place, method: str, target: str, headers: Mapping[str, str],
        content: bytes | None,
    ) -> "httpx2.Response":  # fmt: skip
        """The answer of the first address that can be connected to; a proxy is given the name."""
        import httpx2

        hosts = [place.host] if place.proxy is not None else [str(address) for address in place.addresses]
        for host in hosts:
            url = f"https://{bracketed(host)}:{place.port}{target}"
            named = {"sni_hostname": place.host}
            request = client.build_request(method, url, headers=headers, content=content, extensions=named)
            try:
                return client.send(request, stream=True, follow_redirects=False)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                if host == hosts[-1]:
                    raise
        raise AssertionError("a place has addresses or a proxy")


def refused(host: str, nature: Nature, *, literal: bool) -> Invalid:
    why = f", which {'is' if literal else 'has an address that is'} {nature}"
    return Invalid(
        f"This hub may not connect to {host}{'' if nature is Nature.PUBLIC else why}; "
        "its administrator says what is allowed, in the setting 'outbound'."
    )


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def trusted() -> ssl.SSLContext:
    """The certificates that git trusts as well: the system's, or those of GIT_SSL_CAINFO or GIT_SSL_CAPATH."""
    return ssl.create_default_context(
        cafile=os.environ.get("GIT_SSL_CAINFO") or None, capath=os.environ.get("GIT_SSL_CAPATH") or None
    )


def proxy_for(host: str, port: int) -> str | None:
    """The proxy for https in the environment (https_proxy, all_proxy, no_proxy), if it speaks HTTP."""
    proxies = getproxies_environment()
    found = proxies.get("https") or proxies.get("all")
    if not found or proxy_bypass(f"{host}:{port}"):
        return None
    found = found if "://" in found else f"http://{found}"
    return found if found.lower().startswith(("http://", "https://")) else None
