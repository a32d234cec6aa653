"""Objects: the files of a version."""

import mimetypes
from dataclasses import dataclass
from datetime import datetime

OCTETS = "application/octet-stream"
TYPES = {  # what the standard table lacks or has differently from one machine to the next
    ".md": "text/markdown", ".yaml": "application/yaml", ".yml": "application/yaml", ".toml": "application/toml",
    ".jsonl": "application/x-ndjson", ".parquet": "application/vnd.apache.parquet", ".safetensors": OCTETS,
    ".ipynb": "application/x-ipynb+json", ".py": "text/x-python", ".csv": "text/csv", ".txt": "text/plain",
    ".tsv": "text/tab-separated-values", ".json": "application/json", ".log": "text/plain", ".png": "image/png", ".js": "text/javascript",
}  # fmt: skip


@dataclass(frozen=True)
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


def guess_type(path: str) -> str:
    name = path.rsplit("/", 1)[-1].lower()
    suffix = "." + name.rsplit(".", 1)[-1] if "." in name else ""
    return TYPES.get(suffix) or mimetypes.types_map.get(suffix, OCTETS)
