"""The background thread of a hub: it places runs and follows them."""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from assethub.domain.errors import HubError
from assethub.services.placement import place_runs
from assethub.services.work import Hub

log = logging.getLogger("assethub.worker")
INTERVAL = 0.5  # seconds between rounds
PATIENCE = 30.0  # seconds after a round that went wrong, at most


class Worker(threading.Thread):
    def __init__(self, hub: Hub, endpoint: str) -> None:
        super().__init__(name="worker", daemon=True)
        self.hub, self.endpoint = hub, endpoint
        self.ending = threading.Event()

    def run(self) -> None:
        pause = INTERVAL
        while not self.ending.wait(pause):
            try:
                place_runs(self.hub, self.endpoint)
                pause = INTERVAL
            except (HubError, SQLAlchemyError, OSError) as error:
                pause = min(2 * pause, PATIENCE)  # nothing is decided on a guess; the next round looks again
                log.warning("placing runs failed, next try in %.1f s: %s", pause, error)

    def stop(self) -> None:
        self.ending.set()
        self.join(timeout=10)
