"""People at work on one model, and a ledger of what the hub acknowledged to them."""

import hashlib
import random
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from assethub.client.assets import Model
from assethub.client.connection import ATTEMPTS, asset_url
from assethub.client.errors import Unreachable
from assethub.client.hub import Hub
from assethub.client.versions import Version

Files = dict[str, str]  # path: sha256
LANES = 3
SHARED = "shared"


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


@dataclass
class Sure:
    """Files that must be there; or, while an answer is out, exactly what was `tried` instead."""

    files: Files = field(default_factory=dict)
    tried: Files | None = None

    def begin(self, files: Files) -> None:
        self.tried = files

    def acknowledged(self) -> None:
        assert self.tried is not None
        self.files, self.tried = self.tried, None

    def settle(self, found: Files, where: str) -> None:
        """What was not answered has happened or not, never by half."""
        assert found in (self.files, self.tried), (
            f"{where}: missing {set(self.files) - set(found)}, more {set(found) - set(self.files)}"
        )
        self.files, self.tried = found, None


class Load:
    """Committers on branches of their own, who publish and tag, and two who stage and commit on a shared branch."""

    def __init__(self, hub: Hub, path: str, folder: Path, seed: int) -> None:
        self.hub, self.path, self.folder = hub, path, folder
        self.dice = random.Random(seed)
        self.commits: set[str] = set()
        self.tags: dict[str, str] = {}
        self.staged: Files = {}
        self.unanswered: Files = {}  # staged writes and tags whose answer never came
        self.lanes = {f"lane{number}": Sure() for number in range(LANES)}
        self.published = {name: Sure() for name in self.lanes}
        self.read: set[tuple[str, str]] = set()  # (path, sha256) whose bytes were compared
        self.bytes_read = 0
        self.count = 0
        made = hub.create(path)
        assert isinstance(made, Model)
        self.model = made
        for branch in (*self.lanes, SHARED):
            made.create_branch(branch, empty=True)

    def work(self, until: Callable[[], None]) -> None:
        """Everybody works, each until the hub is gone; `until` makes it go."""
        self.hub.connection.attempts = 1  # nobody waits for a hub that was killed
        with ThreadPoolExecutor(LANES + 2) as pool:
            jobs: list[Future[None]] = [pool.submit(self.go_on, self.lane_work(name)) for name in self.lanes]
            jobs += [pool.submit(self.go_on, self.stage), pool.submit(self.go_on, self.commit_staged)]
            until()
            for job in jobs:
                job.result()
        self.hub.connection.attempts = ATTEMPTS

    def go_on(self, act: Callable[[], None]) -> None:
        try:
            while True:
                act()
        except Unreachable:
            return

    def fresh(self) -> int:
        self.count += 1
        return self.count

    def lane_work(self, name: str) -> Callable[[], None]:
        dice = random.Random(self.dice.random())
        branch = self.model.branch(name)

        def act() -> None:
            commit = self.commit(name, branch, dice)
            if dice.random() < 0.3:
                self.publish(name, branch)
            if dice.random() < 0.2:
                self.tag(f"{name}-{self.fresh()}", commit)

        return act

    def commit(self, name: str, branch: Version, dice: random.Random) -> str:
        """Some small files or a large one; some that were there go, and some change."""
        sure = self.lanes[name]
        gone = [path for path in sure.files if dice.random() < 0.05]
        after = {path: digest for path, digest in sure.files.items() if path not in gone}
        sizes = [dice.randint(1 << 20, 5 << 19)] if dice.random() < 0.15 else dice.choices(range(20_000), k=8)
        add: dict[str, str] = {}
        for size in sizes:
            path = dice.choice([*after, ""]) or f"{name}/{self.fresh()}"
            body = dice.randbytes(size)
            local = self.folder / path.replace("/", "-")
            local.write_bytes(body)
            add[str(local)] = path
            after[path] = sha256(body)
        sure.begin(after)
        made = branch.commit("Work", [add], gone)
        sure.acknowledged()
        assert made is not None
        self.commits.add(made.id)
        for file in add:
            Path(file).unlink()
        return made.id

    def publish(self, name: str, branch: Version) -> None:
        self.published[name].begin(dict(self.lanes[name].files))
        made = branch.merge("main", strategy="merge")
        self.published[name].acknowledged()
        if made is not None:
            self.commits.add(made.id)

    def tag(self, name: str, commit: str) -> None:
        self.unanswered[name] = commit
        self.model.create_tag(name, commit)
        self.tags[name] = self.unanswered.pop(name)

    def stage(self) -> None:
        dice = random.Random(self.dice.random())
        path, body = f"staged/{self.fresh()}", dice.randbytes(dice.randint(0, 30_000))
        self.unanswered[path] = sha256(body)
        url = f"{asset_url(self.model.where)}/staged/{quote(path)}"
        self.hub.connection.request("PUT", url, params={"branch": SHARED}, content=body)
        self.staged[path] = self.unanswered.pop(path)

    def commit_staged(self) -> None:
        made = self.model.branch(SHARED).commit("What is staged", staged=True)
        if made is None:
            threading.Event().wait(0.02)
        else:
            self.commits.add(made.id)

    def check(self) -> None:
        """What was acknowledged is there, and what was not answered is there whole or not at all."""
        for name, sure in self.lanes.items():
            sure.settle(self.listed(name), f"branch {name}")
            self.compare(name, sure.files)
        main = self.listed("main")
        for name, sure in self.published.items():
            own = {path: digest for path, digest in main.items() if path.startswith(f"{name}/")}
            sure.settle(own, f"{name} in main")
        tags = {tag.name: tag.commit for tag in self.model.tags()}
        self.settle(tags, self.tags)
        committed = self.listed(SHARED)
        waiting = {one.path: one.object.sha256 for one in self.model.status(SHARED) if one.object}
        assert not committed.keys() & waiting.keys()
        self.settle({**committed, **waiting}, self.staged)
        self.compare(SHARED, committed)
        self.unanswered.clear()

    def settle(self, found: dict[str, str], sure: dict[str, str]) -> None:
        lost = sure.items() - found.items()
        assert not lost, f"acknowledged and gone: {lost}"
        surprising = found.items() - sure.items() - self.unanswered.items()
        assert not surprising, f"never asked for: {surprising}"
        sure.update(found)

    def listed(self, branch: str) -> Files:
        return {one.path: one.sha256 for one in self.model.list_object(ref=branch)}

    def compare(self, branch: str, files: Files) -> None:
        """Read what was not read before."""
        for path, digest in files.items() - self.read:
            body = self.model.branch(branch).read(path)
            assert sha256(body) == digest, path
            self.bytes_read += len(body)
            self.read.add((path, digest))

    def compare_all(self, folder: Path) -> None:
        """Download every branch, and hash each file again."""
        branches = {**{name: sure.files for name, sure in self.lanes.items()}, SHARED: self.listed(SHARED)}
        for name, files in branches.items():
            target = folder / name
            self.model.download(to=target, ref=name)
            for path, digest in files.items():
                body = (target / path).read_bytes()
                assert sha256(body) == digest, path
                self.bytes_read += len(body)
