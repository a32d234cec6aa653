"""Objects: the files of a version."""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

OCTETS = "application/octet-stream"
TYPES = {  # what the standard table lacks or has differently from one machine to the next
    ".csv": "text/csv", ".ipynb": "application/x-ipynb+json", ".js": "text/javascript", ".json": "application/json",
    ".jsonl": "application/x-ndjson", ".log": "text/plain", ".md": "text/markdown", ".png": "image/png",
    ".parquet": "application/vnd.apache.parquet", ".py": "text/x-python", ".safetensors": OCTETS,
    ".toml": "application/toml", ".tsv": "text/tab-separated-values", ".txt": "text/plain",
    ".yaml": "application/yaml", ".yml": "application/yaml",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of a tree. `mtime` is when the content was modified; it is information, never identity."""

    sha256: str
    size: int
    mtime: datetime
    content_type: str


@dataclass(frozen=True)
class Listed:
    """A line of a listing: an object, or (without an entry) a folder that stands for all below it."""

    path: str
    entry: Entry | None
    files: int = 1
    size: int = 0


@dataclass(frozen=True)
class Purge:
    """A content that was removed for good. `places` says where it was: asset, path, first and last commit."""

    id: UUID
    sha256: str
    size: int
    reason: str
    purged_by: str
    purged_at: datetime
    places: tuple[Mapping[str, str], ...]


def guess_type(path: str) -> str:
    name = path.rsplit("/", 1)[-1].lower()
    suffix = "." + name.rsplit(".", 1)[-1] if "." in name else ""
    return TYPES.get(suffix) or mimetypes.types_map.get(suffix, OCTETS)
