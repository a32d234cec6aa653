"""assethub.log: points of a run's live curves."""

import json
import math
import os
import time
from pathlib import Path


def log(step: float | None = None, **values: float) -> None:
    """Log one point of the run's curves: `assethub.log(step=3, loss=0.25)`.

    `step` is the position on the x axis, such as an epoch or a batch; `values` are numbers by name (NaN and infinities
    are kept as what they are, and leave a gap in the curve). Of several processes, the curves of those with a rank
    above 0 are named `rank1/loss` and so on. Appends a line to the file that AH_METRICS_FILE names; outside of a run it
    does nothing. TypeError if a value is not a number.
    """
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{name} must be a number, not {type(value).__name__}; convert it with float().")
    path = os.environ.get("AH_METRICS_FILE")
    if not path:
        return
    numbers = {name: float(value) if math.isfinite(value) else str(float(value)) for name, value in values.items()}
    line = json.dumps({"step": step, "time": time.time(), **numbers})
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
