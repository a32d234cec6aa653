"""A setting of the hub as administrators see it: its value, and who gave it."""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

MASK = "••••••"
SECRET = re.compile(r"(password=)[^&#]*", re.IGNORECASE)


@dataclass(frozen=True)
class Setting:
    """`source` is an option such as --port, a variable, a file, or empty for the default; secrets are masked."""

    name: str
    value: str
    default: str
    source: str
    help: str


def shown(value: object) -> str:
    """A value in the form in which it is written in the environment."""
    if isinstance(value, tuple):
        return ", ".join(str(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def masked(address: str) -> str:
    """The same address without the password in it."""
    address = SECRET.sub(rf"\1{MASK}", address)
    parts = urlsplit(address)
    if not parts.password:
        return address
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{parts.username or ''}:{MASK}@{where}"))
