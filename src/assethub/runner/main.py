"""One run, from its claim to its result."""

from __future__ import annotations

import json
import os
import platform
import secrets
import shutil
import signal
import socket
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Optional

from assethub.runner import output, variables
from assethub.runner.checkpoints import Checkpoints
from assethub.runner.code import take_code
from assethub.runner.command import Outcome, Ranks, execute, fill, start_plainly
from assethub.runner.environment import Built, Heard, prepare
from assethub.runner.hub import HubApi, Refused
from assethub.runner.limits import Limits
from assethub.runner.measuring import EventFiles, JsonLines
from assethub.runner.sandbox import Sandbox
from assethub.runner.shipping import Shipper, Spool
from assethub.runner.system import System
from assethub.runner.workspace import FULL, Failed, Inputs, is_full


def main() -> int:
    """0 once the hub has acknowledged the result, whatever it is."""
    os.umask(0o022)  # the run's folder is closed as a whole; who its command becomes inside may read what lies in it
    folder, cache = Path(os.environ["AH_RUN_DIR"]), Path(os.environ["AH_CACHE_DIR"])
    endpoint, run = os.environ["AH_ENDPOINT"], os.environ["AH_RUN_ID"]
    try:
        claimed = claim(HubApi(endpoint, os.environ["AH_CLAIM"]), run, folder)
        return Runner(HubApi(endpoint, claimed["token"]), claimed["work"], folder, cache).run()
    except Refused as refused:
        print(f"The hub refused: {refused}", file=sys.stderr, flush=True)
        return 1


def claim(api: HubApi, run: str, folder: Path) -> dict[str, Any]:
    """The nonce is kept, so that a runner that is started again repeats the same claim."""
    kept = folder / "nonce"
    if not kept.exists():
        kept.write_text(secrets.token_hex(16))
    me = {"nonce": kept.read_text(), "host": socket.gethostname(), "pid": os.getpid()}
    answer: dict[str, Any] = api.post(f"/runs/{run}/claim", me)
    return answer


class Kept:
    """What a command said, by stream."""

    def __init__(self) -> None:
        self.lines: dict[str, list[str]] = {"out": [], "err": []}

    def write(self, stream: str, text: str, rank: Optional[int] = None) -> None:
        self.lines[stream].append(text)


class Runner:
    def __init__(self, api: HubApi, work: dict[str, Any], folder: Path, cache: Path) -> None:
        self.api, self.work, self.cache = api, work, cache
        self.id: str = work["run"]
        workspace, self.scratch = folder / "workspace", folder / "scratch"
        for left in (workspace, self.scratch, folder / "checkpoint"):
            shutil.rmtree(left, ignore_errors=True)
        self.code = workspace / safe_name(work["code"]["name"])
        self.dataset, self.model = workspace / "dataset", workspace / "model"
        self.saved, self.results = workspace / "saved_model", workspace / "results"
        self.workspace, self.home, self.snapshot = workspace, self.scratch / "home", folder / "checkpoint"
        self.home.mkdir(parents=True)
        self.ranks: int = work["processes"]
        self.metrics_files = [folder / f"metrics.{rank}.jsonl" for rank in range(self.ranks)]
        for file in self.metrics_files:
            file.touch()
        self.spool = Spool(folder / "log.jsonl")
        measured = [JsonLines(file, f"rank{rank}/" if rank else "") for rank, file in enumerate(self.metrics_files)]
        self.events = EventFiles([self.results, self.saved, self.code])
        limits = work["limits"]
        written = [self.code, self.saved, self.results, self.scratch]
        self.system = System(written)
        self.shipper = Shipper(api, self.id, self.spool, [*measured, self.events], self.system)
        self.limits = Limits(limits["memory"], limits["disk"], written)
        self.terminated = threading.Event()
        self.confined = bool(os.environ.get("AH_SANDBOX"))
        self.start = self.sandbox().start if self.confined else start_plainly
        self.built: Optional[Built] = None
        self.lacking: list[str] = []  # of the code, a sentence each

    def sandbox(self) -> Sandbox:
        told = json.loads(os.environ["AH_SANDBOX"])
        hidden, folders = ([Path(one) for one in told[name]] for name in ("hidden", "folders"))
        return Sandbox(told["program"], hidden, folders, self.scratch, self.workspace)

    def run(self) -> int:
        signal.signal(signal.SIGTERM, self.on_term)
        self.shipper.start()
        result = self.result()
        for line in (result["reason"], None if result["outcome"] != "succeeded" else "Done"):
            if line:
                self.spool.say(line)
        self.shipper.finish()
        if self.shipper.refusal is not None:
            raise Refused(0, self.shipper.refusal)
        self.api.post(f"/runs/{self.id}/result", result)
        return 0

    def on_term(self, number: int, frame: Optional[FrameType]) -> None:
        self.terminated.set()

    def cancelled(self) -> bool:
        return self.terminated.is_set() or self.shipper.cancelled.is_set()

    def result(self) -> dict[str, Any]:
        """Everything the run does, as the message that ends it."""
        told: dict[str, Any] = {"outcome": "failed", "reason": None, "output": [], "metrics": None, "reports": []}
        try:
            command, environment = self.prepare()
            if not self.cancelled():
                outcome = self.execute(command, environment)
                reason = outcome.reason
                if reason is not None and not outcome.cancelled:
                    reason = " ".join([reason, *self.lacking])
                told |= {"exit_code": outcome.code, "reason": reason}
                if outcome.code == 0 and not outcome.cancelled and outcome.reason is None:
                    self.enter("saving")
                    told |= {**self.save(), "outcome": "succeeded"}
            if self.cancelled() and told["outcome"] != "succeeded":
                told |= {"outcome": "cancelled", "reason": "Cancelled."}
        except (Failed, Refused) as refused:
            told |= {"outcome": "failed", "reason": str(refused)}
            if self.cancelled():
                told |= {"outcome": "cancelled", "reason": "Cancelled."}
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            problem = FULL if is_full(error) else f"The machine that runs this failed: {error.strerror}{where}."
            told |= {"outcome": "failed", "reason": problem}
        told["environment"] = {
            "lock": self.built.lock if self.built else None,
            "python": self.built.python if self.built else None,
            "platform": platform.platform(),
        }
        return told

    def enter(self, state: str) -> None:
        answer = self.api.post(f"/runs/{self.id}/state", {"state": state})
        if answer["cancel"]:
            self.shipper.cancelled.set()

    def prepare(self) -> tuple[str, dict[str, str]]:
        """Code, inputs and environment; answers the command and its variables."""
        work, say = self.work, self.spool.say
        self.enter("preparing")
        say(f"Run {work['number']} ({work['type']}, attempt {work['attempt']}) on {socket.gethostname()}")
        self.lacking = take_code(self.api, self.id, work["code"], self.code, say)
        inputs = Inputs(self.api, self.cache, say, linking=self.confined)
        for one in work["inputs"]:
            if not self.cancelled():
                inputs.download(one["asset"], one["commit"], self.workspace / one["folder"])
        for folder in (self.dataset, self.model, self.saved, self.results):
            folder.mkdir(parents=True, exist_ok=True)
        told = work["environment"]
        lock, wanted = told.get("lock"), told.get("requirements") or []
        names = [lock] if lock else [wanted] if isinstance(wanted, str) else wanted  # a text: queued by an older hub
        if names and not self.cancelled():
            self.built = prepare(
                [self.task_folder / name for name in names], self.code, told.get("python"),
                self.cache / "people" / work["person"], self.home, self.hear, say, exact=bool(lock),
                pinned=told.get("pinned"),
            )  # fmt: skip
        return fill(work["command"], self.values()), self.variables()

    @property
    def task_folder(self) -> Path:
        subpath: str = self.work["code"]["subpath"]
        return self.code / subpath

    def values(self) -> dict[str, Any]:
        return {
            **self.work["params"], "dataset": self.dataset, "model": self.model, "output": self.saved,
            "results": self.results, "code": self.code,
        }  # fmt: skip

    def variables(self) -> dict[str, str]:
        kept = variables.of_command(self.home)
        if self.ranks > 1:
            kept |= variables.of_several(self.ranks, kept)
        if self.built is not None:
            kept["VIRTUAL_ENV"] = str(self.built.folder)
            kept["PATH"] = f"{self.built.folder / 'bin'}{os.pathsep}{kept.get('PATH', os.defpath)}"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        return {
            **kept, "PYTHONUNBUFFERED": "1", "PYTHONDONTWRITEBYTECODE": "1", **self.work["environment"]["variables"],
            "AH_CODE_DIR": str(self.code), "AH_DATASET_DIR": str(self.dataset), "AH_MODEL_DIR": str(self.model),
            "AH_OUTPUT_DIR": str(self.saved), "AH_RESULTS_DIR": str(self.results), "AH_RUN_ID": self.id,
            "AH_ATTEMPT": str(self.work["attempt"]), "AH_ENDPOINT": os.environ["AH_ENDPOINT"],
            "AH_TOKEN": self.api.secret, "AH_PARAMS": json.dumps(self.work["params"]),
            "AH_METRICS_FILE": str(self.metrics_files[0]), "RANK": "0", "LOCAL_RANK": "0",
            "WORLD_SIZE": str(self.ranks), "LOCAL_WORLD_SIZE": str(self.ranks), "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }  # fmt: skip

    def execute(self, command: str, environment: dict[str, str]) -> Outcome:
        self.enter("running")
        self.spool.say("$ " + command.replace(f"{self.workspace}{os.sep}", ""))
        shell = shutil.which("bash") or "/bin/sh"
        inputs = [self.dataset, self.model, *([self.built.folder] if self.built else [])]
        grace: float = self.work["grace"]
        ranks = Ranks(self.scratch / "ranks.py", self.metrics_files, grace) if self.ranks > 1 else None
        process = self.start(
            [shell, "-c", command], self.task_folder, environment, inputs,
            [self.code, self.saved, self.results, *self.metrics_files], ranks, self.limits,
        )  # fmt: skip
        checkpoints = self.checkpoints()
        self.system.watch(process.popen.pid)
        try:
            outcome = execute(
                process, self.spool, timeout=self.work["timeout"], grace=grace, cancelled=self.stopped,
                limits=self.limits,
            )  # fmt: skip
        finally:
            self.system.stop()
            if checkpoints is not None:
                checkpoints.finish()
        self.events.again()
        if self.spool.problem is not None and not self.cancelled():
            return Outcome(outcome.code, self.spool.problem, False)
        return outcome

    def stopped(self) -> bool:
        return self.cancelled() or self.spool.problem is not None

    def checkpoints(self) -> Optional[Checkpoints]:
        """What commits saved_model/ from time to time, begun, if the task wants it."""
        every, output = self.work["checkpoint_every"], self.work["output"]
        if every is None or output is None:
            return None
        begun = Checkpoints(self.api, self.id, output["asset"], self.saved, self.snapshot, every, self.spool.say)
        begun.start()
        return begun

    def hear(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], readable: Sequence[Path],
        writable: Sequence[Path],
    ) -> Heard:  # fmt: skip
        """Run a command that prepares the run, and listen to it."""
        kept = Kept()
        process = self.start(arguments, folder, environment, readable, writable)
        outcome = execute(process, kept, timeout=None, grace=self.work["grace"], cancelled=self.cancelled)
        return Heard(outcome, "".join(f"{line}\n" for line in kept.lines["out"]), kept.lines["err"])

    def save(self) -> dict[str, Any]:
        """Upload what the run left; what the hub needs to keep it."""
        say, asset = self.spool.say, self.work["output"]
        if asset is None:
            model = next(one["asset"] for one in self.work["inputs"] if one["folder"] == "model")
            name, measured = output.read_metrics(self.results, self.work["metrics"])
            reports = output.upload(self.api, model, self.results, say, frozenset({name}))
            return {"metrics": measured, "reports": reports}
        saved = output.upload(self.api, asset["asset"], self.saved, say)
        metrics = output.read_metrics(self.results, None)[1] if (self.results / "metrics.json").is_file() else None
        return {"output": saved, "metrics": metrics}


def safe_name(name: str) -> str:
    """A folder name of the workspace that is none of the others."""
    plain = "".join(letter if letter.isalnum() or letter in "._-" else "-" for letter in name).lstrip(".") or "code"
    return f"{plain}-code" if plain in ("dataset", "model", "saved_model", "results") else plain
