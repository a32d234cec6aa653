"""Kinds of columns. Every one that can name content says what the collector must keep for it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, Column, DateTime, Dialect, ForeignKey, String, TypeDecorator, Uuid


class Moment(TypeDecorator[datetime]):
    """A time in UTC on both databases; SQLite keeps no time zones."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        at: datetime | None = value
        if at is None:
            return None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def moment(name: str, *, nullable: bool = False) -> Column[datetime]:
    return Column(name, Moment, nullable=nullable)


def id_of(table: str, name: str, *, nullable: bool = False, index: bool = False, gone: str = "CASCADE") -> Column[Any]:
    return Column(name, Uuid, ForeignKey(f"{table}.id", ondelete=gone), nullable=nullable, index=index)


class Sha256(String):
    """64 lower-case hex digits."""

    cache_ok = True

    def __init__(self) -> None:
        super().__init__(64)


@dataclass(frozen=True)
class Keeps:
    """What the values of a column keep from being collected: commits as (asset, id), or objects by sha256."""

    what: str
    find: Callable[[Any], Iterable[Any]]
    asset: str | None = None  # for a plain commit id: the column that says whose it is


NOTHING = Keeps("nothing", lambda _: ())
COMMIT = Keeps("commits", lambda commit: (commit,), asset="asset")
DATASET_COMMIT = Keeps("commits", lambda commit: (commit,), asset="dataset")
INPUTS = Keeps("commits", lambda inputs: [(UUID(one["asset"]), one["commit"]) for one in inputs])
STAGED = Keeps("objects", lambda entry: (entry["sha256"],))
OBJECT = Keeps("objects", lambda sha256: (sha256,))
REPORTS = Keeps("objects", lambda reports: [report["sha256"] for report in reports])


def sha256(name: str, keeps: Keeps, *more: Any, nullable: bool = False, **options: Any) -> Column[Any]:
    return Column(name, Sha256, *more, nullable=nullable, info={"keeps": keeps}, **options)


def json(name: str, keeps: Keeps, *, nullable: bool = False) -> Column[Any]:
    return Column(name, JSON(none_as_null=nullable), nullable=nullable, info={"keeps": keeps})


PACK = String(80)  # the name of a file that holds bodies or nodes
