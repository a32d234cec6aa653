"""Addresses of Git repositories on other machines, in parts that no two programs read in two ways."""

import re
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import unquote

from assethub.domain.errors import Invalid
from assethub.domain.outbound import host_of

PORTS = {"https": 443, "ssh": 22}
URL = re.compile(r"(https|ssh)://(?:([^@/]*)@)?(\[[0-9A-Fa-f:.]+\]|[^@/:\[\]]+)(?::([0-9]{1,5}))?(/.*)?")
SHORT = re.compile(r"([A-Za-z0-9._-]+)@([^@/:\[\]]+):(?!/)(.*)")  # git@host:path, as scp writes it
USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
UNFIT = re.compile(r"[\s\\?#\"<>\x00-\x20\x7f]")
HIDDEN = re.compile(r"[\\\x00-\x1f\x7f]")  # behind a percent sign
LONGEST = 2000
FORMS = "use https://… or ssh://… or git@host:path"


@dataclass(frozen=True)
class Remote:
    """A repository on another machine; with less path, the beginning of many."""

    scheme: str  # https | ssh
    user: str  # of ssh; empty if none is named
    host: str
    port: int
    path: str  # begins with / except in the short form
    short: bool = False  # written as git@host:path

    @classmethod
    def parse(cls, text: str) -> Self:
        """Invalid says what is wrong, and repeats nothing that may be a secret."""
        refuse_secrets(text)
        if len(text) > LONGEST:
            raise Invalid(f"A Git address has at most {LONGEST} characters.")
        match, short = URL.fullmatch(text), SHORT.fullmatch(text)
        if match is not None:
            scheme, user, host, port, path = match.groups()
        elif short is not None:
            (user, host, path), scheme, port = short.groups(), "ssh", None
        else:
            raise Invalid(f"{shown(text)!r} is not a Git address that the hub fetches from; {FORMS}.")
        number = int(port) if port else PORTS[scheme]
        if not 0 < number < 65536:
            raise Invalid(f"{shown(text)!r} names the port {number}, which there is not.")
        if user and not USER.fullmatch(user):
            raise Invalid(f"{user!r} is not a user name for ssh.")
        found = cls(scheme, user or "", host_of(host), number, path or "", short is not None and match is None)
        return replace(found, path=checked(found.path, text))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        if self.short:
            return f"{self.user}@{host}:{self.path}"
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{self.user + '@' if self.user else ''}{host}{port}{self.path}"

    @property
    def steps(self) -> tuple[str, ...]:
        """The path's parts; `repo` and `repo.git` are the same repository."""
        parts = [part for part in self.path.split("/") if part]
        return (*parts[:-1], parts[-1].removesuffix(".git")) if parts else ()

    def covers(self, other: "Remote") -> bool:
        """Whether the other address begins with this one."""
        same = (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)
        users = not (self.user and other.user) or self.user == other.user
        return same and users and other.steps[: len(self.steps)] == self.steps


def checked(path: str, text: str) -> str:
    plain = unquote(path)
    unfit = UNFIT.search(path) or HIDDEN.search(plain) or path.startswith("-") or "//" in plain
    if unfit or "%2f" in path.lower() or any(part in (".", "..") for part in plain.split("/")):
        raise Invalid(f"{shown(text)!r} is not a Git address that the hub fetches from: its path is not plain.")
    return path.rstrip("/")


def shown(text: str) -> str:
    """An address that is none, without what may be a secret."""
    scheme, mark, rest = text.partition("://") if "://" in text else ("", "", text)
    before, at, after = rest.rpartition("@")
    harmless = not at or (scheme in ("", "ssh") and USER.fullmatch(before))
    return (text if harmless else f"{scheme}{mark}…@{after}").split("?", 1)[0]


def refuse_secrets(text: str) -> None:
    """Invalid for an address with a password or a token in it: an address is kept, shown and logged."""
    scheme, _, rest = text.partition("://")
    told = rest.split("/", 1)[0].rpartition("@")[0]
    if "://" in text and told and (scheme.lower() != "ssh" or ":" in told):
        where = re.sub(r"^[^/]*@", "", rest)
        raise Invalid(
            f"The Git address {scheme}://{where} has a name or a password before its host, where many would see it; "
            "leave it out, and keep it as a Git credential (`ah credential add`)."
        )
