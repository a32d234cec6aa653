"""Sending files: many small ones in one request, large ones in parts side by side; only what the hub lacks travels."""

import os
import threading
import time
from collections.abc import Iterator, Sequence

from assethub.client.connection import Connection, asset_url, pause
from assethub.client.hashing import PIECE, Hashed, changed, hash_file
from assethub.client.journal import unchanged
from assethub.client.lanes import Count, Lanes, Progress
from assethub.domain.errors import Conflict, Invalid, NotFound
from assethub.domain.names import AssetPath
from assethub.protocol.frames import CONTENT_TYPE, LARGE, MOST_FRAMES, frame
from assethub.protocol.history import NewEntry
from assethub.protocol.objects import Missing, Offered
from assethub.protocol.uploads import NewUpload, UploadInfo

SIDE_BY_SIDE = 6
ASKED = 5000  # hashes in one question
BATCH = 8 << 20  # bytes of small bodies in one request
PARTED = 32 << 20  # bytes from which on a file goes in parts


def upload(connection: Connection, asset: AssetPath, files: Sequence[Hashed], progress: Progress | None = None) -> None:
    """Send what the asset does not hold yet. Repeating it continues."""
    by_content = {one.sha256: one for one in files}
    missing = ask_missing(connection, asset, {sha256: one.size for sha256, one in by_content.items()})
    count = Count(sum(one.size for one in by_content.values()), progress)
    count.add(count.total - sum(by_content[sha256].size for sha256 in missing))
    with Lanes(SIDE_BY_SIDE) as lanes:
        for batch in batches([by_content[sha256] for sha256 in missing]):
            if batch[0].size >= PARTED:
                send_in_parts(connection, asset, batch[0], count, lanes)
            elif batch[0].size >= LARGE:
                lanes.submit(send_whole, connection, asset, batch[0], count, lanes)
            else:
                lanes.submit(send_batch, connection, asset, batch, count)


def entries_of(files: Sequence[Hashed]) -> list[NewEntry]:
    """The files as a commit takes them; built as they are, since thousands cost time to check here and there."""
    return [
        NewEntry.model_construct(
            {"path", "sha256", "size", "mtime"}, path=one.source.path, sha256=one.sha256, size=one.size, mtime=one.mtime
        )
        for one in files
    ]


def ask_missing(connection: Connection, asset: AssetPath, sizes: dict[str, int]) -> list[str]:
    """Those of the contents (bytes by sha256) that have to be sent. QuotaExceeded if there is no room for them."""
    missing: list[str] = []
    sha256s, before = list(sizes), 0
    for at in range(0, len(sha256s), ASKED):
        asked = sha256s[at : at + ASKED]
        offered = Offered(objects=asked, sizes=[sizes[sha256] for sha256 in asked], before=before)
        url = f"{asset_url(asset)}/objects/missing"
        answer = connection.request("POST", url, json=offered.model_dump(mode="json"), again=True)
        found = Missing.model_validate(answer.json()).missing
        before += sum(sizes[sha256] for sha256 in found)
        missing += found
    return missing


def batches(files: list[Hashed]) -> Iterator[list[Hashed]]:
    """Small files together, large ones alone; large ones first, so that none is left to the end."""
    small: list[Hashed] = []
    for one in files:
        if one.size >= LARGE:
            yield [one]
        else:
            small.append(one)
    batch: list[Hashed] = []
    size = 0
    for one in small:
        if batch and (len(batch) == MOST_FRAMES or size + one.size > BATCH):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += one.size
    if batch:
        yield batch


def send_batch(connection: Connection, asset: AssetPath, batch: list[Hashed], count: Count) -> None:
    body = b"".join(frame({"sha256": one.sha256}, read_small(one)) for one in batch)
    url = f"{asset_url(asset)}/objects"
    try:
        connection.request("POST", url, content=body, headers={"Content-Type": CONTENT_TYPE}, again=True)
    except Invalid:
        check_same(batch)
        raise
    count.add(sum(one.size for one in batch))


def read_small(one: Hashed) -> bytes:
    with open(one.source.file, "rb", buffering=0) as file:  # noqa: PTH123 - pathlib costs more than the reading itself
        if not unchanged(os.fstat(file.fileno()), one.found):
            raise changed(one.source)
        return file.read(one.size)


def check_same(batch: list[Hashed]) -> None:
    """Invalid names the file that is not what it was when it was hashed."""
    for one in batch:
        if hash_file(one.source).sha256 != one.sha256:
            raise changed(one.source)


def send_whole(connection: Connection, asset: AssetPath, one: Hashed, count: Count, lanes: Lanes) -> None:
    url = f"{asset_url(asset)}/objects/{one.sha256}"
    put(connection, url, one, 0, one.size, lanes)
    count.add(one.size)


def put(connection: Connection, url: str, one: Hashed, start: int, end: int, lanes: Lanes) -> None:
    headers = {"Content-Length": str(end - start), "Content-Type": "application/octet-stream"}
    try:
        connection.request("PUT", url, content=Pieces(one, start, end, lanes), headers=headers)
    except Invalid:
        check_same([one])
        raise


class Pieces:
    """Bytes of a file, from the beginning each time a request is sent again. Invalid if the file changed."""

    def __init__(self, one: Hashed, start: int, end: int, lanes: Lanes) -> None:
        self.one, self.start, self.end, self.lanes = one, start, end, lanes

    def __iter__(self) -> Iterator[bytes]:
        with open(self.one.source.file, "rb", buffering=0) as file:  # noqa: PTH123
            file.seek(self.start)
            left = self.end - self.start
            while left:
                self.lanes.check()
                piece = file.read(min(PIECE, left))
                if not piece or not unchanged(os.fstat(file.fileno()), self.one.found):
                    raise changed(self.one.source)
                yield piece
                left -= len(piece)


class Parts:
    """One large file on its way: whoever sends its last part finishes it."""

    def __init__(self, info: UploadInfo, one: Hashed) -> None:
        self.url = f"/uploads/{info.id}"
        self.one, self.size = one, info.part_size
        self.left = set(range(-(-one.size // info.part_size))) - set(info.parts)
        self.lock = threading.Lock()

    def span(self, number: int) -> tuple[int, int]:
        return number * self.size, min((number + 1) * self.size, self.one.size)

    def done(self, number: int) -> bool:
        """Whether all parts are."""
        with self.lock:
            self.left.discard(number)
            return not self.left


def send_in_parts(connection: Connection, asset: AssetPath, one: Hashed, count: Count, lanes: Lanes) -> None:
    info = begin(connection, asset, one)
    if info.held:
        count.add(one.size)
        return
    parts = Parts(info, one)
    count.add(sum(end - start for start, end in map(parts.span, info.parts)))
    if not parts.left:
        lanes.submit(finish, connection, asset, parts)
    for number in sorted(parts.left):
        lanes.submit(send_part, connection, asset, parts, number, count, lanes)


def begin(connection: Connection, asset: AssetPath, one: Hashed) -> UploadInfo:
    new = NewUpload(sha256=one.sha256, size=one.size).model_dump(mode="json")
    answer = connection.request("POST", f"{asset_url(asset)}/uploads", json=new, again=True)
    return UploadInfo.model_validate(answer.json())


def send_part(connection: Connection, asset: AssetPath, parts: Parts, number: int, count: Count, lanes: Lanes) -> None:
    """A part that another process sends too may be taken over by it; then it is there a little later."""
    start, end = parts.span(number)
    for attempt in range(1, connection.attempts + 1):
        try:
            put(connection, f"{parts.url}/{number}", parts.one, start, end, lanes)
            break
        except Conflict:
            if attempt == connection.attempts:
                raise
            time.sleep(pause(attempt))
            if number in connection.get(UploadInfo, parts.url).parts:
                break
    count.add(end - start)
    if parts.done(number):
        finish(connection, asset, parts)


def finish(connection: Connection, asset: AssetPath, parts: Parts) -> None:
    """Wait until the hub has hashed and kept the whole; the answer that it has may have been lost on the way."""
    try:
        while not UploadInfo.model_validate(connection.request("POST", f"{parts.url}/finish", again=True).json()).held:
            pass
    except NotFound:
        if not begin(connection, asset, parts.one).held:
            raise
    except Invalid:
        check_same([parts.one])
        raise
