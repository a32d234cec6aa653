"""An asset's history into the hub from one file, of which nothing is believed."""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from assethub.domain.assets import Asset, TrainingSettings
from assethub.domain.errors import Conflict, Unavailable
from assethub.domain.folders import Role
from assethub.domain.history import MAIN, Commit, Ref, RefKind
from assethub.domain.names import AssetPath
from assethub.domain.owners import Asking
from assethub.protocol.archives import Reader
from assethub.services.archive_reading import Coming, fields_of, time_of, training_of
from assethub.services.assets import add_asset
from assethub.services.gates import pass_gates
from assethub.services.quotas import check_gained, room_for, room_of
from assethub.services.recording import measured
from assethub.services.work import Hub, Work
from assethub.storage.contents import LINKED
from assethub.storage.ledger import Ledger


@dataclass(frozen=True)
class Imported:
    """What an import brought; `refs` are those that are new or moved."""

    asset: Asset
    commits: int
    objects: int
    size: int
    refs: list[Ref]


def import_archive(hub: Hub, caller: Asking, path: AssetPath, pieces: Iterable[bytes]) -> Imported:
    """Bring an archive's history to a path: a new asset, or one whose branches it continues.

    Nothing of it can be seen before all of it has arrived and was verified. Conflict if the asset there has gone
    another way. No transaction is held while bytes arrive.
    """
    with hub.work(caller) as work, work.connection.begin_nested() as trial:
        work.refuse_runs()
        if existing(work, path) is None:
            add_asset(work, path, "", (), TrainingSettings())
        trial.rollback()
    with Ledger() as ledger:
        coming = Coming(hub, caller, path.kind, ledger)
        stage = ""
        for member in Reader(pieces):
            coming.take(member)
            if coming.stage != stage and coming.stage == "nodes":
                refuse_other_history(coming, path)
            if coming.stage != stage and coming.stage == "objects":
                check_space(coming, path)
            stage = coming.stage
        coming.finish()
        measure(coming)
        return publish(coming, path)


def existing(work: Work, path: AssetPath) -> Asset | None:
    """The asset that is to be continued, if there is one and the caller may."""
    if work.assets.find(path) is None and work.renamed_asset(path) is None:
        return None
    return work.asset(path, needs=Role.EDITOR)


def refuse_other_history(coming: Coming, path: AssetPath) -> None:
    """Conflict before all the bytes are sent."""
    with coming.hub.work(coming.caller, reading=True) as work:
        asset = existing(work, path)
        if asset is not None:
            moves(coming, work, asset)


def check_space(coming: Coming, path: AssetPath) -> None:
    """QuotaExceeded before the contents are sent, if the owner may not store what of them the asset lacks."""
    with coming.hub.work(coming.caller, reading=True) as work:
        asset = existing(work, path)
        left = room_of(work, asset.id) if asset else room_for(work, path.parent)
    if left is None:
        return
    need = coming.ledger.total()[1]
    if asset is not None:
        for sha256s in coming.ledger.sorted_bodies():
            with coming.hub.work(coming.caller, reading=True) as work:
                held = work.holdings.of(asset.id, sha256s).values()
            need -= sum(one.size for one in held if one.pack != LINKED)
    left.check(need)


def measure(coming: Coming) -> None:
    """Note what the trees of all commits say of them."""
    ledger = coming.ledger
    for page in ledger.commits():
        with coming.hub.work(coming.caller, reading=True) as work:
            for id, line, _, _ in page:
                parents = json.loads(line)["parents"]
                try:
                    before = work.trees.get(ledger.tree(parents[0])) if parents else work.trees.empty
                    measures, changed_paths = measured(work.trees.get(ledger.tree(id)), before)
                except KeyError as error:
                    raise Unavailable(f"What was just stored cannot be read: {error.args[0]}.") from error
                ledger.measure(id, json.dumps([measures, changed_paths.hex() if changed_paths else None]))


def publish(coming: Coming, path: AssetPath) -> Imported:
    """The asset's rows in one transaction: before it nothing is seen, after it everything."""
    ledger, head = coming.ledger, coming.head
    with coming.hub.work(coming.caller) as work:
        before = existing(work, path)
        asset = before or add_asset(work, path, head.description, tuple(head.labels), training_of(head))
        commits = 0
        for page in ledger.commits():
            work.commits.add_all(commit_of(asset, *row) for row in page)
            commits += len(page)
        now = work.now()
        refs = []
        for kind, name, seen, commit in moves(coming, work, asset):
            if kind is RefKind.BRANCH:
                old = work.commits.get(asset.id, seen) if seen else None
                pass_gates(work, asset, name, old, work.commits.get(asset.id, commit).content)
            if seen is None:
                work.refs.add(asset.id, kind, name, commit, now)
            else:
                work.refs.move(asset.id, name, seen=seen, to=commit, now=now)
            refs.append(Ref(kind, name, commit, now))
        gained = sum(work.holdings.add(asset.id, sha256s) for sha256s in ledger.sorted_bodies())
        check_gained(work, asset.id, gained)
        if refs:
            work.assets.touch(asset.id, now)
        count, size = ledger.total()
        work.record(
            "archive.import", asset.path, folder=asset.folder, commits=commits, objects=count, bytes=size,
            refs=len(refs), new=before is None,
        )  # fmt: skip
        return Imported(asset, commits, count, size, refs)


def commit_of(asset: Asset, id: str, line: str, generation: int, found: str) -> tuple[Commit, bytes | None]:
    fields = fields_of(line)
    measures, changed_paths = json.loads(found)
    commit = Commit(
        id=id, asset=asset.id, tree=fields["tree"], parents=tuple(fields["parents"]), author=fields["author"],
        committer=fields["committer"], made_at=time_of(fields), message=fields["message"], metadata=fields["metadata"],
        generation=generation, **measures,
    )  # fmt: skip
    return commit, bytes.fromhex(changed_paths) if changed_paths else None


def moves(coming: Coming, work: Work, asset: Asset) -> list[tuple[RefKind, str, str | None, str]]:
    """Refs to make (no old commit) and to move. Conflict if one of the asset's does not lead to the archive's."""
    wanted = [(RefKind(ref.kind), ref.name, ref.commit) for ref in coming.refs]
    there = {ref.name: ref for ref in work.refs.of(asset.id)}
    branches = {name for kind, name, _ in wanted if kind is RefKind.BRANCH}
    if MAIN not in branches and not (branches and MAIN in there):
        wanted.append((RefKind.BRANCH, MAIN, coming.head.head))
    found: list[tuple[RefKind, str, str | None, str]] = []
    for kind, name, commit in wanted:
        ref = there.get(name)
        if ref is None:
            found.append((kind, name, None, commit))
        elif ref.kind is not kind or (kind is RefKind.TAG and ref.commit != commit):
            raise Conflict(
                f"{asset.path} has a {ref.kind} {name!r} already, and the archive has another {kind} of that name; "
                "delete the old one, or import to another path."
            )
        elif ref.commit != commit:
            if not leads(coming.ledger, ref.commit, commit):
                raise Conflict(
                    f"The branch {name!r} of {asset.path} is at {ref.commit[:8]}, and the archive's {name!r} does not "
                    "continue that: the archive is older, or they went different ways. Import it to another path."
                )
            found.append((kind, name, ref.commit, commit))
    return found


def leads(ledger: Ledger, old: str, new: str) -> bool:
    """Whether the archive's commit `new` has `old` among its ancestors."""
    lowest = ledger.generation(old)
    queue, seen = [new], {new}
    while queue and lowest is not None:
        commit = queue.pop()
        if commit == old:
            return True
        for parent in json.loads(ledger.line(commit))["parents"]:
            if parent not in seen and (ledger.generation(parent) or 0) >= lowest:
                seen.add(parent)
                queue.append(parent)
    return False
