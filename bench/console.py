"""The console at extreme scale, and every page of a small hub: what a page costs, through HTTP on loopback.

python -m bench console [--database URL] [--files N] [--commits N] [--lines N]: 100,000 files in a folder, 500 branches,
10,000 commits, a log of 1,000,000 lines, 200 runs, 200 evaluations, 10,000 assets, a safetensors file of 10 GB and a
Parquet file of 5 GB (both mostly holes; the latter where pyarrow is installed).
"""

import argparse
import hashlib
import io
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
from sqlalchemy import insert, select, text

from assethub.database.rows import words_of
from assethub.database.tables import assets as asset_rows
from assethub.database.tables import commits as commit_rows
from assethub.domain.assets import TrainingSettings
from assethub.domain.history import MAIN, Commit, commit_id
from assethub.domain.names import AssetPath, Reference, parse_asset_path
from assethub.domain.owners import Caller, Scope
from assethub.domain.runs import Code, Input, Run, RunState, RunType
from assethub.server.running import RunningServer, settle
from assethub.server.settings import Settings
from assethub.services import accounts, assets, evaluations, history, keys, receiving, run_reports, sessions
from assethub.services.history import NewFile
from assethub.storage.contents import Location, key_of

ROUNDS = 10
BUDGET, LIMIT = 150, 500  # ms in the server: of a page of a small hub, and of any page
WIDE, LONG, BIG = (parse_asset_path(f"root/{one}") for one in (
    "dataset/scale/wide", "model/scale/long", "dataset/scale/big"
))  # fmt: skip
AT = datetime(2026, 1, 1, tzinfo=UTC)
BRANCHES, RUNS, EVALUATIONS, ASSETS = 500, 200, 200, 10_000
TENSORS, SAFETENSORS, PARQUET = 2_000, 10 * 10**9, 5 * 10**9
BATCH = 5_000
BODY = b"x\n"


def main(arguments: Iterable[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench console")
    parser.add_argument("--database", default="")
    for name, count in (("files", 100_000), ("commits", 10_000), ("lines", 1_000_000)):
        parser.add_argument(f"--{name}", type=int, default=count)
    options = parser.parse_args(list(arguments))
    small()
    with tempfile.TemporaryDirectory() as scratch:
        settings = Settings(data=Path(scratch), port=0, database=options.database, admin_user="root")
        with RunningServer(settings) as server:
            scene = Scene(server)
            begun = time.perf_counter()
            scene.fill(options.files, options.commits, options.lines)
            print(
                f"made in {time.perf_counter() - begun:.0f} s: {options.files:,} files in a folder, "
                f"{BRANCHES} branches, {options.commits:,} commits, {options.lines:,} lines, "
                f"{RUNS} runs, {ASSETS:,} assets"
            )
            settle()
            session = sessions.open_session(server.hub, scene.root.user)
            timed_all(server.local_url, session, scene.pages(), LIMIT)


def small() -> None:
    """Every page that the matrix names, on its small hub."""
    from tests.console.looking import address_of, is_page, served
    from tests.console.test_quality import PAGES
    from tests.matrix.world import make_world

    with tempfile.TemporaryDirectory() as scratch:
        world = make_world(Path(scratch))
        with served(world) as hub:
            settle()
            found = {name: address_of(world, name) for name in PAGES}
            pages = {name: address for name, address in found.items() if is_page(hub, address, "ada")}
            timed_all(hub.url, world.cookies["ada"], pages, BUDGET)
        world.kept.close()
        world.opened.close()


def timed_all(url: str, session: str, pages: dict[str, str], budget: int) -> None:
    print(f"{'':62}{'median':>10}{'slowest':>11}{'CPU':>10}{'bytes':>10}   budget {budget} ms")
    with httpx2.Client(base_url=url, cookies={"ah_session": session}, trust_env=False, timeout=120) as client:
        for name, address in pages.items():
            times, busy, size = timed(partial(client.get, address))
            above = "  ABOVE" if statistics.median(times) > budget else ""
            told = f"{statistics.median(times):7.1f} ms{max(times):8.1f} ms{busy:7.1f} ms{size:10,}"
            print(f"{name[:60]:62}{told}{above}", flush=True)


def timed(ask: Callable[[], httpx2.Response]) -> tuple[list[float], float, int]:
    """Milliseconds of ten answers after a first one, and CPU of one (asking included); the bytes that travel."""
    answer, times = ask(), []
    if answer.status_code != 200:
        raise SystemExit(f"{answer.url} answers {answer.status_code}")
    before = time.process_time()
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        ask()
        times.append((time.perf_counter() - begun) * 1000)
    busy = (time.process_time() - before) * 1000 / ROUNDS
    return times, busy, int(answer.headers.get("content-length", len(answer.content)))


@dataclass
class Scene:
    """Far more of everything than a team has, made by direct calls."""

    server: RunningServer

    def __post_init__(self) -> None:
        self.hub = self.server.hub
        with self.hub.work(None, reading=True) as work:
            self.root = Caller(accounts.get_user(work, "root"), Scope.ADMIN)
        self.big: list[str] = []
        self.files = self.commits = self.lines = 0

    def fill(self, files: int, commits: int, lines: int) -> None:
        self.files, self.commits, self.lines = files, commits, lines
        with self.hub.work(self.root) as work:
            for path in (WIDE, LONG, BIG):
                assets.create_asset(work, path, "", (), TrainingSettings())
        card = self.put(WIDE, b"# Wide\n")
        body = self.put(WIDE, BODY)
        names = [replace(body, path=f"many/f{number:06}.txt") for number in range(files)]
        self.wide = self.commit(WIDE, "Add many files", [replace(card, path="README.md"), *names]).id
        self.make_history(commits)
        self.make_runs(lines)
        self.make_big()
        self.make_assets()
        with self.hub.engine.begin() as connection:
            connection.execute(text("ANALYZE"))

    def put(self, path: AssetPath, body: bytes) -> NewFile:
        sha256 = hashlib.sha256(body).hexdigest()
        receiving.receive_small(self.hub, self.root, path, [(sha256, body)])
        return NewFile("", sha256, len(body))

    def commit(self, path: AssetPath, message: str, files: list[NewFile]) -> Commit:
        with self.hub.work(self.root) as work:
            made = history.commit_changes(work, path, MAIN, message, add=files)
        assert made is not None
        return made

    def make_history(self, count: int) -> None:
        """One file that two contents take turns in, over and over, and branches all along it."""
        first, second = (self.put(LONG, text) for text in (b"one\n", b"two\n"))
        self.commit(LONG, "Begin", [replace(self.put(LONG, b"# Long\n"), path="README.md")])
        pair = [self.commit(LONG, "One", [replace(first, path="weights.bin")]),
                self.commit(LONG, "Two", [replace(second, path="weights.bin")])]  # fmt: skip
        with self.hub.work(self.root) as work:
            query = select(commit_rows.c.changed_paths).where(commit_rows.c.id == pair[1].id)
            changed = work.connection.scalar(query)
            made, last = [], pair[1]
            for number in range(count):
                like, at = pair[number % 2], AT + timedelta(minutes=number)
                message = f"Change the weights, {number}"
                id = commit_id(like.tree, (last.id,), "root", "root", at, message, {})
                last = replace(
                    like, id=id, parents=(last.id,), made_at=at, message=message, generation=last.generation + 1,
                    added=0, changed=1, metadata={},
                )  # fmt: skip
                made.append((last, changed))
            work.commits.add_all(made)
            work.refs.move(last.asset, MAIN, seen=pair[1].id, to=last.id, now=work.now())
            for number in range(BRANCHES):
                there, _ = made[len(made) * number // BRANCHES]
                assets.create_branch(work, LONG, f"experiments/branch-{number:03}", f"commit/{there.id}")

    def make_runs(self, lines: int) -> None:
        """Run 1 has the long log; each has an evaluation."""
        code = Code("https://git.example/project", "main", "0" * 40, "")
        resources = {"cpus": 1, "memory": None, "gpus": 0}
        task = {"name": "train", "command": "true", "resources": resources, "environment": {}, "timeout": None,
                "retries": 0, "metrics": None}  # fmt: skip
        with self.hub.work(self.root) as work:
            long, wide = (assets.get_asset(work, path) for path in (LONG, WIDE))
            data = Input("dataset", wide.id, str(WIDE), MAIN, work.refs.branch(wide.id, MAIN).commit)
            for number in range(RUNS):
                state = RunState.SUCCEEDED if number else RunState.RUNNING
                run = Run(
                    id=work.new_id(), number=0, type=RunType.TRAIN, state=state, reason=None, asset=long.id,
                    path=str(LONG), branch=f"experiments/branch-{number:03}", onto_existing=False, base=None, code=code,
                    inputs=(data,), params={"lr": number / 1000, "epochs": 5}, task=task, engine="local", attempt=1,
                    nonce="n" * 8, handle=None, cancel_requested_at=None, exit_code=None, commit=None, evaluation=None,
                    environment={}, created_by=self.root.user.id, creator="root", created_at=AT, started_at=AT,
                    ended_at=AT if number else None, seen_at=datetime.now(UTC) + timedelta(days=1),
                )  # fmt: skip
                work.runs.add(run)
                if not number:
                    self.run = run.id
            for number in range(EVALUATIONS):
                metrics = {"accuracy": number / EVALUATIONS, "loss": 1 / (number + 1)}
                version = Reference(LONG, f"experiments/branch-{number:03}")
                evaluations.create_evaluation(work, version, Reference(WIDE, None), metrics)
        runner = keys.key_caller(self.hub, keys.run_token(self.hub, self.run, 1))
        for batch in range(lines // BATCH):
            told = [[batch, "out", f"step {batch * BATCH + at} loss 0.123 accuracy 0.987", None] for at in range(BATCH)]
            run_reports.report_log(self.hub, runner, self.run, batch + 1, told)

    def make_big(self) -> None:
        """Files whose beginning and end are real, and between which there is a hole."""
        tensors = {
            f"layers.{number}.weight": {"dtype": "F16", "shape": [1250, 2000],
                                        "data_offsets": [5_000_000 * number, 5_000_000 * (number + 1)]}
            for number in range(TENSORS)
        }  # fmt: skip
        header = json.dumps(tensors).encode()
        made = {"model.safetensors": (len(header).to_bytes(8, "little") + header, b"", SAFETENSORS)}
        if table := parquet():
            footer = int.from_bytes(table[-8:-4], "little") + 8
            made["table.parquet"] = (table[:-footer], table[-footer:], PARQUET)
        files = [self.keep_sparse(name, *parts) for name, parts in made.items()]
        self.commit(BIG, "Add large files", files)
        self.big = list(made)

    def keep_sparse(self, path: str, begin: bytes, end: bytes, size: int) -> NewFile:
        sha256 = hashlib.sha256(path.encode()).hexdigest()  # nobody reads it whole
        name = f"{sha256}.{'0' * 8}"
        file = self.hub.folder / "store" / key_of(name)
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as opened:
            opened.write(begin)
            opened.truncate(size)
            opened.seek(size - len(end))
            opened.write(end)
        with self.hub.work(self.root) as work:
            receiving.acknowledge(work, assets.get_asset(work, BIG).id, [Location(sha256, size, name)])
        return NewFile(path, sha256, size)

    def make_assets(self) -> None:
        with self.hub.work(self.root) as work:
            folder = assets.get_asset(work, LONG).folder
            training: dict[str, Any] = {"git": None, "revision": None, "subpath": None, "datasets": [], "params": {}}
            head = work.refs.branch(assets.get_asset(work, LONG).id, MAIN)
            assert head
            rows = [
                {"id": work.new_id(), "folder": folder, "name": name, "name_key": name, "description": "", "labels": [],
                 "words": words_of(name, "", []), "training": training, "bucket": f"bucket-{number}",
                 "stored": number * 1000, "created_at": AT, "updated_at": AT + timedelta(seconds=number)}
                for number, name in ((number, f"net-{number:05}") for number in range(ASSETS))
            ]  # fmt: skip
            work.connection.execute(insert(asset_rows), rows)

    def pages(self) -> dict[str, str]:
        long, wide, big = f"/{LONG}/-", f"/{WIDE}/-", f"/{BIG}/-"
        return {
            "home": "/", "owner": "/root", "search": "/search?q=net", "runs": "/runs",
            f"{self.files:,} files: the asset": f"/{WIDE}", f"{self.files:,} files: the folder": f"{wide}/files/many",
            f"{self.files:,} files: one of them": f"{wide}/file/many/f{self.files // 2:06}.txt",
            f"{self.files:,} files: their commit": f"{wide}/commit/{self.wide}",
            f"{self.files:,} files: commits": f"{wide}/commits",
            "500 branches: files": f"/{LONG}", "500 branches: refs": f"{long}/refs",
            "500 branches: publish": f"{long}/publish?source=experiments/branch-007",
            f"{self.commits:,} commits: the first page": f"{long}/commits",
            f"{self.commits:,} commits: lineage": f"{long}/lineage",
            f"{self.commits:,} commits: compare": f"{long}/compare?source=main&target=experiments/branch-007",
            "200 evaluations": f"{long}/evaluations", "200 runs of a model": f"{long}/runs",
            "new run": f"{long}/new-run", "settings of a model": f"{long}/settings",
            f"{self.lines:,} lines: the run": "/runs/1", f"{self.lines:,} lines: the log": "/runs/1/log",
            f"{self.lines:,} lines: in the middle": f"/runs/1/log?after={self.lines // 2}",
            f"{self.lines:,} lines: a search": f"/runs/1/log?search=step%20{self.lines - 1}",
            "20 runs compared": "/runs/compare?" + "&".join(f"run={number}" for number in range(1, 21)),
            **{f"{name}, mostly a hole": f"{big}/file/{name}" for name in self.big},
            "storage, 10,000 assets": "/-/admin/storage", "storage of one owner": "/-/admin/storage?owner=root",
            "settings": "/-/admin/settings", "engines": "/-/admin/engines", "audit": "/-/audit",
        }  # fmt: skip


def parquet() -> bytes | None:
    """A small table of a hundred row groups; None without pyarrow."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError:
        return None
    file = io.BytesIO()
    columns = {f"column{number}": list(range(10_000)) for number in range(20)}
    pyarrow.parquet.write_table(pyarrow.table(columns), file, row_group_size=100)
    return file.getvalue()
