"""Where the words of a search stand in a text."""

import re

from assethub.domain.search import split_words


def highlight(text: str, words: str) -> list[tuple[str, bool]]:
    """The text in parts, with those that are words of the search marked."""
    wanted = sorted(split_words(words), key=len, reverse=True)
    if not wanted:
        return [(text, False)]
    pattern = re.compile("|".join(map(re.escape, wanted)), re.IGNORECASE)
    parts: list[tuple[str, bool]] = []
    at = 0
    for match in pattern.finditer(text):
        parts += [(text[at : match.start()], False), (match[0], True)]
        at = match.end()
    return [(part, hit) for part, hit in [*parts, (text[at:], False)] if part]
