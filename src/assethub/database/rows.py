"""What all queries share: the connection, and one row or a refusal."""

from collections.abc import Iterable, Iterator
from itertools import islice
from json import dumps
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, FromClause, Table, Text, cast, select, update

T = TypeVar("T")
MOST_VALUES = 500  # in one IN list or INSERT: below SQLite's and PostgreSQL's limits on bound values


class Rows:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection


def batches(items: Iterable[T], size: int = MOST_VALUES) -> Iterator[list[T]]:
    source = iter(items)
    while batch := list(islice(source, size)):
        yield batch


def words_of(name: str, description: str, labels: Iterable[str]) -> str:
    """What a search looks through: lower case by Unicode's rules, which neither database knows for every letter."""
    return "\n".join((name, description, *labels)).lower()


def change_described(connection: Connection, table: Table, id: UUID, values: dict[str, Any]) -> None:
    """Change a folder or an asset, and what a search finds it by."""
    own = table.c.id == id
    connection.execute(update(table).where(own).values(values))
    if values.keys() & {"name", "description", "labels"}:
        row = connection.execute(select(table.c.name, table.c.description, table.c.labels).where(own)).one()
        connection.execute(update(table).where(own).values(words=words_of(*row)))


def has(table: FromClause, word: str) -> ColumnElement[bool]:
    """Whether a folder or an asset has a lower-case word in its name, description or labels."""
    found: ColumnElement[bool] = table.c.words.contains(word, autoescape=True)
    return found


def labelled(table: FromClause, label: str) -> ColumnElement[bool]:
    """Whether a folder or an asset has just this label: as it stands in the JSON, its quotes around it."""
    found: ColumnElement[bool] = cast(table.c.labels, Text).contains(dumps(label), autoescape=True)
    return found
