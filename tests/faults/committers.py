"""Many committers of one branch, and what must hold when they are done."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from assethub.client.versions import Version


def commit_at_once(branch: Version, count: int, folder: Path) -> None:
    """`count` commits of a file each, begun together: all are acknowledged, in one line, with all files in the end."""
    before = branch.list_commit(limit=1)[0].id
    together = threading.Barrier(count)

    def commit(number: int) -> str:
        file = folder / f"{number}.txt"
        file.write_text(f"content {number} after {before}")
        together.wait()
        made = branch.commit(f"Number {number}", [{str(file): f"many/{number}.txt"}])
        assert made is not None
        return made.id

    with ThreadPoolExecutor(count) as pool:
        acknowledged = set(pool.map(commit, range(count)))
    log = branch.list_commit(limit=count)
    assert {one.id for one in log} == acknowledged
    assert [one.parents for one in log] == [[one.id] for one in log[1:]] + [[before]]
    assert {one.path for one in branch.list_object("many/")} == {f"many/{number}.txt" for number in range(count)}
    assert branch.read(f"many/{count - 1}.txt") == f"content {count - 1} after {before}".encode()
