"""Many people and folders: what the home page, listings and searches cost, through HTTP on loopback and in queries.

python -m bench people [--database URL]: 2,000 users, 200 groups, 10,000 folders, 100,000 grants, 30,000 assets.
"""

import argparse
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx2
from sqlalchemy import Engine, event, insert, text
from uuid_utils.compat import uuid7

from assethub.database.finding_tables import asset_words, indexed, stars
from assethub.database.people_tables import folders, grants, members, owners
from assethub.database.rows import batches, words_of
from assethub.database.run_tables import runs
from assethub.database.tables import assets, commits, refs
from assethub.domain.owners import OwnerKind, Scope
from assethub.server.running import RunningServer, settle
from assethub.server.settings import Settings
from assethub.services import accounts, keys, sessions

USERS, GROUPS, FOLDERS, GRANTS, ASSETS, RUNS = 2_000, 200, 10_000, 100_000, 30_000, 20_000
BUDGET = 50  # ms in the server
ROUNDS = 15
WORDS_EACH = 40  # of an asset's card and its files' names
WORDS = ("vision", "speech", "tables", "protein", "weather", "robot", "letters", "road")
AT = datetime(2026, 1, 1, tzinfo=UTC)


def main(arguments: Iterable[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench people")
    parser.add_argument("--database", default="")
    options = parser.parse_args(list(arguments))
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(data=Path(scratch), port=0, database=options.database, admin_user="root")
        with RunningServer(settings) as server:
            with server.hub.work(None) as work:
                empty = work.trees.write(work.trees.empty)
            people = fill(server.hub.engine, empty)
            settle()
            print(f"{server.hub.engine.dialect.name}: {USERS:,} users, {GROUPS} groups, {FOLDERS:,} folders, "
                  f"{GRANTS:,} grants, {ASSETS:,} assets, {RUNS:,} runs")  # fmt: skip
            Bench(server).run(people)


def fill(engine: Engine, tree: str) -> list[str]:
    """Everything at random, the same each time; answers the users' names."""
    dice = random.Random(7)
    people = [(uuid7(), f"user{number:04}") for number in range(USERS)]
    teams = [(uuid7(), f"team{number:03}") for number in range(GROUPS)]
    owning = [one for one, _ in people + teams]
    holding = [(uuid7(), dice.choice(owning)) for _ in range(FOLDERS)]
    given = {(dice.choice(holding)[0], dice.choice(owning)) for _ in range(GRANTS)}
    while len(given) < GRANTS:
        given.add((dice.choice(holding)[0], dice.choice(owning)))
    kept = [(uuid7(), dice.choice(holding)[0]) for _ in range(ASSETS)]
    with engine.begin() as connection:
        for kind, those in ((OwnerKind.USER, people), (OwnerKind.GROUP, teams)):
            rows = [
                {"id": id, "kind": kind, **named(name), "title": "", "admin": False, "created_at": AT}
                for id, name in those
            ]
            connection.execute(insert(owners), rows)
        joined = {(dice.choice(teams)[0], one) for one, _ in people for _ in range(5)}
        values = [{"group": team, "user": one, "admin": False, "claimed": False} for team, one in joined]
        connection.execute(insert(members), values)
        connection.execute(insert(folders), [
            {"id": id, "owner": owner, "kind": "model", **described(f"{dice.choice(WORDS)}-{number}", "", []),
             "everyone": 1 if number % 500 == 0 else 0, "public": False,
             "created_at": AT}
            for number, (id, owner) in enumerate(holding)
        ])  # fmt: skip
        connection.execute(insert(grants), [
            {"folder": folder, "grantee": grantee, "role": dice.randint(1, 3)} for folder, grantee in given
        ])  # fmt: skip
        training: dict[str, Any] = {"git": None, "revision": None, "subpath": None, "datasets": [], "params": {}}
        connection.execute(insert(assets), [
            {"id": id, "folder": folder, "training": training, "created_at": AT, "bucket": f"bucket-{number}",
             **described(f"{dice.choice(WORDS)}-net-{number}", f"of {dice.choice(WORDS)}", [dice.choice(WORDS)]),
             "updated_at": AT + timedelta(seconds=dice.randint(0, 10**7))}
            for number, (id, folder) in enumerate(kept)
        ])  # fmt: skip
        heads = [(id, f"{number:064x}") for number, (id, _) in enumerate(kept)]
        connection.execute(insert(commits), [commit_row(asset, id, tree) for asset, id in heads])
        connection.execute(insert(refs), [
            {"asset": asset, "name": "main", "kind": "branch", "commit": id, "created_at": AT, "updated_at": AT}
            for asset, id in heads
        ])  # fmt: skip
        connection.execute(insert(indexed), [
            {"asset": asset, "commit": id, "card": None, "at": AT} for asset, id in heads
        ])  # fmt: skip
        vocabulary = [*WORDS, *(f"word{number}" for number in range(5000)), "config", "model", "json", "safetensors"]
        for some in batches(heads, 2000):
            connection.execute(insert(asset_words), [
                {"word": word, "asset": asset, "source": "file" if place < WORDS_EACH // 4 else "card"}
                for asset, _ in some for place, word in enumerate(dice.sample(vocabulary, WORDS_EACH))
            ])  # fmt: skip
        connection.execute(insert(stars), [
            {"user": person, "asset": dice.choice(kept)[0], "created_at": AT} for person, _ in people
        ])  # fmt: skip
        connection.execute(insert(runs), [
            run_row(number, dice.choice(kept)[0], dice.choice(people)[0]) for number in range(1, RUNS + 1)
        ])  # fmt: skip
        connection.execute(text("ANALYZE"))
    return [name for _, name in people]


def named(name: str) -> dict[str, str]:
    return {"name": name, "name_key": name}


def described(name: str, description: str, labels: list[str]) -> dict[str, Any]:
    words = words_of(name, description, labels)
    return named(name) | {"description": description, "labels": labels, "words": words}


def commit_row(asset: UUID, id: str, tree: str) -> dict[str, Any]:
    return {
        "asset": asset, "id": id, "tree": tree, "parents": [], "author": "root", "committer": "root", "made_at": AT,
        "message": "x", "metadata": {}, "generation": 1, "content": id, "files": 0, "size": 0, "added": 0, "changed": 0,
        "removed": 0,
    }  # fmt: skip


def run_row(number: int, asset: UUID, user: UUID) -> dict[str, Any]:
    code = {"url": "https://example.org/r.git", "revision": "main", "sha": "0" * 40, "subpath": ""}
    return {
        "id": uuid7(), "number": number, "type": "train", "state": "succeeded", "asset": asset, "branch": f"b{number}",
        "onto_existing": False, "code": code, "inputs": [], "params": {}, "task": {}, "engine": "local", "attempt": 1,
        "environment": {}, "created_by": user, "created_at": AT, "logged": 0, "log_batch": 0, "metrics_batch": 0,
        "points": 0,
    }  # fmt: skip


class Bench:
    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.statements = 0
        event.listen(server.hub.engine, "before_cursor_execute", self.count)
        print(f"{'':44}{'median':>10}{'slowest':>10}{'queries':>9}   budget")

    def count(self, _: object, __: object, statement: str, *more: object) -> None:
        asked = threading.current_thread().name.startswith("AnyIO")  # not by the hub's own round of runs
        self.statements += asked and not statement.startswith("BEGIN")

    def run(self, names: list[str]) -> None:
        for who in ("user0007", "user1234", "root"):
            with self.server.hub.work(None) as work:
                user = accounts.get_user(work, who)
                secret = keys.make_key(work, user, "bench", Scope.ADMIN)[1]
                owned = work.folders.listed(owner=user.id, limit=1)
            session = sessions.open_session(self.server.hub, user)
            browser = httpx2.Client(base_url=self.server.local_url, cookies={"ah_session": session}, trust_env=False)
            api = httpx2.Client(
                base_url=f"{self.server.local_url}/api/v1", headers={"Authorization": f"Bearer {secret}"},
                trust_env=False,
            )  # fmt: skip
            seen = len(api.get("/folders").json())
            print(f"{who}, who sees {seen}{'+' if seen == 1000 else ''} folders")
            self.timed("home page", partial(browser.get, "/"))
            self.timed("search page, a rare word", partial(browser.get, "/search?q=net-29999"))
            self.timed("search page, a common word", partial(browser.get, "/search?q=vision"))
            self.timed("search page, two words", partial(browser.get, "/search?q=vision%20road"))
            self.timed("search page, a word of cards", partial(browser.get, "/search?q=word123"))
            self.timed("search page, by stars", partial(browser.get, "/search?q=vision&sort=stars"))
            self.timed("suggestions, as one types", partial(browser.get, "/-/suggest?q=vis"))
            self.timed("files, a common name", partial(browser.get, "/search?q=config&what=files"))
            self.timed("shared with me, a page", partial(browser.get, "/-/folders?which=shared"))
            self.timed("folders by REST, up to 1,000", partial(api.get, "/folders"), budget=None)
            self.timed("owners to share with, as one types", partial(api.get, "/owners?search=user12"))
            for folder in owned:
                self.timed("a folder of one's own by REST", partial(api.get, f"/folders/{folder.path}"))

    def timed(self, what: str, ask: Callable[[], httpx2.Response], *, budget: int | None = BUDGET) -> None:
        ask().raise_for_status()
        times, counts = [], set()
        for _ in range(ROUNDS):
            before, start = self.statements, time.perf_counter()
            ask()
            times.append((time.perf_counter() - start) * 1000)
            counts.add(self.statements - before)
        told = "/".join(str(count) for count in sorted(counts))
        limit = f"<= {budget} ms" if budget else ""
        print(f"  {what:42}{statistics.median(times):7.1f} ms{max(times):7.1f} ms{told:>9}   {limit}", flush=True)
