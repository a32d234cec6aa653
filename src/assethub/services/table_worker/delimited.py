"""CSV and TSV."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import islice

import pyarrow as pa
import pyarrow.csv as pa_csv

from assethub.domain.errors import Invalid
from assethub.domain.tables import Format
from assethub.services.table_worker.sources import Bound, Sample, unique
from assethub.services.table_worker.text import LONGEST_ROW, PEEKED, Lines, RowsByLine

csv.field_size_limit(LONGEST_ROW)


class CsvSource(RowsByLine):
    text = True

    def __init__(self, file: io.BufferedReader, size: int, format: Format) -> None:
        self.separator = "\t" if format is Format.TSV else ","
        super().__init__(file, size)

    def prepare(self) -> None:
        first = next(Lines(self.file, 0), "")
        if self.separator == "," and "," not in first:
            self.separator = next((one for one in (";", "\t", "|") if one in first), ",")
        lines = Lines(self.file, 0)
        head = next(self.read(lines), [])
        self.begin = lines.row_began = lines.offset
        widest = max((len(row) for row in islice(self.read(lines), PEEKED)), default=0)
        self.names = unique(head + [""] * (widest - len(head)))

    def read(self, lines: Lines) -> Iterator[list[str]]:
        try:
            for row in csv.reader(lines, delimiter=self.separator):
                if row:
                    yield row
                lines.row_began = lines.offset
        except csv.Error as error:
            raise Invalid(f"The row at byte {lines.row_began} is not CSV: {error}.") from None

    def sample(self, names: Sequence[str], bound: Bound) -> Sample:
        """By Arrow's parser, which is many times faster, where it has the rows as `read` has them."""
        if not names:  # which Arrow would take for all
            return super().sample(names, bound)
        self.file.seek(self.begin)
        body = self.file.read(bound.decoded)
        whole = self.begin + len(body) == self.size
        if not whole:
            body = body[: end_of_row(body)]
        types = {name: pa.large_string() for name in self.names}
        try:
            table = pa_csv.read_csv(
                pa.BufferReader(body), pa_csv.ReadOptions(use_threads=False, column_names=self.names),
                pa_csv.ParseOptions(delimiter=self.separator, newlines_in_values=True),
                pa_csv.ConvertOptions(column_types=types, include_columns=list(names), strings_can_be_null=False),
            )  # fmt: skip
        except pa.ArrowException:
            return super().sample(names, bound)
        return Sample(table.slice(0, bound.rows), whole and table.num_rows <= bound.rows, self.text)

    def records(self, lines: Lines) -> Iterator[list[str]]:
        width = len(self.names)
        for row in self.read(lines):
            yield row if len(row) == width else (row + [""] * (width - len(row)))[:width]


def end_of_row(body: bytes) -> int:
    """Where the last whole row of CSV ends: behind a line break that no open quote comes before."""
    end = len(body)
    for _ in range(1000):
        end = body.rfind(b"\n", 0, end)
        if end < 0 or body.count(b'"', 0, end) % 2 == 0:
            break
    return end + 1
