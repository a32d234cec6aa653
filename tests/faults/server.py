"""An `ah serve` process that is killed and started again on the same data, with its log in a file."""

import multiprocessing
import os
import subprocess
import sys
import time
from contextlib import suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

import httpx2

AH = Path(sys.executable).with_name("ah")
PASSWORD = "correct horse"
FORKS = multiprocessing.get_context("forkserver")  # has imported what a server needs, so a start is quick
FORKS.set_forkserver_preload(["assethub.server.running", "assethub.cli.main", "alembic.command", "tests.faults.server"])


def serve(arguments: list[str], environment: dict[str, str], log: Path, dying: tuple[int, bool] | None = None) -> None:
    """`ah serve` in this process, which dies as `Dying` says."""
    from assethub.cli.main import main
    from tests.faults.dying import Dying

    if dying is not None:
        Dying(*dying).install()

    with log.open("ab") as file:
        for descriptor in (1, 2):
            os.dup2(file.fileno(), descriptor)
    os.environ.update(environment)
    main(["serve", *arguments])


class Server:
    """A hub in `folder`, on SQLite and the local disk unless a database and a store are given."""

    def __init__(self, folder: Path, port: int, database: str | None = None, store: str | None = None) -> None:
        self.data, self.log_file, self.port = folder / "data", folder / "server.log", port
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            "ASSETHUB_ADMIN_USER": "ada", "ASSETHUB_ADMIN_PASSWORD": PASSWORD,
            "ASSETHUB_DATABASE": database or "", "ASSETHUB_STORE": store or "", "ASSETHUB_LOG_LEVEL": "warning",
        }  # fmt: skip
        self.process: BaseProcess | None = None

    def begin(self, dying: tuple[int, bool] | None = None) -> None:
        """Start it, and do not wait for it to answer; it may be one that dies."""
        arguments = ["--data", str(self.data), "--port", str(self.port)]
        self.process = FORKS.Process(
            target=serve, args=(arguments, {**os.environ, **self.environment}, self.log_file, dying)
        )
        self.process.start()

    def start(self, dying: tuple[int, bool] | None = None) -> None:
        self.begin(dying)
        assert self.process is not None
        with httpx2.Client(trust_env=False, timeout=60) as http:  # it listens long before it answers
            while True:
                assert self.process.is_alive(), self.log()
                with suppress(httpx2.ConnectError):
                    assert http.get(f"{self.url}/healthz").status_code == 200
                    return
                time.sleep(0.02)

    def lives(self) -> bool:
        return self.process is not None and self.process.is_alive()

    def kill(self) -> None:
        """As `kill -9` does; harmless when it is not running."""
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.process = None

    def admin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`ah admin …` on the data of this hub."""
        command = [str(AH), "admin", *arguments, "--data", str(self.data)]
        return subprocess.run(
            command, env={**os.environ, **self.environment}, capture_output=True, text=True, check=False
        )

    def create_key(self) -> str:
        return self.admin("key", "create", "--user", "ada", "--scope", "admin").stdout.strip()

    def log(self) -> str:
        return self.log_file.read_text()

    def peak_memory(self) -> int:
        """The most bytes that the process has had in memory."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) << 10
