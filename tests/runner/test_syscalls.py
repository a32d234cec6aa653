"""The filter of the calls that a sandbox refuses, on the kernel's machine for filters."""

import struct

import pytest

from assethub.runner.syscalls import ABOVE, ALLOW, ANSWER, EQUAL, FIRST, FROM, LOAD, REFUSE, filter_program


@pytest.mark.parametrize(
    ("architecture", "number", "allowed"),
    [
        *((architecture, first + one, False) for architecture, first in FIRST.items() for one in range(3)),
        *((architecture, first + one, True) for architecture, first in FIRST.items() for one in (-1, 3, -first)),
        (0xC000003E, 0x40000000 + 250, False), (0xC000003E, 0x40000000, False), (0x12345678, 1, False),
    ],
)  # fmt: skip
def test_the_filter_refuses_the_calls_on_keys_of_every_architecture(
    architecture: int, number: int, allowed: bool
) -> None:
    assert filtered(filter_program(), [number, architecture]) == (ALLOW if allowed else REFUSE)


def filtered(program: bytes, words: list[int]) -> int:
    """What the kernel's machine for filters answers."""
    lines, at, value = list(struct.iter_unpack("=HBBI", program)), 0, 0
    while True:
        code, yes, no, constant = lines[at]
        at += 1
        if code == LOAD:
            value = words[constant // 4]
        elif code == ANSWER:
            return int(constant)
        else:
            at += yes if {EQUAL: value == constant, FROM: value >= constant, ABOVE: value > constant}[code] else no
