"""The tensors of a weights file, from its header alone: names, types, shapes, and where in the file their bytes are."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import Any

from assethub.domain.errors import Invalid
from assethub.domain.names import Reference
from assethub.services import gguf
from assethub.services.objects import OpenFile, open_file
from assethub.services.work import Work

MOST_HEADER = 4 << 20  # bytes of a safetensors header that are parsed: about 35,000 tensors
BITS = {
    "BOOL": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "C64": 64, "F64": 64, "I64": 64, "U64": 64,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tensor:
    """`start` and `end` are offsets in the file, in bytes: two tensors are equal if dtype, shape and these bytes are.

    `end` is None for a type of GGUF whose size is not known.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    start: int
    end: int | None

    @property
    def parameters(self) -> int:
        return prod(self.shape)

    @property
    def size(self) -> int | None:
        return None if self.end is None else self.end - self.start


@dataclass(frozen=True)
class Header:
    """What a file says of its tensors, in the order of their bytes. `format` is "safetensors" or "gguf"."""

    format: str
    tensors: tuple[Tensor, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> int:
        return sum(tensor.parameters for tensor in self.tensors)

    @property
    def size(self) -> int:
        """Bytes of all tensors whose size is known."""
        return sum(tensor.size or 0 for tensor in self.tensors)

    @property
    def parameters_by_dtype(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for tensor in self.tensors:
            counts[tensor.dtype] = counts.get(tensor.dtype, 0) + tensor.parameters
        return counts


def open_weights(work: Work, reference: Reference, path: str) -> OpenFile:
    """A file for `read_header`, which needs no transaction. Invalid if its name says that it has no such header."""
    opened = open_file(work, reference, path)
    if not has_header(path):
        raise Invalid(f"{path!r} has no header of tensors; files that end in .safetensors or .gguf have.")
    return opened


def has_header(path: str) -> bool:
    return path.lower().endswith((".safetensors", ".gguf"))


def read_header(opened: OpenFile) -> Header:
    """The tensors of a .safetensors or .gguf file; a few MiB are read at most. Invalid if its header is not sound."""
    if opened.path.lower().endswith(".gguf"):
        found = gguf.read(opened)
        listed = (Tensor(*one) for one in found.tensors)
        return Header("gguf", tuple(sorted(listed, key=lambda tensor: tensor.start)), found.metadata)
    return read_safetensors(opened)


def read_safetensors(opened: OpenFile) -> Header:
    length = int.from_bytes(b"".join(opened.read(0, min(8, opened.entry.size))), "little")
    first = 8 + length  # byte of the data
    if opened.entry.size < 8 or first > opened.entry.size:
        raise unsound(opened, f"the file has {opened.entry.size:,} bytes, and its header would end at {first:,}")
    if length > MOST_HEADER:
        raise Invalid(
            f"The header of {opened.path!r} has {length:,} bytes; up to {MOST_HEADER:,} are looked through. "
            "Download it."
        )
    try:
        fields = json.loads(b"".join(opened.read(8, first)).decode(), object_pairs_hook=unique)
        if not isinstance(fields, dict):
            raise ValueError("it is not an object")
        metadata = fields.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
            raise ValueError("its __metadata__ is not a table of texts")
        tensors = sorted((tensor_of(name, given, first) for name, given in fields.items()), key=position)
        for before, after in pairwise(tensors):
            if before.end is not None and after.start < before.end:
                raise ValueError(f"{before.name!r} and {after.name!r} share bytes")
        if tensors and (tensors[-1].end or 0) > opened.entry.size:
            raise ValueError(f"{tensors[-1].name!r} ends beyond the file")
    except RecursionError:
        raise unsound(opened, "it is nested too deeply") from None
    except ValueError as error:
        raise unsound(opened, str(error)) from None
    return Header("safetensors", tuple(tensors), metadata)


def position(tensor: Tensor) -> tuple[int, int]:
    return tensor.start, tensor.end or 0


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError(f"{Counter(name for name, _ in pairs).most_common(1)[0][0][:80]!r} is there twice")
    return made


def tensor_of(name: str, given: Any, first: int) -> Tensor:
    """One tensor as its header describes it. ValueError unless its bytes are as many as type and shape say."""
    match given:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(start), int(end)]} if all(
            type(length) is int and 0 <= length < 1 << 63 for length in shape
        ):
            pass
        case _:
            raise ValueError(f"{name!r} is not described by dtype, shape and data_offsets")
    if dtype not in BITS:
        raise ValueError(f"{name!r} has the unknown type {dtype!r}")
    if len(shape) > 64 or not 0 <= start <= end or (end - start) * 8 != prod(shape) * BITS[dtype]:
        raise ValueError(f"the bytes of {name!r} are not as many as its type and shape say")
    return Tensor(name, dtype, tuple(shape), first + start, first + end)


def unsound(opened: OpenFile, why: str) -> Invalid:
    return Invalid(f"The header of {opened.path!r} cannot be read: {why[:300]}.")
