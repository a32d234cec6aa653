"""How runs go on: their stages, and what they use of their machine."""

from collections.abc import Sequence

from assethub.domain.progress import Stage, stages_of
from assethub.domain.runs import Run, Sample, moment_of
from assethub.services.runs import get_run
from assethub.services.work import Work

MOST_SAMPLES = 2000
HIGHEST = ("memory", "gpu_memory", "disk")  # of several samples the highest counts, of others the mean


def stages(work: Work, run: Run) -> list[Stage]:
    """The stages of a run that was found."""
    return stages_of(run, work.steps.of(run.id))


def read_stages(work: Work, id: str) -> list[Stage]:
    return stages(work, get_run(work, id))


def read_system(work: Work, id: str, *, after: float | None = None, most: int = 400) -> list[Sample]:
    """What a run used of its machine, in order; where there are more samples, several are told as one.

    `after`: only those behind a time in seconds since 1970.
    """
    run = get_run(work, id)
    found = work.samples.of(run.id, None if after is None else moment_of(after))
    return thinned(found, max(1, min(most, MOST_SAMPLES)))


def thinned(samples: Sequence[Sample], most: int) -> list[Sample]:
    size = -(-len(samples) // most) if samples else 1
    return [together(samples[at : at + size]) for at in range(0, len(samples), size)]


def together(several: Sequence[Sample]) -> Sample:
    if len(several) == 1:
        return several[0]
    columns: dict[str, list[float]] = {}
    for one in several:
        for name, value in one.values.items():
            columns.setdefault(name, []).append(value)
    told = {
        name: max(values) if name in HIGHEST else sum(values) / len(values) for name, values in columns.items()
    }  # fmt: skip
    return Sample(several[-1].at, told)
