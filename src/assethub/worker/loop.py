"""The background thread of a hub: it places runs and follows them, and forgets what is too old."""

import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from assethub.domain.errors import HubError
from assethub.services.audit import sweep_events
from assethub.services.credentials import sweep_credentials
from assethub.services.deletions import sweep_deleted
from assethub.services.engines import tell_isolation
from assethub.services.local_runs import end_silent_runs
from assethub.services.multiparts import sweep_multiparts
from assethub.services.placement import place_runs, sweep_engine
from assethub.services.s3_objects import commit_due
from assethub.services.uploads import sweep_uploads
from assethub.services.work import Hub
from assethub.worker.importing import Importer

log = logging.getLogger("assethub.worker")
INTERVAL = 0.5  # seconds between rounds
SWEEP_EVERY = 3600.0  # seconds between looks for what is too old
PATIENCE = 30.0  # seconds after a round that went wrong, at most


class Worker(threading.Thread):
    def __init__(self, hub: Hub, endpoint: str) -> None:
        super().__init__(name="worker", daemon=True)
        self.hub, self.endpoint = hub, endpoint
        self.ending = threading.Event()
        self.importer = Importer(hub)

    def run(self) -> None:
        self.importer.start()
        tell_isolation(self.hub)
        with self.hub.work(None, reading=True) as work:
            began = work.now()
        pause, sweep = INTERVAL, 0.0
        while not self.over(pause):
            try:
                place_runs(self.hub, self.endpoint)
                end_silent_runs(self.hub, began)
                commit_due(self.hub)
                if time.monotonic() >= sweep:
                    sweep_engine(self.hub)
                    sweep_deleted(self.hub)
                    sweep_uploads(self.hub)
                    sweep_multiparts(self.hub)
                    sweep_events(self.hub)
                    sweep_credentials(self.hub)
                    sweep = time.monotonic() + SWEEP_EVERY
                pause = INTERVAL
            except (HubError, SQLAlchemyError, OSError) as error:
                pause = min(2 * pause, PATIENCE)  # nothing is decided on a guess; the next round looks again
                log.warning("placing runs failed, next try in %.1f s: %s", pause, error)

    def over(self, pause: float) -> bool:
        """Whether the hub stops; waits so many seconds for it, or until there is something to do."""
        if pause > INTERVAL:
            return self.ending.wait(pause)
        self.hub.queued.wait(pause)
        self.hub.queued.clear()
        return self.ending.is_set()

    def stop(self) -> None:
        self.ending.set()
        self.hub.queued.set()
        self.importer.stop()
        self.join(timeout=10)
