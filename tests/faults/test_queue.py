"""A queued run is executed once, whenever the hub dies."""

from pathlib import Path

import pytest

from assethub.client.connection import connect
from tests.conftest import free_port, until
from tests.faults.queueing import Asking, check, prepare, work_off
from tests.faults.server import Server


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
def test_a_run_is_executed_once_though_the_hub_is_killed_between_any_two_writes_of_its_state(
    tmp_path: Path, database: str | None, after: bool
) -> None:
    """One run for each place: the hub dies there, and the next hub, which ends the run, dies at the next place."""
    server = Server(tmp_path, free_port(), database)
    try:
        key = prepare(server, tmp_path)
        asking, place = Asking(server, key), 0
        while place == 0 or not server.lives():
            server.kill()
            place += 1
            server.start((place, after))
            until(asking.all_is_over)
            asking.ask_for_run(f"b{place}")
            until(lambda: not server.lives() or asking.all_is_over())
        asking.http.close()
        with connect(server.url, key) as hub:
            found = hub.runs()
            for run in found:
                check(run)
        assert {run.info.branch for run in found} >= {f"b{number}" for number in range(2, place + 1)}
        assert place > 8  # queued, claimed, placed, what the runner says of itself, and cleaned up
        assert "Traceback" not in server.log(), server.log()
    finally:
        server.kill()


def test_every_run_of_a_queue_is_executed_once_though_the_hub_is_killed(tmp_path: Path, database: str | None) -> None:
    server = Server(tmp_path, free_port(), database)
    try:
        figures = work_off(server, tmp_path, count=12, kills=3, seed=1)
    finally:
        server.kill()
    assert (figures.runs, figures.kills) == (12, 3)
