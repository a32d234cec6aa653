"""Words of cards and parts of file names, by which a search finds assets."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, insert, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from assethub.database.finding_tables import asset_words, indexed
from assethub.database.rows import Rows, batches
from assethub.database.tables import assets, refs
from assethub.domain.history import MAIN
from assethub.domain.search import Source, terms_of

LAST = "\U0010ffff"  # behind every other character
MOST_ROWS = 50_000  # that one word is looked up in
LEAST_PREFIX = 3  # characters from which on a beginning is enough: there are too many words behind a shorter one


class Stale(NamedTuple):
    """An asset whose words are not those of its main; `commit` and `card` are what they are of."""

    asset: UUID
    head: str
    commit: str | None
    card: str | None
    updated_at: datetime


class AssetWords(Rows):
    def stale(self, since: datetime | None, limit: int) -> list[Stale]:
        """Assets whose main has moved on since their words were taken; of those only that changed since a moment."""
        query = (
            select(assets.c.id, refs.c.commit, indexed.c.commit, indexed.c.card, assets.c.updated_at)
            .join(refs, and_(refs.c.asset == assets.c.id, refs.c.name == MAIN))
            .outerjoin(indexed, indexed.c.asset == assets.c.id)
            .where(assets.c.deleted_at.is_(None), or_(indexed.c.asset.is_(None), indexed.c.commit != refs.c.commit))
        )
        if since is not None:
            query = query.where(assets.c.updated_at >= since)
        rows = self.connection.execute(query.order_by(assets.c.updated_at, assets.c.id).limit(limit))
        return [Stale(*row) for row in rows]

    def of(self, asset: UUID, source: Source) -> set[str]:
        query = select(asset_words.c.word).where(asset_words.c.asset == asset, asset_words.c.source == source)
        return set(self.connection.scalars(query))

    def add(self, asset: UUID, source: Source, words: Iterable[str]) -> None:
        for batch in batches(sorted(words)):
            self.connection.execute(
                insert(asset_words), [{"word": word, "asset": asset, "source": source} for word in batch]
            )

    def remove(self, asset: UUID, source: Source, words: Iterable[str]) -> None:
        own = and_(asset_words.c.asset == asset, asset_words.c.source == source)
        for batch in batches(words):
            self.connection.execute(delete(asset_words).where(own, asset_words.c.word.in_(batch)))

    def mark(self, asset: UUID, commit: str, card: str | None, now: datetime) -> None:
        """The asset's words are those of this commit and this card."""
        values = {"commit": commit, "card": card, "at": now}
        dialect = postgresql if self.connection.dialect.name == "postgresql" else sqlite
        query = dialect.insert(indexed).values(asset=asset, **values)
        self.connection.execute(query.on_conflict_do_update(index_elements=["asset"], set_=values))

    def forget_card(self, sha256: str) -> None:
        """The content was removed for good, and so are the words of the assets whose card it is."""
        those = select(indexed.c.asset).where(indexed.c.card == sha256)
        self.connection.execute(
            delete(asset_words).where(asset_words.c.source == Source.CARD, asset_words.c.asset.in_(those))
        )


def holding(source: Source, word: str) -> list[Select[tuple[UUID]]]:
    """Queries for the assets that have all pieces of a word as somebody types it; none for one without a piece."""
    return [select(asset_words.c.asset).where(asset_words.c.source == source, begins(term)) for term in terms_of(word)]


def begins(term: str) -> ColumnElement[bool]:
    if len(term) < LEAST_PREFIX:
        return asset_words.c.word == term
    return and_(asset_words.c.word >= term, asset_words.c.word < term + LAST)


def inside(source: Source, word: str) -> ColumnElement[bool] | None:
    """Whether an asset has all pieces of a word in its card or its files' names; None for a word without a piece."""
    asked = [assets.c.id.in_(query) for query in holding(source, word)]
    return and_(*asked) if asked else None
