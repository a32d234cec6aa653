"""Everybody at every operation: the tables say who is answered what, and no operation is without a row."""

import pytest

from assethub.server.api.app import create_api
from assethub.server.console.app import create_console
from tests.matrix.api import API
from tests.matrix.console import CONSOLE
from tests.matrix.rows import (
    API_COLUMNS,
    CONSOLE_COLUMNS,
    api_operations,
    console_operations,
    statuses,
    table,
)  # fmt: skip
from tests.matrix.s3 import S3, S3_COLUMNS, s3_operations, s3_statuses
from tests.matrix.world import World

API_TABLE, CONSOLE_TABLE = table("api.txt"), table("console.txt")
S3_TABLE = table("s3.txt")


def test_every_operation_of_the_api_has_a_row(world: World) -> None:
    operations = api_operations(create_api(world.opened.hub))
    assert sorted(operations) == sorted(API_TABLE) == sorted(API)


def test_every_route_of_the_console_has_a_row(world: World) -> None:
    routes = list(console_operations(create_console(world.opened.hub)))
    assert sorted(routes) == sorted(CONSOLE_TABLE) == sorted(CONSOLE)


@pytest.mark.parametrize("operation", API_TABLE)
def test_the_api_answers_everybody_as_the_table_says(world: World, operation: str) -> None:
    found = statuses(world, "/api/v1", operation, API[operation], API_COLUMNS)
    assert dict(zip(API_COLUMNS, found, strict=True)) == dict(zip(API_COLUMNS, API_TABLE[operation], strict=True))


@pytest.mark.parametrize("operation", CONSOLE_TABLE)
def test_the_console_answers_everybody_as_the_table_says(world: World, operation: str) -> None:
    found = statuses(world, "", operation, CONSOLE[operation], CONSOLE_COLUMNS)
    expected = dict(zip(CONSOLE_COLUMNS, CONSOLE_TABLE[operation], strict=True))
    assert dict(zip(CONSOLE_COLUMNS, found, strict=True)) == expected


def test_the_console_takes_sessions_alone_and_the_api_keys_alone(world: World) -> None:
    with world.client() as client:
        for who in ("olga", "run", "read"):
            key = {"Authorization": f"Bearer {world.secrets[who]}"}
            assert client.get("/olga/model/vision/net", headers=key).status_code == 303
        client.cookies.set("ah_session", world.cookies["olga"])
        assert client.get("/olga/model/vision/net").status_code == 200
        assert client.get("/api/v1/assets/olga/model/vision/net").status_code == 401


def test_every_operation_of_the_s3_door_has_a_row() -> None:
    assert sorted(S3_TABLE) == sorted(S3)
    assert set(s3_operations()) <= set(S3_TABLE)


@pytest.mark.parametrize("operation", S3_TABLE)
def test_the_s3_door_answers_everybody_as_the_table_says(world: World, operation: str) -> None:
    found = dict(zip(S3_COLUMNS, s3_statuses(world, operation), strict=True))
    assert found == dict(zip(S3_COLUMNS, S3_TABLE[operation], strict=True))
