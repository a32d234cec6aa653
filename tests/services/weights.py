"""Weights files made byte by byte, sound ones and others."""

import json
import struct
from collections.abc import Sequence
from typing import Any


def safetensors(fields: dict[str, Any] | str | bytes, data: bytes = b"") -> bytes:
    text = fields if isinstance(fields, str | bytes) else json.dumps(fields)
    head = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(head)) + head + data


def tensor(dtype: str, shape: Sequence[int], start: int, end: int) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def texts(values: Sequence[str]) -> bytes:
    return struct.pack("<IIQ", 9, 8, len(values)) + b"".join(text(value) for value in values)


def field(name: str, value: str | int | bytes) -> bytes:
    """A text, a uint32, or the bytes of a type and a value."""
    body = value if isinstance(value, bytes) else struct.pack("<II", 4, value) if isinstance(value, int) else None
    return text(name) + (body if body is not None else struct.pack("<I", 8) + text(str(value)))


def row(name: str, shape: Sequence[int], kind: int, offset: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def gguf(fields: Sequence[bytes], rows: Sequence[bytes], data: bytes = b"") -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", 3, len(rows), len(fields)) + b"".join(fields) + b"".join(rows)
    return head + bytes(-len(head) % 32) + data
