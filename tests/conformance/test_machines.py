"""What a machine has for runs, found in what its kernel tells."""

from pathlib import Path

from assethub.domain.queue import MachineSettings, Offers
from assethub.executors.machine import Machine


def machine(root: Path, files: dict[str, str], **environment: str) -> Machine:
    for name, content in {"proc/meminfo": "MemTotal:       2048 kB\n", **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return Machine(root, environment)


def test_memory_and_cpus_are_the_control_groups_where_it_has_less(tmp_path: Path) -> None:
    assert machine(tmp_path / "plain", {}).memory() == 2048 << 10
    limits = {"sys/fs/cgroup/memory.max": "1048576\n", "sys/fs/cgroup/cpu.max": "50000 100000\n"}
    small = machine(tmp_path / "small", limits)
    assert (small.memory(), small.cpus()) == (1 << 20, 0.5)
    free = machine(tmp_path / "free", {"sys/fs/cgroup/memory.max": "max\n", "sys/fs/cgroup/cpu.max": "max 100000\n"})
    assert (free.memory(), free.cpus()) == (2048 << 10, machine(tmp_path / "plain", {}).cpus())
    old = {
        "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "20000\n", "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "524288\n",
    }  # fmt: skip
    assert (machine(tmp_path / "old", old).cpus(), machine(tmp_path / "old", old).memory()) == (0.2, 1 << 19)


def test_cards_are_counted_and_those_that_the_hub_may_not_use_left_out(tmp_path: Path) -> None:
    cards = {f"proc/driver/nvidia/gpus/0000:0{bus}:00.0/information": "Model: X" for bus in (1, 2, 3)}
    assert machine(tmp_path / "three", cards).gpus() == ("0", "1", "2")
    assert machine(tmp_path / "some", cards, CUDA_VISIBLE_DEVICES="2, 0").gpus() == ("2", "0")
    assert machine(tmp_path / "none", cards, CUDA_VISIBLE_DEVICES="").gpus() == ()


def test_settings_go_before_what_is_found(tmp_path: Path) -> None:
    found = machine(tmp_path, {}, CUDA_VISIBLE_DEVICES="0")
    assert found.offers(MachineSettings(3, 1 << 30, ())) == Offers(3, 1 << 30, ())
    assert found.offers(MachineSettings(cpus=3)) == Offers(3, 2048 << 10, ("0",))
