"""A task's command that tries what no run may: prying.py ATTEMPTS OUTPUT, both of JSON (standard library).

Whatever it got hold of is told in the output, and lies in one file there.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

SOFTWARE = {"usr", "proc", "sys", "dev", "lib", "lib64", "libexec", "versions", "include", "share"}


def main() -> None:
    told, output = json.loads(sys.argv[1]), Path(sys.argv[2])
    loot = bytearray(repr(dict(os.environ)).encode())
    read = [path for path in told["files"] if take(loot, Path(path).read_bytes)]
    spied = []
    for pid in told["processes"]:
        spied += [f"{pid}/{name}" for name in ("environ", "maps") if take(loot, Path(f"/proc/{pid}", name).read_bytes)]
        spied += [f"{pid}/mem"] if take(loot, lambda pid=pid: stack(pid)) else []  # type: ignore[misc]
    got = {
        "read": read,
        "listed": {path: names(Path(path)) for path in told["folders"] if Path(path).is_dir()},
        "wrote": [path for path in told["folders"] if succeeds(Path(path, "planted").touch)],
        "signalled": [pid for pid in told["processes"] if succeeds(lambda pid=pid: os.kill(pid, 0))],  # type: ignore[misc]
        "spied": spied,
        "credentials": [line for line in credentials() if line.startswith("password=")],
        "processes": [name for name in names(Path("/proc")) if name.isdigit()],
    }
    for path in everything(Path(told["root"][0]), output):
        take(loot, path.read_bytes)
    (output / "loot").write_bytes(bytes(loot))
    (output / "got.json").write_text(json.dumps(got))


def succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def take(loot: bytearray, reading: Callable[[], bytes]) -> bool:
    return succeeds(lambda: loot.extend(reading()))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def stack(pid: int) -> bytes:
    """The stack of a process, out of its memory: its variables lie there."""
    line = next(line for line in Path(f"/proc/{pid}/maps").read_text().splitlines() if "[stack]" in line)
    start, end = (int(part, 16) for part in line.split()[0].split("-"))
    with Path(f"/proc/{pid}/mem").open("rb") as file:
        file.seek(start)
        return file.read(end - start)


def credentials() -> list[str]:
    asked = "protocol=https\nhost=git.example.org\n\n"
    told = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    done = subprocess.run(
        ["git", "credential", "fill"], input=asked, env=told, capture_output=True, text=True, check=False
    )
    return done.stdout.splitlines()


def everything(folder: Path, but: Path) -> Iterator[Path]:
    """All files in sight, but for the machine's software."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in SOFTWARE and Path(place, name) != but]
        yield from (Path(place, name) for name in files if Path(place, name).is_file())


if __name__ == "__main__":
    main()
