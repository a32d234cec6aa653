"""Texts compared line by line."""

from hypothesis import given
from hypothesis import strategies as st

from assethub.server.console.diffs.lines import Row, blocks, lines_of, rows, words

TEXTS = st.lists(st.sampled_from(["a\n", "b b\n", "c\r\n", "\n", "d"]), max_size=12).map("".join)


def compared(old: str, new: str) -> list[Row]:
    before, after = lines_of(old), lines_of(new)
    found = blocks(before, after, 1_000)
    return list(rows(before, after, found))


@given(TEXTS, TEXTS)
def test_what_is_shown_and_what_is_left_out_is_all_there_is(old: str, new: str) -> None:
    shown = compared(old, new)
    skipped = sum(row.skipped for row in shown)
    assert (not shown) == (old == new)
    if shown:
        for side, lines in (("old", lines_of(old)), ("new", lines_of(new))):
            seen = [line for row in shown if (line := getattr(row, side)) is not None]
            assert len(seen) + skipped == len(lines)
            for line in seen:
                told = "".join(text for text, _ in line.parts).replace("␍", "\r")
                assert told + "\n" * line.ended == lines[line.number - 1]


def test_changed_words_are_told_and_lines_without_likeness_are_not_taken_apart() -> None:
    (row,) = compared("rate = 0.1\n", "rate = 0.25\n")
    assert row.old is not None
    assert row.new is not None
    assert row.old.parts == (("rate = 0.", False), ("1", True))
    assert row.new.parts == (("rate = 0.", False), ("25", True))
    assert words("alpha beta\n", "x(y)\n") is None


def test_a_missing_line_break_at_the_end_is_a_change() -> None:
    (row,) = compared("a\n", "a")
    assert row.kind == "change"
    assert row.old is not None
    assert row.new is not None
    assert (row.old.ended, row.new.ended) == (True, False)


def test_large_texts_are_cut_at_lines_that_each_has_once() -> None:
    assert blocks(["x\n"] * 50, ["y\n"] * 50, 100) == [(0, 50, 0, 50)]
    old = [f"{at}\n" for at in range(5000)]
    new = [line if at % 3 else f"!{line}" for at, line in enumerate(old)]
    assert blocks(old, new, 100) == [(at, at + 1, at, at + 1) for at in range(0, 5000, 3)]
    moved = [*old[2500:], *old[:2500]]
    cut = blocks(old, moved, 100)
    assert sum(one[1] - one[0] for one in cut) == 2500
    assert blocks(["a\n"] * 50, ["a\n"] * 51, 100) == [(50, 50, 50, 51)]


def test_an_empty_text_has_no_lines() -> None:
    assert (lines_of(""), lines_of("\n"), lines_of("a\n\nb")) == ([], ["\n"], ["a\n", "\n", "b"])
    (row,) = compared("", "a\n")
    assert (row.old, row.new is not None) == (None, True)
