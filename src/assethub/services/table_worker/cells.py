"""Values of any format as JSON that is short enough to send and to show."""

import base64
import json
import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from assethub.services.table_worker.sources import is_text, kind_of

LARGEST_IMAGE = 192 << 10  # bytes of one that is shown in its cell
MOST_IMAGES = 2 << 20  # bytes of all on a page
WHOLE_AS_JSON = 64  # levels that a nested value may have
MAGIC = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpeg", b"GIF87a": "gif", b"GIF89a": "gif"}


class Cells:
    """Rows for an answer, with what was cut of them; `most` is bytes of one cell."""

    def __init__(self, most: int, images: bool) -> None:
        self.most, self.images, self.left = most, images, MOST_IMAGES
        self.cut: list[dict[str, Any]] = []

    def rows(self, columns: Sequence[Any], count: int) -> list[list[Any]]:
        made = [self.column(at, column) for at, column in enumerate(columns)]
        return [list(row) for row in zip(*made, strict=True)] if made else [[] for _ in range(count)]

    def column(self, at: int, column: Any) -> list[Any]:
        return [
            self.cell(row, at, value, size)
            for row, (value, size) in enumerate(short_values(column, self.most))
        ]  # fmt: skip

    def cell(self, row: int, column: int, value: Any, size: int | None) -> Any:
        if isinstance(value, bytes):
            self.note(row, column, "binary", len(value), self.picture(value))
            return None
        if isinstance(value, str):
            size = len(value.encode("utf-8", "replace")) if size is None else size
            if size > self.most:
                self.note(row, column, "text", size)
                return value[: self.most]
            return value
        if isinstance(value, dict | list):
            if (
                isinstance(value, dict)
                and isinstance(value.get("bytes"), bytes)
                and (shown := self.picture(value["bytes"]))
            ):
                self.note(row, column, "binary", len(value["bytes"]), shown)
                return None
            plain = plain_of(value)
            text = json.dumps(plain, ensure_ascii=False)
            if len(text) > self.most:
                self.note(row, column, "json", len(text.encode("utf-8", "replace")))
                return text[: self.most]
            return plain
        return plain_of(value)

    def note(self, row: int, column: int, kind: str, size: int, image: str | None = None) -> None:
        self.cut.append({"row": row, "column": column, "kind": kind, "size": size, "image": image})

    def picture(self, body: bytes) -> str | None:
        """A small picture of a kind that browsers show without risk, as an address of itself."""
        kind = next((kind for magic, kind in MAGIC.items() if body.startswith(magic)), None)
        kind = "webp" if body[:4] == b"RIFF" and body[8:12] == b"WEBP" else kind
        if not self.images or kind is None or len(body) > min(LARGEST_IMAGE, self.left):
            return None
        self.left -= len(body)
        return f"data:image/{kind};base64,{base64.b64encode(body).decode()}"


def short_values(column: Any, most: int) -> list[tuple[Any, int | None]]:
    """Each value, text of Arrow no longer than about `most` bytes, with its true size in bytes if it may be longer."""
    if isinstance(column, list):
        return [(value, None) for value in column]
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if is_text(column.type):
        binary = column.cast(pa.large_binary())
        sizes = pc.binary_length(binary).to_pylist()
        parts = pc.binary_slice(binary, 0, most + 4).to_pylist()
        return [
            (None if part is None else part.decode("utf-8", "replace" if size <= most else "ignore"), size)
            for part, size in zip(parts, sizes, strict=True)
        ]
    return [(value, None) for value in values(column)]


def values(column: Any) -> list[Any]:
    """The values as Python's; times as text, and text that is not UTF-8 with marks for what is not."""
    if is_text(column.type):
        binary = column.cast(pa.large_binary()).to_pylist()
        return [None if one is None else one.decode("utf-8", "replace") for one in binary]
    if kind_of(column.type) == "time":
        try:
            return list(column.cast(pa.string()).to_pylist())
        except pa.ArrowException:  # a time zone that is not known here
            column = column.cast(pa.int64())
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):  # Python has neither nanoseconds nor years behind 9999
        return list(column.cast(coarser(column.type), safe=False).to_pylist())


def coarser(type: pa.DataType) -> pa.DataType:
    """The type with times and durations as the numbers that they are kept as, and text as bytes."""
    if pa.types.is_timestamp(type) or pa.types.is_duration(type) or pa.types.is_date64(type):
        return pa.int64()
    if pa.types.is_date32(type):
        return pa.int32()
    if is_text(type):
        return pa.large_binary()
    if pa.types.is_struct(type):
        return pa.struct([pa.field(one.name, coarser(one.type)) for one in type])
    if pa.types.is_map(type):
        return pa.map_(coarser(type.key_type), coarser(type.item_type))
    if pa.types.is_list(type) or pa.types.is_large_list(type) or pa.types.is_fixed_size_list(type):
        return (
            pa.large_list(coarser(type.value_type))
            if pa.types.is_large_list(type)
            else pa.list_(coarser(type.value_type))
        )
    return type


def plain_of(value: Any, level: int = 0) -> Any:
    """What JSON has a word for; other values as text, binary by its size."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, bytes):
        return f"({len(value)} bytes)"
    if level > WHOLE_AS_JSON:
        return "…"
    if isinstance(value, dict):
        return {str(name): plain_of(one, level + 1) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain_of(one, level + 1) for one in value]
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
