"""The queue of runs, as the SDK shows it to administrators."""

from assethub.client.connection import Connection
from assethub.protocol.queue import QueueChange, QueueInfo


class Queueing:
    """What a hub tells of its queue; `Hub` is one."""

    connection: Connection

    def queue(self, limit: int = 1000) -> QueueInfo:
        """Who waits, in order, and why; what each placed run holds. For administrators."""
        return self.connection.get(QueueInfo, "/queue", limit=limit)

    def pause_queue(self, note: str = "") -> QueueInfo:
        """Place no more runs; those under way go on, and new ones wait. `note` says why."""
        return self.change_queue(QueueChange(state="paused", note=note))

    def drain_queue(self, note: str = "") -> QueueInfo:
        """Take no more runs, and place those that wait. `note` says why."""
        return self.change_queue(QueueChange(state="draining", note=note))

    def resume_queue(self) -> QueueInfo:
        return self.change_queue(QueueChange(state="open"))

    def limit_queue(
        self, *, runs: int | None = None, per_user: int | None = None, per_group: int | None = None
    ) -> QueueInfo:
        """How many runs may be under way: at all, of one user, in the folders of one group. 0: as if it was not set."""
        return self.change_queue(QueueChange(runs=runs, per_user=per_user, per_group=per_group))

    def change_queue(self, change: QueueChange) -> QueueInfo:
        return self.connection.send(QueueInfo, "PATCH", "/queue", change)
