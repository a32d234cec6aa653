"""Which addresses the hub may connect to for people: public ones, and what its administrator names."""

import re
import socket
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)  # fmt: skip
from typing import Self

from assethub.domain.errors import Invalid

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
LABEL = r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?"
HOST = re.compile(rf"{LABEL}(?:\.{LABEL})*")
NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
PATTERN = re.compile(rf"\*|(?:\*\.)?{LABEL}(?:\.{LABEL})*")


class Nature(StrEnum):
    """What an address is, in the words of a refusal."""

    PUBLIC = "a public address"
    PRIVATE = "a private address"
    LOOPBACK = "the hub's own machine"
    LINK_LOCAL = "a link-local address"
    METADATA = "a cloud's metadata service"
    MULTICAST = "a multicast address"
    UNSPECIFIED = "the unspecified address"
    RESERVED = "a reserved address"


def networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


METADATA = networks("169.254.169.254", "fd00:ec2::/32", "100.100.100.200", "192.0.0.192", "168.63.129.16")
PRIVATE = networks("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
GLOBAL = IPv6Network("2000::/3")
CARRYING_IPV4 = networks("2002::/16", "2001::/32")  # 6to4, Teredo: who knows where they end
NAT64 = IPv6Network("64:ff9b::/96")


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 address only wraps; else the address itself, without a zone."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
        return IPv6Address(int(address))
    return address


def nature_of(address: Address) -> Nature:
    address = plain(address)
    if inside(address, METADATA):
        return Nature.METADATA
    if address.is_unspecified:
        return Nature.UNSPECIFIED
    if address.is_loopback:
        return Nature.LOOPBACK
    if address.is_link_local:
        return Nature.LINK_LOCAL
    if address.is_multicast:
        return Nature.MULTICAST
    if inside(address, PRIVATE):
        return Nature.PRIVATE
    v6 = isinstance(address, IPv6Address)
    if not address.is_global or (v6 and (address not in GLOBAL or inside(address, CARRYING_IPV4))):
        return Nature.RESERVED
    return Nature.PUBLIC


def inside(address: Address, those: tuple[Network, ...]) -> bool:
    return any(address in network for network in those)


@dataclass(frozen=True)
class Rule:
    """`[!]HOST`, `[!]*.DOMAIN`, `[!]*`, `[!]ADDRESS` or `[!]NETWORK`; with `!` it refuses."""

    allows: bool
    pattern: str | None  # of host names
    network: Network | None

    @classmethod
    def parse(cls, text: str) -> Self:
        allows, target = not text.startswith("!"), text.removeprefix("!").strip().lower().rstrip(".")
        network = network_of(target)
        if network is None and not PATTERN.fullmatch(target):
            raise Invalid(
                f"The rule {text!r} of the setting 'outbound' is not understood; it names a host (gitlab.corp), "
                "all below a domain (*.corp), an address (10.1.2.3) or a network (10.0.0.0/8), after ! to refuse it."
            )
        return cls(allows, target if network is None else None, network)

    def names(self, host: str) -> bool:
        if self.pattern is None:
            return False
        if self.pattern.startswith("*."):
            return host.endswith(self.pattern[1:])
        return self.pattern in ("*", host)

    def fits(self, host: str, address: Address) -> bool:
        """A name that is allowed reaches public and private addresses; others have to be named themselves."""
        if self.network is not None:
            return address in self.network
        ordinary = nature_of(address) in (Nature.PUBLIC, Nature.PRIVATE)
        return self.names(host) and (ordinary or not self.allows)


def network_of(text: str) -> Network | None:
    try:
        found = ip_network(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    mapped = found.network_address.ipv4_mapped if isinstance(found, IPv6Network) else None
    if mapped is not None and found.prefixlen >= 96:
        return IPv4Network((mapped, found.prefixlen - 96))
    return found


@dataclass(frozen=True)
class Policy:
    """Rules in order: the last one that fits decides; where none does, public addresses are allowed."""

    rules: tuple[Rule, ...] = ()

    @classmethod
    def parse(cls, texts: tuple[str, ...]) -> Self:
        return cls(tuple(Rule.parse(text) for text in texts))

    def allows(self, host: str, address: Address) -> bool:
        """Whether the host may be reached at an address that it has."""
        judged = plain(address)
        verdict = nature_of(judged) is Nature.PUBLIC
        for rule in self.rules:
            if rule.fits(host, judged):
                verdict = rule.allows
        return verdict

    def allows_name(self, host: str) -> bool:
        """Whether a host may be asked for whose addresses only a proxy knows."""
        verdict = True
        for rule in self.rules:
            if rule.names(host):
                verdict = rule.allows
        return verdict


def host_of(text: str) -> str:
    """A host as names are compared: lower case, without the last dot, in ASCII; an address in its usual form."""
    address = address_of(text)
    if address is not None:
        return str(address)
    try:
        host = text.removesuffix(".").encode("idna").decode().lower()
        if HOST.fullmatch(host) and NUMBER.fullmatch(host.rsplit(".", 1)[-1]):
            return str(IPv4Address(socket.inet_aton(host)))  # 2130706433, 0x7f.1, 0177.0.0.1: an address to most
    except (UnicodeError, OSError):
        host = ""
    if len(host) > 253 or not HOST.fullmatch(host):
        raise Invalid(f"{text!r} is not the name of a host.")
    return host


def address_of(text: str) -> Address | None:
    """The address that a host is, if it is one and no name; zones are this machine's own affair."""
    try:
        return None if "%" in text else ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
