"""What all queries share: the connection, and one row or a refusal."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
MOST_VALUES = 500  # in one IN list or INSERT: below SQLite's and PostgreSQL's limits on bound values


class Rows:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection


def batches(items: Iterable[T], size: int = MOST_VALUES) -> Iterator[list[T]]:
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch
