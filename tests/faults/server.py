"""An `ah serve` process that is killed and started again on the same data, with its log in a file."""

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import httpx2

AH = Path(sys.executable).with_name("ah")
PASSWORD = "correct horse"


class Server:
    """A hub in `folder`, on SQLite and the local disk unless a database and a store are given."""

    def __init__(self, folder: Path, port: int, database: str | None = None, store: str | None = None) -> None:
        self.data, self.log_file, self.port = folder / "data", folder / "server.log", port
        self.url = f"http://127.0.0.1:{port}"
        self.environment = {
            **os.environ, "ASSETHUB_ADMIN_USER": "ada", "ASSETHUB_ADMIN_PASSWORD": PASSWORD,
            "ASSETHUB_DATABASE": database or "", "ASSETHUB_STORE": store or "", "ASSETHUB_LOG_LEVEL": "warning",
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [str(AH), "serve", "--data", str(self.data), "--port", str(self.port)]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while not self.answers():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def answers(self) -> bool:
        with suppress(httpx2.TransportError):
            return httpx2.get(f"{self.url}/healthz", trust_env=False).status_code == 200
        return False

    def kill(self) -> None:
        """As `kill -9` does; harmless when it is not running."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def admin(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`ah admin …` on the data of this hub."""
        command = [str(AH), "admin", *arguments, "--data", str(self.data)]
        return subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)

    def create_key(self) -> str:
        return self.admin("key", "create", "--user", "ada", "--scope", "admin").stdout.strip()

    def log(self) -> str:
        return self.log_file.read_text()

    def peak_memory(self) -> int:
        """The most bytes that the process has had in memory."""
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) << 10
