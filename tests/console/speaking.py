"""What tests say in English, found on a page in another language.

A test names what it looks for as the English console has it. On a page in another language the same name is looked
for as the catalogue has it, or as it stands, since names, numbers and refusals are the same in every language.
"""

import re
from functools import cache, wraps
from typing import Any

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Locator, Page
from playwright.sync_api._generated import LocatorAssertions

from assethub.server.console.language import FOLDER

ENDS, CHINESE_ENDS = r"[.:;,](?: |$)", "[\u3002\uff1a\uff1b\uff0c] ?"  # of a sentence and its clauses
SAID_IN = {"get_by_role": "name", "get_by_label": "text", "get_by_text": "text", "locator": "has_text"}
HEARD_IN = {"to_have_text": True, "to_contain_text": False}  # and whether it is all of the text


class Speech:
    """The texts of a catalogue, by what they are in English."""

    def __init__(self, language: str) -> None:
        with (FOLDER / language / "LC_MESSAGES/messages.po").open("rb") as file:
            messages = [message for message in read_po(file, locale=language) if message.id]
        self.texts: dict[str, str] = {}
        for message in messages:
            texts = [message.string] if isinstance(message.string, str) else list(message.string or ())
            for one in [message.id] if isinstance(message.id, str) else list(message.id):
                self.take(re.sub("<[^>]+>", "", one), re.sub("<[^>]+>", "", texts[-1]))
        self.forms = [
            (literal(one), one) for one in self.texts if parts(one)[1:] and re.search(r"\w", "".join(parts(one)[::2]))
        ]

    def take(self, text: str, told: str) -> None:
        """A text, and each clause of it: tests need not say all of a sentence."""
        self.texts[text] = told
        clauses, of_told = (re.split(ends, one) for ends, one in ((ENDS, text), (CHINESE_ENDS, told)))
        if len(clauses) == len(of_told):
            for clause, one in zip(clauses, of_told, strict=True):
                if clause:
                    self.texts.setdefault(clause, one)

    def said(self, text: str) -> set[str]:
        """What an English text may be: patterns, the text itself among them."""
        found = {escaped(text)}
        if text in self.texts:
            return found | {literal(self.texts[text])}
        for form, one in self.forms:
            if taken := re.fullmatch(form, text):
                words = dict(zip(parts(one)[1::2], taken.groups(), strict=True))
                found.add(
                    "".join(
                        self.either(words[part]) if at % 2 else escaped(part)
                        for at, part in enumerate(parts(self.texts[one]))
                    )
                )
        if " " in text:  # a part of a longer text, or several texts in a row
            found |= {literal(string) for one, string in self.texts.items() if text in one}
            found.add(self.words(text.split(" ")))
        return found

    def words(self, words: list[str]) -> str:
        """Each run of words that is a text of its own, as long as it can be."""
        for end in range(len(words), 0, -1):
            if (first := " ".join(words[:end])) in self.texts or end == 1:
                told = escaped(self.texts.get(first, first))
                return rf"{told}\s*{self.words(words[end:])}" if words[end:] else told
        return ""

    def pattern(self, said: str | re.Pattern[str], whole: bool, loose: bool) -> re.Pattern[str]:
        if isinstance(said, re.Pattern):
            words = re.sub(r"[A-Z][a-z]+( [a-z]+)*", lambda part: self.either(part[0]), said.pattern)
            return re.compile(words, said.flags)
        either = self.either(said)
        return re.compile(rf"^\s*{either}\s*$" if whole else either, re.IGNORECASE if loose else 0)

    def either(self, text: str) -> str:
        return f"(?:{'|'.join(sorted(self.said(text)))})"


def parts(text: str) -> list[str]:
    """What a text of the catalogue says, and between that the names of its places."""
    found = re.split(r"%\((\w+)\)[sd]|\{(\w+)\}", text)
    return [part.replace("%%", "%") for part in found if part is not None]


def escaped(text: str) -> str:
    """A pattern of this text alone, for Python and for a browser."""
    return re.sub(r"([\\^$.*+?()\[\]{}|/])", r"\\\1", text)


def literal(text: str) -> str:
    """A pattern for a text of the catalogue, whatever stands in its places."""
    return "(.+?)".join(escaped(part) for part in parts(text)[::2])


@cache
def speech(language: str) -> Speech:
    return Speech(language)


def speak(patch: pytest.MonkeyPatch, language: str) -> None:
    """Let a test that is written in English go through pages in this language."""
    if language == "en":
        return
    for owner in (Page, Locator):
        for method, at in SAID_IN.items():
            patch.setattr(owner, method, looked_for(getattr(owner, method), at, speech(language)))
    for method, whole in HEARD_IN.items():
        patch.setattr(LocatorAssertions, method, heard(getattr(LocatorAssertions, method), whole, speech(language)))


def looked_for(find: Any, at: str, known: Speech) -> Any:
    @wraps(find)
    def finding(self: Any, *given: Any, exact: bool = False, **named: Any) -> Any:
        if at == "text":
            said, *given_rest = given
            return find(self, known.pattern(said, exact, not exact), *given_rest, **named)
        if named.get(at) is not None:
            named[at] = known.pattern(named[at], exact, not exact)
        return find(self, *given, **named)

    return finding


def heard(expect: Any, whole: bool, known: Speech) -> Any:
    @wraps(expect)
    def expecting(self: Any, expected: Any, **named: Any) -> Any:
        several = isinstance(expected, list)
        patterns = [known.pattern(one, whole, False) for one in (expected if several else [expected])]
        return expect(self, patterns if several else patterns[0], **named)

    return expecting
