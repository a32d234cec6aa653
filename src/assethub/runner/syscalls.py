"""The calls of the kernel that a sandbox does not have: those on keys, which it keeps by user and not by namespace."""

from __future__ import annotations

import errno
import struct

# Of each architecture the first of the calls add_key, request_key and keyctl, whose numbers follow one another.
FIRST = {
    0xC000003E: 248,  # x86_64
    0x40000003: 286,  # i386
    0xC00000B7: 217,  # aarch64
    0x40000028: 309,  # arm
    0xC00000F3: 217,  # riscv64
    0xC0000015: 269,  # ppc64le
    0x80000016: 278,  # s390x
}
FOREIGN = 0x40000000  # from here on numbers have another meaning (x32)
NUMBER, ARCHITECTURE = 0, 4  # where the two stand
LOAD, EQUAL, FROM, ABOVE, ANSWER = 0x20, 0x15, 0x35, 0x25, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000 | errno.ENOSYS  # as a kernel without keys does


def filter_program() -> bytes:
    """A program for seccomp; an architecture that it does not know has no calls at all."""
    lines = [(LOAD, 0, 0, NUMBER), (FROM, 0, 1, FOREIGN), (ANSWER, 0, 0, REFUSE), (LOAD, 0, 0, ARCHITECTURE)]
    for architecture, first in FIRST.items():
        lines += [
            (EQUAL, 0, 5, architecture),  # else the next one
            (LOAD, 0, 0, NUMBER),
            (FROM, 0, 2, first),
            (ABOVE, 1, 0, first + 2),
            (ANSWER, 0, 0, REFUSE),
            (ANSWER, 0, 0, ALLOW),
        ]
    return b"".join(struct.pack("=HBBI", *line) for line in [*lines, (ANSWER, 0, 0, REFUSE)])
