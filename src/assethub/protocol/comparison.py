"""Runs side by side on the wire."""

from assethub.protocol.runs import RunInfo
from assethub.protocol.wire import Info


class MeasureInfo(Info):
    """The last value of a curve (or of the result), and its lowest and highest."""

    final: float | None
    lowest: float | None
    highest: float | None


class FileChangeInfo(Info):
    path: str
    added: int | None
    removed: int | None


class CodeChangeInfo(Info):
    """From the first run's code to that of the run `number`; `files` is left out where the hub cannot tell you."""

    number: int
    same: bool
    files: list[FileChangeInfo] | None
    more: int


class RunComparisonInfo(Info):
    """Each row has one place for each of `runs`, in their order. `packages` are just those that differ."""

    runs: list[RunInfo]
    params: dict[str, list[str | int | float | bool | None]]
    metrics: dict[str, list[MeasureInfo | None]]
    packages: dict[str, list[str | None]]
    same_packages: int
    code: list[CodeChangeInfo]
