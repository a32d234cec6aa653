"""Parts of the runner that a whole run reaches only by accident."""

import io
import json
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assethub.protocol.frames import frame
from assethub.runner.command import duration, fill, pump, readable
from assethub.runner.environment import Heard, prepare
from assethub.runner.measuring import metric_point
from assethub.runner.output import clean, read_metrics, walk
from assethub.runner.shipping import Spool
from assethub.runner.tail import Tail
from assethub.runner.workspace import Failed, check_pairs, read_frames, safe_place


@given(st.text(), st.text())
def test_values_reach_the_command_as_one_word_whatever_they_hold(value: str, other: str) -> None:
    if "\0" not in value + other:
        assert shlex.split(fill("run {a} {b}", {"a": value, "b": other})) == ["run", value, other]


def test_what_is_no_parameter_stays_for_the_shell() -> None:
    command = "echo ${HOME} {unknown} $(awk '{print $1}') {flag}"
    assert fill(command, {"flag": True, "HOME": "no"}) == "echo ${HOME} {unknown} $(awk '{print $1}') true"


def unheard(*_: object) -> Heard:
    raise AssertionError("nothing is run")


def test_a_missing_uv_is_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AH_UV", "")
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "requirements.txt").write_text("six\n")
    with pytest.raises(Failed, match=r"uv is not installed where the run was placed; install it"):
        prepare([tmp_path / "requirements.txt"], tmp_path, None, tmp_path / "cache", tmp_path, unheard, lambda _: None)


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a/../../up", "a//b", "", "a/.", "nul\0"])
def test_no_path_of_a_version_leaves_the_workspace(tmp_path: Path, path: str) -> None:
    with pytest.raises(Failed, match="outside of the workspace"):
        safe_place(tmp_path, path)


def test_a_file_and_a_folder_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="cannot both be files"):
        check_pairs({"a": tmp_path / "a", "a/b/c": tmp_path / "a/b/c"})


@given(st.lists(st.tuples(st.text(min_size=1), st.binary())))
def test_the_runner_reads_the_frames_that_the_hub_writes(bodies: list[tuple[str, bytes]]) -> None:
    stream = io.BytesIO(b"".join(frame({"path": path}, body) for path, body in bodies))
    assert [(header["path"], body) for header, body in read_frames(stream)] == bodies


def test_progress_bars_and_broken_text_become_readable_lines(tmp_path: Path) -> None:
    assert readable(b"10%\r50%\r100%\r") == "100%"
    assert readable(b"caf\xe9 \x00ok") == "caf\ufffd ok"
    (tmp_path / "stream").write_bytes(b"one\n\ntwo\r\nlast without end")
    spool = Spool(tmp_path / "log")
    with (tmp_path / "stream").open("rb") as stream:
        pump(stream, "out", spool)
    spool.write("hub", "x" * 20_000)
    spool.file.close()
    lines = [json.loads(line) for line in (tmp_path / "log.0").read_text().splitlines()]
    assert [text for _, stream, text, _ in lines if stream == "out"] == ["one", "", "two", "last without end"]
    assert [len(text) for _, stream, text, _ in lines if stream == "hub"] == [8192, 8192, 3616]


def test_a_half_written_line_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "metrics"
    tail = Tail(path)
    assert tail.read() == []
    path.write_bytes(b'{"loss": 1}\n{"loss"')
    assert tail.read() == [b'{"loss": 1}']
    with path.open("ab") as file:
        file.write(b": 2}\n")
    assert tail.read() == [b'{"loss": 2}']
    assert tail.read() == []


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (b'{"step": 1, "time": 5, "loss": 0.5}', {"loss": 0.5}),
        (b'{"loss": NaN, "best": Infinity, "n": 1}', {"loss": None, "best": None, "n": 1}),
        (b'{"note": "x", "flag": true}', None),
        (b"[1]", None),
        (b"nonsense", None),
        (b"\xff", None),
    ],
)  # fmt: skip
def test_metric_lines(line: bytes, values: dict[str, float | None] | None) -> None:
    point = metric_point(line)
    assert (point["values"] if point else None) == values


def test_links_in_the_output_are_refused_with_their_path(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "link").symlink_to("/etc")
    with pytest.raises(Failed, match=r"sub/link is a symbolic link"):
        walk(tmp_path)


@pytest.mark.parametrize("name", ["metrics.json", "sub/metrics.json"])
def test_metrics_are_read_from_no_place_that_a_link_leads_to(tmp_path: Path, name: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "metrics.json").write_text('{"accuracy": 1}')
    (tmp_path / "results").mkdir()
    place = tmp_path / "results" / name.split("/")[0]
    place.symlink_to(tmp_path / "elsewhere" / ("" if "/" in name else name))
    with pytest.raises(Failed, match=f"results/{name} is a symbolic link or lies behind one"):
        read_metrics(tmp_path / "results", name)


def test_numbers_that_json_lacks_become_null() -> None:
    assert clean({"a": [float("nan"), {"b": float("inf")}], "c": 1.5}) == {"a": [None, {"b": None}], "c": 1.5}


def test_durations_read_well() -> None:
    assert (duration(0), duration(61), duration(5400)) == ("0 s", "1 min 1 s", "1 h 30 min")
