"""The thread of a hub that keeps up with cards and file names, so that searches find them."""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from assethub.domain.errors import HubError
from assethub.services.indexing import Indexer
from assethub.services.work import Hub

log = logging.getLogger("assethub.worker")
INTERVAL = 1.0  # seconds between looks
PATIENCE = 60.0  # seconds after a look that went wrong


class Indexing(threading.Thread):
    def __init__(self, hub: Hub) -> None:
        super().__init__(name="indexing", daemon=True)
        self.indexer = Indexer(hub)
        self.ending = threading.Event()

    def run(self) -> None:
        pause = INTERVAL
        while not self.ending.wait(pause):
            try:
                pause = 0.05 if self.indexer.round() else INTERVAL
            except (HubError, SQLAlchemyError, OSError) as error:
                pause = PATIENCE
                log.warning("searches do not find the latest cards and files yet: %s", error)

    def stop(self) -> None:
        self.ending.set()
        self.join(timeout=10)
