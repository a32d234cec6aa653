"""The file that a table lies in, read through the connection to the hub."""

import io
import json
from multiprocessing.connection import Connection

from assethub.domain.errors import Invalid
from assethub.services.positioned import Positioned

PIECE = 4 << 20  # bytes asked for at once
BUFFER = 256 << 10
LOOKED_THROUGH = "This table is too large to be looked through so far; ask for fewer columns, or download it."


class Remote(Positioned):
    """Asks for ranges of one file of the request. Invalid when the hub gives no more."""

    def __init__(self, connection: Connection, number: int, size: int) -> None:
        super().__init__(size)
        self.connection, self.number = connection, number

    def fetch(self, start: int, end: int) -> bytes:
        self.connection.send_bytes(b"R" + json.dumps([self.number, start, min(end, start + PIECE)]).encode())
        body = self.connection.recv_bytes()
        if not body:
            raise Invalid(LOOKED_THROUGH)
        return body

    def buffered(self) -> io.BufferedReader:
        return io.BufferedReader(self, BUFFER)
