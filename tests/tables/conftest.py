"""Tables without a hub: bytes, and the process that decodes them."""

import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from assethub.domain.tables import table_format
from assethub.services.table_reader import Readers

USUAL: dict[str, dict[str, Any]] = {
    "rows": {"page": "1", "limit": 50, "sort": "", "where": [], "columns": [], "most": 500, "images": False},
    "columns": {"columns": []},
    "diff": {"limit": 200, "most": 200},
}
Asking = Callable[..., Any]


class Counted(io.BytesIO):
    """Bytes that count how many of them were read."""

    fetched = 0

    def read(self, size: int | None = -1) -> bytes:
        body = super().read(size)
        self.fetched += len(body)
        return body


@pytest.fixture(scope="package")
def readers() -> Iterator[Readers]:
    made = Readers()
    yield made
    made.close()


@pytest.fixture
def ask(readers: Readers) -> Asking:
    """ask("rows", "a.csv", body, …), or ("diff", "a.csv", old, new)."""

    def act(op: str, name: str, *bodies: bytes | Counted, **asked: Any) -> Any:
        streams = [one if isinstance(one, Counted) else Counted(one) for one in bodies]
        files = [
            {"size": len(one.getbuffer()), "sha256": hashlib.sha256(one.getbuffer()).hexdigest(),
             "format": table_format(name)} for one in streams
        ]  # fmt: skip
        return readers.ask({"op": op, **USUAL[op], **asked, "files": files}, streams)

    return act


def parquet(table: dict[str, Any] | pa.Table, **options: Any) -> bytes:
    into = io.BytesIO()
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), into, **options)
    return into.getvalue()
