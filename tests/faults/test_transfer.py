"""Large files on their way while the server, the client or the way between them fails."""

import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from assethub.client.connection import Connection, connect, told_pause
from assethub.domain.errors import HubError, Unavailable
from tests.conftest import free_port, until
from tests.faults.conftest import AH, Serving, admin_key, answers

MIB = 1 << 20


def test_a_large_file_survives_the_death_of_the_server_and_of_the_client(
    serve: Serving, tmp_path: Path, database: str | None
) -> None:
    port = free_port()
    servers = [serve(port)]
    until(lambda: answers(port))
    source, spools = tmp_path / "large", tmp_path / "data" / "store" / "uploads"
    source.write_bytes(os.urandom(MIB) * 160)
    key = admin_key(tmp_path, database)
    environment = {
        **os.environ, "ASSETHUB_ENDPOINT": f"http://127.0.0.1:{port}", "ASSETHUB_API_KEY": key,
        "ASSETHUB_CACHE": str(tmp_path / "cache"),
    }  # fmt: skip
    told: list[int] = []

    def kill_once(done: int, total: int) -> None:
        told.append(done)
        if done >= 16 * MIB and len(servers) == 1:
            servers[0].kill()
            servers[0].wait()
            servers.append(serve(port))

    with connect(f"http://127.0.0.1:{port}", key) as hub:
        hub.create("dataset/d/x")
        dataset = hub.dataset("dataset/d/x")
        command = [str(AH), "commit", "dataset/d/x", "-m", "Large", "-a", str(source)]
        client = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: client.poll() is not None or (spools.is_dir() and list(spools.iterdir())))
        client.kill()
        client.wait()
        dataset.commit("Large", [str(source)], progress=kill_once)
        assert told == sorted(told)
        assert told[-1] == 160 * MIB
        dataset.download(to=tmp_path / "back")
    assert (tmp_path / "back" / "large").read_bytes() == source.read_bytes()
    assert list(spools.iterdir()) == []


class Faulty(BaseHTTPRequestHandler):
    """Answers what it was told to, one after another, and then well."""

    answers: list[tuple[int, str | None]]
    asked: list[str]
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.asked.append(self.command)
        status, pause = self.answers.pop(0) if self.answers else (200, None)
        self.send_response(status)
        if pause is not None:
            self.send_header("Retry-After", pause)
        body = b'{"type": "Unavailable", "detail": "Not now."}'
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = answer  # noqa: N815

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def faulty() -> Iterator[tuple[Connection, type[Faulty]]]:
    handler = type("Handler", (Faulty,), {"answers": [], "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with connect(f"http://127.0.0.1:{server.server_port}", "key") as hub:
        yield hub.connection, handler
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_can_be_repeated_is_asked_again_and_what_cannot_is_not(faulty: tuple[Connection, type[Faulty]]) -> None:
    connection, hub = faulty
    hub.answers += [(503, "0"), (429, "0"), (502, "0"), (504, "0")]
    assert connection.request("PUT", "/x", content=b"body").status_code == 200
    assert hub.asked == ["PUT"] * 5
    hub.answers += [(503, "0")]
    with pytest.raises(Unavailable, match="Not now"):
        connection.request("POST", "/x")
    hub.answers += [(429, "0")]  # refused before anything was done
    assert connection.request("POST", "/x").status_code == 200
    hub.answers += [(500, "0")] * 3
    with pytest.raises(Unavailable):
        connection.request("GET", "/x")
    assert hub.answers == []


def test_a_pause_that_the_hub_asks_for_is_told_and_one_that_is_too_long_is_not_waited_for(
    faulty: tuple[Connection, type[Faulty]],
) -> None:
    connection, hub = faulty
    told: list[float] = []
    connection.on_wait = lambda seconds, refused: told.append(seconds)
    hub.answers += [(429, "1"), (429, "0")]
    assert connection.request("POST", "/x").status_code == 200
    assert told == [1.0]
    hub.answers += [(429, "121")]
    with pytest.raises(HubError, match="Not now"):
        connection.request("GET", "/x")
    hub.answers += [(429, "0")]
    with pytest.raises(HubError, match="Not now"):
        connection.request("GET", "/x", again=False)  # such as a password, which waiting does not make right
    assert hub.asked == ["POST"] * 3 + ["GET"] * 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, None), ("3", 3.0), ("100000", 100_000.0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0.0), ("nonsense", None)],
)
def test_a_hub_says_when_it_wants_to_be_asked_again(header: str | None, seconds: float | None) -> None:
    assert told_pause(header) == seconds
