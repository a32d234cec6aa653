"""How runs go on, on the wire."""

from datetime import datetime

from assethub.protocol.wire import Info


class StageInfo(Info):
    """A state that an attempt was in; `end` is null while it is, and for the state that it ended in."""

    attempt: int
    state: str
    start: datetime
    end: datetime | None


class SampleInfo(Info):
    """What all processes of a run used at a time.

    `cpu` is in cores, `memory`, `disk` and `gpu_memory` are bytes, `gpu` is a share from 0 to 1; what the machine does
    not tell is left out.
    """

    at: datetime
    values: dict[str, float]


class OverlayInfo(Info):
    """A metric of one run in buckets, an item of each list a bucket: first step, mean, least, greatest, time."""

    run: int
    name: str
    x: list[float]
    mean: list[float | None]
    least: list[float | None]
    most: list[float | None]
    time: list[float | None]


class OverlaysInfo(Info):
    """`names` are those of all metrics of the runs, the ones that more of them have first."""

    runs: list[int]
    names: list[str]
    curves: list[OverlayInfo]
