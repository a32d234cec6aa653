"""The background threads that do imports, a few side by side; the next start goes on with what a stop left."""

import logging
import threading
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError

from assethub.domain.errors import HubError, Unavailable
from assethub.services.importing import fail, perform
from assethub.services.imports import pending_imports
from assethub.services.work import Hub

log = logging.getLogger("assethub.worker")
INTERVAL = 0.5  # seconds between looks for new imports
SIDE_BY_SIDE = 3
STOP_SECONDS = 10


class Importer(threading.Thread):
    def __init__(self, hub: Hub) -> None:
        super().__init__(name="importer", daemon=True)
        self.hub = hub
        self.ending = threading.Event()
        self.running: dict[UUID, threading.Thread] = {}

    def run(self) -> None:
        while not self.ending.wait(INTERVAL):
            self.running = {id: thread for id, thread in self.running.items() if thread.is_alive()}
            try:
                waiting = [id for id in pending_imports(self.hub) if id not in self.running]
            except (HubError, SQLAlchemyError) as error:
                log.warning("looking for imports failed: %s", error)
                continue
            for id in waiting[: SIDE_BY_SIDE - len(self.running)]:
                self.running[id] = threading.Thread(target=self.work, args=(id,), name=f"import-{id}", daemon=True)
                self.running[id].start()

    def work(self, id: UUID) -> None:
        try:
            perform(self.hub, id, self.ending)
        except (HubError, SQLAlchemyError) as error:
            log.warning("import %s broke off, and is tried again: %s", id, error)
            self.ending.wait(STOP_SECONDS)
        except Exception:  # a fault of ours: this import ends with a sentence, and the others go on
            log.exception("import %s failed", id)
            fail(self.hub, id, Unavailable("The hub failed at this; its log says why."))

    def stop(self) -> None:
        self.ending.set()
        self.join()
        for thread in self.running.values():
            thread.join(STOP_SECONDS)
