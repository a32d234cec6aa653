"""Read-only streams over ranges; nothing of ours is imported, for the processes that decode tables."""

import io
from abc import abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Positioned(io.RawIOBase):
    """So many bytes, read from any position; ValueError for one before the beginning."""

    def __init__(self, size: int) -> None:
        self.size, self.at = size, 0

    @abstractmethod
    def fetch(self, start: int, end: int) -> bytes:
        """The bytes from start up to end, or at least the first of them."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        place = {io.SEEK_SET: 0, io.SEEK_CUR: self.at, io.SEEK_END: self.size}[whence] + offset
        if place < 0:
            raise ValueError(f"cannot seek to {place}, before the beginning")
        self.at = place
        return place

    def readinto(self, into: "WriteableBuffer") -> int:
        view = memoryview(into).cast("B")
        end = min(self.at + len(view), self.size)
        body = self.fetch(self.at, end) if end > self.at else b""
        view[: len(body)] = body
        self.at += len(body)
        return len(body)
