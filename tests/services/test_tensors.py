"""Headers of weights files."""

import struct
import time

import pytest

from assethub.domain.errors import Invalid
from assethub.services import tensors
from tests.services.originals import Opening
from tests.services.weights import field, gguf, row, safetensors, tensor, text, texts

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


def test_tensors_of_safetensors_come_in_the_order_of_their_bytes_with_totals(opening: Opening) -> None:
    fields = {
        "__metadata__": {"format": "pt"}, "b": tensor("BF16", [2, 3], 4, 16), "a": tensor("F32", [], 0, 4),
        "none": tensor("I8", [0, 5], 16, 16), "four": tensor("F4", [3, 2], 16, 19),
    }  # fmt: skip
    body = safetensors(fields, bytes(19))
    header = tensors.read_header(opening("x.safetensors", body))
    first = len(body) - 19
    assert header.format == "safetensors"
    assert header.metadata == {"format": "pt"}
    assert [(one.name, one.dtype, one.shape, one.start - first) for one in header.tensors] == [
        ("a", "F32", (), 0), ("b", "BF16", (2, 3), 4), ("none", "I8", (0, 5), 16), ("four", "F4", (3, 2), 16)
    ]  # fmt: skip
    assert (header.parameters, header.size) == (1 + 6 + 0 + 6, 19)
    assert header.parameters_by_dtype == {"F32": 1, "BF16": 6, "I8": 0, "F4": 6}
    assert tensors.read_header(opening("e.safetensors", safetensors({}))).tensors == ()


def test_a_file_of_ten_gigabytes_opens_at_once(opening: Opening) -> None:
    length = 10 << 30
    body = safetensors({"w": tensor("U8", [length], 0, length)})
    opened = opening("x.safetensors", body, len(body) + length)
    begun = time.thread_time()
    assert tensors.read_header(opened).size == length
    assert time.thread_time() - begun < 0.5


UNSOUND: list[tuple[bytes, str]] = [
    (b"", "the file has 0 bytes"),
    (b"1234567", "the file has 7 bytes"),
    (struct.pack("<Q", 1 << 63) + b"{}", "its header would end at 9,223,372,036,854,775,816"),
    (struct.pack("<Q", (1 << 64) - 1) + b"{}", "its header would end at"),
    (safetensors("[]"), "not an object"),
    (safetensors("{"), "Expecting"),
    (safetensors(b"\xff\xfe{}"), "codec can't decode"),
    (safetensors('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}"), "nested too deeply"),
    (safetensors('{"a": 1, "a": 2}'), "'a' is there twice"),
    (safetensors({"a": tensor("F32", [2], 0, 4)}, bytes(4)), "the bytes of 'a' are not as many"),
    (safetensors({"a": tensor("F32", [-1], 0, 4)}, bytes(4)), "'a' is not described"),
    (safetensors({"a": tensor("F32", [True], 0, 4)}, bytes(4)), "'a' is not described"),
    (safetensors({"a": tensor("XX", [1], 0, 4)}, bytes(4)), "unknown type 'XX'"),
    (safetensors({"a": tensor("U8", [1 << 62] * 100, 0, 4)}, bytes(4)), "the bytes of 'a' are not as many"),
    (safetensors({"a": tensor("F32", [1], 0, 4)}, bytes(3)), "'a' ends beyond the file"),
    (
        safetensors({"a": tensor("U8", [4], 0, 4), "b": tensor("U8", [4], 3, 7)}, bytes(7)),
        "'a' and 'b' share bytes",
    ),
    (safetensors({"__metadata__": {"a": 1}}), "not a table of texts"),
    (
        safetensors('{"a": {"dtype": "U8", "shape": [' + "9" * 5000 + '], "data_offsets": [0, 1]}}'),
        "integer string",
    ),
]


def test_headers_that_are_not_sound_are_refused_with_the_reason(opening: Opening) -> None:
    for body, why in UNSOUND:
        with pytest.raises(Invalid, match=r"The header of 'x\.safetensors' cannot be read: ") as refused:
            tensors.read_header(opening("x.safetensors", body))
        assert why in str(refused.value)


def test_a_header_of_a_million_tensors_is_not_looked_through(opening: Opening) -> None:
    fields = ",".join(f'"{n}":{{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}' for n in range(1_000_000))
    opened = opening("x.safetensors", safetensors("{" + fields + "}"))
    begun = time.thread_time()
    with pytest.raises(Invalid, match=r"has 56,888,891 bytes; up to 4,194,304 are looked through\. Download it\."):
        tensors.read_header(opened)
    assert time.thread_time() - begun < 0.5


def test_metadata_and_tensors_of_gguf(opening: Opening) -> None:
    words = [f"word{n}" for n in range(300_000)]
    fields = [
        field("general.architecture", "llama"), field("general.alignment", 64), field("tokens", texts(words)),
        field("types", struct.pack("<IIQ", 9, 5, 300_000) + bytes(1_200_000)), field("last", 7),
    ]  # fmt: skip
    body = gguf(fields, [row("blk.0.q", [256, 2], 12, 0), row("norm", [4], 0, 320), row("odd", [4], 99, 352)])
    body += bytes(-len(body) % 64) + bytes(400)
    begun = time.thread_time()
    header = tensors.read_header(opening("x.gguf", body))
    assert time.thread_time() - begun < 0.5
    first = len(body) - 400
    assert [(one.name, one.dtype, one.shape, one.start - first, one.size) for one in header.tensors] == [
        ("blk.0.q", "Q4_K", (256, 2), 0, 288), ("norm", "F32", (4,), 320, 16), ("odd", "type 99", (4,), 352, None)
    ]  # fmt: skip
    assert header.metadata["general.architecture"] == "llama"
    assert header.metadata["tokens"].startswith("['word0', 'word1', ")
    assert header.metadata["tokens"].endswith(", …] (300,000)")
    assert header.metadata["last"] == "7"


UNSOUND_GGUF: list[tuple[bytes, str]] = [
    (b"GGUF", "cut off"),
    (b"x" * 100, "does not begin with GGUF"),
    (b"GGUF" + struct.pack("<IQQ", 9, 0, 0), "of version 9"),
    (b"GGUF" + struct.pack("<IQQ", 3, 1 << 63, 0), "lists 9,223,372,036,854,775,808 tensors"),
    (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 40), "fields"),
    (b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1 << 63), "cut off"),
    (gguf([text("a") + struct.pack("<I", 77)], []), "unknown type 77"),
    (gguf([field("a", struct.pack("<IIQ", 9, 9, 1))], []), "items of type 9"),
    (gguf([field("a", struct.pack("<IIQ", 9, 8, 1 << 50))], []), "texts"),
    (gguf([field("a", struct.pack("<IIQ", 9, 5, 1 << 50))], []), "cut off"),
    (gguf([field("a", 1), field("a", 2)], []), "'a' is there twice"),
    (gguf([], [row("a", [4], 0, 0)]), "'a' ends beyond the file"),
    (gguf([], [row("a", [1 << 60] * 8, 0, 0)], bytes(99)), "'a' ends beyond the file"),
    (gguf([], [row("a", [1] * 9, 0, 0)], bytes(99)), "9 dimensions"),
    (gguf([], [row("a", [1], 0, 0)] * 2, bytes(99)), "'a' is there twice"),
]


def test_gguf_headers_that_are_not_sound_are_refused_with_the_reason(opening: Opening) -> None:
    for body, why in UNSOUND_GGUF:
        with pytest.raises(Invalid, match=r"The header of 'x\.gguf' cannot be read: ") as refused:
            tensors.read_header(opening("x.gguf", body))
        assert why in str(refused.value)
