"""Imports, as the SDK shows them."""

import time

from assethub.client.connection import Connection, asset_url
from assethub.client.errors import ImportFailed
from assethub.client.lanes import Progress
from assethub.client.runs import patiently
from assethub.domain.imports import ImportState
from assethub.domain.names import parse_asset_path
from assethub.protocol.imports import ImportInfo

POLL = 0.3  # seconds between looks at an import under way


class Import:
    """An import. `info` is what the hub said of it last; `refresh` asks again."""

    def __init__(self, connection: Connection, info: ImportInfo) -> None:
        self.connection, self.info = connection, info

    def __repr__(self) -> str:
        return f"Import({str(self.info.id)!r}, {self.state!r})"

    @property
    def state(self) -> str:
        return self.info.state

    @property
    def ended(self) -> bool:
        return ImportState(self.info.state).final

    @property
    def url(self) -> str:
        return f"{asset_url(parse_asset_path(self.info.path))}/imports/{self.info.id}"

    def refresh(self) -> "Import":
        self.info = self.connection.get(ImportInfo, self.url)
        return self

    def wait(self, timeout: float | None = None, *, check: bool = True, progress: Progress | None = None) -> "Import":
        """Return once it has ended; ImportFailed if it did not succeed and `check` holds.

        `timeout` is in seconds; TimeoutError when they are over. The import goes on then. `progress` is told
        (bytes done, bytes in all) while it goes.
        """
        deadline = time.monotonic() + timeout if timeout is not None else None
        while not patiently(self.refresh).ended:
            if progress is not None and self.info.done_files:
                progress(self.info.done_bytes, self.info.total_bytes)
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"The import {self.info.id} is still {self.state} after {timeout:g} s.")
            time.sleep(POLL)
        if check and self.state != ImportState.SUCCEEDED:
            raise ImportFailed(f"The import {self.state}: {self.info.error or 'no reason is known'}", self)
        if progress is not None and self.state == ImportState.SUCCEEDED:
            progress(self.info.total_bytes, self.info.total_bytes)
        return self

    def cancel(self) -> "Import":
        """End it; nothing of it is committed. Conflict if it has ended already."""
        self.info = self.connection.send(ImportInfo, "POST", f"{self.url}/cancel")
        return self
