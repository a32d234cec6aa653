"""Arrays of NumPy's files: their headers and first values; objects in them are never unpickled."""

import io
import warnings
import zipfile
import zlib
from dataclasses import dataclass
from math import prod
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from assethub.domain.errors import Invalid
from assethub.services.listings import DIRECTORY, list_zip
from assethub.services.objects import OpenFile
from assethub.services.ranged_files import RangedFile

MOST_ARRAYS = 100  # of one file
MOST_READ = 32 << 20  # bytes of a file, packed
LONGEST_HEADER = 64 << 10
MOST_VALUES = 64 << 10  # bytes of the first values
MOST_COUNTED = 4 << 20  # bytes of an array that gets a histogram
ROWS, COLUMNS = 20, 12
BINS = 24


PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others unpack without bound


@dataclass(frozen=True)
class Histogram:
    """How many values fall into each of some equal steps from `least` to `most`; NaN and infinities are left out."""

    counts: tuple[int, ...]
    least: float
    most: float
    mean: float
    deviation: float
    left_out: int


@dataclass(frozen=True)
class Array:
    """`rows` are the first values as texts: of more than two dimensions, the first rows along the last one.

    `objects` is true for arrays of pickled objects, whose values are not read.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...] = ()
    histogram: Histogram | None = None
    objects: bool = False

    @property
    def cut(self) -> bool:
        """Whether there are more values than `rows` has."""
        return prod(self.shape) > sum(map(len, self.rows))


def is_array(path: str) -> bool:
    return path.lower().endswith((".npy", ".npz"))


def read_arrays(opened: OpenFile) -> tuple[Array, ...]:
    """The arrays of a .npy or .npz file, up to 100 of them. Invalid if it is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if opened.path.lower().endswith(".npz"):
                return tuple(read_npz(opened))
            return (read_array(io.BufferedReader(RangedFile(opened, MOST_READ)), ""),)
    except (ValueError, TypeError, SyntaxError, RecursionError, EOFError, OverflowError, MemoryError) as error:
        raise unsound(opened, error) from None
    except (TokenError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError) as error:
        raise unsound(opened, error) from None


def read_npz(opened: OpenFile) -> list[Array]:
    listing = list_zip(opened)
    if listing.more or len(listing.members) > MOST_ARRAYS:
        raise Invalid(f"{opened.path!r} has {listing.count:,} members; up to {MOST_ARRAYS} arrays are looked at.")
    if listing.directory > DIRECTORY:
        raise Invalid(f"{opened.path!r} has a directory that is too long to be looked through.")
    found, left = [], 4 * MOST_COUNTED
    with zipfile.ZipFile(io.BufferedReader(RangedFile(opened, MOST_READ))) as archive:
        for info in archive.infolist():
            if info.compress_type not in PACKED:
                raise Invalid(f"{opened.path!r} is packed in a way that NumPy does not use.")
            if info.filename.endswith(".npy"):
                with archive.open(info) as file:
                    array = read_array(file, info.filename.removesuffix(".npy"), min(left, MOST_COUNTED))
                left -= min(info.file_size, MOST_COUNTED) if array.histogram else 0
                found.append(array)
    return found


def read_array(file: IO[bytes], name: str, most: int = MOST_COUNTED) -> Array:
    """`most` bytes of values are read for a histogram; of arrays with more, only the first."""
    version = npy.read_magic(file)
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"it is of version {version[0]}.{version[1]}")
    length = file.read(2 if version == (1, 0) else 4)
    if int.from_bytes(length, "little") > LONGEST_HEADER:
        raise ValueError("its header is too long")
    head = io.BytesIO(length + file.read(int.from_bytes(length, "little")))
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(head)
    if any(length < 0 for length in shape) or len(shape) > 64:
        raise ValueError("its shape is not one")
    count = prod(shape)
    if dtype.hasobject:
        return Array(name, "object", shape, objects=True)
    size = count * dtype.itemsize
    small = size <= most
    body = file.read(size if small else MOST_VALUES // max(dtype.itemsize, 1) * dtype.itemsize)
    if small and len(body) < size:
        raise ValueError("it is cut off")
    values = np.frombuffer(body, dtype) if dtype.itemsize and len(body) >= dtype.itemsize else np.empty(0, dtype)
    if small and dtype.itemsize:
        values = values.reshape(shape, order="F" if fortran else "C").ravel()
    rows = () if fortran and not small else first_rows(values, shape)
    return Array(name, str(dtype), shape, rows, histogram(values) if small else None)


def first_rows(values: np.ndarray[Any, Any], shape: tuple[int, ...]) -> tuple[tuple[str, ...], ...]:
    if len(shape) < 2 or not shape[-1]:
        return tuple(
            tuple(text_of(one) for one in values[at : at + COLUMNS])
            for at in range(0, min(len(values), ROWS * COLUMNS), COLUMNS)
        )
    width, whole = shape[-1], len(values)
    return tuple(
        tuple(text_of(one) for one in values[at : at + min(COLUMNS, width)])
        for at in range(0, min(whole, ROWS * width), width)
    )


def text_of(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, np.floating) else str(value)
    return text if len(text) <= 40 else text[:40] + "…"


def histogram(values: np.ndarray[Any, Any]) -> Histogram | None:
    if values.dtype.kind not in "biuf" or not len(values):
        return None
    with np.errstate(all="ignore"):
        numbers = values.astype("f8")
        finite = numbers[np.isfinite(numbers)]
        if not len(finite):
            return None
        least, most = float(finite.min()), float(finite.max())
        mean, deviation = float(finite.mean()), float(finite.std())
        if not all(map(np.isfinite, (most - least, mean, deviation))):
            return None
        counts, _ = np.histogram(finite, BINS, (least, most) if least < most else (least - 0.5, least + 0.5))
    return Histogram(tuple(int(n) for n in counts), least, most, mean, deviation, len(numbers) - len(finite))


def unsound(opened: OpenFile, error: Exception) -> Invalid:
    return Invalid(f"{opened.path!r} cannot be looked into: {str(error)[:300].rstrip('.') or type(error).__name__}.")
