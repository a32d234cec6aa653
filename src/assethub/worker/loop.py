"""The background thread of a hub: it places runs and follows them, and forgets what was deleted long ago."""

import logging
import threading
import time

from sqlalchemy.exc import SQLAlchemyError

from assethub.domain.errors import HubError
from assethub.services.deletions import sweep_deleted
from assethub.services.placement import place_runs
from assethub.services.uploads import sweep_uploads
from assethub.services.work import Hub
from assethub.worker.importing import Importer

log = logging.getLogger("assethub.worker")
INTERVAL = 0.5  # seconds between rounds
SWEEP_EVERY = 3600.0  # seconds between looks for what was deleted long ago
PATIENCE = 30.0  # seconds after a round that went wrong, at most


class Worker(threading.Thread):
    def __init__(self, hub: Hub, endpoint: str) -> None:
        super().__init__(name="worker", daemon=True)
        self.hub, self.endpoint = hub, endpoint
        self.ending = threading.Event()
        self.importer = Importer(hub)

    def run(self) -> None:
        self.importer.start()
        pause, sweep = INTERVAL, 0.0
        while not self.ending.wait(pause):
            try:
                place_runs(self.hub, self.endpoint)
                if time.monotonic() >= sweep:
                    sweep_deleted(self.hub)
                    sweep_uploads(self.hub)
                    sweep = time.monotonic() + SWEEP_EVERY
                pause = INTERVAL
            except (HubError, SQLAlchemyError, OSError) as error:
                pause = min(2 * pause, PATIENCE)  # nothing is decided on a guess; the next round looks again
                log.warning("placing runs failed, next try in %.1f s: %s", pause, error)

    def stop(self) -> None:
        self.ending.set()
        self.importer.stop()
        self.join(timeout=10)
