"""python -m tests.faults.collecting [SECONDS]: collections beside writers and readers, on a hub with a short grace.

Writers commit, branch and delete branches for good, so that there is always something to take away; readers read what
is reachable and compare it. At the end nothing may be damaged, and a last collection must free what it said it would.
"""

import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from assethub.domain.assets import TrainingSettings
from assethub.domain.history import MAIN
from assethub.domain.names import AssetPath, Kind, Reference
from assethub.domain.owners import Caller, Scope
from assethub.services import accounts, assets, deletions, history, objects, receiving, verification
from assethub.services.collection import collect
from assethub.services.history import NewFile
from assethub.services.opening import open_hub
from assethub.services.work import Hub

THREADS = 8
GRACE = timedelta(seconds=8)
FILES = 40


@dataclass
class Traffic:
    """Writers and readers of one hub until they are told to end; what they did is counted."""

    hub: Hub
    caller: Caller
    ending: threading.Event = field(default_factory=threading.Event)
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    heads: dict[int, tuple[str, dict[str, str]]] = field(default_factory=dict)  # of each writer's main

    def path(self, number: int) -> AssetPath:
        return AssetPath("ada", Kind.MODEL, "load", f"model-{number}")

    def commit(self, number: int, branch: str, dice: random.Random) -> dict[str, str]:
        files = {f"data/{dice.randrange(200):03}": dice.randbytes(dice.randrange(1, 9000)) for _ in range(FILES)}
        bodies = [(sha256(body).hexdigest(), body) for body in files.values()]
        receiving.receive_small(self.hub, self.caller, self.path(number), bodies)
        new = [NewFile(path, sha256(body).hexdigest(), len(body)) for path, body in files.items()]
        with self.hub.work(self.caller) as work:
            made = history.commit_changes(work, self.path(number), branch, "Load", add=new)
        self.counts["commits"] += 1
        assert made is not None
        if branch == MAIN:
            self.heads[number] = (made.id, {file.path: file.sha256 for file in new})
        return {file.path: file.sha256 for file in new}

    def write(self, number: int) -> None:
        dice = random.Random(number)
        with self.hub.work(self.caller) as work:
            assets.create_asset(work, self.path(number), "", (), TrainingSettings())
        while not self.ending.is_set():
            self.commit(number, MAIN, dice)
            with self.hub.work(self.caller) as work:
                assets.create_branch(work, self.path(number), "aside")
            self.commit(number, "aside", dice)
            with self.hub.work(self.caller) as work:
                deletions.delete_branch(work, self.path(number), "aside")
            self.counts["branches deleted"] += 1

    def read(self, number: int) -> None:
        dice = random.Random(-number)
        while not self.ending.is_set():
            commit, files = self.heads.get(number, ("", {}))
            if not files:
                time.sleep(0.01)
                continue
            path = dice.choice(sorted(files))
            with self.hub.work(self.caller, reading=True) as work:
                opened = objects.open_file(work, Reference(self.path(number), commit), path)
            body = b"".join(opened.read())
            if sha256(body).hexdigest() != files[path]:
                self.failures.append(f"{path} of {commit} is not what was committed")
            self.counts["reads"] += 1

    def sweep(self) -> None:
        while not self.ending.is_set():
            deletions.sweep_deleted(self.hub)
            found = collect(self.hub, drain=0.5)
            self.counts["collections"] += 1
            self.counts["bytes freed"] += found.bytes

    def guarded(self, act: Callable[..., None], *arguments: object) -> None:
        """Run in a thread of its own; whatever goes wrong there ends all and is told at the end."""
        try:
            act(*arguments)
        except Exception as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            self.ending.set()
            raise

    def run(self, seconds: float) -> None:
        jobs = [(act, number) for number in range(THREADS) for act in (self.write, self.read)]
        threads = [threading.Thread(target=self.guarded, args=(act, number)) for act, number in jobs]
        threads.append(threading.Thread(target=self.guarded, args=(self.sweep,)))
        for thread in threads:
            thread.start()
        self.ending.wait(seconds)
        self.ending.set()
        for thread in threads:
            thread.join()


def store_bytes(hub: Hub) -> int:
    kept = [one for prefix in ("packs/", "objects/", "trees/") for one in hub.contents.backend.list(prefix)]
    return sum(one.size for one in kept)


def main(seconds: float) -> None:
    deletions.KEPT = timedelta(0)  # what is deleted is gone for good at once
    with tempfile.TemporaryDirectory() as folder:
        opened = open_hub(Path(folder) / "data", grace=GRACE)
        with opened.hub.work(None) as work:
            user = accounts.add_user(work, "ada", "correct horse", admin=True)
        traffic = Traffic(opened.hub, Caller(user, Scope.ADMIN))
        traffic.run(seconds)
        deletions.sweep_deleted(opened.hub)
        still = replace(opened.hub, grace=timedelta(0))
        said, before = collect(still, dry=True), store_bytes(still)
        done = collect(still, drain=0)
        kept = verification.verify(still, deep=True)
        freed = before - store_bytes(still)
        print(", ".join(f"{count:,} {what}" for what, count in sorted(traffic.counts.items())))
        print(f"last collection: said {said.bytes:,} bytes, freed {freed:,}; took {done.commits} commits")
        what = f"{kept.bodies:,} contents ({kept.bytes:,} bytes) of {kept.commits:,} commits"
        print(f"verified {what}: {len(kept.damages)} damages")
        opened.close()
        if traffic.failures or kept.damages or not said.bytes == done.bytes == freed:
            sys.exit("\n".join([*traffic.failures, *map(str, kept.damages), "FAILED"]))


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 60)
