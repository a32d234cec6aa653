"""Asset Hub: a home for AI models and datasets, with versions, runs and evaluations.

import assethub

hub = assethub.connect("http://127.0.0.1:7700", api_key="…")
model = hub.get("model/image-classification/mnist")
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from assethub.client.connection import connect
    from assethub.client.errors import ImportFailed, RunFailed, Unreachable
    from assethub.client.metrics import log
    from assethub.domain.errors import Conflict, Forbidden, HubError, Invalid, NotFound, SignInNeeded, Unavailable

SOURCES = {
    "connect": "assethub.client.connection",
    "log": "assethub.client.metrics",
    "ImportFailed": "assethub.client.errors",
    "RunFailed": "assethub.client.errors",
    "Unreachable": "assethub.client.errors",
    **dict.fromkeys(
        ("Conflict", "Forbidden", "HubError", "Invalid", "NotFound", "SignInNeeded", "Unavailable"),
        "assethub.domain.errors",
    ),
}

__all__ = [
    "Conflict", "Forbidden", "HubError", "ImportFailed", "Invalid", "NotFound", "RunFailed", "SignInNeeded",
    "Unavailable", "Unreachable", "connect", "log",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import on first use: `import assethub` itself loads nothing of it."""
    if name not in SOURCES:
        raise AttributeError(f"module 'assethub' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(SOURCES[name]), name)
    globals()[name] = value
    return value
