"""What may be asked of a table: formats, filters and orders, in words that name columns and never code."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assethub.domain.errors import Invalid

OPERATORS = ("!=", "<=", ">=", "=", "<", ">", "~")
MOST_FILTERS = 20
MOST_ROWS = 1000  # of one page
FEW_COLUMNS = 50  # as many are shown unless others are chosen


class Format(StrEnum):
    CSV = "csv"
    TSV = "tsv"
    LINES = "jsonl"
    JSON = "json"
    PARQUET = "parquet"


ENDINGS = {
    ".csv": Format.CSV, ".tsv": Format.TSV, ".tab": Format.TSV, ".jsonl": Format.LINES, ".ndjson": Format.LINES,
    ".json": Format.JSON, ".parquet": Format.PARQUET, ".pq": Format.PARQUET,
}  # fmt: skip
TYPES = {
    "text/csv": Format.CSV, "text/tab-separated-values": Format.TSV, "application/x-ndjson": Format.LINES,
    "application/json": Format.JSON, "application/vnd.apache.parquet": Format.PARQUET,
}  # fmt: skip


def table_format(path: str, content_type: str = "") -> Format | None:
    """The format that a file's name, or else its content type, promises."""
    name = path.rsplit("/", 1)[-1].lower()
    return ENDINGS.get("." + name.rsplit(".", 1)[-1] if "." in name else "") or TYPES.get(content_type)


@dataclass(frozen=True)
class Filter:
    """A condition on one column: `label=cat`, `score>=0.5`, `score=0..1`, `text~word`, `label=` (empty)."""

    column: str
    operator: str
    value: str

    def __str__(self) -> str:
        return f"{self.column}{self.operator}{self.value}"

    @property
    def range(self) -> tuple[str, str] | None:
        """Both ends, each of them included, of `low..high`."""
        low, found, high = self.value.partition("..")
        return (low.strip(), high.strip()) if found and self.operator == "=" and low.strip() and high.strip() else None


def parse_filter(text: str, columns: Collection[str]) -> Filter:
    """The longest name of a column that the text begins with, an operator, and a value. Invalid says what is amiss."""
    for name in sorted((name for name in columns if text.startswith(name)), key=len, reverse=True):
        rest = text[len(name) :].lstrip()
        if operator := next((one for one in OPERATORS if rest.startswith(one)), None):
            return Filter(name, operator, rest[len(operator) :].strip())
    raise Invalid(
        f"{text[:200]!r} is not a filter of this table; write a column, one of {' '.join(OPERATORS)} and a value, "
        "such as score>=0.5, label=cat or text~word."
    )


def parse_filters(texts: Sequence[str], columns: Collection[str]) -> list[Filter]:
    if len(texts) > MOST_FILTERS:
        raise Invalid(f"A table takes at most {MOST_FILTERS} filters at once.")
    return [parse_filter(text, columns) for text in texts if text.strip()]


def parse_order(text: str, columns: Collection[str]) -> tuple[str, bool]:
    """A column, and whether the order is descending (`-column`)."""
    if text in columns:
        return text, False
    if text.startswith("-") and text[1:] in columns:
        return text[1:], True
    raise Invalid(f"This table has no column {text.removeprefix('-')[:200]!r} to sort by.")
