"""Commits of files from here: what is told to the hub, and what becomes of it when others commit too."""

import random
import time

from assethub.client.committed import Committed
from assethub.client.connection import Connection, asset_url
from assethub.client.hashing import Hashed
from assethub.client.lanes import Progress
from assethub.client.uploading import entries_of, upload
from assethub.domain.errors import Conflict, NotFound
from assethub.domain.names import AssetPath
from assethub.protocol.history import CommitInfo, CommitPage, DiffPage, NewCommit

MANY = 1000  # files, from which on it is worth knowing what the branch holds already
RETRIES = 5  # of a commit whose branch moved on meanwhile


class Committing:
    """To one branch of one asset."""

    def __init__(self, connection: Connection, asset: AssetPath, branch: str) -> None:
        self.connection, self.asset, self.ref = connection, asset, branch

    def commit(self, new: NewCommit, hashed: list[Hashed], progress: Progress | None) -> CommitInfo | None:
        if len(hashed) < MANY or new.delete or new.move or new.staged or new.expected or new.expected_parent:
            upload(self.connection, self.asset, hashed, progress)
            return self.send(new.model_copy(update={"add": entries_of(hashed)}))
        return self.commit_many(new, hashed, progress)

    def head(self) -> str:
        page = self.connection.get(CommitPage, f"{asset_url(self.asset)}/commits", ref=self.ref, limit=1)
        return page.commits[0].id

    def commit_many(self, new: NewCommit, hashed: list[Hashed], progress: Progress | None) -> CommitInfo | None:
        """Tell what changed since the last commit from here, and what others changed meanwhile."""
        known = Committed(self.connection.endpoint, str(self.asset), self.ref)
        for attempt in range(RETRIES):
            if known.commit is None:
                known.commit = self.head()
            changed = [one for one in hashed if not known.holds(one.source.path, one.sha256)]
            upload(self.connection, self.asset, changed, progress)
            try:
                made = self.send(new.model_copy(update={"add": entries_of(changed), "expected_parent": known.commit}))
            except Conflict:
                if attempt + 1 == RETRIES:
                    raise
                self.catch_up(known)
                continue
            if made is not None or changed:
                sent = ((one.source.path, one.sha256) for one in hashed)
                known.save(made.id if made is not None else known.commit, sent)
            return made
        raise AssertionError("the last attempt answers or raises")

    def catch_up(self, known: Committed) -> None:
        """Take in what others committed since the commit that is known, if that is not much."""
        try:
            page = self.connection.get(
                DiffPage,
                f"{asset_url(self.asset)}/diff",
                **{"from": f"commit/{known.commit}", "to": self.ref, "limit": 1000},
            )
        except NotFound:
            known.forget()
            return
        if page.next is not None:
            known.forget()
            return
        for change in page.changes:
            known.paths.pop(change.path, None)
            known.paths.pop(change.old_path or change.path, None)
        known.commit = page.target

    def send(self, new: NewCommit) -> CommitInfo | None:
        for attempt in range(RETRIES):
            try:
                return self.connection.send_optional(CommitInfo, "POST", f"{asset_url(self.asset)}/commits", new)
            except Conflict as conflict:
                if (
                    new.expected_parent is not None
                    or "moved on meanwhile" not in str(conflict)
                    or attempt + 1 == RETRIES
                ):
                    raise
                time.sleep(random.uniform(0, 0.1 * 2**attempt))  # so that those who met do not meet again
        raise AssertionError("the last attempt answers or raises")
