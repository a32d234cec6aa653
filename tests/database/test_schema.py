"""The schema: migrations lead to it, and every column that can name content says what must be kept for it."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Column, Integer, MetaData, String, Table

from assethub.database.columns import COMMIT, Sha256, sha256
from assethub.database.engine import connect, migrate
from assethub.database.roots import undeclared
from assethub.database.tables import metadata


def test_the_migrations_lead_to_the_schema(tmp_path: Path, database: str | None) -> None:
    engine = connect(database or f"sqlite:///{tmp_path / 'rows.db'}")
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_every_column_that_can_name_content_says_what_must_be_kept_for_it() -> None:
    assert undeclared(metadata) == []


@pytest.mark.parametrize("forgotten", [Column("commit", Sha256), Column("c", String(64)), Column("found", JSON)])
def test_a_forgotten_column_is_found(forgotten: Column[object]) -> None:
    schema = MetaData()
    Table("t", schema, Column("id", Integer), sha256("known", COMMIT), forgotten)
    assert undeclared(schema) == [f"t.{forgotten.name}"]
