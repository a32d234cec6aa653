"""python -m tests.matrix [api|console|s3]: the tables as the hub answers now, to read before they are believed."""

import sys
import tempfile
from pathlib import Path

from assethub.server.api.app import create_api
from assethub.server.console.app import create_console
from tests.matrix.api import API
from tests.matrix.console import CONSOLE
from tests.matrix.rows import API_COLUMNS, CONSOLE_COLUMNS, api_operations, console_operations, statuses
from tests.matrix.s3 import S3, S3_COLUMNS, s3_statuses
from tests.matrix.world import make_world

with tempfile.TemporaryDirectory() as scratch:
    world = make_world(Path(scratch))
    if sys.argv[1:] == ["s3"]:
        print("#", " " * 34, *S3_COLUMNS)
        for operation in S3:
            print(f"{operation:36}", *s3_statuses(world, operation), flush=True)
        sys.exit()
    console = sys.argv[1:] == ["console"]
    columns = CONSOLE_COLUMNS if console else API_COLUMNS
    print("#", " " * 72, *columns)
    hub = world.opened.hub
    for operation in list(console_operations(create_console(hub))) if console else api_operations(create_api(hub)):
        ask = (CONSOLE if console else API).get(operation)
        found = statuses(world, "" if console else "/api/v1", operation, ask, columns) if ask else ["?"]
        print(f"{operation:74}", *found, flush=True)
