"""What this machine knows of a branch: the commit that it made last there, and what it holds at the paths that it sent.

What is still the same there need not be told again. A cache, written anew as a whole: without it all is told.
"""

import hashlib
import logging
import os
from collections.abc import Iterable

from assethub.client.journal import cache_folder

log = logging.getLogger("assethub.client")
MAGIC = "assethub committed 1"


class Committed:
    """The last commit from here on one branch of one asset at one hub, and the sha256 of each path sent by it."""

    def __init__(self, endpoint: str, asset: str, branch: str) -> None:
        name = hashlib.sha256("\0".join((endpoint, asset, branch)).encode()).hexdigest()[:32]
        self.file = cache_folder() / "committed" / name
        self.commit: str | None = None
        self.paths: dict[str, str] = {}
        self.load()

    def load(self) -> None:
        """Read what is known; a file that is not whole says nothing."""
        try:
            text = self.file.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("what was committed from here cannot be read: %s", error)
            return
        head, _, body = text.partition(b"\n")
        fields = head.decode(errors="replace").rsplit(" ", 2)
        if len(fields) == 3 and fields[0] == MAGIC and hashlib.sha256(body).hexdigest() == fields[2]:
            self.commit = fields[1]
            self.paths = {line[65:]: line[:64] for line in body.decode().split("\n") if line}

    def holds(self, path: str, sha256: str) -> bool:
        return self.paths.get(path) == sha256

    def save(self, commit: str, sent: Iterable[tuple[str, str]]) -> None:
        """Note a commit that was made on top of the one known, with these (path, sha256)."""
        self.commit = commit
        self.paths.update(sent)
        body = "".join(f"{sha256} {path}\n" for path, sha256 in self.paths.items()).encode()
        fresh = self.file.with_suffix(f".{os.getpid()}")
        try:
            fresh.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_bytes(f"{MAGIC} {commit} {hashlib.sha256(body).hexdigest()}\n".encode() + body)
            fresh.replace(self.file)
        except OSError as error:
            log.warning("what was committed from here is not remembered: %s", error)

    def forget(self) -> None:
        self.commit, self.paths = None, {}
