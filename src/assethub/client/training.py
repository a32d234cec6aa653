"""Trainings of a model, as the SDK shows them: started alone or as a sweep, and found again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Unpack, overload

from assethub.client.connection import Connection
from assethub.client.runs import Run, as_list, start_run
from assethub.client.sweeps import Sweep, TrainOptions
from assethub.client.versions import Version
from assethub.domain.errors import Invalid
from assethub.domain.names import parse_path
from assethub.protocol.assets import AssetInfo
from assethub.protocol.runs import CodeRefsInfo, NewRun, PriorityWord, RunInfo, SweepInfo, TaskInfo

if TYPE_CHECKING:
    from assethub.client.assets import Dataset

Data: TypeAlias = "str | Dataset | Version | Sequence[str] | None"


class Trained:
    """The runs of one model, its sweeps, and the tasks that they could be of."""

    connection: Connection
    info: AssetInfo

    @overload
    def train(
        self, branch: str, dataset: Data = None, *, sweep: None = None, **options: Unpack[TrainOptions]
    ) -> Run: ...

    @overload
    def train(
        self, branch: str, dataset: Data = None, *, sweep: Mapping[str, Sequence[Any]], **options: Unpack[TrainOptions]
    ) -> Sweep: ...

    def train(
        self,
        branch: str,
        dataset: Data = None,
        *,
        checkpoint: str | Version | None = None,
        git: str | None = None,
        revision: str | None = None,
        subpath: str | None = None,
        params: Mapping[str, Any] | None = None,
        onto_existing: bool = False,
        here: str | Path | None = None,
        priority: PriorityWord = "normal",
        sweep: Mapping[str, Sequence[Any]] | None = None,
    ) -> Run | Sweep:
        """Start a training whose result is committed on a new branch; with `checkpoint`, training goes on from it.

        `here` is a folder of a Git working tree with a task file: this machine then runs the task on the code as it
        lies there, and what is not committed is kept as a patch. `git`, `revision` and `subpath` have no place then.

        `priority` is low, normal or, for administrators, high.

        What is left out comes from the model's training settings. Everything is pinned before this returns; Invalid,
        NotFound or Conflict say what is wrong. With `sweep`, such as {"lr": [0.1, 0.01]}, one run starts for each
        combination of the values, on the branches `branch`-1, -2 and so on, all or none. Where the task has a matrix,
        `sweep={}` answers the sweep, and without it the answer is its first run (`run.sweep()` gives the sweep).
        """
        start = f"{self.info.path}:{checkpoint}" if isinstance(checkpoint, str) and is_ref(checkpoint) else checkpoint
        new = NewRun(
            type="train" if checkpoint is None else "continue", model=self.info.path, branch=branch,
            checkpoint=str(start) if start is not None else None, datasets=as_list(dataset), git=git,
            revision=revision, subpath=subpath, params=dict(params or {}), onto_existing=onto_existing,
            sweep={name: list(values) for name, values in (sweep or {}).items()},
            priority=priority,
        )  # fmt: skip
        run = start_run(self.connection, new, here)
        return run if sweep is None else run.sweep()

    def tasks(self, git: str | None = None, revision: str | None = None, subpath: str | None = None) -> list[TaskInfo]:
        """The tasks that a run could be of, with their parameters; what is left out comes from the training settings.

        The hub reads the repository for it. Invalid says what is wrong with the repository or its task file.
        """
        return self.connection.get_list(
            TaskInfo, "/tasks", model=self.info.path, git=git, revision=revision, subpath=subpath
        )

    def sweeps(self, limit: int = 50) -> list[Sweep]:
        """The newest sweeps of this model."""
        found = self.connection.get_list(SweepInfo, "/sweeps", model=self.info.path, limit=limit)
        return [Sweep(self.connection, info) for info in found]

    def runs(self, limit: int = 50, **chosen: str | None) -> list[Run]:
        """The newest runs of this model; `state`, `type`, `creator` and `text` choose as in Hub.runs."""
        found = self.connection.get_list(RunInfo, "/runs", model=self.info.path, limit=limit, **chosen)
        return [Run(self.connection, info) for info in found]

    def code_refs(self, git: str | None = None) -> CodeRefsInfo:
        """The branches and tags of a Git repository, by default that of the training settings; up to a minute old."""
        return self.connection.get(CodeRefsInfo, "/tasks/refs", model=self.info.path, git=git)


def is_ref(text: str) -> bool:
    """Whether a checkpoint is a ref of the model itself, rather than a path or reference."""
    if ":" in text:
        return False
    try:
        parse_path(text, me="me")
    except Invalid:
        return True
    return False
