"""Points out of metrics files and TensorBoard's event files, whatever they hold."""

import math
import os
import struct
from pathlib import Path

import pytest

from assethub.runner.events import Damaged, masked_crc, read_scalars
from assethub.runner.measuring import EventFiles, JsonLines
from assethub.runner.shipping import Spool, SpoolTail


def varint(value: int) -> bytes:
    found = bytearray()
    while True:
        found.append(value & 0x7F | (0x80 if value > 0x7F else 0))
        value >>= 7
        if not value:
            return bytes(found)


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def simple(tag: str, value: float) -> bytes:
    return field(1, tag.encode()) + varint(2 << 3 | 5) + struct.pack("<f", value)


def tensor(tag: str, value: float) -> bytes:
    plugin = field(9, field(1, field(1, b"scalars")))
    return field(1, tag.encode()) + field(8, varint(1 << 3) + varint(1) + field(4, struct.pack("<f", value))) + plugin


def event(step: int, *values: bytes, time: float = 5.0) -> bytes:
    data = varint(1 << 3 | 1) + struct.pack("<d", time) + varint(2 << 3) + varint(step)
    return record(data + field(5, b"".join(field(1, value) for value in values)))


def record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + struct.pack("<I", masked_crc(data))


def test_the_checksum_is_that_of_the_format() -> None:
    """RFC 3720, B.4: the CRC-32C of 32 zero bytes is 8a9136aa; TFRecord turns and adds to it."""
    crc = 0x8A9136AA
    assert masked_crc(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def read_all(files: EventFiles, said: list[str]) -> list[tuple[float, dict[str, float | None]]]:
    files.again()
    found = []
    while True:
        points, busy = files.read(said.append)
        found += [(point["step"], point["values"]) for point in points]
        if not busy:
            return found


def test_scalars_of_event_files_become_points_as_they_are_written(tmp_path: Path) -> None:
    folder = tmp_path / "results"
    (folder / "runs" / "val").mkdir(parents=True)
    file = folder / "runs" / "events.out.tfevents.1.host"
    picture = field(1, b"picture") + field(4, bytes(100_000))
    file.write_bytes(record(b"\x1a\x0dbrain.Event:2") + event(1, simple("loss", 0.5)) + event(1, picture))
    said: list[str] = []
    files = EventFiles([folder, tmp_path / "absent"])
    assert read_all(files, said) == [(1.0, {"loss": 0.5})]
    with file.open("ab") as more:
        more.write(event(2, tensor("loss", 0.25), simple("lr", math.nan)))
        more.write(event(3, simple("loss", 0.125))[:-3])
    (folder / "runs" / "val" / "events.out.tfevents.2.host").write_bytes(event(7, simple("loss", 2.0)))
    assert read_all(files, said) == [(2.0, {"loss": 0.25, "lr": None}), (7.0, {"val/loss": 2.0})]
    with file.open("ab") as more:
        more.write(event(3, simple("loss", 0.125))[-3:])
    assert read_all(files, said) == [(3.0, {"loss": 0.125})]
    assert len(said) == 2


def test_a_damaged_event_file_is_told_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "events.out.tfevents.1"
    damaged = bytearray(event(2, simple("loss", 0.25)))
    damaged[-6] ^= 1
    file.write_bytes(event(1, simple("loss", 0.5)) + damaged + event(3, simple("loss", 1.0)))
    said: list[str] = []
    files = EventFiles([tmp_path])
    assert read_all(files, said) == [(1.0, {"loss": 0.5})]
    assert read_all(files, said) == []
    assert "is damaged at byte" in said[-1]


@pytest.mark.parametrize("data", [b"x" * 40, record(b"\x0b"), record(b"\x12\xff\xff"), record(b"\xff" * 12)])
def test_what_is_no_event_is_damage_and_no_crash(data: bytes) -> None:
    with pytest.raises(Damaged):
        list(read_scalars(lambda start, most: data[start : start + most], 0, 1 << 20))


def test_no_link_and_no_pipe_is_read_as_an_event_file(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "tfevents.real").write_bytes(event(1, simple("secret", 1.0)))
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "tfevents.link").symlink_to(tmp_path / "secret" / "tfevents.real")
    (folder / "linked").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "tfevents.pipe")
    assert read_all(EventFiles([folder]), []) == []


def test_hostile_lines_of_a_metrics_file_are_told_or_bent_to_what_can_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    lines = [b"[" * 100_000, b'{"a": 1e999, "b": -1e999, "c": "nan"}', b'{"d": %d}' % 10**400, b'{"\\ud800\\u0000": 1}',
             b'{"step": NaN, "time": 1e400, "e": 1}']  # fmt: skip
    path.write_bytes(b"\n".join(lines) + b"\n")
    said: list[str] = []
    points, _ = JsonLines(path, "rank1/").read(said.append)
    assert said == ["Line 1 of the metrics file holds no JSON object of numbers."]
    assert [point["kinds"] for point in points] == [
        {"rank1/a": "inf", "rank1/b": "-inf", "rank1/c": "nan"}, {"rank1/d": "inf"}, {}, {},
    ]  # fmt: skip
    assert points[2]["values"] == {"rank1/?": 1.0}
    assert (points[3]["step"], math.isfinite(points[3]["time"])) == (None, True)


def test_the_files_of_a_spool_go_once_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assethub.runner.shipping.CHUNK", 1000)
    spool = Spool(tmp_path / "log")
    for at in range(100):
        spool.write("out", f"line {at}", 3)
    assert len(list(tmp_path.iterdir())) > 3
    tail, lines = SpoolTail(spool), []
    while more := tail.read():
        lines += more
    spool.file.close()
    assert len(lines) == 100
    assert len(list(tmp_path.iterdir())) == 1


def test_a_log_that_the_disk_has_no_room_for_ends_the_run_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "log.0").symlink_to("/dev/full")
    spool = Spool(tmp_path / "log")
    spool.write("out", "a line")
    spool.file.close()
    assert spool.problem == (
        "The log cannot be kept: The disk of the machine that runs this is full; free some space and retry."
    )
