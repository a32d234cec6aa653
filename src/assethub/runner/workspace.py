"""The run's inputs, in its workspace at their commits."""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import os
import shutil
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, Callable
from urllib.parse import quote

from assethub.runner.hub import PIECE, HubApi, asset_url

SMALL = 1 << 20
MOST_FRAMES = 500
MOST_FRAME_BYTES = 8 << 20
SIDE_BY_SIDE = 4
MOST_ATTEMPTS = 20
FULL = "The disk of the machine that runs this is full; free some space and retry."
Say = Callable[[str], None]


class Failed(Exception):
    """The run cannot go on; the text is a sentence for its owner."""


class Inputs:
    """Downloads versions through a cache of verified contents that runs on this machine share.

    `linking`: as links to what lies there, for commands that cannot write through them.
    """

    def __init__(self, api: HubApi, cache: Path, say: Say, *, linking: bool) -> None:
        self.api, self.cache, self.say, self.linking = api, cache / "objects", say, linking

    def download(self, asset: str, commit: str, target: Path) -> None:
        entries = list(self.listed(asset, commit))
        places = {entry["path"]: safe_place(target, entry["path"]) for entry in entries}
        check_pairs(places)
        target.mkdir(parents=True, exist_ok=True)
        wanted = {entry["sha256"]: entry for entry in entries if not self.cached(entry["sha256"]).exists()}
        small = [entry for entry in wanted.values() if entry["size"] < SMALL]
        large = [entry for entry in wanted.values() if entry["size"] >= SMALL]
        with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            jobs = [pool.submit(patiently, self.fetch_small, asset, commit, batch) for batch in batched(small)]
            jobs += [pool.submit(patiently, self.fetch_large, asset, commit, entry) for entry in large]
            for job in jobs:
                job.result()
        for entry in entries:
            self.place(self.cached(entry["sha256"]), places[entry["path"]])
        size = sum(entry["size"] for entry in entries)
        fresh = sum(entry["size"] for entry in wanted.values())
        self.say(f"{asset} at {commit[:8]}: {len(entries):,} files, {size:,} bytes ({fresh:,} downloaded)")

    def listed(self, asset: str, commit: str) -> Iterator[dict[str, Any]]:
        after: str | None = ""
        while after is not None:
            page = self.api.get(f"{asset_url(asset)}/tree?ref=commit/{commit}&limit=5000&after={quote(after, safe='')}")
            yield from (entry for entry in page["entries"] if not entry["path"].endswith("/"))
            after = page["next"]

    def cached(self, sha256: str) -> Path:
        return self.cache / sha256[:2] / sha256

    def fetch_small(self, asset: str, commit: str, entries: list[dict[str, Any]]) -> None:
        body = json.dumps({"ref": f"commit/{commit}", "paths": [entry["path"] for entry in entries]}).encode()
        with self.api.request("POST", f"{asset_url(asset)}/files/fetch", body, "application/json") as answer:
            for header, content in read_frames(answer):
                self.keep(header["path"], header["sha256"], iter([content]))

    def fetch_large(self, asset: str, commit: str, entry: dict[str, Any]) -> None:
        url = f"{asset_url(asset)}/files/{quote(entry['path'])}?ref=commit/{commit}"
        with self.api.request("GET", url, None, None) as answer:
            self.keep(entry["path"], entry["sha256"], iter(lambda: answer.read(PIECE), b""))

    def keep(self, path: str, sha256: str, pieces: Iterator[bytes]) -> None:
        """Into the cache, read-only, once it is what its sha256 says."""
        target = self.cached(sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = target.with_name(f"{sha256}.{os.getpid()}.new")
        digest = hashlib.sha256()
        with fresh.open("wb") as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != sha256:
            fresh.unlink()
            raise Failed(f"The content of {path!r} arrived damaged: its sha256 is not {sha256[:8]}…")
        fresh.chmod(0o444)
        fresh.rename(target)

    def place(self, source: Path, target: Path) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not self.linking:
            shutil.copyfile(source, target)
            return
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM):
                raise
            shutil.copyfile(source, target)


def patiently(fetch: Callable[..., None], *arguments: Any) -> None:
    """Begin a download again when the connection breaks in its middle; the hub may be restarting."""
    for attempt in range(MOST_ATTEMPTS):
        try:
            return fetch(*arguments)
        except (OSError, http.client.HTTPException) as error:
            if is_full(error):
                raise Failed(FULL) from error
            if attempt + 1 == MOST_ATTEMPTS:
                raise Failed(f"The hub's answers keep breaking off: {error}.") from error
            time.sleep(min(0.1 * 2**attempt, 5.0))


def is_full(error: BaseException) -> bool:
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)


def disk_problem(error: OSError) -> str:
    """A sentence about what a disk did."""
    return FULL if is_full(error) else f"the machine that runs this failed: {error.strerror}."


def safe_place(folder: Path, path: str) -> Path:
    """Where a path of a version lies in the workspace; never outside of its folder."""
    parts = path.split("/")
    if path.startswith("/") or any(part in ("", ".", "..") for part in parts) or "\0" in path:
        raise Failed(f"The path {path!r} would lie outside of the workspace, so the version cannot be downloaded.")
    return folder.joinpath(*parts)


def check_pairs(places: dict[str, Path]) -> None:
    for path in places:
        parts = path.split("/")
        for count in range(1, len(parts)):
            above = "/".join(parts[:count])
            if above in places:
                raise Failed(
                    f"{above!r} and {path!r} cannot both be files on a disk, so the version cannot be downloaded."
                )


def batched(entries: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) == MOST_FRAMES or size + entry["size"] > MOST_FRAME_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry["size"]
    if batch:
        yield batch


def read_frames(stream: IO[bytes]) -> Iterator[tuple[dict[str, Any], bytes]]:
    """[4-byte big-endian length][JSON header with "size"][body], repeated."""
    while start := stream.read(4):
        (length,) = struct.unpack(">I", start)
        header = json.loads(stream.read(length))
        body = stream.read(header["size"])
        if len(body) != header["size"]:
            raise Failed("The hub's answer broke off in the middle of a file; retry the run.")
        yield header, body
