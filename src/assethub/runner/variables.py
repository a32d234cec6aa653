"""The variables of the runner's own environment that it hands on: an allow-list, in which no secret of the hub is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from assethub.runner.software import configuration

COMMANDS = ("PATH", "LANG", "LANGUAGE", "TZ", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
BEGINNINGS = (
    "LC_", "SSL_CERT_", "GIT_SSL_CA", "CUDA_", "NVIDIA_", "NCCL_", "GLOO_", "HIP_", "HSA_", "ROCR_", "ROCM_", "OMP_",
    "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "NUMEXPR_",
)  # fmt: skip
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")


def shared(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Where software, languages, certificates and proxies are, and how many threads and which cards to use."""
    return {
        name: value
        for name, value in variables.items()
        if name in COMMANDS or name.startswith(BEGINNINGS) or name.upper() in PROXIES
    }


def of_packages(variables: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Where uv finds packages, also with what may be read there; for the building of environments alone."""
    return {name: value for name, value in variables.items() if name.startswith("UV_") and "PUBLISH" not in name}


def of_command(home: Path) -> dict[str, str]:
    """What every command of a run gets; its home is an empty folder."""
    return {**shared(), "HOME": str(home), "USER": "runner", "LOGNAME": "runner"}


def of_build(home: Path) -> dict[str, str]:
    return {**of_command(home), **of_packages(), "XDG_CONFIG_HOME": configuration()}


def of_several(processes: int, variables: Mapping[str, str]) -> dict[str, str]:
    """For each of several processes on one machine: its part of the threads, and to find the others on this machine."""
    threads = int(variables["OMP_NUM_THREADS"]) if variables.get("OMP_NUM_THREADS", "").isdigit() else 1
    return {"OMP_NUM_THREADS": str(max(1, threads // processes)), "GLOO_SOCKET_IFNAME": "lo"}
