"""Texts compared line by line, and changed lines word by word."""

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rapidfuzz.distance import LCSseq

CONTEXT = 3  # equal lines that are shown around a change
LONGEST_WORDS = 2000  # characters of a line that is compared word by word
LEAST_ALIKE = 0.4  # part of the words that two lines share if one is a change of the other
WORD = re.compile(r"\w+|\s|[^\w\s]")

Block = tuple[int, int, int, int]  # old lines from, to; new lines from, to


@dataclass(frozen=True)
class Line:
    """A line of one side: its number from 1, and its text in parts, each with whether it changed."""

    number: int
    parts: tuple[tuple[str, bool], ...]
    ended: bool = True  # with a line break


@dataclass(frozen=True)
class Row:
    """A line of the old side, of the new one, or of both; neither where lines were left out."""

    old: Line | None = None
    new: Line | None = None
    skipped: int = 0

    @property
    def kind(self) -> str:
        if self.skipped:
            return "hunk"
        same = self.old and self.new and (self.old.parts, self.old.ended) == (self.new.parts, self.new.ended)
        return "" if same else "change"


def lines_of(text: str) -> list[str]:
    """Lines with their breaks: one without is another line."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def blocks(old: Sequence[str], new: Sequence[str], most: int) -> list[Block]:
    """What differs, in order: the least that can, where finding that takes a table of at most `most` cells.

    Larger texts are cut at lines that stand in each of them once; what cannot be cut differs as a whole.
    """
    start = 0
    shorter = min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        start += 1
    end = 0
    while end < shorter - start and old[-1 - end] == new[-1 - end]:
        end += 1
    before, after = old[start : len(old) - end], new[start : len(new) - end]
    if len(before) * len(after) <= most:
        found = least(before, after)
    else:
        found, at, there = [], 0, 0
        cuts = anchors(before, after)
        for cut, other in [*cuts, (len(before), len(after))] if cuts else []:
            if cut > at or other > there:
                inner = blocks(before[at:cut], after[there:other], most)
                found += [(one + at, two + at, three + there, four + there) for one, two, three, four in inner]
            at, there = cut + 1, other + 1
        if not cuts:
            found = [(0, len(before), 0, len(after))]
    return [(one + start, two + start, three + start, four + start) for one, two, three, four in found]


def least(old: Sequence[str], new: Sequence[str]) -> list[Block]:
    found: list[Block] = []
    for op in LCSseq.opcodes(old, new):
        if op.tag == "equal":
            continue
        here = (op.src_start, op.src_end, op.dest_start, op.dest_end)
        if found and (found[-1][1], found[-1][3]) == (here[0], here[2]):
            here = (found[-1][0], here[1], found.pop()[2], here[3])
        found.append(here)
    return found


def anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Where lines stand that each side has once, as many as are in the same order on both."""
    counts, others = Counter(old), Counter(new)
    places = {line: at for at, line in enumerate(new) if others[line] == 1}
    pairs = [(at, places[line]) for at, line in enumerate(old) if counts[line] == 1 and line in places]
    tails: list[int] = []  # of the longest orders of each length: where they end on the new side
    ends: list[int] = []  # the same as places among the pairs
    back: list[int] = []
    for number, (_, there) in enumerate(pairs):
        length = bisect_left(tails, there)
        back.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [there]
        ends[length : length + 1] = [number]
    chain = []
    at = ends[-1] if ends else -1
    while at >= 0:
        chain.append(pairs[at])
        at = back[at]
    return chain[::-1]


def rows(old: Sequence[str], new: Sequence[str], found: Sequence[Block]) -> Iterator[Row]:
    """Every changed line with the equal ones around it: changed ones beside what they became."""
    at, there = 0, 0
    for number, (old_start, old_end, new_start, new_end) in enumerate(found):
        gap = old_start - at
        shown_after = min(CONTEXT, gap) if number else 0
        shown_before = min(CONTEXT, gap - shown_after)
        yield from same(old, at, there, shown_after)
        skipped = gap - shown_after - shown_before
        if skipped:
            yield Row(skipped=skipped)
        yield from same(old, old_start - shown_before, new_start - shown_before, shown_before)
        yield from changed(old, new, (old_start, old_end, new_start, new_end))
        at, there = old_end, new_end
    if found:
        yield from same(old, at, there, min(CONTEXT, len(old) - at))
        if len(old) - at > CONTEXT:
            yield Row(skipped=len(old) - at - CONTEXT)


def same(old: Sequence[str], at: int, there: int, count: int) -> Iterator[Row]:
    for step in range(count):
        parts = plain(old[at + step])
        ended = old[at + step].endswith("\n")
        yield Row(Line(at + step + 1, parts, ended), Line(there + step + 1, parts, ended))


def changed(old: Sequence[str], new: Sequence[str], block: Block) -> Iterator[Row]:
    old_start, old_end, new_start, new_end = block
    for before, after in zip_longest(range(old_start, old_end), range(new_start, new_end)):
        if before is None or after is None:
            yield Row(line(old, before), line(new, after))
            continue
        parts = words(old[before], new[after])
        if parts is None:
            yield Row(line(old, before), line(new, after))
        else:
            yield Row(
                Line(before + 1, parts[0], old[before].endswith("\n")),
                Line(after + 1, parts[1], new[after].endswith("\n")),
            )


def line(lines: Sequence[str], at: int | None) -> Line | None:
    return None if at is None else Line(at + 1, plain(lines[at]), lines[at].endswith("\n"))


def plain(text: str) -> tuple[tuple[str, bool], ...]:
    return ((shown(text), False),)


def shown(text: str) -> str:
    """Without its break; a carriage return is made visible, since it may be all that changed."""
    return text.removesuffix("\n").replace("\r", "␍")


def words(old: str, new: str) -> tuple[tuple[tuple[str, bool], ...], tuple[tuple[str, bool], ...]] | None:
    """Both lines in parts, each with whether it changed; None if they have too little in common to be compared."""
    if max(len(old), len(new)) > LONGEST_WORDS:
        return None
    before, after = WORD.findall(shown(old)), WORD.findall(shown(new))
    ops = LCSseq.opcodes(before, after)
    alike = sum(len(before[at]) for op in ops if op.tag == "equal" for at in range(op.src_start, op.src_end))
    if 2 * alike < LEAST_ALIKE * (len(old) + len(new)):
        return None
    olds = [("".join(before[op.src_start : op.src_end]), op.tag != "equal") for op in ops]
    news = [("".join(after[op.dest_start : op.dest_end]), op.tag != "equal") for op in ops]
    return joined(olds), joined(news)


def joined(parts: list[tuple[str, bool]]) -> tuple[tuple[str, bool], ...]:
    """Neighbours of one kind as one part; what changed on both sides of a space changed as a whole."""
    found: list[tuple[str, bool]] = []
    for at, (text, changed) in enumerate(parts):
        if not text:
            continue
        between = bool(found) and found[-1][1] and at + 1 < len(parts) and parts[at + 1][1] and text.isspace()
        changed = changed or between
        if found and found[-1][1] == changed:
            found[-1] = (found[-1][0] + text, changed)
        else:
            found.append((text, changed))
    return tuple(found)
