"""ah demo"""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from assethub.cli.doctor import uv_program
from assethub.cli.serve import start
from assethub.domain.errors import NotFound, Unavailable

if TYPE_CHECKING:
    from assethub.client.assets import Dataset, Model
    from assethub.client.hub import Hub
    from assethub.client.runs import Run

DATASET = "dataset/digits/handwritten"
MODEL = "model/digits/mlp"
IDENTITY = {"GIT_AUTHOR_NAME": "Asset Hub demo", "GIT_AUTHOR_EMAIL": "demo@localhost",
            "GIT_COMMITTER_NAME": "Asset Hub demo", "GIT_COMMITTER_EMAIL": "demo@localhost"}  # fmt: skip


@click.command()
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Data folder.  [default: per user]")
@click.option("--port", type=int, help="Port to listen on.  [default: 7700, or a free one if that is taken]")
@click.option("--exit", "leave", is_flag=True, help="Stop at the end instead of leaving the console open.")
def demo(data: Path | None, port: int | None, leave: bool) -> None:
    """Start a hub and run the main job on real data: dataset, train, continue, evaluate, publish."""
    project, uv = project_folder(), uv_program()
    for program, found in (("git", shutil.which("git")), ("uv", uv)):
        if not found:
            raise Unavailable(f"The demo needs {program}, and it is not installed; install it and try again.")
    assert uv is not None
    server = start_server((data or default_data()).resolve(), port)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # either ends the demo wherever it is
    with server, environment(server) as hub:
        click.echo(f"A hub is at {server.url}, its data in {server.hub.folder}\n")
        page = Walk(hub, server.hub.folder, project, uv).through()
        from assethub.services import accounts

        with server.hub.work(None, reading=True) as work:
            user = accounts.get_user(work, hub.me)
        click.echo(f"\nSee it with one click: {server.sign_in_link(user)}&next={page}")
        if server.first_user is not None:
            click.echo(f"Later sign in as {server.first_user.name!r} with the password {server.first_user.password}")
        if not leave:
            click.echo("The console stays open until Ctrl-C.")
            with suppress(KeyboardInterrupt):
                threading.Event().wait()


def default_data() -> Path:
    from assethub.server.settings import user_data

    return user_data().with_name("assethub-demo")


def project_folder() -> Path:
    """The example project: inside the installed package, or in the repository beside it."""
    package = Path(__file__).parent.parent
    for candidate in (package / "examples" / "digits", package.parent.parent / "examples" / "digits"):
        if candidate.is_dir():
            return candidate
    raise Unavailable("This installation lacks the example project; install the assethub wheel again.")


def start_server(data: Path, port: int | None) -> Any:
    options = {"data": data, "git_roots": (data / "code",), "log_level": "warning"}
    try:
        return start({**options, "port": port})
    except Unavailable as taken:
        if port is not None or "is taken" not in str(taken):
            raise
        return start({**options, "port": 0})


@contextmanager
def environment(server: Any) -> "Iterator[Hub]":
    """The hub as its administrator sees it, through the same SDK and REST as everyone."""
    from assethub.client.connection import connect
    from assethub.domain.owners import Scope

    with server.hub.work(None, reading=True) as work:
        admin = next(user for user in work.users.listed() if user.admin)
    yield connect(server.local_url, server.create_key(admin.name, "ah demo", Scope.WRITE))


class Walk:
    """The main job, step by step; each step prints what it made and the command that does the same."""

    def __init__(self, hub: "Hub", folder: Path, project: Path, uv: str) -> None:
        self.hub, self.folder, self.project, self.uv = hub, folder, project, uv
        self.number = 0

    def step(self, title: str, command: str) -> None:
        self.number += 1
        click.echo(click.style(f"{self.number}. {title}", bold=True))
        click.echo(click.style(f"   $ {command}", dim=True))

    def say(self, text: str) -> None:
        click.echo(f"   {text}")

    def through(self) -> str:
        """The whole walk; answers the path of the published model's page."""
        dataset = self.dataset()
        repository = self.code()
        model = self.model(repository, dataset)
        self.train(model, "epoch-5", None)
        first = self.evaluate(model, "epoch-5")
        self.train(model, "epoch-10", "epoch-5")
        second = self.evaluate(model, "epoch-10")
        best = "epoch-10" if second >= first else "epoch-5"
        self.publish(model, best)
        click.echo(f"\naccuracy of epoch-5: {first:.4f}   accuracy of epoch-10: {second:.4f}   published: {best}")
        return f"/{model.path}"

    def dataset(self) -> "Dataset":
        self.step("Put real data in: 1,797 scanned digits as PNG files", f"ah commit {DATASET} -m … -a './digits/*'")
        try:
            dataset = self.hub.dataset(DATASET)
        except NotFound:
            self.hub.create(DATASET, description="Scanned handwritten digits, 8x8 pixels", labels=["image", "digits"])
            dataset = self.hub.dataset(DATASET)
        with tempfile.TemporaryDirectory() as scratch:
            self.prepare(Path(scratch))
            made = dataset.commit("Add 1,797 scanned digits", [f"{scratch}/*"])
        head = made or dataset.main.head()
        self.say(f"{dataset.path} is at {head.id[:8]}: {head.files:,} files, {head.size:,} bytes")
        return dataset

    def prepare(self, target: Path) -> None:
        """Run the project's own script in an environment of its requirements."""
        command = [self.uv, "run", "--quiet", "--no-project", "--isolated", "--with-requirements",
                   str(self.project / "requirements.txt"), "python", str(self.project / "prepare.py"),
                   "--out", str(target)]  # fmt: skip
        cache = {"UV_CACHE_DIR": os.environ.get("UV_CACHE_DIR", str(self.folder / "cache" / "uv"))}
        done = subprocess.run(command, env={**os.environ, **cache}, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Unavailable("The digits could not be prepared.", done.stderr.strip().splitlines()[-5:])

    def code(self) -> Path:
        """A bare Git repository of the example project, below the one folder that the demo's hub allows."""
        bare = self.folder / "code" / "digits.git"
        self.step("Keep the code in Git", f"git clone {bare}")
        if not bare.exists():
            with tempfile.TemporaryDirectory() as scratch:
                work = Path(scratch) / "digits"
                shutil.copytree(self.project, work, ignore=shutil.ignore_patterns("__pycache__"))
                for arguments in (
                    ["init", "-q", "-b", "main"],
                    ["add", "-A"],
                    ["commit", "-q", "-m", "Digits project"],
                ):
                    git(["-C", str(work), *arguments])
                bare.parent.mkdir(parents=True, exist_ok=True)
                git(["clone", "-q", "--bare", str(work), str(bare)])
        self.say(f"{bare} is at {git(['--git-dir', str(bare), 'rev-parse', '--short=8', 'main'])}")
        return bare

    def model(self, repository: Path, dataset: "Dataset") -> "Model":
        path, number = MODEL, 1
        while self.exists(path):
            number += 1
            path = f"{MODEL}-{number}"
        self.step("Make a model with its training settings", f"ah create {path} --git {repository} --dataset {DATASET}")
        self.hub.create(
            path, description="Reads handwritten digits", labels=["image-classification", "scikit-learn"],
            git=str(repository), revision="main", datasets=[dataset.path], params={"lr": 0.001},
        )  # fmt: skip
        model = self.hub.model(path)
        self.say(model.path)
        return model

    def exists(self, path: str) -> bool:
        try:
            self.hub.get(path)
        except NotFound:
            return False
        return True

    def train(self, model: "Model", branch: str, checkpoint: str | None) -> None:
        title = (
            f"Continue from {checkpoint} onto the branch {branch}" if checkpoint else f"Train onto the branch {branch}"
        )
        more = f" -c {model.path}:{checkpoint}" if checkpoint else ""
        self.step(title, f"ah train {model.path} -b {branch}{more} --wait")
        run = self.follow(model.train(branch, checkpoint=checkpoint))
        self.say(f"run {run.number} committed {str(run.info.commit)[:8]} to {model.path}:{branch}")

    def evaluate(self, model: "Model", branch: str) -> float:
        self.step(f"Evaluate {branch} on the test images", f"ah evaluate {model.path}:{branch} --wait")
        self.follow(model.branch(branch).evaluate())
        accuracy = model.branch(branch).list_evaluation()[0].metrics["accuracy"]
        assert accuracy is not None  # evaluate.py measures it
        self.say(f"accuracy {accuracy:.4f}")
        return accuracy

    def follow(self, run: "Run") -> "Run":
        for line in run.logs(follow=True):
            if line.stream == "out":
                self.say(click.style(line.text, dim=True))
        return run.wait()

    def publish(self, model: "Model", branch: str) -> None:
        self.step(
            f"Publish {branch} into main, and tag it",
            f"ah merge {model.path}:{branch}; ah create --tag {model.path}:v1",
        )
        made = model.branch(branch).merge()
        assert made is not None  # main is still empty
        model.create_tag("v1")
        self.say(f"merge commit {made.id[:8]}, tag v1")


def git(arguments: list[str]) -> str:
    done = subprocess.run(
        ["git", *arguments], env={**os.environ, **IDENTITY}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Unavailable(f"git {' '.join(arguments)} failed.", done.stderr.strip().splitlines()[-3:])
    return done.stdout.strip()
