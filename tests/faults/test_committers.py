"""Two hundred people who commit to one branch at the same moment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assethub.client.connection import connect
from tests.conftest import free_port
from tests.faults.committers import commit_at_once
from tests.faults.server import Server


@pytest.fixture
def server(tmp_path: Path, database: str | None, store: str | None) -> Iterator[Server]:
    started = Server(tmp_path, free_port(), database, store)
    started.start()
    yield started
    started.kill()


def test_two_hundred_committers_on_one_branch_all_get_in(server: Server, tmp_path: Path) -> None:
    with connect(server.url, server.create_key()) as hub:
        hub.create("model/m/y")
        commit_at_once(hub.model("model/m/y").main, 200, tmp_path)
    assert "Traceback" not in server.log()
