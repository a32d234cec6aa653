"""The console in the reader's language: gettext catalogues, numbers and times."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).parent / "locale"
NAMES = {"en": "English", "zh_CN": "简体中文"}
COOKIE = "ah_language"


@cache
def translations(language: str) -> NullTranslations:
    """The catalogue of a language, compiled in memory; English is written in the code."""
    path = FOLDER / language / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return Translations(compiled)


def choose(cookies: Mapping[str, str], accepted: str) -> str:
    """The language of the cookie, else the first that the browser accepts and we have."""
    if cookies.get(COOKIE) in NAMES:
        return cookies[COOKIE]
    for part in accepted.split(","):
        tag = part.split(";")[0].strip().lower()
        if tag.startswith("zh"):
            return "zh_CN"
        if tag.startswith("en"):
            return "en"
    return "en"


class Formats:
    """Numbers, sizes and times as a language writes them."""

    def __init__(self, language: str) -> None:
        self.locale = Locale.parse(language)
        self.gettext = translations(language).gettext

    def number(self, value: float) -> str:
        return format_decimal(value, locale=self.locale)

    def metric(self, value: float | None) -> str:
        return "-" if value is None else f"{value:.4g}".replace("nan", "NaN").replace("inf", "∞")

    def size(self, count: int) -> str:
        """Decimal, as disks count."""
        value = float(count)
        for unit in ("B", "kB", "MB", "GB"):
            if value < 1000:
                return f"{format_decimal(value, '0' if unit == 'B' else '0.#', locale=self.locale)} {unit}"
            value /= 1000
        return f"{format_decimal(value, '0.#', locale=self.locale)} TB"

    def ago(self, at: datetime) -> str:
        passed = at - datetime.now(UTC)
        if abs(passed.total_seconds()) < 5:
            return self.gettext("just now")
        return format_timedelta(passed, threshold=1.2, add_direction=True, locale=self.locale)

    def took(self, start: datetime | None, end: datetime | None) -> str:
        if start is None:
            return "-"
        return self.lasting(int(((end or datetime.now(UTC)) - start).total_seconds()))

    def lasting(self, seconds: int) -> str:
        parts = [(seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
        return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"

    def day(self, at: datetime) -> str:
        return format_datetime(at, "d MMMM y" if self.locale.language == "en" else "y年M月d日", locale=self.locale)

    def moment(self, at: datetime) -> str:
        return format_datetime(at, "yyyy-MM-dd HH:mm:ss", locale=self.locale) + " UTC"
