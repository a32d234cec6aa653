"""Removing a content from a hub for good, history included: what may not be kept, such as personal data or secrets.

Commits keep their ids and go on naming its sha256; whoever asks for it is told that it was removed, and why.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from assethub.database.placed import Placed
from assethub.domain.errors import Invalid, NotFound, Unavailable
from assethub.domain.history import timestamp
from assethub.domain.names import COMMIT_ID, Reference
from assethub.domain.objects import Purge
from assethub.domain.owners import Keeper
from assethub.services import versions
from assethub.services.collection import Round, moving_files, name_of
from assethub.services.shelves import CONTENTS
from assethub.services.work import Hub, Work
from assethub.storage.backend import Kept
from assethub.storage.contents import LINKED

IN_FLIGHT = timedelta(hours=1)  # a file that was kept lately may be about to be named


def content_of(hub: Hub, reference: Reference, path: str) -> str:
    """The sha256 of a file of a version, for the administrator's own commands on the hub's machine."""
    with hub.work(None, reading=True) as work:
        found = work.assets.find(reference.asset)
        if found is None:
            raise NotFound.named("asset", str(reference.asset))
        entry = versions.tree_of(work, versions.resolve(work, found[0], reference.ref or "main")).find(path)
    if entry is None:
        raise NotFound(f"{reference} has no file {path!r}.")
    return entry.sha256


def purge(hub: Hub, sha256: str, reason: str, by: str, keeper: Keeper | None = None) -> Purge:
    """Remove a content wherever it is, and refuse it from now on. Repeating it finishes what was cut off.

    `by` is what its askers are told, `keeper` what the audit log tells.

    Unavailable if damage beside it keeps its bytes in a file; nobody can read them there, and it can be repeated.
    """
    if not COMMIT_ID.fullmatch(sha256):
        raise Invalid(f"{sha256!r} is not a sha256; it has 64 lower-case hex digits.")
    if not reason.strip():
        raise Invalid("Say why the content is removed; whoever asks for it will be told.")
    with moving_files(hub):
        with hub.work(None, reading=True) as work:
            done = work.purges.of([sha256]).get(sha256)
            body = work.bodies.rows([sha256]).get(sha256)
            places = () if done else tuple(places_of(work, sha256))
        repeated = done is not None
        if done is None and body is None:
            raise NotFound.named("content", sha256[:8])
        if done is None and body is not None:
            with hub.work(keeper, alone=True) as work:
                done = Purge(work.new_id(), sha256, body.size, reason.strip(), by, work.now(), places)
                work.purges.add(done)
                work.purges.unstage(sha256)
                work.bodies.forget_now(sha256)
                work.asset_words.forget_card(sha256)
                work.record("content.purge", sha256, reason=done.reason, by=by, size=done.size, places=len(places))
                alone = body.pack != LINKED and not work.bodies.in_packs([body.pack])
            if alone:
                hub.contents.drop(body.pack)
        close_holes(hub, repeated=repeated)
        hub.executor.forget(sha256)
    assert done is not None  # it was, or it is new
    return done


def close_holes(hub: Hub, *, repeated: bool) -> None:
    """Rewrite every file that has bytes that no row names: a copy of what was removed may be among them.

    What was cut off (`repeated`) may have left the content alone in a file that looks as if it were on its way in.
    """
    round = Round(hub, dry=False)
    holey: list[tuple[Kept, list[Placed]]] = []
    young: list[str] = []
    for files, lying in round.pages(CONTENTS):
        for file in files:
            rows = lying.get(name_of(file), [])
            if rows and sum(row.size for row in rows) < file.size:
                holey.append((file, rows))
            elif not rows:
                (round.left if file.at < round.now - IN_FLIGHT else young).append(file.key)
    stuck = round.merge(CONTENTS, holey) + (young if repeated else [])
    round.remove(round.left)
    if stuck:
        raise Unavailable(
            "The content was removed from every version, but its bytes may still lie in these files: contents beside "
            "it are damaged (`ah admin verify --deep`), or they came within the hour. Repeat this later.",
            stuck,
        )


def places_of(work: Work, sha256: str) -> Iterator[Mapping[str, str]]:
    """Each asset and path that ever held the content, with the first commit that did."""
    digest = bytes.fromhex(sha256)
    for asset in work.holdings.holders(sha256):
        found = work.assets.any(asset)
        told: set[str] = set()
        seen: set[bytes] = set()
        for commit in work.commits.all(asset):
            tree = versions.tree_of(work, commit)
            for number, leaf in enumerate(tree.leaves):
                if leaf.id in seen:
                    continue
                seen.add(leaf.id)
                rows = tree.leaf(number)
                for at, one in enumerate(rows.digests):
                    path = rows.keys[at].decode() if one == digest else ""
                    if path and path not in told:
                        told.add(path)
                        yield {"asset": str(found.path), "path": path, "first_commit": commit.id}


def receipt(hub: Hub, done: Purge) -> dict[str, Any]:
    """The facts of a purge with the hub's signature over them."""
    facts = {**asdict(done), "id": str(done.id), "purged_at": timestamp(done.purged_at), "places": list(done.places)}
    text = json.dumps(facts, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return {**facts, "signature": hub.sign("purge", text)}


def list_purges(work: Work) -> list[Purge]:
    """Every purge of this hub, the newest first; for the administrator's own commands."""
    return work.purges.all()
