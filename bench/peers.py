"""Other tools that keep files in versions, each with a remote on the same disk."""

import os
import shutil
import socket
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

IDENTITY = ["-c", "user.name=Bench", "-c", "user.email=bench@example.org"]
PYTHONS = Path(os.environ.get("ASSETHUB_BENCH_CACHE") or Path.home() / ".cache" / "assethub-bench") / "peers"


class Peer(ABC):
    """A tool that sends a folder to its remote (`up`), and brings it back into an empty place (`down`)."""

    name = ""
    large = True
    server: int | None = None  # its process, where it has one

    def __init__(self, folder: Path) -> None:
        self.folder, self.here, self.remote = folder, folder / "here", folder / "remote"
        self.times = 0

    def run(self, *command: str, cwd: Path | None = None) -> None:
        environment = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1", "DVC_NO_ANALYTICS": "1", "HOME": str(self.folder)}
        done = subprocess.run(command, cwd=cwd or self.here, env=environment, capture_output=True, text=True)
        if done.returncode:
            raise OSError(f"{' '.join(command)[:100]}: {done.stderr.strip()[-300:]}")

    def begin(self) -> None:
        self.here.mkdir(parents=True)

    @abstractmethod
    def up(self, source: Path) -> None: ...

    @abstractmethod
    def down(self, source: Path) -> None: ...

    def end(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def lay(self, source: Path) -> None:
        """Put the files where the tool looks for them; hard links cost nothing."""
        subprocess.run(["cp", "-rlfT", source, self.here / source.name], check=True)

    def elsewhere(self) -> Path:
        self.times += 1
        return self.folder / f"elsewhere-{self.times}"


class Git(Peer):
    name = "git"
    large = False  # it packs them, for minutes

    def git(self, *arguments: str) -> None:
        self.run("git", *IDENTITY, *arguments)

    def begin(self) -> None:
        super().begin()
        self.git("init", "-q", "-b", "main")
        self.run("git", "init", "-q", "--bare", "-b", "main", str(self.remote))
        self.git("config", "gc.auto", "0")  # or it begins to pack behind our back
        self.git("remote", "add", "origin", f"file://{self.remote}")

    def up(self, source: Path) -> None:
        self.lay(source)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "Files")
        self.git("push", "-q", "origin", "main")

    def down(self, source: Path) -> None:
        self.run("git", "clone", "-q", f"file://{self.remote}", str(self.elsewhere()))

    def commit_file(self, path: str, source: Path) -> None:
        shutil.copyfile(source, self.here / path) if not (self.here / path).samefile(source) else None
        self.git("add", path)
        self.git("commit", "-q", "-m", "One")


class GitLfs(Git):
    name = "git-lfs"
    large = True

    def begin(self) -> None:
        if shutil.which("git-lfs") is None:
            raise OSError("git-lfs is not installed")
        super().begin()
        self.git("lfs", "install")
        self.git("lfs", "track", "**/[0-9]*", "**/body")


class Dvc(Peer):
    name = "DVC"

    def dvc(self, *arguments: str, cwd: Path | None = None) -> None:
        self.run(str(PYTHONS / "bin" / "dvc"), *arguments, "-q", cwd=cwd)

    def begin(self) -> None:
        super().begin()
        self.dvc("init", "--no-scm")
        self.dvc("remote", "add", "-d", "remote", str(self.remote))

    def up(self, source: Path) -> None:
        self.lay(source)
        self.dvc("add", source.name)
        self.dvc("push", f"{source.name}.dvc")

    def down(self, source: Path) -> None:
        place = self.elsewhere()
        place.mkdir()
        self.dvc("init", "--no-scm", cwd=place)
        self.dvc("remote", "add", "-d", "remote", str(self.remote), cwd=place)
        shutil.copy(self.here / f"{source.name}.dvc", place)
        self.dvc("pull", cwd=place)


class MLflow(Peer):
    name = "MLflow"

    def begin(self) -> None:
        super().begin()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [
            str(PYTHONS / "bin" / "mlflow"), "server", "--backend-store-uri", f"sqlite:///{self.folder}/rows.db",
            "--artifacts-destination", str(self.remote), "--serve-artifacts", "--host", "127.0.0.1",
            "--port", str(port), "--workers", "1",
        ]  # fmt: skip
        environment = {**os.environ, "PATH": f"{PYTHONS / 'bin'}:{os.environ['PATH']}"}
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise
                time.sleep(0.2)

    def python(self, code: str, *arguments: str) -> None:
        start = f"import sys, mlflow; mlflow.set_tracking_uri({self.url!r}); "
        self.run(str(PYTHONS / "bin" / "python"), "-c", start + code, *arguments)

    def up(self, source: Path) -> None:
        self.python(
            "id = mlflow.start_run().info.run_id; mlflow.log_artifacts(sys.argv[1]); open(sys.argv[2], 'w').write(id)",
            str(source), str(self.folder / source.name),
        )  # fmt: skip

    def down(self, source: Path) -> None:
        self.python(
            "mlflow.artifacts.download_artifacts(run_id=open(sys.argv[1]).read(), dst_path=sys.argv[2])",
            str(self.folder / source.name), str(self.elsewhere()),
        )  # fmt: skip

    def end(self) -> None:
        if hasattr(self, "process"):
            self.process.terminate()
            self.process.wait()
        super().end()


def peers(folder: Path) -> Iterator[Peer]:
    """Those that can be had here; DVC and MLflow come from PyPI into an environment of their own."""
    if not (PYTHONS / "bin" / "mlflow").exists():
        uv = str(Path(sys.executable).with_name("uv"))
        PYTHONS.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([uv, "venv", "-q", str(PYTHONS)], check=True)
        subprocess.run(
            [uv, "pip", "install", "-q", "--python", str(PYTHONS / "bin" / "python"), "dvc", "mlflow"], check=True
        )
    yield GitLfs(folder / "git-lfs")
    yield Dvc(folder / "dvc")
    yield MLflow(folder / "mlflow")
