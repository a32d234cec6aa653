"""What is added to a file, line by line."""

from __future__ import annotations

from pathlib import Path

MOST_LINES = 5000
MOST_BYTES = 1 << 20


class Tail:
    """Whole lines that were added to a file since the last look, at most so many at a time."""

    def __init__(self, path: Path) -> None:
        self.path, self.offset = path, 0

    def read(self) -> list[bytes]:
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self.offset)
            data = file.read(MOST_BYTES)
        end = data.rfind(b"\n") + 1
        if end == 0 and len(data) == MOST_BYTES:
            end = len(data)  # no newline in sight: take it as a line, or it would never move on
        lines = data[:end].splitlines(keepends=True)[:MOST_LINES]
        self.offset += sum(len(line) for line in lines)
        return [line.rstrip(b"\r\n") for line in lines]
