"""A small hub with somebody in every role, and something of every kind to act on; put back after each change."""

import hashlib
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.testclient import TestClient

from assethub.domain.assets import TrainingSettings
from assethub.domain.evaluations import Evaluation, Report
from assethub.domain.folders import Role
from assethub.domain.imports import Import, ImportState
from assethub.domain.names import FolderPath, Kind, Reference, parse_asset_path
from assethub.domain.owners import Caller, OwnerKind, Scope
from assethub.domain.runs import Code, Input, Run, RunState, RunType
from assethub.domain.sweeps import Sweep
from assethub.server.app import create_app
from assethub.services import (
    accounts,
    assets,
    credentials,
    deletions,
    folders,
    gates,
    groups,
    history,
    keys,
    multiparts,
    read_links,
    receiving,
    s3,
    s3_keys,
    sessions,
    sharing,
    sources,
    staging,
    uploads,
    versions,
)
from assethub.services.history import NewFile
from assethub.services.opening import Opened, open_hub
from tests.conftest import make_repository

PASSWORD = "correct horse"
NET, DIGITS = parse_asset_path("olga/model/vision/net"), parse_asset_path("olga/dataset/images/digits")
ROLES = {"vera": Role.VIEWER, "rudi": Role.RUNNER, "edda": Role.EDITOR}
PEOPLE = ("sven", "vera", "rudi", "edda", "olga", "ada")  # a stranger, three roles, the owner, an administrator
GONE, OTHER, OLD = (parse_asset_path(f"olga/model/{one}") for one in ("vision/gone", "other/net", "old/net"))
GATED = FolderPath("olga", Kind.MODEL, "gated")
AT = datetime(2026, 1, 1, tzinfo=UTC)
TASKS = 'tasks: {train: {command: "true"}, evaluate: {command: "true"}}\n'


@dataclass
class World:
    opened: Opened
    database: Path
    app: Starlette
    secrets: Mapping[str, str]  # of API keys and the run's token, by the table's column
    cookies: Mapping[str, str]
    csrf: Mapping[str, str]
    names: Mapping[str, str]  # what stands in paths and bodies: ids and digests
    s3_keys: Mapping[str, tuple[str, str]]  # with their secrets, by the table's column

    def __post_init__(self) -> None:
        self.kept = sqlite3.connect(":memory:")
        with sqlite3.connect(self.database) as source:
            source.backup(self.kept)

    def put_back(self) -> None:
        """The rows as they were at the beginning; contents stay, which nothing names then."""
        self.opened.hub.rounds.last = None
        with sqlite3.connect(self.database) as target:
            self.kept.backup(target)
        target.close()

    def person(self, name: str) -> Caller:
        with self.opened.hub.work(None, reading=True) as work:
            return Caller(accounts.get_user(work, name), Scope.ADMIN)

    def client(self) -> TestClient:
        return TestClient(self.app, raise_server_exceptions=False, follow_redirects=False)


def make_world(folder: Path) -> World:
    code, shelf = folder / "code", folder / "shelf"
    make_repository(code, {"assethub.yaml": TASKS})
    shelf.mkdir()
    (shelf / "more.txt").write_text("more")
    opened = open_hub(folder / "data", git_roots=(folder,))
    return Maker(opened, code, shelf).make(folder)


class Maker:
    def __init__(self, opened: Opened, code: Path, shelf: Path) -> None:
        self.opened, self.hub, self.code, self.shelf = opened, opened.hub, code, shelf
        self.people: dict[str, Caller] = {}
        self.names: dict[str, str] = {}
        self.s3_keys: dict[str, tuple[str, str]] = {}

    def make(self, folder: Path) -> World:
        with self.hub.work(None) as work:
            for name in PEOPLE:
                user = accounts.add_user(work, name, PASSWORD if name == "olga" else None, admin=name == "ada")
                self.people[name] = Caller(user, Scope.ADMIN)
            robot = accounts.add_user(work, "robot", None, kind=OwnerKind.SERVICE)
            self.names["robot_key"] = str(keys.make_key(work, robot, "nightly", Scope.READ)[0].id)
        self.make_assets()
        self.make_more()
        self.make_credentials()
        self.make_s3_keys()
        self.make_runs()
        secrets, cookies, csrf = {"run": keys.run_token(self.hub, UUID(self.names["run"]), 1)}, {}, {}
        olga = self.people["olga"].user
        with self.hub.work(None) as work:
            here, there = (
                work.folders.find(parse_asset_path(f"olga/model/{one}/x").parent) for one in ("vision", "other")
            )
            assert here is not None
            assert there is not None
            secrets["read"] = keys.make_key(work, olga, "read", Scope.READ)[1]
            secrets["here"] = keys.make_key(work, olga, "here", Scope.WRITE, None, here[0])[1]
            secrets["there"] = keys.make_key(work, olga, "there", Scope.WRITE, None, there[0])[1]
            key, _ = keys.make_key(work, olga, "laptop", Scope.WRITE)
            self.names["key"] = str(key.id)
            for name in PEOPLE:
                secrets[name] = keys.make_key(work, self.people[name].user, "key", Scope.ADMIN)[1]
        for name in PEOPLE:
            cookies[name] = sessions.open_session(self.hub, self.people[name].user)
            signed_in = sessions.session_of(self.hub, cookies[name])
            assert signed_in is not None
            csrf[name] = self.hub.sign("csrf", signed_in.session.hex)
            self.names[f"session_{name}"] = str(signed_in.session)
        self.make_door_keys()
        self.names["claim"] = keys.claim_secret(self.hub, UUID(self.names["run"]), 1)
        database = folder / "data" / "hub.db"
        return World(self.opened, database, create_app(self.hub), secrets, cookies, csrf, self.names, self.s3_keys)

    def make_door_keys(self) -> None:
        """One that writes for everybody, two of olga's that may do less, and uploads in parts under way."""
        own: dict[str, dict[str, Any]] = {name: {"write": True} for name in PEOPLE}
        own["olga"]["folder"] = NET.parent
        for column, terms in (own | {"read": {}, "other": {"write": True, "asset": OTHER}}).items():
            with self.hub.work(self.people.get(column, self.people["olga"])) as work:
                key, secret = s3_keys.create_s3_key(work, column, **terms)
            self.s3_keys[column] = key.access_key, secret
        with self.hub.work(self.people["edda"]) as work:
            bucket = s3.find_bucket(work, self.names["bucket"])
            for name in ("multipart", "multipart_given_up"):
                self.names[name] = multiparts.begin_multipart(work, bucket, "main/parts.bin", None, {}, None).id.hex

    def make_assets(self) -> None:
        olga = self.people["olga"]
        training = TrainingSettings(git=str(self.code), datasets=(str(DIGITS),))
        with self.hub.work(olga) as work:
            assets.create_asset(work, DIGITS, "", (), TrainingSettings())
            net = assets.create_asset(work, NET, "", (), training)
            for path in (GONE, OTHER, OLD):
                assets.create_asset(work, path, "", (), TrainingSettings())
            folders.create_folder(work, GATED)
            self.names["gate"] = str(gates.add_gate(work, GATED, str(DIGITS), "accuracy >= 0.5").id)
            for folder in (NET.parent, DIGITS.parent, OLD.parent, GATED):
                for name, role in ROLES.items():
                    sharing.grant_role(work, folder, name, role)
        for path, content in ((DIGITS, b"0123"), (NET, b"weights")):
            digest = hashlib.sha256(content).hexdigest()
            receiving.receive_small(self.hub, olga, path, [(digest, content)])
            with self.hub.work(olga) as work:
                made = history.commit_changes(
                    work, path, "main", "Begin with one file", add=[NewFile("a.txt", digest, len(content))]
                )
            assert made is not None
            self.names[f"{path.name}_commit"], self.names[f"{path.name}_sha256"] = made.id, digest
        with self.hub.work(olga) as work:
            assets.create_branch(work, NET, "extra")
            assets.create_tag(work, NET, "v1")
            assets.create_tag(work, NET, "dropped")
            deletions.delete_tag(work, NET, "dropped")
            deletions.delete_asset(work, GONE)
            deletions.delete_folder(work, OLD.parent)
            history.commit_changes(
                work, NET, "extra", "Add another", add=[NewFile("b.txt", self.names["net_sha256"], len(b"weights"))]
            )
            staging.stage_deletion(work, NET, "main", "a.txt")
            self.names["extra_commit"] = versions.version(work, Reference(NET, "extra"))[1].id
        self.names["net"], self.names["bucket"] = str(net.id), net.bucket

    def make_more(self) -> None:
        """A group, an evaluation with a report, a source, an import and an upload under way."""
        edda = self.people["edda"]
        with self.hub.work(self.people["olga"]) as work:
            groups.create_group(work, "team")
            groups.put_member(work, "team", "edda")
            dataset = assets.get_asset(work, DIGITS)
            report = Report("report.txt", self.names["net_sha256"], len(b"weights"))
            made = Evaluation(
                id=work.new_id(), asset=UUID(self.names["net"]), commit=self.names["net_commit"], dataset=dataset.id,
                dataset_path=str(DIGITS), dataset_commit=self.names["digits_commit"], metrics={"accuracy": 0.5},
                reports=(report,), run=None, run_number=None, provenance={}, created_by="edda", created_at=AT,
            )  # fmt: skip
            work.evaluations.add(made, work.commits.get(made.asset, made.commit).content)
            self.names["evaluation"] = str(made.id)
            self.names["link"] = read_links.read_links(work, Reference(NET)).to("a.txt")
        with self.hub.work(self.people["ada"]) as work:
            shelf = sources.add_source(work, "shelf", str(self.shelf))
        with self.hub.work(edda) as work:
            one = Import(
                id=work.new_id(), asset=UUID(self.names["net"]), path=str(NET), branch="main", source=shelf.id,
                source_name="shelf", prefix="", target="", link=False, message="", state=ImportState.QUEUED, error=None,
                commit=None, total_files=0, total_bytes=0, done_files=0, done_bytes=0, read_bytes=0,
                created_by=edda.user.id, creator="edda", created_at=AT, started_at=None, ended_at=None,
            )  # fmt: skip
            work.imports.add(one)
            self.names["import"] = str(one.id)
        content = b"x" * 10
        upload = uploads.begin_upload(self.hub, edda, NET, hashlib.sha256(content).hexdigest(), len(content))
        assert upload.upload is not None
        self.names["upload"] = str(upload.upload.id)

    def make_s3_keys(self) -> None:
        for name, by, account in (("s3_key", "olga", None), ("robot_s3_key", "ada", "robot")):
            with self.hub.work(self.people[by]) as work:
                self.names[name] = s3_keys.create_s3_key(work, "laptop", account=account)[0].access_key

    def make_credentials(self) -> None:
        with self.hub.work(self.people["olga"]) as work:
            for name, folder in (("credential", None), ("folder_credential", NET.parent)):
                made = credentials.create_credential(work, "https://git.example/olga", "token", folder=folder)
                self.names[name] = str(made.id)

    def make_runs(self) -> None:
        """Run 1 is running, run 2 has failed, run 3 waits, run 4 is a sweep's; all of them are rudi's."""
        rudi = self.people["rudi"].user
        code = Code(str(self.code), "HEAD", "0" * 40, "")
        with self.hub.work(None) as work:
            found = work.assets.find(DIGITS)
            assert found is not None
            pinned = Input("dataset", found[0].id, str(DIGITS), "main", self.names["digits_commit"])
            run = Run(
                id=work.new_id(), number=0, type=RunType.TRAIN, state=RunState.RUNNING, reason=None,
                asset=UUID(self.names["net"]), path=str(NET), branch="out", onto_existing=False, base=None, code=code,
                inputs=(pinned,), params={}, task={"name": "train", "command": "true", "environment": {"requirements":
                None, "python": None, "image": None, "variables": {}}, "resources": {"cpus": 1, "memory": 0, "gpus": 0},
                "timeout": None, "retries": 0, "metrics": None}, engine="local", attempt=1, nonce="n" * 8,
                handle={"pid": 0}, cancel_requested_at=None, exit_code=None, commit=None, evaluation=None,
                environment={}, created_by=rudi.id, creator="rudi", created_at=AT, started_at=AT, ended_at=None,
                seen_at=AT,
            )  # fmt: skip
            self.names["run"] = str(run.id)
            work.runs.add(run)
            for state, branch in ((RunState.FAILED, "failed"), (RunState.QUEUED, "waiting")):
                idle = replace(run, nonce=None, handle=None, started_at=None, seen_at=None)
                one = replace(idle, id=work.new_id(), state=state, branch=branch)
                work.runs.add(one)
                work.lineage.set_reproduces(one.id, run.asset, self.names["net_commit"])
            sweep = Sweep(
                work.new_id(), 0, RunType.TRAIN, run.asset, str(NET), "grid", {"lr": (1,)}, rudi.id, "rudi", AT
            )
            work.sweeps.add(sweep)
            work.runs.add(replace(idle, id=work.new_id(), branch="grid-1", sweep=sweep.id))
