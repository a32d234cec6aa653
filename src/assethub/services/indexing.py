"""Words of cards and of file names, taken behind the commits: they cost no commit anything, and follow in a moment."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from assethub.database.asset_words import Stale
from assethub.domain import cards
from assethub.domain.errors import Conflict, HubError
from assethub.domain.search import Source, terms_of
from assethub.services.objects import OpenFile, locate
from assethub.services.work import Hub, Work
from assethub.storage.trees import Tree

log = logging.getLogger("assethub")
MOST_CARD = 32 << 10  # bytes of a card that are read
MOST_CARD_WORDS = 400
MOST_FILE_WORDS = 600
WHOLE = 5_000  # files up to which words that are gone are looked for
BATCH = 100
LATE = timedelta(minutes=1)  # how much earlier than its row shows a change may say that it was made


@dataclass
class Indexer:
    """Takes words again of what has changed; remembers up to when it has seen all."""

    hub: Hub
    since: datetime | None = None

    def round(self) -> bool:
        """Take the words of assets whose main has moved on, of a batch of them; whether there may be more."""
        with self.hub.work(None, reading=True) as work:
            began = work.now()
            stale = work.asset_words.stale(self.since, BATCH)
        for one in stale:
            take_words(self.hub, one)
        if len(stale) == BATCH:
            return True
        self.since = began - LATE
        return False


@dataclass(frozen=True)
class Taken:
    """What a version says of its asset."""

    card: OpenFile | None
    card_sha256: str | None
    files: set[str]  # words of its files' names: all, or those that are new
    whole: bool


def take_words(hub: Hub, stale: Stale) -> None:
    with hub.work(None, reading=True) as work:
        taken = look(work, stale)
        known = {source: work.asset_words.of(stale.asset, source) for source in Source}
    card = known[Source.CARD]
    if taken.card_sha256 != stale.card or stale.commit is None:
        card = set(terms_of(card_text(taken.card))[:MOST_CARD_WORDS]) if taken.card else set()
    files = taken.files if taken.whole else known[Source.FILE] | taken.files
    wanted = {Source.CARD: card, Source.FILE: set(sorted(files, key=lambda word: (word not in known[Source.FILE], word))
                                                  [:MOST_FILE_WORDS])}  # fmt: skip
    try:
        with hub.work(None) as work:
            for source, words in wanted.items():
                work.asset_words.remove(stale.asset, source, known[source] - words)
                work.asset_words.add(stale.asset, source, words - known[source])
            work.asset_words.mark(stale.asset, stale.head, taken.card_sha256, work.now())
    except Conflict as error:  # another process took them, or the asset is gone; the next round sees
        log.info("the words of asset %s were not taken: %s", stale.asset, error)


def look(work: Work, stale: Stale) -> Taken:
    head = work.commits.get(stale.asset, stale.head)
    try:
        tree = work.trees.get(head.tree)
        old = work.commits.find(stale.asset, stale.commit) if stale.commit else None
        whole = len(tree) <= WHOLE or old is None
        before = work.trees.empty if old is None else work.trees.get(old.tree)
        words = set(names_in(tree) if len(tree) <= WHOLE else new_names(before, tree))
        name = next((name for name in cards.NAMES if tree.find(name)), None)
        entry = tree.find(name) if name else None
    except (HubError, KeyError) as error:  # damaged: `ah admin verify` tells of it
        log.info("the files of asset %s cannot be looked at: %s", stale.asset, error)
        return Taken(None, None, set(), whole=True)
    if entry is None or name is None:
        return Taken(None, None, words, whole)
    try:
        located = locate(work, [entry.sha256])[entry.sha256]
    except HubError as error:  # removed for good
        log.info("the card of asset %s cannot be read: %s", stale.asset, error)
        return Taken(None, entry.sha256, words, whole)
    return Taken(OpenFile(work.hub, name, entry, located), entry.sha256, words, whole)


def names_in(tree: Tree) -> Iterator[str]:
    for number in range(len(tree.leaves)):
        yield from terms_of(b" ".join(tree.leaf(number).keys).decode())


def new_names(before: Tree, tree: Tree) -> Iterator[str]:
    """Words of the names that were added, of so many as can be kept at all."""
    seen: set[str] = set()
    for changes in before.compare(tree):
        fresh = set(terms_of(" ".join(change.path for change in changes if change.new and not change.old))) - seen
        seen |= fresh
        yield from fresh
        if len(seen) > MOST_FILE_WORDS:
            return


def card_text(card: OpenFile) -> str:
    try:
        return b"".join(card.read(0, min(card.entry.size, MOST_CARD))).decode("utf-8", "ignore")
    except HubError as error:  # damaged, or linked to what has changed
        log.info("the card %s cannot be read: %s", card.path, error)
        return ""
