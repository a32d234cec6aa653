"""Data to look at the console with at its limits: many branches, tags, commits, and one very large change.

python -m bench.console_data FOLDER [--password P] [--commits N] [--branches N] [--tags N] [--files N]: fills a hub's
data folder, which `ah serve --data FOLDER` then serves, with `ada/model/scale/many` (refs, commits of small text
files), `ada/model/scale/wide` (a commit of many changed files) and a branch `picks` that conflicts with its `main`.
"""

import argparse
import hashlib
import random
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.history import MAIN, RefKind
from assethub.domain.names import AssetPath, parse_asset_path
from assethub.domain.objects import guess_type
from assethub.domain.owners import Caller, Scope
from assethub.services import accounts, assets, evaluations, history, receiving, versions
from assethub.services.history import NewFile
from assethub.services.opening import open_hub
from assethub.services.recording import record_commit
from assethub.services.work import Hub, Work

MANY, WIDE = parse_asset_path("ada/model/scale/many"), parse_asset_path("ada/model/scale/wide")
DATASET = parse_asset_path("ada/dataset/scale/samples")
TOGETHER = 500  # commits of one transaction
WORDS = ("loss", "learning rate", "tokenizer", "weights", "layers", "dropout", "schedule", "vocabulary")


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.console_data")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--password", default="correct horse")
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--branches", type=int, default=500)
    parser.add_argument("--tags", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=100_000)
    options = parser.parse_args(None if arguments is None else list(arguments))
    opened = open_hub(options.folder)
    try:
        with opened.hub.work(None) as work:
            user = accounts.add_user(work, "ada", options.password, admin=True)
        ada = Caller(user, Scope.ADMIN)
        many(opened.hub, ada, options.commits, options.branches, options.tags)
        wide(opened.hub, ada, options.files)
    finally:
        opened.close()


def said(what: str, began: float) -> None:
    print(f"{what}: {time.perf_counter() - began:.1f} s", flush=True)


def create(work: Work, path: AssetPath) -> Asset:
    return assets.create_asset(work, path, "Made to be looked at", (), TrainingSettings())


def kept(hub: Hub, ada: Caller, path: AssetPath, files: Mapping[str, bytes]) -> list[NewFile]:
    digests = {name: hashlib.sha256(body).hexdigest() for name, body in files.items()}
    receiving.receive_small(hub, ada, path, [(digests[name], body) for name, body in files.items()])
    return [NewFile(name, digests[name], len(body)) for name, body in files.items()]


def many(hub: Hub, ada: Caller, commits: int, branches: int, tags: int) -> None:
    """A line of commits that each change one of twenty text files; branches and tags all along it."""
    began, chance = time.perf_counter(), random.Random(1)
    with hub.work(ada) as work:
        asset = create(work, MANY)
    texts = {f"configs/part-{at:02}.yaml": [f"key_{line}: {line * at}" for line in range(40)] for at in range(20)}
    ids: list[str] = []
    for start in range(0, commits, TOGETHER):
        steps: list[tuple[str, bytes]] = []
        for at in range(start, min(start + TOGETHER, commits)):
            name = f"configs/part-{at % 20:02}.yaml"
            texts[name][chance.randrange(40)] = f"key_{at}: {chance.random():.6f}"
            steps.append((name, "\n".join(texts[name]).encode()))
        receiving.receive_small(hub, ada, MANY, [(hashlib.sha256(body).hexdigest(), body) for _, body in steps])
        with hub.work(ada) as work:
            head = work.commits.get(asset.id, work.refs.take(asset.id, MAIN).commit)
            first, tree = head, versions.tree_of(work, head)
            for at, (name, body) in enumerate(steps, start):
                new = [NewFile(name, hashlib.sha256(body).hexdigest(), len(body))]
                tree = tree.with_changes(history.check_files(work, asset, new, work.now()))
                head = record_commit(work, asset, tree, (head,), f"Try another {WORDS[at % len(WORDS)]}, step {at}")
                tree = versions.tree_of(work, head)
                ids.append(head.id)
            work.refs.move(asset.id, MAIN, seen=first.id, to=head.id, now=work.now())
    said(f"{commits:,} commits", began)
    began = time.perf_counter()
    with hub.work(ada) as work:
        for kind, count in ((RefKind.BRANCH, branches - 1), (RefKind.TAG, tags)):
            for at in range(count):
                work.refs.add(asset.id, kind, f"{kind}es/{at:05}" if kind is RefKind.BRANCH else f"v{at:05}",
                              ids[at * len(ids) // count], work.now())  # fmt: skip
    said(f"{branches:,} branches and {tags:,} tags", began)


def wide(hub: Hub, ada: Caller, files: int) -> None:
    """A commit that changes every file of a large tree, and two branches that conflict in many of them."""
    began = time.perf_counter()
    with hub.work(ada) as work:
        create(work, WIDE)
        create(work, DATASET)
    bodies = {f"{side} {at}": f"{side} text {at}\nsame line\n".encode() for side in ("old", "new") for at in range(50)}
    held = {one.path: one for one in kept(hub, ada, WIDE, bodies)}

    def layout(side: str, count: int, start: int = 0) -> list[NewFile]:
        chosen = ((at, held[f"{side} {at % 50}"]) for at in range(start, count))
        return [NewFile(f"part-{at // 1000:03}/{at:06}.txt", one.sha256, one.size) for at, one in chosen]

    with hub.work(ada) as work:
        history.commit_changes(work, WIDE, MAIN, "Add everything", add=layout("old", files))
        assets.create_branch(work, WIDE, "picks")
        history.commit_changes(work, WIDE, "picks", "Change some", add=layout("new", min(files, 300)))
    with hub.work(ada) as work:
        history.commit_changes(work, WIDE, MAIN, "Change everything", add=layout("new", files, 300))
        history.commit_changes(
            work, WIDE, MAIN, "Drop some",
            add=[NewFile("notes.md", held["new 1"].sha256, held["new 1"].size, content_type=guess_type("notes.md"))],
            delete=[f"part-000/{at:06}.txt" for at in range(200)],
        )  # fmt: skip
    for at, ref in enumerate((MAIN, "picks")):
        with hub.work(ada) as work:
            evaluations.create_evaluation(
                work, versions.Reference(WIDE, ref), versions.Reference(DATASET), {"accuracy": 0.9 + at / 50, "loss": 1}
            )  # fmt: skip
    said(f"changes of {files:,} files", began)


if __name__ == "__main__":
    main()
