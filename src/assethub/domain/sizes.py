"""Counts of bytes as people write and read them: decimal units, as disks have them."""

import re

from assethub.domain.errors import Invalid

UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "PB": 10**15,
         "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30, "TIB": 1 << 40, "PIB": 1 << 50}  # fmt: skip
WRITTEN = re.compile(r"(\d{1,15})(\.\d{1,6})?\s*([A-Za-z]*)")


def size(count: int) -> str:
    """Such as 4.9 GB."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} PB"


def parse_size(text: str) -> int:
    """The bytes of 500GB, 1.5 TB or 64MiB."""
    match = WRITTEN.fullmatch(text.strip())
    unit = UNITS.get(match[3].upper()) if match else None
    if match is None or unit is None:
        raise Invalid(f"{text!r} is not a size; write one such as 500GB, 1.5TB or 64MiB.")
    return int(match[1]) * unit + int(float(match[2] or 0) * unit)
