"""What a process remembers for a short time."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Remembered(Generic[V]):
    """Answers by question, the last used `most` of them, each for so many seconds."""

    def __init__(self, seconds: float, most: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds, self.most, self.clock = seconds, most, clock
        self.kept: OrderedDict[Hashable, tuple[float, V]] = OrderedDict()
        self.lock = threading.Lock()

    def get(self, question: Hashable, find: Callable[[], V]) -> V:
        """What is remembered, else what is found now; several may find it at once."""
        with self.lock:
            known = self.kept.get(question)
        if known is not None and self.clock() < known[0]:
            return known[1]
        found = find()
        with self.lock:
            self.kept[question] = (self.clock() + self.seconds, found)
            self.kept.move_to_end(question)
            while len(self.kept) > self.most:
                self.kept.popitem(last=False)
        return found
