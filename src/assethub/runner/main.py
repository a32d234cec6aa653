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
from pathlib import Path
from types import FrameType
from typing import Any, Optional

from assethub.runner import output
from assethub.runner.command import Outcome, execute, fill
from assethub.runner.environment import Built, prepare
from assethub.runner.hub import HubApi, Refused
from assethub.runner.shipping import Shipper, Spool
from assethub.runner.workspace import Failed, Inputs, clone

SECRETS = ("AH_CLAIM", "AH_UV", "AH_PYTHON", "AH_RUN_DIR", "AH_CACHE_DIR")


def main() -> int:
    """0 once the hub has acknowledged the result, whatever it is."""
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


class Runner:
    def __init__(self, api: HubApi, work: dict[str, Any], folder: Path, cache: Path) -> None:
        self.api, self.work, self.cache = api, work, cache
        self.id: str = work["run"]
        workspace = folder / "workspace"
        shutil.rmtree(workspace, ignore_errors=True)
        self.code = workspace / safe_name(work["code"]["name"])
        self.dataset, self.model = workspace / "dataset", workspace / "model"
        self.saved, self.results = workspace / "saved_model", workspace / "results"
        self.workspace = workspace
        self.metrics_file = folder / "metrics.jsonl"
        log = folder / "log.jsonl"
        self.spool = Spool(log)
        self.shipper = Shipper(api, self.id, self.spool, log, self.metrics_file)
        self.terminated = threading.Event()
        self.built: Optional[Built] = None
        self.code_left: Optional[int] = None

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
                told |= {"exit_code": outcome.code, "reason": outcome.reason}
                if outcome.code == 0 and not outcome.cancelled and outcome.reason is None:
                    self.enter("saving")
                    told |= {**self.save(), "outcome": "succeeded"}
            if self.cancelled() and told["outcome"] != "succeeded":
                told |= {"outcome": "cancelled", "reason": "Cancelled."}
        except (Failed, Refused) as problem:
            told |= {"outcome": "failed", "reason": str(problem)}
        except OSError as error:
            where = f" ({error.filename})" if error.filename else ""
            told |= {"outcome": "failed", "reason": f"The machine that runs this failed: {error.strerror}{where}."}
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
        clone(work["code"]["url"], work["code"]["sha"], self.code, say)
        inputs = Inputs(self.api, self.cache, say)
        for one in work["inputs"]:
            if not self.cancelled():
                inputs.download(one["asset"], one["commit"], self.workspace / one["folder"])
        for folder in (self.dataset, self.model, self.saved, self.results):
            folder.mkdir(parents=True, exist_ok=True)
        wanted = work["environment"].get("requirements")
        if wanted and not self.cancelled():
            self.built = prepare(self.task_folder / wanted, work["environment"].get("python"), self.cache, say)
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
        kept = {name: value for name, value in os.environ.items() if name not in SECRETS}
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
            "AH_ENDPOINT": os.environ["AH_ENDPOINT"], "AH_TOKEN": self.api.secret,
            "AH_PARAMS": json.dumps(self.work["params"]), "AH_METRICS_FILE": str(self.metrics_file), "RANK": "0",
            "LOCAL_RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port),
        }  # fmt: skip

    def execute(self, command: str, environment: dict[str, str]) -> Outcome:
        self.enter("running")
        self.spool.say("$ " + command.replace(f"{self.workspace}{os.sep}", ""))
        return execute(
            command, self.task_folder, environment, self.spool, timeout=self.work["timeout"], grace=self.work["grace"],
            cancelled=self.cancelled,
        )  # fmt: skip

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
