"""How good a version is, as the SDK shows it: its evaluations, and the gates that ask for them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assethub.client.connection import Connection, asset_url
from assethub.client.runs import Run, as_list, start_run
from assethub.domain.names import AssetPath
from assethub.protocol.evaluations import EvaluationInfo, NewEvaluation
from assethub.protocol.gates import GateStateInfo
from assethub.protocol.runs import NewRun, PriorityWord


class Evaluated:
    """The evaluations of one version of a model."""

    connection: Connection
    asset: AssetPath
    ref: str

    def evaluate(
        self,
        dataset: str | Sequence[str] | None = None,
        *,
        git: str | None = None,
        revision: str | None = None,
        subpath: str | None = None,
        params: Mapping[str, Any] | None = None,
        here: str | Path | None = None,
        priority: PriorityWord = "normal",
    ) -> Run:
        """Start an evaluation of this model version; what is left out comes from the training settings.

        `here` is a folder of a Git working tree on this machine, which then runs the task; see Model.train.
        """
        new = NewRun(
            type="evaluate", model=str(self.asset), ref=self.ref, datasets=as_list(dataset), git=git,
            revision=revision, subpath=subpath, params=dict(params or {}), priority=priority,
        )  # fmt: skip
        return start_run(self.connection, new, here)

    def list_evaluation(self) -> list[EvaluationInfo]:
        """Evaluations of this version, and of versions with the same model files; newest first."""
        return self.connection.get_list(EvaluationInfo, f"{asset_url(self.asset)}/evaluations", ref=self.ref)

    def gates(self) -> list[GateStateInfo]:
        """How this version would stand at each gate of its folder if it were published now."""
        return self.connection.get_list(GateStateInfo, f"{asset_url(self.asset)}/gates", ref=self.ref)

    def create_evaluation(self, metrics: Mapping[str, Any], dataset: str) -> EvaluationInfo:
        """Enter metrics of this version on a dataset reference by hand; nested numbers get dotted names."""
        new = NewEvaluation(ref=self.ref, dataset=str(dataset), metrics=dict(metrics))
        return self.connection.send(EvaluationInfo, "POST", f"{asset_url(self.asset)}/evaluations", new)
