"""What must not be collected, derived from what the columns of the schema say of themselves."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, MetaData, String, select

from assethub.database.columns import Keeps
from assethub.database.rows import Rows
from assethub.database.tables import metadata


class Roots(Rows):
    def commits(self) -> Iterator[tuple[UUID, str]]:
        """The commits, as (asset, id), that something names: refs, runs, evaluations."""
        for column, keeps in keeping("commits"):
            whose = column.table.c[keeps.asset] if keeps.asset else None
            query = select(column, *([whose] if whose is not None else [])).where(column.is_not(None)).distinct()
            if isinstance(column.type, JSON):  # PostgreSQL does not compare JSON
                query = select(column).where(column.is_not(None))
            for row in self.connection.execute(query):
                found = keeps.find(row[0])
                yield from ((row[1], one) for one in found) if whose is not None else found

    def objects(self) -> Iterator[str]:
        """The sha256s that something other than a tree names: staged changes, reports."""
        for column, keeps in keeping("objects"):
            for row in self.connection.execute(select(column).where(column.is_not(None))):
                yield from keeps.find(row[0])


def keeping(what: str) -> list[tuple[Column[Any], Keeps]]:
    columns = [column for table in metadata.sorted_tables for column in table.c]
    return [(one, one.info["keeps"]) for one in columns if "keeps" in one.info and one.info["keeps"].what == what]


def undeclared(schema: MetaData) -> list[str]:
    """Columns that could name content and do not say what the collector must keep for them."""
    return [
        str(column)
        for table in schema.sorted_tables
        for column in table.c
        if "keeps" not in column.info
        and (isinstance(column.type, JSON) or (isinstance(column.type, String) and column.type.length == 64))
    ]
