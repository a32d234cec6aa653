"""Several processes of one command, each with its rank (standard library, in the sandbox of the run).

The first that fails ends all: this process ends as it did, and tells its rank. What each prints goes its own way.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import Any, Optional

STEP = 0.05


def main() -> None:
    """Arguments: instructions as JSON (the pipes of each rank, one to report to, metrics files, grace), the command."""
    told: dict[str, Any] = json.loads(sys.argv[1])
    asked: list[float] = []
    signal.signal(signal.SIGTERM, lambda *_: asked.append(time.monotonic()))  # all ranks get it too
    left: dict[int, subprocess.Popen[bytes]] = {}
    for rank, (out, err) in enumerate(told["pipes"]):
        variables = {"RANK": str(rank), "LOCAL_RANK": str(rank), "AH_METRICS_FILE": told["metrics"][rank]}
        left[rank] = subprocess.Popen(
            sys.argv[2:], env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
    for out, err in told["pipes"]:
        os.close(out)
        os.close(err)
    failed = watch(left, asked, told["grace"])
    if failed is None:
        return
    rank, code = failed
    os.write(told["report"], b"%d\n" % rank)
    if code < 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code if code > 0 else 1)


def watch(left: dict[int, subprocess.Popen[bytes]], asked: list[float], grace: float) -> Optional[tuple[int, int]]:
    """Wait for all; answers the rank and the code of the first that failed."""
    failed = None
    killed = False
    while left:
        for rank, process in list(left.items()):
            code = process.poll()
            if code is None:
                continue
            del left[rank]
            if code != 0 and failed is None:
                failed = rank, code
                asked.append(time.monotonic())
                for other in left.values():
                    other.terminate()
        if asked and not killed and time.monotonic() - asked[0] > grace:
            killed = True
            for other in left.values():
                other.kill()
        time.sleep(STEP)
    return failed


if __name__ == "__main__":
    main()
