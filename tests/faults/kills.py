"""A hub that is killed at random moments while people work on it, and what must hold after each kill."""

import os
import random
import shutil
import sqlite3
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg

from assethub.client.connection import connect
from tests.faults.load import Load
from tests.faults.server import Server

ROUNDS = 20  # kills while one model is worked on; then a new one, so that each check stays short


@dataclass
class Figures:
    kills: int = 0
    commits: int = 0
    staged: int = 0
    tags: int = 0
    bytes_verified: int = 0
    seconds: float = 0.0


def kill_at_random(server: Server, database: str | None, count: int, seed: int, longest: float = 0.8) -> Figures:
    """Kill the server `count` times; every second time what was not made durable is lost too (on the local disk)."""
    began = time.monotonic()
    dice = random.Random(seed)
    figures = Figures()
    server.start()
    loads: list[Load] = []
    with connect(server.url, server.create_key()) as hub, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for number in range(count):
            if number % ROUNDS == 0:
                loads.append(Load(hub, f"model/m/y{len(loads)}", folder, dice.getrandbits(32)))
            moment = dice.uniform(0.05, longest)
            loads[-1].work(partial(die_after, server, moment))
            if number % 2 and not database:
                lose_power(server.data)
            server.start()
            loads[-1].check()
            known = commits_of(server.data, database)
            assert all(load.commits <= known for load in loads)
            figures.kills += 1
        verified = server.admin("verify", "--deep")
        assert verified.returncode == 0, verified.stdout + verified.stderr
        for load in loads:
            load.check()
            load.compare_all(folder / "all")
            shutil.rmtree(folder / "all")
    assert "Traceback" not in server.log(), server.log()
    figures.commits = sum(len(load.commits) for load in loads)
    figures.staged = sum(len(load.staged) for load in loads)
    figures.tags = sum(len(load.tags) for load in loads)
    figures.bytes_verified = sum(load.bytes_read for load in loads)
    figures.seconds = time.monotonic() - began
    return figures


def die_after(server: Server, seconds: float) -> None:
    time.sleep(seconds)
    server.kill()


def commits_of(data: Path, database: str | None) -> set[str]:
    if database:
        with psycopg.connect(database) as rows:
            return {id for (id,) in rows.execute("SELECT id FROM commits")}
    with sqlite3.connect(data / "hub.db") as rows:
        return {id for (id,) in rows.execute("SELECT id FROM commits")}


def lose_power(data: Path) -> None:
    """What a power cut may do to a server that is down: the log's end is torn, and files that no row names are gone."""
    log = data / "hub.db-wal"
    if log.exists():
        with log.open("ab") as file:
            file.write(os.urandom(5000))
    with sqlite3.connect(data / "hub.db") as rows:
        named = {name for (name,) in rows.execute("SELECT pack FROM bodies UNION SELECT pack FROM nodes")}
        named |= {str(UUID(id)) for (id,) in rows.execute("SELECT id FROM uploads")}
    for path in (data / "store").rglob("*"):
        if path.is_file() and path.name not in named:
            path.unlink()
