"""Arrays in NumPy's files."""

import io
import struct
import time

import numpy as np
import pytest

from assethub.domain.errors import Invalid
from assethub.services.arrays import read_arrays
from tests.services.listing_samples import zipped
from tests.services.originals import Opening

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def saved(values: np.ndarray) -> bytes:
    made = io.BytesIO()
    np.save(made, values)
    return made.getvalue()


def header(dtype: str, shape: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY" + version + struct.pack("<H" if version == b"\1\0" else "<I", len(text)) + text + data


def test_arrays_show_type_shape_first_values_and_how_they_are_spread(opening: Opening) -> None:
    (whole,) = read_arrays(opening("x.npy", saved(np.arange(12, dtype="i4").reshape(3, 4))))
    assert (whole.dtype, whole.shape, whole.rows[0], whole.rows[-1]) == (
        "int32", (3, 4), ("0", "1", "2", "3"), ("8", "9", "10", "11"),
    )  # fmt: skip
    assert not whole.cut
    assert whole.histogram is not None
    assert (sum(whole.histogram.counts), whole.histogram.least, whole.histogram.most, whole.histogram.mean) == (
        12, 0, 11, 5.5,
    )  # fmt: skip
    (turned,) = read_arrays(opening("f.npy", saved(np.asfortranarray(np.arange(6).reshape(2, 3)))))
    assert turned.rows == (("0", "1", "2"), ("3", "4", "5"))
    (texts,) = read_arrays(opening("t.npy", saved(np.array(["ab", "c"]))))
    assert (texts.rows, texts.histogram) == ((("ab", "c"),), None)
    (holes,) = read_arrays(opening("n.npy", saved(np.array([np.nan, np.inf, 2.0]))))
    assert holes.histogram is not None
    assert holes.histogram.left_out == 2
    assert read_arrays(opening("s.npy", saved(np.array(7.0))))[0].rows == (("7",),)
    assert read_arrays(opening("e.npy", saved(np.zeros((0, 3)))))[0].rows == ()
    wide = np.zeros(3, [("a", "i4"), ("b", "f8")])
    assert read_arrays(opening("w.npy", saved(wide)))[0].rows == (("(0, 0.0)",) * 3,)


def test_arrays_of_a_collection_have_their_names(opening: Opening) -> None:
    made = io.BytesIO()
    np.savez_compressed(made, images=np.zeros((2, 3, 4), "u1"), labels=np.arange(2))
    found = read_arrays(opening("x.npz", made.getvalue()))
    assert [(one.name, one.shape) for one in found] == [("images", (2, 3, 4)), ("labels", (2,))]


def test_a_large_array_is_not_read_whole(opening: Opening) -> None:
    begin = header("'<f4'", f"({10 << 28},)")
    opened = opening("x.npy", begin, len(begin) + (10 << 30))
    begun = time.thread_time()
    (found,) = read_arrays(opened)
    assert time.thread_time() - begun < 0.2
    assert (found.rows[0][0], found.cut, found.histogram) == ("0", True, None)


def test_objects_are_never_unpickled(opening: Opening) -> None:
    for array in (np.array([{}, None], object), np.zeros(2, [("a", object)])):
        (found,) = read_arrays(opening("x.npy", saved(array)))
        assert (found.objects, found.rows, found.histogram) == (True, (), None)


def test_files_that_are_not_sound_are_refused_with_the_reason(opening: Opening) -> None:
    for body in (
        b"", b"no array", b"\x93NUMPY\x09\0", header("'<f4'", "(4,)", b"1234"), header("'<f4'", "(-1, -1)"),
        header("'<f4'", "(2, 'x')"), header("__import__('os')", "(1,)"), header("'<f4'", "(" * 5000),
        b"\x93NUMPY\2\0" + struct.pack("<I", 0xFFFFFFFF) + b"{}", header("'S999999999999999999999'", "(1,)"),
        header("[('a', '<f4')] * 9999", "(1,)"),
    ):  # fmt: skip
        with pytest.raises(Invalid, match=r"'x\.npy' cannot be looked into: "):
            read_arrays(opening("x.npy", body))
    for name, parts in {"text": {"a.npy": b"no array"}, "many": {f"{n}.npy": b"" for n in range(101)}}.items():
        with pytest.raises(Invalid, match=r"cannot be looked into|up to 100 arrays"):
            read_arrays(opening(f"{name}.npz", zipped(parts)))
    bomb = zipped({"a.npy": header("'<f4'", f"({1 << 40},)", bytes(50 << 20))})
    begun = time.thread_time()
    (found,) = read_arrays(opening("bomb.npz", bomb))
    assert time.thread_time() - begun < 0.5
    assert found.shape == (1 << 40,)
