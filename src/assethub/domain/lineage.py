"""Provenance: what a commit or an evaluation was made from."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assethub.domain.history import timestamp
from assethub.domain.runs import Run


def provenance(run: Run, ended_at: datetime, environment: Mapping[str, Any]) -> dict[str, Any]:
    """The facts of a run that repeat its result, as kept in the commit's or evaluation's metadata."""
    return {
        "run": str(run.id),
        "number": run.number,
        "type": run.type.value,
        "code": {"git": run.code.url, "revision": run.code.revision, "sha": run.code.sha, "subpath": run.code.subpath},
        "inputs": [
            {"folder": source.folder, "asset": str(source.asset), "path": source.path, "ref": source.ref,
             "commit": source.commit} for source in run.inputs
        ],
        "params": dict(run.params),
        "command": run.task["command"],
        "environment": dict(environment),
        "engine": run.engine,
        "started_at": timestamp(run.started_at or run.created_at),
        "ended_at": timestamp(ended_at),
    }  # fmt: skip
