"""The thread of a hub that collects garbage, now and then."""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from assethub.domain.errors import HubError
from assethub.services.collection import collect
from assethub.services.work import Hub

log = logging.getLogger("assethub.worker")
FIRST = 600.0  # seconds after the start: not while people wait for the hub to come up


class Collector(threading.Thread):
    """Collects every `hours`; 0 means never."""

    def __init__(self, hub: Hub, hours: int) -> None:
        super().__init__(name="collector", daemon=True)
        self.hub, self.hours = hub, hours
        self.ending = threading.Event()

    def run(self) -> None:
        pause = FIRST
        while self.hours and not self.ending.wait(pause):
            try:
                collect(self.hub)
            except (HubError, SQLAlchemyError, OSError) as error:
                log.warning("nothing more was collected this time: %s", error)
            pause = self.hours * 3600.0

    def stop(self) -> None:
        self.ending.set()
