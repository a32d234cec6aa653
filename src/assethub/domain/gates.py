"""Gates: what the evaluations of a version must say before it may be published into `main`."""

import math
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from assethub.domain.errors import Invalid
from assethub.domain.history import MAIN

NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
BOUND = rf"(?:(?P<bound>{NUMBER})|main(?:\s*(?P<by>[+-])\s*(?P<tolerance>{NUMBER}))?)"
RULE = re.compile(rf"(?P<metric>\S.*?)\s*(?P<sign>>=|<=)\s*{BOUND}")
LONGEST_METRIC = 200


class Sign(StrEnum):
    AT_LEAST = ">="
    AT_MOST = "<="


@dataclass(frozen=True)
class Rule:
    """A metric and its bound: a number, or (None) what `main` has, give or take a tolerance."""

    metric: str
    sign: Sign
    bound: float | None
    tolerance: float = 0.0

    def __str__(self) -> str:
        if self.bound is not None:
            return f"{self.metric} {self.sign} {self.bound:g}"
        by = "-" if self.sign is Sign.AT_LEAST else "+"
        return f"{self.metric} {self.sign} {MAIN}" + (f" {by} {self.tolerance:g}" if self.tolerance else "")

    def limit(self, main: float | None) -> float | None:
        """The bound as a number; None if `main` has none."""
        if self.bound is not None or main is None:
            return self.bound
        return main - self.tolerance if self.sign is Sign.AT_LEAST else main + self.tolerance

    def holds(self, value: float, limit: float) -> bool:
        if math.isclose(value, limit, rel_tol=1e-12, abs_tol=1e-15):  # 0.91 - 0.01 is not quite 0.9
            return True
        return value > limit if self.sign is Sign.AT_LEAST else value < limit


def parse_rule(text: str) -> Rule:
    """Such as `accuracy >= 0.9`, `loss <= 0.2`, `accuracy >= main`, `loss <= main + 0.01`."""
    found = RULE.fullmatch(text.strip())
    if found is None:
        raise Invalid(
            f"{text!r} is no gate; write METRIC >= NUMBER, METRIC <= NUMBER, or to be not worse than main "
            "METRIC >= main (or main - 0.01), METRIC <= main (or main + 0.01)."
        )
    metric, sign = found["metric"], Sign(found["sign"])
    bound = float(found["bound"]) if found["bound"] is not None else None
    tolerance = float(found["tolerance"] or 0)
    if len(metric) > LONGEST_METRIC:
        raise Invalid(f"A metric's name has at most {LONGEST_METRIC} characters.")
    if not math.isfinite(bound or 0) or not math.isfinite(tolerance) or tolerance < 0:
        raise Invalid("A bound and a tolerance are finite numbers, and a tolerance is not below 0.")
    if found["by"] is not None and (found["by"] == "-") is not (sign is Sign.AT_LEAST):
        raise Invalid(f"{text!r} asks for more than main has; a tolerance is main - N after >=, main + N after <=.")
    return Rule(metric, sign, bound, tolerance)


@dataclass(frozen=True)
class Gate:
    """What a model folder requires of what is published into the `main` of its models."""

    id: UUID
    folder: UUID
    dataset: UUID | None  # None: it was deleted for good
    dataset_path: str | None  # None: deleted, or nothing that the reader may know of
    gone: bool  # whether the dataset was deleted
    rule: Rule
    by_run: bool  # numbers that were entered by hand do not count
    created_by: str
    created_at: datetime


class Standing(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    UNEVALUATED = "unevaluated"  # no evaluation of these files on what the dataset holds now
    MAIN_UNEVALUATED = "main-unevaluated"  # none of main's files, which are to be compared with
    UNMEASURED = "unmeasured"  # evaluated, without a number of this metric
    MIXED = "mixed"  # the merge makes files that neither side has, so nobody evaluated them
    DATASET_GONE = "dataset-gone"


@dataclass(frozen=True)
class GateState:
    """How a version stands at a gate; `missing` names the commit that has to be evaluated first."""

    gate: Gate
    standing: Standing
    value: float | None = None
    limit: float | None = None
    evaluation: UUID | None = None
    missing: str | None = None

    @property
    def passed(self) -> bool:
        return self.standing is Standing.PASSED

    def __str__(self) -> str:
        dataset = self.gate.dataset_path or "a dataset that you cannot see"
        if self.standing is Standing.DATASET_GONE:
            return f"{self.gate.rule}: its dataset was deleted; restore it, or have an owner remove the gate"
        told = {
            Standing.PASSED: f"passed with {self.number(self.value)}",
            Standing.FAILED: f"{self.number(self.value)} is not {self.gate.rule.sign} {self.number(self.limit)}",
            Standing.UNEVALUATED: "these files are not evaluated on it as it is now; evaluate them first",
            Standing.MAIN_UNEVALUATED: "main is not evaluated on it as it is now; evaluate main first",
            Standing.UNMEASURED: f"the newest evaluation has no number {self.gate.rule.metric!r}",
            Standing.MIXED: "the merge mixes files of both sides, which nobody evaluated; merge main into the branch, "
            "evaluate and publish that, or replace",
        }[self.standing]
        runs = " by a run" if self.gate.by_run else ""
        return f"{self.gate.rule} on {dataset}{runs}: {told}"

    @staticmethod
    def number(value: float | None) -> str:
        return "nothing" if value is None else f"{value:.6g}"
