"""What this machine has for runs, as the kernel, the control group and the driver of the cards tell."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assethub.domain.queue import ALL_OF_IT, MachineSettings, Offers

ASKING = 20.0  # seconds that the driver's own program may take
QUOTAS = ("sys/fs/cgroup/cpu.max", "sys/fs/cgroup/cpu/cpu.cfs_quota_us")
LIMITS = ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True)
class Machine:
    """A machine; `root` and `environment` are its own unless a test has others."""

    root: Path = Path("/")
    environment: Mapping[str, str] | None = None

    def offers(self, settings: MachineSettings = ALL_OF_IT) -> Offers:
        """What the settings say, and where they say nothing, all that there is."""
        return Offers(
            settings.cpus if settings.cpus is not None else self.cpus(),
            settings.memory if settings.memory is not None else self.memory(),
            settings.gpus if settings.gpus is not None else self.gpus(),
        )

    def cpus(self) -> float:
        """Those that this process may use, or what its control group may use of them."""
        count = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
        quota, *period = (self.read(QUOTAS[0]) or self.read(QUOTAS[1]) or "max").split()
        if quota.isdecimal():
            per = period[0] if period else self.read("sys/fs/cgroup/cpu/cpu.cfs_period_us") or "100000"
            count = min(count, int(quota) / int(per))
        return count

    def memory(self) -> int:
        """Bytes of this machine, or what its control group may use of them."""
        total = int(self.read("proc/meminfo").split("MemTotal:")[1].split()[0]) << 10
        limits = [int(text) for text in (self.read(name).strip() for name in LIMITS) if text.isdecimal()]
        return min([total, *limits])

    def gpus(self) -> tuple[str, ...]:
        """NVIDIA cards: those that CUDA_VISIBLE_DEVICES leaves, else all, in the order of the bus."""
        variables = os.environ if self.environment is None else self.environment
        if "CUDA_VISIBLE_DEVICES" in variables:
            return tuple(word.strip() for word in variables["CUDA_VISIBLE_DEVICES"].split(",") if word.strip())
        driver = self.root / "proc/driver/nvidia/gpus"
        count = len(list(driver.iterdir())) if driver.is_dir() else self.listed()
        return tuple(str(number) for number in range(count))

    def listed(self) -> int:
        """How many cards the driver's program lists, where it is installed."""
        program = shutil.which("nvidia-smi")
        if program is None:
            return 0
        try:
            said = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=ASKING, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return 0  # a driver that does not answer has no cards to give
        return sum(line.startswith("GPU ") for line in said.stdout.splitlines())

    def read(self, name: str) -> str:
        try:
            return (self.root / name).read_text()
        except OSError:
            return ""  # this kernel has none
