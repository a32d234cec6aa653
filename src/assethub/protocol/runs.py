"""Runs on the wire: for people and for the runner."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import Field

from assethub.protocol.assets import Params
from assethub.protocol.wire import Info, Message

LONGEST_PATCH = 256 << 10  # characters; it travels in the commit's provenance
Swept = dict[str, list[bool | int | float | str]]
PriorityWord = Literal["low", "normal", "high"]


class NewRun(Message):
    """What is left out comes from the model's training settings.

    train: `model` (path) and `branch`; continue: also `checkpoint` (a model reference); evaluate: `model` with `ref`.
    `sweep` gives lists of values for parameters: one run starts for each combination of them, and of what the task's
    matrix has for others. Their branches are `branch`-1, -2 and so on; the answer is the first of them.
    """

    type: str = Field(pattern="^(train|continue|evaluate)$")
    model: str
    ref: str | None = None
    branch: str | None = None
    checkpoint: str | None = None
    datasets: list[str] = Field(default_factory=list)
    git: str | None = None
    revision: str | None = None
    subpath: str | None = None
    params: Params = Field(default_factory=dict)
    sweep: Swept = Field(default_factory=dict)
    onto_existing: bool = False
    priority: PriorityWord = "normal"


class RunChange(Message):
    priority: PriorityWord


class LocalCode(Message):
    """Code on the caller's own machine: a Git commit, what was changed since (`git diff --binary`), the task file."""

    url: str = Field(max_length=2000)
    revision: str = Field(max_length=255)
    sha: str = Field(pattern="^([0-9a-f]{40}|[0-9a-f]{64})$")
    subpath: str = Field(default="", max_length=1000)
    patch: str = Field(default="", max_length=LONGEST_PATCH)
    task_file: str = Field(max_length=256 << 10)


class NewLocalRun(NewRun):
    """A run that the caller's own machine executes. `git`, `revision` and `subpath` are those of `code`."""

    code: LocalCode


class NewRepeat(Message):
    """What is to be different when a run is made again; `datasets` replace all of its datasets."""

    branch: str | None = None
    params: Params = Field(default_factory=dict)
    datasets: list[str] = Field(default_factory=list)


class CodeInfo(Info):
    url: str
    revision: str
    sha: str
    subpath: str
    name: str


class InputInfo(Info):
    folder: str
    path: str
    ref: str
    commit: str


class WaitingInfo(Info):
    """Why a run waits. `position` counts from 1 in a queue of `length`; 0: it is not in the queue any more.

    `cause` is next, placing, engine (which has it), paused, runs, user, group (limits), cpus, memory or gpus; of the
    last three `wanted` is what it asks for and `free` what is free of it, in CPUs, bytes and cards.
    """

    cause: str
    position: int
    length: int
    wanted: float
    free: float
    sentence: str


class RunInfo(Info):
    id: UUID
    number: int
    type: str
    state: str
    reason: str | None
    path: str
    branch: str | None
    code: CodeInfo
    inputs: list[InputInfo]
    params: Params
    engine: str
    attempt: int
    exit_code: int | None
    commit: str | None
    checkpoint: str | None = None
    evaluation: UUID | None
    environment: dict[str, Any]
    creator: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    sweep: int | None = None  # number of the sweep that it belongs to
    follows: int | None = None  # number of the run whose success started it
    follower: int | None = None  # number of the run that its success started
    metrics: dict[str, float | None] = Field(default_factory=dict)  # the newest value of each
    priority: str = "normal"
    gpus: list[str] = Field(default_factory=list)
    waiting: WaitingInfo | None = None  # told of a run that is queued, where runs are looked at


class SweepInfo(Info):
    """Runs that were started together; `params` are the values that were swept, `states` how many runs are in each."""

    id: UUID
    number: int
    type: str
    path: str
    branch: str | None
    params: Swept
    states: dict[str, int]
    creator: str
    created_at: datetime


class SweptRunInfo(Info):
    """A run of a sweep with its newest metrics; `evaluation.NAME` are those of the evaluation that followed it."""

    run: RunInfo
    metrics: dict[str, float | None]


class ParameterInfo(Info):
    """`default` is none where the parameter has to be given; `allowed` says in words what it may be."""

    name: str
    type: str
    default: bool | int | float | str | None
    choices: list[bool | int | float | str]
    min: float | None
    max: float | None
    description: str
    allowed: str


class TaskInfo(Info):
    name: str
    command: str
    description: str
    params: list[ParameterInfo]
    after: str | None
    matrix: Swept


class LocalRunInfo(Info):
    """A run to execute, and the secret that its runner claims it with."""

    run: RunInfo
    claim: str


class LogLineInfo(Info):
    """`stream` is out, err or hub; `rank` is that of the process, where a run has several."""

    number: int
    at: datetime
    stream: str
    text: str
    rank: int | None = None


class LogPage(Info):
    """Lines after `after`, in order; `next` is the number to ask after for more, `ended` when none will come.

    `last` is the number of the last line by now. A search looks through a part of the log at a time: it may find
    nothing in a page, and goes on at `next` until that is `last`.
    """

    lines: list[LogLineInfo]
    next: int
    last: int
    ended: bool


class PointInfo(Info):
    """`kinds` tells of values that are null what they are: nan, inf or -inf."""

    step: float | None
    at: datetime
    values: dict[str, float | None]
    kinds: dict[str, str] = Field(default_factory=dict)


class MetricsPage(Info):
    points: list[PointInfo]
    next: int
    ended: bool


class CodeRefsInfo(Info):
    """`default`: the branch that is taken where none is named; null if the repository does not say."""

    url: str
    default: str | None
    branches: list[str]
    tags: list[str]


class CurveInfo(Info):
    """A metric in buckets of consecutive points, an item of each list a bucket; a bucket of one point has it as `mean`.

    `at` is the number of a bucket's first point, counted from 0, `x` its step (its number where it has none), `count`
    how many finite values it has, `odd` how many are NaN or infinite: `mean`, `least` and `most` are of the former, and
    null without any. `time` is that of its first point, in seconds since 1970; null where an older hub did not keep it.
    """

    name: str
    at: list[int]
    x: list[float]
    mean: list[float | None]
    least: list[float | None]
    most: list[float | None]
    count: list[int]
    odd: list[int]
    time: list[float | None]


class CurvesInfo(Info):
    """Curves of the points from `start` up to `end` of all `points`, in buckets of `size`; `names`: of all curves."""

    points: int
    start: int
    end: int
    size: int
    names: list[str]
    curves: list[CurveInfo]
