"""Parts of any size in any order: what is assembled is what was sent, or the parts say so themselves."""

import hashlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assethub.domain.errors import Invalid
from assethub.domain.multiparts import Part
from assethub.storage import gatherings
from assethub.storage.gatherings import WHOLE, Gathering, Gatherings

STRIDE = 8
NOW = datetime.now(UTC)


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gatherings, "SMALLEST_PART", 4)
    monkeypatch.setattr(gatherings, "PIECE", 3)


@pytest.fixture
def gathered(tmp_path: Path) -> Iterator[Callable[[], Gathering]]:
    known = Gatherings(tmp_path)
    yield lambda: known.get(uuid4(), tuple)
    known.pool.shutdown()


def send(to: Gathering, number: int, body: bytes, *, kept: bool = True) -> Part:
    part = to.begin(number, len(body))
    part.write(body)
    if kept:
        part.sync()
    part.kept = kept
    part.close()
    return Part(number, "", len(body), part.name, {}, NOW)


def read(of: Gathering, parts: list[Part]) -> bytes:
    found = []
    for part in parts:
        path, at = of.place_of(part)
        found.append(path.read_bytes()[at : at + part.size])
    return b"".join(found)


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_what_is_assembled_is_what_was_sent(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    known = Gatherings(tmp_path_factory.getbasetemp() / uuid4().hex)
    one = known.get(uuid4(), tuple)
    sent: dict[int, tuple[Part, bytes]] = {}
    sizes = st.sampled_from([STRIDE, STRIDE, STRIDE, 5, 2])
    for number, size, kept in data.draw(st.lists(st.tuples(st.integers(1, 4), sizes, st.booleans()), max_size=9)):
        body = data.draw(st.binary(min_size=size, max_size=size))
        part = send(one, number, body, kept=kept)
        if kept:
            sent[number] = part, body
    chosen = data.draw(st.lists(st.sampled_from(sorted(sent)), unique=True, min_size=1)) if sent else []
    for numbers in (sorted(chosen), sorted(sent)):
        parts, whole = [sent[n][0] for n in numbers], b"".join(sent[n][1] for n in numbers)
        if not parts:
            continue
        for _ in range(2):  # a completion may be asked for again
            found = one.assemble(parts)
            if found is not None:
                assert found.file.read_bytes() == whole
                assert (found.digest.hexdigest(), found.size) == (hashlib.sha256(whole).hexdigest(), len(whole))
            assert read(one, parts) == whole
    known.pool.shutdown()


def test_equal_parts_in_any_order_lie_in_their_places(gathered: Callable[[], Gathering]) -> None:
    one = gathered()
    bodies = {2: b"b" * STRIDE, 1: b"a" * STRIDE, 4: b"end", 3: b"c" * STRIDE}
    parts = {number: send(one, number, body) for number, body in bodies.items()}
    assert [parts[number].file == WHOLE for number in (1, 2, 3, 4)] == [True, True, True, False]
    found = one.assemble([parts[number] for number in (1, 2, 3, 4)])
    assert found is not None
    assert found.file.read_bytes() == b"a" * STRIDE + b"b" * STRIDE + b"c" * STRIDE + b"end"
    assert send(one, 5, b"x" * STRIDE).file != WHOLE  # nothing is written to what was assembled
    assert found.file.stat().st_size == 3 * STRIDE + 3


def test_nothing_is_assembled_while_another_part_is_on_its_way(gathered: Callable[[], Gathering]) -> None:
    one = gathered()
    first = send(one, 1, b"a" * STRIDE)
    late = one.begin(2, STRIDE)
    assert late.name == WHOLE
    again = send(one, 2, b"b" * STRIDE)
    assert again.file != WHOLE
    assert one.assemble([first, again]) is None
    late.close()
    assert one.assemble([first, again]) is not None


def test_a_part_fills_its_place_and_no_other(gathered: Callable[[], Gathering]) -> None:
    part = gathered().begin(1, STRIDE)
    part.write(b"a" * 6)
    with pytest.raises(Invalid, match="shorter"):
        part.sync()
    with pytest.raises(Invalid, match="longer"):
        part.write(b"a" * 6)
    part.close()


def test_what_is_kept_elsewhere_is_written_to_no_more_after_a_restart(tmp_path: Path) -> None:
    id = uuid4()
    before = Gatherings(tmp_path)
    one = before.get(id, tuple)
    parts = [send(one, 1, b"a" * STRIDE), send(one, 2, b"b" * STRIDE)]
    found = one.assemble(parts)
    assert found is not None
    (tmp_path / "kept").hardlink_to(found.file)
    after = Gatherings(tmp_path).get(id, lambda: parts)
    assert send(after, 3, b"c" * STRIDE).file != WHOLE
    assert after.assemble(parts) is None
    assert read(after, parts) == b"a" * STRIDE + b"b" * STRIDE
