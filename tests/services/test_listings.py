"""What is inside of archives."""

import struct
import tarfile
import time
import zlib

import pytest

from assethub.domain.errors import Invalid
from assethub.services.listings import MOST_ENTRIES, list_members
from tests.services.listing_samples import tarred, zipped
from tests.services.originals import Opening

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
FILES = {"a/one.txt": b"one", "a/zwei ü.txt": b"zwei" * 500}


def test_members_of_every_format_have_their_names_and_sizes(opening: Opening) -> None:
    expected = {name: len(body) for name, body in FILES.items()}
    for name, body in {
        "x.zip": zipped(FILES), "before.zip": zipped(FILES, b"#!/bin/sh\n"), "x.tar": tarred(FILES),
        "x.tar.gz": tarred(FILES, "w:gz"), "x.tgz": tarred(FILES, "w:gz"), "x.tar.bz2": tarred(FILES, "w:bz2"),
    }.items():  # fmt: skip
        found = list_members(opening(name, body))
        assert {one.name: one.size for one in found.members} == expected, name
        assert (found.count, found.more) == (2, False), name
    assert list_members(opening("empty.zip", zipped({}))).members == ()
    assert list_members(opening("empty.tar", tarred({}))).count == 0


def directory(count: int, name: str = "file%07d", size: int = 5, extra: bytes = b"") -> bytes:
    head = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, size, size, 11, len(extra), 0, 0, 0, 0, 0)
    return b"".join(head + (name % n).encode() + extra for n in range(count))


def test_a_zip_of_a_million_files_is_listed_at_once(opening: Opening) -> None:
    body = directory(1_000_000)
    end = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1_000_000, 1_000_000, len(body), 0)
    end += struct.pack("<4sLQL", b"PK\6\7", 0, len(body), 1)
    end += struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    opened = opening("x.zip", body + end)
    begun = time.thread_time()
    found = list_members(opened)
    assert time.thread_time() - begun < 0.2
    assert (found.count, len(found.members), found.members[-1].name) == (1_000_000, MOST_ENTRIES, "file0000999")


def test_sizes_beyond_four_gigabytes_are_those_of_the_extra_field(opening: Opening) -> None:
    extra = struct.pack("<2H2Q", 1, 16, 1 << 40, 1 << 39)
    body = directory(1, size=0xFFFFFFFF, extra=extra)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(body), 0, 0)
    (member,) = list_members(opening("x.zip", body + end)).members
    assert (member.size, member.packed) == (1 << 40, 1 << 39)


def test_tars_are_listed_as_far_as_they_are_read(opening: Opening) -> None:
    many = tarred({f"{n}.txt": b"" for n in range(MOST_ENTRIES + 5)})
    found = list_members(opening("x.tar", many))
    assert (len(found.members), found.count, found.more) == (MOST_ENTRIES, None, True)
    bomb = tarfile.TarInfo("zeros")
    bomb.size = 10 << 30
    packer = zlib.compressobj(wbits=31)
    packed = packer.compress(bomb.tobuf()) + b"".join(packer.compress(bytes(1 << 20)) for _ in range(200))
    begun = time.thread_time()
    found = list_members(opening("bomb.tar.gz", packed + packer.flush()))
    assert time.thread_time() - begun < 1
    assert ([one.name for one in found.members], found.count) == (["zeros"], None)
    large = list_members(opening("large.tar", bomb.tobuf(), 10 << 30))
    assert ([one.size for one in large.members], large.more) == ([10 << 30], True)


def test_archives_that_are_not_sound_are_refused_or_listed_as_far_as_they_go(opening: Opening) -> None:
    long_name = tarfile.TarInfo("././@LongLink")
    long_name.type, long_name.size = tarfile.GNUTYPE_LONGNAME, 1 << 40
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, 1 << 31, 0, 0)
    for name, body in {
        "x.zip": b"no zip at all", "end.zip": end, "cut.zip": zipped(FILES)[:-30], "none.zip": b"",
        "torn.zip": bytes(200) + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 3, 3, 200, 0, 0), "x.tar": b"x" * 2000,
        "x.tar.gz": b"\x1f\x8b" + b"x" * 100, "x.tar.bz2": b"BZh9" + b"x" * 100,
    }.items():  # fmt: skip
        with pytest.raises(Invalid, match="cannot be looked into: "):
            list_members(opening(name, body))
    assert list_members(opening("long.tar", long_name.tobuf(tarfile.GNU_FORMAT), 1 << 30)).members == ()
    assert [one.name for one in list_members(opening("cut.tar", tarred(FILES)[:3000])).members] == list(FILES)
    with pytest.raises(Invalid, match="is no archive that is looked into"):
        list_members(opening("x.txt", b""))
