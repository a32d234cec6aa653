"""An asset's history out of the hub as one file, for machines that no network joins."""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from importlib.metadata import version as version_of
from uuid import UUID

import zstandard

from assethub.domain.assets import Asset
from assethub.domain.errors import Damaged, HubError, Unavailable
from assethub.domain.history import MAIN, Commit, Ref, RefKind, commit_id, commit_text
from assethub.domain.names import Reference
from assethub.domain.owners import Asking
from assethub.protocol.archives import HEAD, REFS, ArchiveHead, ArchiveRef, Writer, commits_name
from assethub.protocol.assets import TrainingSettings
from assethub.protocol.frames import LARGE
from assethub.services import versions
from assethub.services.objects import locate, locations
from assethub.services.work import Hub, Work
from assethub.storage.contents import Location
from assethub.storage.ledger import Ledger
from assethub.storage.nodes import LEAF, Rows, decode_inner, decode_leaf
from assethub.storage.originals import LinkBroken

log = logging.getLogger("assethub.archives")
COMMITS_TOGETHER = 1 << 20  # bytes of commits in one member


@dataclass(frozen=True)
class Export:
    """An archive that is about to be written: everything it needs was found. Needs no transaction."""

    hub: Hub
    asset: UUID
    head: ArchiveHead
    refs: list[ArchiveRef]
    commits: list[str]  # parents first
    nodes: list[bytes]  # children first
    contents: Ledger

    @property
    def size(self) -> int:
        """Bytes of all contents."""
        return self.contents.total()[1]

    def close(self) -> None:
        self.contents.close()

    def stream(self) -> Iterator[bytes]:
        """The archive's bytes. If something of it is damaged, the archive ends with a sentence that says so."""
        writer = Writer()
        try:
            yield writer.whole(HEAD, self.head.model_dump_json().encode())
            yield writer.whole(REFS, b"".join(ref.model_dump_json().encode() + b"\n" for ref in self.refs))
            for number, lines in enumerate(self.commit_lines(), 1):
                yield writer.whole(commits_name(number), lines)
            for id in self.nodes:
                yield writer.whole(f"nodes/{id.hex()}", zstandard.ZstdCompressor().compress(read_node(self.hub, id)))
            for page in self.contents.bodies():
                with self.hub.work(None, reading=True) as work:
                    located = locate(work, page)
                for sha256 in page:
                    yield from self.body(writer, located[sha256])
            yield writer.close()
        except HubError as error:
            log.error("the export of %s broke off: %s", self.head.name, error)
            yield writer.fail(str(error))
        finally:
            self.close()

    def commit_lines(self) -> Iterator[bytes]:
        lines = bytearray()
        for at in range(0, len(self.commits), 500):
            page = self.commits[at : at + 500]
            with self.hub.work(None, reading=True) as work:
                found = work.commits.many(self.asset, page)
            for id in page:
                if id not in found:
                    raise Unavailable(f"The commit {id[:8]} was deleted while it was exported; export again.")
                lines += line_of(found[id]).encode() + b"\n"
                if len(lines) >= COMMITS_TOGETHER:
                    yield bytes(lines)
                    lines.clear()
        if lines:
            yield bytes(lines)

    def body(self, writer: Writer, location: Location) -> Iterator[bytes]:
        """The member of one content; a large one is in the archive before its damage is known."""
        name = f"objects/{location.sha256}"
        told: list[str] = []
        pieces = sound_pieces(self.hub, location, told)
        if location.size < LARGE:
            pieces = iter(list(pieces))
        if not told:
            yield from writer.member(name, location.size, pieces)
        if told:
            raise Damaged(told[0])


def sound_pieces(hub: Hub, location: Location, told: list[str]) -> Iterator[bytes]:
    """As many bytes as the content has; what is wrong with them is told at the end."""
    digest, left = hashlib.sha256(), location.size
    try:
        for piece in hub.contents.read(location):
            digest.update(piece)
            left -= len(piece)
            yield piece
    except (KeyError, LinkBroken):
        digest.update(b"gone")
    if digest.hexdigest() != location.sha256:
        told.append(
            f"The stored content with the sha256 {location.sha256} is damaged or gone; "
            "`ah admin verify` names the paths that it hurts."
        )
    while left > 0:
        yield bytes(min(left, LARGE))
        left -= min(left, LARGE)


def line_of(commit: Commit) -> str:
    fields = (
        commit.tree, commit.parents, commit.author, commit.committer, commit.made_at, commit.message, commit.metadata
    )  # fmt: skip
    if commit_id(*fields) != commit.id:
        raise Damaged(f"The commit {commit.id[:8]} is damaged: its fields give another id.")
    return commit_text(*fields)


def begin_export(hub: Hub, caller: Asking, reference: Reference, *, everything: bool = False) -> Export:
    """The archive of a version with its history; `everything`: of all branches and tags.

    Unavailable names the first path whose content the hub lacks.
    """
    with hub.work(caller, reading=True) as work:
        work.refuse_runs()
        asset, head = versions.version(work, reference)
        refs = work.refs.of(asset.id)
        branch = exported_branch(reference, refs, head)
        heads = {head.id} | ({ref.commit for ref in refs} if everything else set())
        commits, trees = reachable(work, asset, heads)
    within = set(commits)
    kept = [
        ref
        for ref in sorted(refs, key=lambda ref: ref.name)
        if everything or ref == branch or (ref.kind is RefKind.TAG and ref.commit in within)
    ]
    with ExitStack() as stack:
        contents = stack.enter_context(Ledger())
        nodes = list(gather(hub, asset, trees, contents))
        stack.pop_all()
    with hub.work(caller) as work:
        target = f"{asset.path}:{reference.ref or MAIN}"
        work.record("archive.export", target, folder=asset.folder, commit=head.id, everything=everything)
    named = [ArchiveRef.model_validate({"kind": one.kind, "name": one.name, "commit": one.commit}) for one in kept]
    return Export(hub, asset.id, head_of(asset, reference.ref or MAIN, head), named, commits, nodes, contents)


def head_of(asset: Asset, ref: str, commit: Commit) -> ArchiveHead:
    training = asdict(asset.training) | {"datasets": list(asset.training.datasets)}
    return ArchiveHead(
        kind=asset.path.kind.value, name=asset.path.name, description=asset.description, labels=list(asset.labels),
        training=TrainingSettings(**training), ref=ref, head=commit.id,
        exported_by=f"assethub {version_of('assethub')}",
    )  # fmt: skip


def exported_branch(reference: Reference, refs: list[Ref], head: Commit) -> Ref | None:
    """The branch that the reference names, if it is one's name."""
    name = (reference.ref or MAIN).removeprefix("branch/")
    return next((ref for ref in refs if (ref.kind, ref.name, ref.commit) == (RefKind.BRANCH, name, head.id)), None)


def reachable(work: Work, asset: Asset, heads: set[str]) -> tuple[list[str], list[str]]:
    """The commits that lead to the heads, parents first, and their trees without repetition."""
    wanted, commits, trees = set(heads), [], []
    for id, tree, parents in work.commits.newest_first(asset.id):
        if id in wanted:
            commits.append(id)
            trees.append(tree)
            wanted.update(parents)
    return commits[::-1], list(dict.fromkeys(trees[::-1]))


def gather(hub: Hub, asset: Asset, trees: list[str], contents: Ledger) -> Iterator[bytes]:
    """The nodes of the trees, each once and after its children; the contents that they need are noted."""
    seen: set[bytes] = set()
    for tree in trees:
        for id, data in nodes_below(hub, bytes.fromhex(tree), seen):
            if data[:4] == LEAF:
                need(hub, asset, decode_leaf(data), contents)
            yield id


def nodes_below(hub: Hub, id: bytes, seen: set[bytes]) -> Iterator[tuple[bytes, bytes]]:
    if id in seen:
        return
    seen.add(id)
    data = read_node(hub, id)
    if data[:4] != LEAF:
        for child in decode_inner(data)[1]:
            yield from nodes_below(hub, child.id, seen)
    yield id, data


def read_node(hub: Hub, id: bytes) -> bytes:
    try:
        with hub.work(None, reading=True) as work:
            (data,) = work.trees.read([id])
    except KeyError as error:
        raise Damaged(f"A version cannot be read: {error.args[0]}.") from error
    return data


def need(hub: Hub, asset: Asset, rows: Rows, contents: Ledger) -> None:
    """Note the leaf's contents. Unavailable names the path of one that the hub lacks."""
    fresh = contents.need(zip(rows.digests, rows.sizes.tolist(), strict=True))
    with hub.work(None, reading=True) as work:
        found = locations(work, work.bodies.rows(fresh))
    lost = next((sha256 for sha256 in fresh if sha256 not in found), None) or first_gone(hub, list(found.values()))
    if lost is not None:
        path = rows.keys[rows.digests.index(bytes.fromhex(lost))].decode()
        raise Damaged(
            f"{asset.path} cannot be exported: the hub does not hold the content of {path!r} (sha256 {lost[:8]})."
        )


def first_gone(hub: Hub, located: list[Location]) -> str | None:
    """A content whose blob or pack is gone; of each pack, the content that lies last in it is looked for."""
    ends: dict[str, Location] = {}
    for one in located:
        key = one.sha256 if one.link else one.pack
        if key not in ends or ends[key].offset < one.offset:
            ends[key] = one
    for one in ends.values():
        try:
            hub.contents.check(one)
        except (KeyError, LinkBroken):
            return one.sha256
    return None
