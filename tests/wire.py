"""A wire between a client and a live server that counts what goes up, stops after so many bytes, and can be cut."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

PIECE = 64 << 10


class Wire:
    """Listens on loopback; `up` are the bytes that the server was sent through it."""

    def __init__(self, port: int) -> None:
        self.target = port
        self.up = 0
        self.most: int | None = None  # bytes up after which it holds the rest back
        self.down = False
        self.changed = threading.Condition()
        self.open: set[socket.socket] = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.listener.close()
        self.hold(None)
        self.cut()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:  # closed: the end
                return
            if self.down:
                client.close()
                continue
            server = socket.create_connection(("127.0.0.1", self.target))
            with self.changed:
                self.open |= {client, server}
            for source, sink, upward in ((client, server, True), (server, client, False)):
                threading.Thread(target=self.carry, args=(source, sink, upward), daemon=True).start()

    def carry(self, source: socket.socket, sink: socket.socket, upward: bool) -> None:
        try:
            while piece := source.recv(PIECE):
                if upward:
                    self.count(len(piece))
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:  # one side went away, so the other may go too
            for one in (source, sink):
                end(one)

    def count(self, size: int) -> None:
        with self.changed:
            self.up += size
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.most is None or self.up < self.most)

    def hold(self, most: int | None) -> None:
        """Let pass `most` bytes from now on, and no more; None: all."""
        with self.changed:
            self.most = None if most is None else self.up + most
            self.changed.notify_all()

    def wait_full(self, seconds: float = 60) -> None:
        """Until so many bytes have passed as may."""
        with self.changed:
            assert self.most is not None
            passed = self.changed.wait_for(lambda: self.up >= (self.most or 0), seconds)
        assert passed, "so many bytes never came"

    def cut(self, *, down: bool = False) -> None:
        """Break every connection that is open; `down`: and every new one, until it is said to be up again."""
        self.down = down
        with self.changed:
            gone, self.open = self.open, set()
        for one in gone:
            end(one)


def end(one: socket.socket) -> None:
    with suppress(OSError):  # it is down already
        one.shutdown(socket.SHUT_RDWR)
    one.close()
