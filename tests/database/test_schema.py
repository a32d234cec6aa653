"""The schema: migrations lead to it, and every column that can name content says what must be kept for it."""

import uuid
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import JSON, Column, Integer, MetaData, String, Table, text

from assethub.database.columns import COMMIT, Sha256, sha256
from assethub.database.engine import MIGRATIONS, connect, migrate
from assethub.database.roots import undeclared
from assethub.database.tables import metadata


def test_the_migrations_lead_to_the_schema(tmp_path: Path, database: str | None) -> None:
    engine = connect(database or f"sqlite:///{tmp_path / 'rows.db'}")
    migrate(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_assets_that_were_there_already_get_bucket_names(tmp_path: Path, database: str | None) -> None:
    engine = connect(database or f"sqlite:///{tmp_path / 'rows.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    names = ["net", "Big.Net", "n" * 60]
    ids = [uuid.UUID(int=number << 64 | number) for number in range(1, 7)]
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0016")
        owner, folder = uuid.UUID(int=91), {"model": uuid.UUID(int=92), "dataset": uuid.UUID(int=93)}

        def add(table: str, **values: object) -> None:
            told = {name: value if isinstance(value, str | int) else column(value) for name, value in values.items()}
            marks = ", ".join(f":{name}" for name in told)
            connection.execute(text(f"INSERT INTO {table} ({', '.join(told)}) VALUES ({marks})"), told)

        def column(id: object) -> object:
            return id.hex if isinstance(id, uuid.UUID) and engine.dialect.name == "sqlite" else id

        at = "2026-01-01 00:00:00"
        add(
            "owners", id=owner, name="Ada", name_key="ada", admin=connection.dialect.name == "postgresql", created_at=at
        )
        for kind, id in folder.items():
            add("folders", id=id, owner=owner, kind=kind, name="vision", name_key="vision", description="", labels="[]",
                created_at=at)  # fmt: skip
        for id, (kind, name) in zip(ids, [(kind, name) for kind in folder for name in names], strict=True):
            add("assets", id=id, folder=folder[kind], name=name, name_key=name.lower(), description="", labels="[]",
                training="{}", stored=0, created_at=at, updated_at=at)  # fmt: skip
    migrate(engine)
    with engine.begin() as connection:
        found = connection.scalars(text("SELECT bucket FROM assets ORDER BY id")).all()
    assert found == [
        "ada-vision-net", "ada-vision-big-net", f"ada-vision-{'n' * 43}-00000003",
        "ada-vision-net-00000004", "ada-vision-big-net-00000005", f"ada-vision-{'n' * 43}-00000006",
    ]  # fmt: skip
    engine.dispose()


def test_every_column_that_can_name_content_says_what_must_be_kept_for_it() -> None:
    assert undeclared(metadata) == []


@pytest.mark.parametrize("forgotten", [Column("commit", Sha256), Column("c", String(64)), Column("found", JSON)])
def test_a_forgotten_column_is_found(forgotten: Column[object]) -> None:
    schema = MetaData()
    Table("t", schema, Column("id", Integer), sha256("known", COMMIT), forgotten)
    assert undeclared(schema) == [f"t.{forgotten.name}"]
