"""JSON lines, and small JSON arrays, which are decoded whole."""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.json as pa_json

from assethub.domain.errors import Invalid
from assethub.services.table_worker.sources import MOST_COLUMNS, Bound, Page, Sample, page_number, unique
from assethub.services.table_worker.text import PEEKED, Lines, RowsByLine, TextSource

MOST_JSON = 16 << 20  # bytes of a JSON array
NOT_OBJECT = "value"  # the column of lines that are no objects
HALVES = re.compile(r"\\u[dD][89a-fA-F]")


class LinesSource(RowsByLine):
    def prepare(self) -> None:
        self.names = names_of(islice(self.read(Lines(self.file, 0)), PEEKED))

    def read(self, lines: Lines) -> Iterator[dict[str, Any]]:
        for line in lines:
            if line.strip():
                yield as_object(parse(line, f"The line at byte {lines.row_began}"))
            lines.row_began = lines.offset

    def sample(self, names: Sequence[str], bound: Bound) -> Sample:
        """By Arrow's parser, which is many times faster, while all lines are objects like the first ones."""
        self.file.seek(0)
        body = self.file.read(bound.decoded)
        whole = len(body) == self.size
        body = body if whole else body[: body.rfind(b"\n") + 1]
        types = {one.name: array.type for one, array in zip(self.columns, self.first_values, strict=True)}
        try:
            table = pa_json.read_json(
                pa.BufferReader(body), pa_json.ReadOptions(use_threads=False, block_size=max(len(body), 1)),
                pa_json.ParseOptions(
                    explicit_schema=pa.schema([(name, types[name]) for name in names]),
                    unexpected_field_behavior="ignore",
                ),
            ).select(list(names))  # fmt: skip
        except pa.ArrowException:
            return super().sample(names, bound)
        return Sample(table.slice(0, bound.rows), whole and table.num_rows <= bound.rows)

    def records(self, lines: Lines) -> Iterator[list[Any]]:
        for one in self.read(lines):
            yield [one.get(name) for name in self.names]


class ArraySource(TextSource):
    """A JSON array of objects, decoded whole."""

    def prepare(self) -> None:
        if self.size > MOST_JSON:
            raise Invalid(f"A JSON array of more than {MOST_JSON >> 20} MiB is not shown as a table; use JSON lines.")
        found = parse(self.file.read().decode("utf-8-sig", "replace"), "This file")
        if not isinstance(found, list) or not found or not all(isinstance(one, dict) for one in found):
            raise Invalid("This JSON is no array of objects, so it is not a table.")
        self.objects: list[dict[str, Any]] = found
        self.names, self.total = names_of(found), len(found)

    def rows(self, offset: int) -> Iterator[tuple[int, list[Any]]]:
        return ((0, [one.get(name) for name in self.names]) for one in self.objects)

    def page(self, token: str, limit: int, names: Sequence[str]) -> Page:
        return self.numbered_page(page_number(token), limit, names)


def parse(text: str, what: str) -> Any:
    try:
        value = json.loads(text)
        if HALVES.search(text):  # what is half a character only, and so no Unicode, becomes a mark
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
        return value
    except (ValueError, RecursionError) as error:
        told = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Invalid(f"{what} is not JSON: {told}.") from None


def as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {NOT_OBJECT: value}


def names_of(objects: Any) -> list[str]:
    found: dict[str, None] = {}
    for one in objects:
        found.update(dict.fromkeys(one))
    return unique(list(found)) if "" not in found else list(found)[:MOST_COLUMNS]
