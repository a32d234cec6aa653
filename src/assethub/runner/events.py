"""The scalars in TensorBoard's event files.

A file is a row of records, as TensorFlow's TFRecord format has them (tensorflow.org/tutorials/load_data/tfrecord): the
length as 8 bytes, a masked CRC-32C of these, the data, a masked CRC-32C of the data; little-endian. The data is a
protocol buffer Event (tensorflow/core/util/event.proto, framework/summary.proto): a time, a step and tagged values,
each a `simple_value` or, as TensorFlow 2 writes scalars, a tensor of one number.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Callable, NamedTuple, Optional, Union

HEADER = struct.Struct("<QI")
POLYNOMIAL = 0x82F63B78  # of CRC-32C, reversed
LARGEST = 1 << 30  # bytes of a record: more is no length
LONGEST_SCALARS = 64 << 10  # larger records hold pictures and the like, and are passed over
FLOAT, DOUBLE = 1, 2  # of the types of tensors
Field = tuple[int, Union[int, bytes]]


def table() -> list[int]:
    found = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
        found.append(byte)
    return found


TABLE = table()


class Damaged(Exception):
    """What is read is no event file, or not whole."""


class Event(NamedTuple):
    time: float
    step: int
    values: list[tuple[str, float]]


def masked_crc(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_scalars(read: Callable[[int, int], bytes], offset: int, most: int) -> Iterator[tuple[Event, int]]:
    """The events behind an offset and where each ends, out of about so many bytes; one without scalars has no values.

    `read` answers the bytes from a start on, at most so many. A record that is not there as a whole yet is waited for.
    """
    data = read(offset, most)
    start = 0
    while start + HEADER.size <= len(data):
        length, checksum = HEADER.unpack_from(data, start)
        if masked_crc(data[start : start + 8]) != checksum or length > LARGEST:
            raise Damaged("the checksum of a length is wrong")
        end = start + HEADER.size + length + 4
        if length > LONGEST_SCALARS:
            if not read(offset + end - 1, 1):
                return  # still being written
            yield Event(0.0, 0, []), offset + end
        elif end > len(data):
            return
        else:
            record = data[start + HEADER.size : end - 4]
            if masked_crc(record) != int.from_bytes(data[end - 4 : end], "little"):
                raise Damaged("the checksum of a record is wrong")
            yield event_of(record), offset + end
        start = end


def event_of(record: bytes) -> Event:
    time, step, values = 0.0, 0, []
    for number, value in fields(record):
        if number == 1 and isinstance(value, bytes) and len(value) == 8:
            (time,) = struct.unpack("<d", value)
        elif number == 2 and isinstance(value, int):
            step = value - (1 << 64) if value >> 63 else value
        elif number == 5 and isinstance(value, bytes):
            values += [found for one, item in fields(value) if one == 1 and (found := scalar_of(item))]
    return Event(time, step, values)


def scalar_of(value: Union[int, bytes]) -> Optional[tuple[str, float]]:
    """The tag and the number of a value of a summary; None if it is something else."""
    tag, number = "", None
    for one, item in fields(value if isinstance(value, bytes) else b""):
        if not isinstance(item, bytes):
            continue
        if one == 1:
            tag = item.decode("utf-8", "replace")
        elif one == 2 and len(item) == 4:
            (number,) = struct.unpack("<f", item)
        elif one == 8:
            number = number_of(item)
    return (tag, number) if tag and number is not None else None


def number_of(tensor: bytes) -> Optional[float]:
    """The number of a tensor that holds one: of its bytes, or of its list of floats or doubles."""
    kind, data = 0, b""
    for number, value in fields(tensor):
        if number == 1 and isinstance(value, int):
            kind = value
        elif number in (4, 5, 6) and isinstance(value, bytes):
            data = value
    size = {FLOAT: 4, DOUBLE: 8}.get(kind)
    if size is None or len(data) != size:
        return None
    (found,) = struct.unpack("<f" if size == 4 else "<d", data)
    return float(found)


def fields(data: bytes) -> Iterator[Field]:
    """The fields of a message: whole numbers as such, all others as their bytes."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == 0:
            value, at = varint(data, at)
            yield key >> 3, value
            continue
        if kind == 2:
            size, at = varint(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise Damaged("a record is no protocol buffer")
        if at + size > len(data):
            raise Damaged("a record is cut off")
        yield key >> 3, data[at : at + size]
        at += size


def varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Damaged("a record is cut off")
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at
