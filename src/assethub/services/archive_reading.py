"""An archive on its way in: each member verified, and kept where nothing names it yet."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from assethub.domain.assets import TrainingSettings
from assethub.domain.errors import Invalid
from assethub.domain.history import MAIN, commit_text, id_of_text
from assethub.domain.names import Kind, check_ref_name, parse_asset_path
from assethub.domain.owners import Asking
from assethub.domain.repositories import refuse_secrets
from assethub.protocol.archives import FORMAT, ArchiveHead, ArchiveRef, Member
from assethub.protocol.frames import LARGE, MOST_BYTES, MOST_FRAMES
from assethub.services.receiving import admit, unless_gone
from assethub.services.work import Hub
from assethub.storage.contents import Location
from assethub.storage.ledger import Ledger
from assethub.storage.node_checks import check_node, check_root, unpack
from assethub.storage.nodes import NONE, decode_inner

HASH = re.compile(r"[0-9a-f]{64}")
EMPTY_TREE = sha256(NONE.encoded).hexdigest()
LONGEST_NAME = 96
NODES_TOGETHER = 8 << 20  # bytes of nodes in one pack
MOST_NODES = 2000  # in one pack


class Coming:
    """An archive on its way in: what was verified is kept at once, and named by nothing yet."""

    def __init__(self, hub: Hub, caller: Asking, kind: Kind, ledger: Ledger) -> None:
        self.hub, self.caller, self.kind, self.ledger = hub, caller, kind, ledger
        self.read_head: ArchiveHead | None = None
        self.refs: list[ArchiveRef] = []
        self.stage = ""
        self.nodes: dict[bytes, bytes] = {}
        self.bodies: list[tuple[str, bytes]] = []
        self.waiting = 0  # bytes of nodes or bodies

    @property
    def head(self) -> ArchiveHead:
        assert self.read_head is not None  # an archive begins with it
        return self.read_head

    def take(self, member: Member) -> None:
        if member.kind != self.stage:
            self.enter(member.kind)
        takers = {
            "head": self.take_head, "refs": self.take_refs, "commits": self.take_commits, "nodes": self.take_node,
            "objects": self.take_object,
        }  # fmt: skip
        takers[member.kind](member)

    def enter(self, stage: str) -> None:
        if self.stage == "commits":
            self.check_heads()
        if self.stage == "nodes":
            self.keep_nodes()
            self.check_trees()
        self.stage = stage

    def take_head(self, member: Member) -> None:
        try:
            data = member.read()
            fields = json.loads(data)
            found = fields.get("format")
            if found != FORMAT:
                raise Invalid(f"The archive has the format {found!r:.20}, and this hub reads the format {FORMAT}.")
            if b"\\u0000" in data:
                raise Invalid("The archive is refused: its assethub.json holds a NUL character.")
            self.read_head = ArchiveHead.model_validate(fields)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"])
            raise Invalid(f"The archive's assethub.json is not understood: {where}: {first['msg']}.") from None
        except (ValueError, AttributeError, RecursionError):
            raise Invalid("The archive's assethub.json is no JSON object.") from None
        if self.head.kind != self.kind:
            raise Invalid(f"The archive holds a {self.head.kind}; give it a path such as {self.head.kind}/FOLDER/NAME.")
        if self.kind is Kind.DATASET and training_of(self.head) != TrainingSettings():
            raise Invalid("The archive is refused: a dataset has no training settings.")
        for dataset in self.head.training.datasets:
            parse_asset_path(dataset.partition(":")[0], me="me")

    def take_refs(self, member: Member) -> None:
        try:
            self.refs = [ArchiveRef.model_validate_json(line) for line in member.read().splitlines()]
        except ValidationError:
            raise Invalid("The archive's refs.jsonl is not understood.") from None
        for ref in self.refs:
            check_ref_name(ref.kind, ref.name)
            if self.kind is Kind.DATASET and ref.kind == "branch" and ref.name != MAIN:
                raise Invalid(f"The archive is refused: a dataset has no branch {ref.name!r}, just {MAIN}.")
        if len({ref.name for ref in self.refs}) < len(self.refs):
            raise Invalid("The archive is refused: two of its branches and tags share a name.")

    def take_commits(self, member: Member) -> None:
        data = member.read()
        if not data.endswith(b"\n"):
            raise Invalid(f"The archive is refused: {member.name} does not end with a line.")
        try:
            lines = data.decode()[:-1].split("\n")
        except UnicodeDecodeError:
            raise Invalid(f"The archive is refused: {member.name} is not UTF-8.") from None
        for line in lines:
            self.take_commit(line)

    def take_commit(self, line: str) -> None:
        commit = fields_of(line)
        id = id_of_text(line)
        generations = [self.ledger.generation(parent) for parent in commit["parents"]]
        if None in generations:
            raise Invalid(f"The archive is refused: a parent of the commit {id[:8]} does not come before it.")
        if not generations and self.ledger.tips():
            raise Invalid(f"The archive is refused: the commit {id[:8]} begins a second history.")
        if not generations and commit["tree"] != EMPTY_TREE:
            raise Invalid(f"The archive is refused: the first commit {id[:8]} is not empty.")
        generation = 1 + max((one for one in generations if one is not None), default=0)
        try:
            self.ledger.add_commit(id, line, commit["tree"], commit["parents"], generation)
        except KeyError:
            raise Invalid(f"The archive is refused: the commit {id[:8]} is in it twice.") from None

    def check_heads(self) -> None:
        """Every ref names a commit, and every commit leads to a ref."""
        heads = {self.head.head, *(ref.commit for ref in self.refs)}
        for id in heads:
            if self.ledger.generation(id) is None:
                raise Invalid(f"The archive is refused: it lacks the commit {id[:8]} that it names.")
        stray = [id for id in self.ledger.tips() if id not in heads]
        if stray:
            raise Invalid(f"The archive is refused: no branch or tag of it leads to the commit {stray[0][:8]}.")

    def take_node(self, member: Member) -> None:
        data = unpack(member.id, member.read())
        node, rows = check_node(member.id, data, self.ledger.node)
        try:
            self.ledger.add_node(node)
        except KeyError:
            raise Invalid(f"The archive is refused: the tree node {member.id[:8]} is in it twice.") from None
        if rows is not None:
            self.ledger.need(zip(rows.digests, rows.sizes.tolist(), strict=True))
        else:
            self.ledger.use(child.id for child in decode_inner(data)[1])
        self.nodes[bytes.fromhex(member.id)] = data
        self.waiting += len(data)
        if self.waiting >= NODES_TOGETHER or len(self.nodes) == MOST_NODES:
            self.keep_nodes()

    def keep_nodes(self) -> None:
        with self.hub.work(self.caller) as work:
            work.trees.keep(self.nodes)
        self.nodes.clear()
        self.waiting = 0

    def check_trees(self) -> None:
        commit = self.ledger.lost_tree()
        if commit is not None:
            raise Invalid(f"The archive is refused: it lacks the tree of the commit {commit[:8]}.")
        stray = self.ledger.stray_node()
        if stray is not None:
            raise Invalid(f"The archive is refused: no version has the tree node {stray.hex()[:8]}.")
        for root in self.ledger.roots():
            node = self.ledger.node(root)
            assert node is not None
            check_root(root.hex(), node)

    def take_object(self, member: Member) -> None:
        needed = self.ledger.body(member.id)
        name = f"the content {member.id[:8]}"
        if needed is None:
            raise Invalid(f"The archive is refused: no version has {name}.")
        size, arrived = needed
        if arrived:
            raise Invalid(f"The archive is refused: {name} is in it twice.")
        if size != member.size:
            raise Invalid(f"The archive is refused: {name} has {member.size} bytes in it, and not as many in versions.")
        if size < LARGE:
            self.bodies.append((member.id, member.read()))
            self.waiting += size
            if self.waiting > MOST_BYTES - LARGE or len(self.bodies) == MOST_FRAMES:
                self.keep_bodies()
        else:
            self.keep_large(member)
        self.ledger.arrive(member.id)

    def keep_large(self, member: Member) -> None:
        incoming = self.hub.contents.incoming()
        try:
            for piece in member.pieces:
                incoming.write(piece)
            self.acknowledge([incoming.keep(member.id)])
        finally:
            incoming.discard()

    def keep_bodies(self) -> None:
        self.acknowledge(self.hub.contents.keep_pack(self.bodies))
        self.bodies.clear()
        self.waiting = 0

    def acknowledge(self, located: list[Location]) -> None:
        """The hub knows the contents from now on; the asset holds them when it is there."""
        with unless_gone(self.hub, located), self.hub.work(self.caller) as work:
            admit(work, located)

    def finish(self) -> None:
        """All that the versions need has arrived."""
        self.enter("end")
        self.keep_bodies()
        lost = self.ledger.lost_body()
        if lost is not None:
            raise Invalid(f"The archive is refused: it lacks the content {lost[:8]} that a version needs.")


def training_of(head: ArchiveHead) -> TrainingSettings:
    given = head.training
    refuse_secrets(given.git or "")
    return TrainingSettings(given.git, given.revision, given.subpath, tuple(given.datasets), given.params)


def fields_of(line: str) -> dict[str, Any]:
    """The fields of a commit. Invalid unless the line is their one canonical encoding."""
    try:
        fields = json.loads(line)
        if is_commit(fields) and line == commit_text(
            fields["tree"], fields["parents"], fields["author"], fields["committer"], time_of(fields),
            fields["message"], fields["metadata"],
        ):  # fmt: skip
            return dict(fields)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        pass
    raise Invalid(f"The archive is refused: {line[:60]!r}… is not a commit in its canonical form.")


def is_commit(fields: Mapping[str, Any]) -> bool:
    names, parents = (fields["author"], fields["committer"]), fields["parents"]
    return (
        all(isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and "\0" not in name for name in names)
        and isinstance(fields["message"], str) and fields["message"].strip() != "" and "\0" not in fields["message"]
        and isinstance(fields["metadata"], dict) and isinstance(parents, list) and len(set(parents)) == len(parents)
        and all(HASH.fullmatch(id) for id in [fields["tree"], *parents])
    )  # fmt: skip


def time_of(fields: Mapping[str, Any]) -> datetime:
    return datetime.strptime(fields["time"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
