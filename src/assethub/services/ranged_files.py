"""A committed file as a seekable stream for libraries that read formats: only the ranges they ask for are fetched."""

import io

from assethub.domain.errors import Invalid
from assethub.services.objects import OpenFile
from assethub.services.positioned import Positioned

BLOCK = 256 << 10  # bytes fetched at once


class RangedFile(Positioned):
    """Reads of an OpenFile by position. Invalid once `most` bytes came: nothing reads a whole large file."""

    def __init__(self, opened: OpenFile, most: int) -> None:
        super().__init__(opened.entry.size)
        self.opened, self.left = opened, most

    def fetch(self, start: int, end: int) -> bytes:
        self.left -= end - start
        if self.left < 0:
            raise Invalid(f"{self.opened.path!r} is too large to be looked through; download it.")
        return b"".join(self.opened.read(start, end))


def ranged(opened: OpenFile, most: int) -> io.BufferedReader:
    """The file as a buffered stream that fetches at most `most` bytes in all."""
    return io.BufferedReader(RangedFile(opened, most), BLOCK)
