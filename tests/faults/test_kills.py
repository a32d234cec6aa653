"""What was acknowledged survives; what was not is whole or not there."""

import random
import time
from pathlib import Path

from tests.conftest import free_port
from tests.faults.kills import kill_at_random
from tests.faults.server import Server


def test_what_was_acknowledged_survives_kills_at_any_moment_under_load(
    tmp_path: Path, database: str | None, store: str | None
) -> None:
    server = Server(tmp_path, free_port(), database, store)
    try:
        figures = kill_at_random(server, database, 2 if database else 6, seed=1)
    finally:
        server.kill()
    assert figures.commits  # or nothing was at stake; how much there was depends on the machine
    assert figures.staged


def test_a_first_start_that_is_killed_at_any_moment_leaves_a_folder_that_starts(tmp_path: Path) -> None:
    dice = random.Random(1)
    for number in range(3):
        folder = tmp_path / str(number)
        folder.mkdir()
        server = Server(folder, free_port())
        try:
            server.begin()
            time.sleep(dice.uniform(0, 0.3))  # the moment
            server.kill()
            server.start()
            assert len(bytes.fromhex((server.data / "secret").read_text())) == 32
        finally:
            server.kill()
