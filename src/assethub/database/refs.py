"""Branches and tags as rows."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, insert, select, text, update

from assethub.database.engine import BUSY_SECONDS
from assethub.database.rows import Rows, batches
from assethub.database.tables import commits, deleted_refs, refs
from assethub.domain.errors import Conflict, NotFound
from assethub.domain.history import Ref, RefKind


def ref_of(row: Row[Any]) -> Ref:
    return Ref(RefKind(row.kind), row.name, row.commit, row.updated_at, row.message or "")


class Refs(Rows):
    def find(self, asset: UUID, name: str) -> Ref | None:
        row = self.connection.execute(select(refs).where(refs.c.asset == asset, refs.c.name == name)).first()
        return ref_of(row) if row else None

    def named(self, asset: UUID, names: Iterable[str]) -> list[Ref]:
        query = select(refs).where(refs.c.asset == asset, refs.c.name.in_(list(names)))
        return [ref_of(row) for row in self.connection.execute(query)]

    def branch(self, asset: UUID, name: str) -> Ref:
        found = self.find(asset, name)
        if found is None or found.kind is not RefKind.BRANCH:
            raise NotFound.named("branch", name)
        return found

    def take(self, asset: UUID, name: str) -> Ref:
        """The branch, for work that moves it: its writers take turns, so that none has to do its work again."""
        if self.connection.dialect.name == "postgresql":  # SQLite's writers take turns already
            self.connection.execute(text(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'"))
            query = select(refs.c.name).where(refs.c.asset == asset, refs.c.name == name)
            self.connection.execute(query.with_for_update())
        return self.branch(asset, name)

    def of(self, asset: UUID, kind: RefKind | None = None) -> list[Ref]:
        query = select(refs).where(refs.c.asset == asset).order_by(refs.c.name)
        if kind is not None:
            query = query.where(refs.c.kind == kind)
        return [ref_of(row) for row in self.connection.execute(query)]

    def page(
        self, asset: UUID, kind: RefKind | None, limit: int, *, search: str = "", after: str = "", recent: bool = False
    ) -> list[Ref]:
        """By name, or those that moved last first; with the text in their names; behind the ref named `after`."""
        query = select(refs).where(refs.c.asset == asset)
        if kind is not None:
            query = query.where(refs.c.kind == kind)
        if search:
            query = query.where(func.lower(refs.c.name).contains(search.lower(), autoescape=True))
        last = self.find(asset, after) if after and recent else None
        if last is not None:
            same = (refs.c.updated_at == last.updated_at) & (refs.c.name > last.name)
            query = query.where((refs.c.updated_at < last.updated_at) | same)
        elif after:
            query = query.where(refs.c.name > after)
        order = (refs.c.updated_at.desc(), refs.c.name) if recent else (refs.c.name,)
        return [ref_of(row) for row in self.connection.execute(query.order_by(*order).limit(limit))]

    def counts(self, asset: UUID) -> dict[RefKind, int]:
        query = select(refs.c.kind, func.count()).where(refs.c.asset == asset).group_by(refs.c.kind)
        found = {RefKind(kind): count for kind, count in self.connection.execute(query)}
        return {RefKind.BRANCH: 0, RefKind.TAG: 0} | found

    def naming(self, asset: UUID, commits: Iterable[str]) -> list[Ref]:
        """The branches and tags that name one of these commits."""
        found = []
        for batch in batches(set(commits)):
            query = select(refs).where(refs.c.asset == asset, refs.c.commit.in_(batch)).order_by(refs.c.name)
            found += [ref_of(row) for row in self.connection.execute(query)]
        return found

    def showing(self, asset: UUID, contents: Iterable[str]) -> list[tuple[str, str]]:
        """(content, name) of the branches and tags whose commits hold these model files."""
        joined = (refs.c.asset == commits.c.asset) & (refs.c.commit == commits.c.id)
        found = []
        for batch in batches(set(contents)):
            query = select(commits.c.content, refs.c.name).join(refs, joined)
            query = query.where(refs.c.asset == asset, commits.c.content.in_(batch)).order_by(refs.c.name)
            found += [(content, name) for content, name in self.connection.execute(query)]
        return found

    def add(self, asset: UUID, kind: RefKind, name: str, commit: str, now: datetime, message: str = "") -> Ref:
        """Conflict if the name is taken, or is a path-prefix of another ref's or the other way round."""
        parts = name.split("/")
        above = ["/".join(parts[:count]) for count in range(1, len(parts))]
        taken = self.connection.execute(
            select(refs).where(
                refs.c.asset == asset,
                refs.c.name.in_([name, *above]) | refs.c.name.startswith(f"{name}/", autoescape=True),
            )
        ).first()
        if taken is not None and taken.name == name:
            raise Conflict(f"A {taken.kind} named {name!r} exists already; choose another name.")
        if taken is not None:
            raise Conflict(
                f"{name!r} cannot stand beside the {taken.kind} {taken.name!r}: one would be a folder in the other."
            )
        self.connection.execute(
            insert(refs).values(
                asset=asset,
                name=name,
                kind=kind,
                commit=commit,
                created_at=now,
                updated_at=now,
                message=message or None,
            )
        )
        return Ref(kind, name, commit, now, message)

    def move(self, asset: UUID, branch: str, *, seen: str, to: str, now: datetime) -> None:
        """Point the branch at another commit, unless someone moved it since it was seen."""
        moved = self.connection.execute(
            update(refs)
            .where(refs.c.asset == asset, refs.c.name == branch, refs.c.kind == RefKind.BRANCH, refs.c.commit == seen)
            .values(commit=to, updated_at=now)
        )
        if moved.rowcount == 0:
            raise Conflict(f"Branch {branch!r} moved on meanwhile; look at what changed and try again.")

    def delete(self, asset: UUID, kind: RefKind, name: str, *, id: UUID, now: datetime) -> str:
        """Take the ref away, and remember under `id` what it named; answers that."""
        found = self.find(asset, name)
        if found is None or found.kind is not kind:
            raise NotFound.named(kind, name)
        self.connection.execute(delete(refs).where(refs.c.asset == asset, refs.c.name == name))
        self.connection.execute(
            insert(deleted_refs).values(
                id=id,
                asset=asset,
                name=name,
                kind=kind,
                commit=found.commit,
                deleted_at=now,
                message=found.message or None,
            )
        )
        return found.commit

    def deleted(self, asset: UUID, name: str, since: datetime) -> Ref | None:
        """The ref that was deleted last under this name."""
        query = select(deleted_refs).where(
            deleted_refs.c.asset == asset, deleted_refs.c.name == name, deleted_refs.c.deleted_at >= since
        )
        row = self.connection.execute(query.order_by(deleted_refs.c.deleted_at.desc())).first()
        return Ref(RefKind(row.kind), row.name, row.commit, row.deleted_at, row.message or "") if row else None

    def sweep(self, before: datetime) -> int:
        """Forget for good what was deleted before."""
        return self.connection.execute(delete(deleted_refs).where(deleted_refs.c.deleted_at < before)).rowcount
