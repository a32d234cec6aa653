"""python -m assethub.services.table_worker DESCRIPTOR: answers what the hub asks until it hangs up."""

import gc
import json
import os
import resource
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

MEMORY = 1 << 30  # bytes
RETIRES = 400 << 20  # bytes that it may still hold to be asked again
IDLE = 300  # seconds after which nobody seems to look at tables
TOO_LARGE = "This table needs more memory to be decoded than it may have; ask for fewer columns, or download it."
MALFORMED = "This file cannot be read as a table: {}."


def main(descriptor: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "system"
    connection = Connection(descriptor)
    import pyarrow as pa

    gc.disable()  # but between answers: values of JSON have no cycles, and are many
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    while connection.poll(IDLE):
        try:
            asked = json.loads(connection.recv_bytes())
        except EOFError:
            return
        said = answer(connection, asked)
        full = held() > RETIRES
        connection.send_bytes(said[:1].lower() + said[1:] if full else said)  # in small letters it says that it goes
        if full:
            return
        gc.collect()


def held() -> int:
    """Bytes of memory, where the system tells them."""
    told = Path("/proc/self/statm")
    return int(told.read_text().split()[1]) * resource.getpagesize() if told.exists() else 0


def answer(connection: Connection, asked: dict[str, Any]) -> bytes:
    import pyarrow as pa

    from assethub.domain.errors import Invalid
    from assethub.services.table_worker import asked as answers
    from assethub.services.table_worker import comparing
    from assethub.services.table_worker.remote import Remote

    try:
        files = asked.pop("files")
        opened = [
            answers.source_of(Remote(connection, at, one["size"]), one["format"], one["sha256"])
            for at, one in enumerate(files)
        ]
        shas = [one["sha256"] for one in files]
        op = asked.pop("op")
        if op == "diff":
            found = comparing.compare(*opened, **asked)
        elif op == "columns":
            found = answers.columns(opened[0], shas[0], **asked)
        else:
            found = answers.rows(opened[0], shas[0], **asked)
        return b"A" + json.dumps(found).encode()
    except Invalid as error:
        return b"E" + str(error).encode()
    except (MemoryError, pa.ArrowMemoryError):
        answers.samples.clear()
        return b"E" + TOO_LARGE.encode()
    except (pa.ArrowException, OSError, ValueError, OverflowError, RecursionError) as error:
        return b"E" + MALFORMED.format(" ".join(str(error).split())[:300].rstrip(".")).encode("utf-8", "replace")


if __name__ == "__main__":
    main(int(sys.argv[1]))
