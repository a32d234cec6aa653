"""The thread of a hub that collects garbage, now and then, and whenever an administrator asks for it."""

import logging
import threading
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from assethub.domain.errors import HubError
from assethub.services.collection import collect
from assethub.services.rounds import Round
from assethub.services.work import Hub

log = logging.getLogger("assethub.worker")
FIRST = 600.0  # seconds after the start: not while people wait for the hub to come up


class Collector(threading.Thread):
    """Collects every `hours`; 0 means only when asked."""

    def __init__(self, hub: Hub, hours: int) -> None:
        super().__init__(name="collector", daemon=True)
        self.hub, self.hours = hub, hours
        self.ending = threading.Event()

    def run(self) -> None:
        pause = FIRST if self.hours else None
        while not self.ending.is_set():
            asked = self.hub.rounds.next(pause)
            if self.ending.is_set():
                return
            try:
                found = collect(self.hub, dry=asked is not None and asked.dry)
            except (HubError, SQLAlchemyError, OSError) as error:
                log.warning("nothing more was collected this time: %s", error)
                self.tell(asked, problem=str(error))
            else:
                self.tell(asked, found.bytes, found.files, found.contents, found.commits)
            pause = self.hours * 3600.0 if self.hours else None

    def tell(
        self,
        asked: Round | None,
        bytes: int = 0,
        files: int = 0,
        contents: int = 0,
        commits: int = 0,
        problem: str = "",
    ) -> None:
        if asked is not None:
            ended = datetime.now(UTC)
            self.hub.rounds.finish(
                replace(
                    asked, ended_at=ended, bytes=bytes, files=files, contents=contents, commits=commits, problem=problem
                )
            )

    def stop(self) -> None:
        self.ending.set()
        self.hub.rounds.stop()
