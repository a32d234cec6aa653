"""What the run leaves: files hashed and uploaded, metrics read."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Optional

from assethub.runner.hub import PIECE, HubApi, asset_url
from assethub.runner.workspace import MOST_FRAME_BYTES, MOST_FRAMES, SMALL, Failed, Say

FRAMES = "application/vnd.assethub.frames"
ASKED = 5000  # hashes in one question
LARGEST_METRICS = 4 << 20


def upload(
    api: HubApi, asset: str, folder: Path, say: Say, leave_out: frozenset[str] = frozenset()
) -> list[dict[str, Any]]:
    """Send every file below the folder that the asset does not hold yet; answers what a commit of them needs."""
    files = [(path, describe(path, folder)) for path in walk(folder)]
    files = [(path, one) for path, one in files if one["path"] not in leave_out]
    places = {one["sha256"]: (path, one["size"]) for path, one in files}
    missing = ask_missing(api, asset, {sha256: size for sha256, (_, size) in places.items()})
    send(api, asset, [(sha256, *places[sha256]) for sha256 in missing])
    size, sent = sum(one["size"] for _, one in files), sum(places[sha256][1] for sha256 in missing)
    say(f"Uploaded {folder.name}/: {len(files):,} files, {size:,} bytes ({sent:,} of them new)")
    return [one for _, one in files]


def walk(folder: Path) -> list[Path]:
    """Regular files in path order; links and special files are refused with their path."""
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        for name in [*folders, *names]:
            path = Path(place, name)
            mode = path.lstat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                kind = "a symbolic link" if stat.S_ISLNK(mode) else "a special file"
                raise Failed(
                    f"{folder.name}/{path.relative_to(folder)} is {kind}; only regular files can be committed."
                )
            if stat.S_ISREG(mode):
                found.append(path)
    return sorted(found)


def describe(path: Path, folder: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            size += len(piece)
    modified = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
    return {"path": path.relative_to(folder).as_posix(), "sha256": digest.hexdigest(), "size": size,
            "mtime": modified.isoformat()}  # fmt: skip


def ask_missing(api: HubApi, asset: str, sizes: dict[str, int]) -> list[str]:
    """Those of the contents (bytes by sha256) that have to be sent; Refused if the hub has no room for them."""
    missing: list[str] = []
    sha256s, before = list(sizes), 0
    for at in range(0, len(sha256s), ASKED):
        asked = sha256s[at : at + ASKED]
        question = {"objects": asked, "sizes": [sizes[sha256] for sha256 in asked], "before": before}
        found = api.post(f"{asset_url(asset)}/objects/missing", question)["missing"]
        before += sum(sizes[sha256] for sha256 in found)
        missing += found
    return missing


def send(api: HubApi, asset: str, bodies: list[tuple[str, Path, int]]) -> None:
    batch = bytearray()
    count = 0
    for sha256, path, size in bodies:
        if size >= SMALL:
            with (
                path.open("rb") as file,
                api.request(
                    "PUT", f"{asset_url(asset)}/objects/{sha256}", file, "application/octet-stream", size=size
                ) as answer,
            ):
                answer.read()
            continue
        if count == MOST_FRAMES or len(batch) > MOST_FRAME_BYTES:
            send_frames(api, asset, bytes(batch))
            batch, count = bytearray(), 0
        header = json.dumps({"sha256": sha256, "size": size}).encode()
        batch += struct.pack(">I", len(header)) + header + path.read_bytes()
        count += 1
    if count:
        send_frames(api, asset, bytes(batch))


def send_frames(api: HubApi, asset: str, body: bytes) -> None:
    with api.request("POST", f"{asset_url(asset)}/objects", body, FRAMES) as answer:
        answer.read()


def read_metrics(results: Path, name: Optional[str]) -> tuple[str, dict[str, Any]]:
    """The metrics file's name and content. Failed says what is wrong with it."""
    path = results / (name or "metrics.json")
    if name is not None and (name.startswith("/") or ".." in name.split("/")):
        raise Failed(f"The task's metrics file {name!r} must lie in results/.")
    if path.resolve() != results.resolve() / (name or "metrics.json"):
        raise Failed(f"results/{name or path.name} is a symbolic link or lies behind one; write a regular file.")
    if not path.is_file():
        raise Failed(
            f"The command succeeded but left no {path.name} in results/; write it to the folder that {{results}} and "
            "AH_RESULTS_DIR name."
        )
    if path.stat().st_size > LARGEST_METRICS:
        raise Failed(f"results/{path.name} is larger than 4 MiB; put what is no metric into another file.")
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Failed(f"results/{path.name} is not valid JSON: {error}.") from None
    if not isinstance(value, dict):
        raise Failed(f"results/{path.name} must hold a JSON object of names and numbers.")
    return path.name, clean(value)


def clean(value: Any) -> Any:
    """NaN and infinities are no JSON: they become null."""
    if isinstance(value, dict):
        return {str(key): clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
