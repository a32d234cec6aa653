"""What a run may use of its machine, what it commits while it goes on, and floods of what it says."""

from pathlib import Path

import pytest

from assethub.client.errors import RunFailed
from assethub.executors import local
from assethub.executors.cgroups import find_cgroups
from tests.conftest import make_repository, until
from tests.runs.conftest import Bench, log_of

ALONE = pytest.mark.parametrize("database", [None])
GREEDY = "python3 -c 'x = bytearray(300 << 20); x[::4096] = b\"y\" * len(x[::4096]); import time; time.sleep(1000)'"


@ALONE
@pytest.mark.parametrize("kernel", [True, False])
def test_a_run_above_its_memory_is_ended_with_a_sentence(
    bench: Bench, kernel: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not kernel:
        monkeypatch.setattr(local, "find_cgroups", lambda: None)
    elif find_cgroups() is None:
        pytest.skip("this kernel lets nobody here make cgroups, so memory is only watched")
    bench.command(f"echo x > {{output}}/x; {GREEDY}", "    resources: {memory: 100Mi}\n")
    with pytest.raises(RunFailed, match=r"used more memory than the 100\.0 MiB that its task asks for"):
        bench.train().wait()
    assert [ref.name for ref in bench.model.branches()] == ["main"]


@ALONE
def test_the_kernels_limits_are_there_for_as_long_as_the_run(bench: Bench, tmp_path: Path) -> None:
    found = find_cgroups()
    if found is None:
        pytest.skip("this kernel lets nobody here make cgroups")
    bench.command(
        f"echo x > {{output}}/x; until [ -e {tmp_path}/signals/go ]; do sleep 0.05; done",
        "    resources: {memory: 1Gi, cpus: 0.5}\n",
    )
    run = bench.train()
    groups = [base / f"assethub-hub-{run.info.id}-1" for base in found.bases]
    until(lambda: all(group.exists() and (group / "cgroup.procs").read_text() for group in groups))
    if found.version == 1:
        assert (groups[0] / "memory.limit_in_bytes").read_text() == f"{1 << 30}\n"
        assert (groups[1] / "cpu.cfs_quota_us").read_text() == "50000\n"
    (tmp_path / "signals" / "go").touch()
    run.wait()
    until(lambda: not any(group.exists() for group in groups))


@ALONE
@pytest.mark.parametrize("run_disk", ["2MB"])
def test_a_run_that_fills_its_workspace_is_ended_with_a_sentence(bench: Bench, run_disk: str) -> None:
    bench.command("head -c 5000000 /dev/zero > {output}/x; sleep 1000")
    with pytest.raises(RunFailed, match=r"The workspace of the run holds .* and this hub allows 1\.9 MiB"):
        bench.train().wait()


@ALONE
def test_checkpoints_are_committed_while_the_command_runs_and_the_result_on_top(bench: Bench, tmp_path: Path) -> None:
    signals = tmp_path / "signals"
    bench.command(
        f"echo one > {{output}}/w; echo old > {{output}}/gone; until [ -e {signals}/a ]; do sleep 0.05; done; "
        f"rm {{output}}/gone; echo two > {{output}}/w; until [ -e {signals}/b ]; do sleep 0.05; done; "
        "echo three > {output}/w",
        "    checkpoint_every: 1s\n",
    )
    run = bench.train()
    until(lambda: run.refresh().info.checkpoint)
    first = run.info.checkpoint
    assert run.branch.read("w") == b"one\n"
    (signals / "a").touch()
    until(lambda: run.refresh().info.checkpoint != first)
    (signals / "b").touch()
    run.wait()
    *_, last, second, third, start = [None, *run.branch.list_commit()]
    assert last is not None
    assert (last.id, second.id, third.id) == (run.info.commit, run.info.checkpoint, first)
    assert {one.path for one in run.branch.list_object()} == {"w"}
    assert run.branch.read("w") == b"three\n"
    assert [one.metadata["provenance"].get("checkpoint") for one in (third, second, last)] == [1, 2, None]
    assert third.message.endswith(f"(run {run.number}, checkpoint 1)")
    assert start.parents == []


@ALONE
def test_a_checkpoint_is_only_taken_of_files_at_rest_and_through_no_link(bench: Bench, tmp_path: Path) -> None:
    signals = tmp_path / "signals"
    bench.command(
        f"ln -s /etc/passwd {{output}}/link; until [ -e {signals}/a ]; do sleep 0.05; done; "
        f"rm {{output}}/link; echo x > {{output}}/x; until [ -e {signals}/b ]; do sleep 0.05; done",
        "    checkpoint_every: 1s\n",
    )
    run = bench.train()
    until(lambda: "saved_model/link is no regular file" in log_of(run))
    assert [ref.name for ref in bench.model.branches()] == ["main"]
    (signals / "a").touch()
    until(lambda: run.refresh().info.checkpoint)
    assert run.branch.read("x") == b"x\n"
    (signals / "b").touch()
    run.wait()


@ALONE
def test_the_last_checkpoint_of_a_run_that_fails_stays_and_a_retry_goes_on_from_there(
    bench: Bench, tmp_path: Path
) -> None:
    signals = tmp_path / "signals"
    bench.command(
        f"echo $AH_ATTEMPT > {{output}}/x; until [ -e {signals}/$AH_ATTEMPT ]; do sleep 0.05; done; "
        "exit $((2 - AH_ATTEMPT))",
        "    checkpoint_every: 1s\n",
    )
    run = bench.train()
    until(lambda: run.refresh().info.checkpoint)
    (signals / "1").touch()
    run.wait(check=False)
    assert (run.state, run.branch.read("x")) == ("failed", b"1\n")

    def cleaned() -> bool:
        with bench.live.hub.work(None, reading=True) as work:
            return not work.runs.placed()

    until(cleaned)
    (signals / "2").touch()
    run.retry().wait()
    assert run.branch.read("x") == b"2\n"
    assert run.info.branch == "result"
    again = run.again().wait(check=False)
    assert (again.info.branch, again.info.checkpoint) == ("result-again", None)


@ALONE
def test_a_flood_of_lines_and_points_arrives_whole(bench: Bench) -> None:
    script = (
        "import os\n"
        "for at in range(60_000): print(f'line {at} ' + 'x' * 60)\n"
        "with open(os.environ['AH_METRICS_FILE'], 'a') as file:\n"
        "    for at in range(30_000): file.write('{\"step\": %d, \"loss\": %s}\\n' % (at, 'NaN' if at == 77 else at))\n"
        "open(os.environ['AH_OUTPUT_DIR'] + '/x', 'w').write('x')\n"
    )
    make_repository(
        bench.repository,
        {"assethub.yaml": "tasks: {train: {command: python3 flood.py}}\n", "flood.py": script},
        message="Flood",
    )
    run = bench.train().wait()
    said = [line.text for line in run.logs() if line.stream == "out"]
    assert said == [f"line {at} " + "x" * 60 for at in range(60_000)]
    assert [line.text[:11] for line in run.logs(search="LINE 59999 ")] == ["line 59999 "]
    points = run.metrics()
    assert [point.step for point in points] == list(range(30_000))
    assert (points[77].values, points[77].kinds) == ({"loss": None}, {"loss": "nan"})
    (curve,) = run.curves().curves
    assert (sum(curve.count), sum(curve.odd), curve.most[-1]) == (29_999, 1, 29_999)


@ALONE
def test_an_output_of_many_files_is_committed(bench: Bench) -> None:
    bench.command("cd {output}; for at in $(seq 3000); do echo $at > f$at; done")
    run = bench.train().wait()
    assert len(list(run.branch.list_object())) == 3000


@ALONE
def test_a_hostile_repository_reaches_nothing_and_what_it_lacks_is_told(bench: Bench) -> None:
    folder = bench.repository
    tasks = 'tasks: {train: {command: "cat out/passwd dir/hosts; ls; cat sub/x"}}\n'
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 12\n"
    make_repository(folder, {"assethub.yaml": tasks, "weights.bin": pointer, "a\nb 'c' \"d": "x"}, message="Odd names")
    (folder / "out").symlink_to(folder.parent.parent / "data")
    (folder / "dir").symlink_to("../../../../../../../../root")
    (folder / ".gitattributes").write_text("*.bin filter=lfs\n")
    (folder / ".lfsconfig").write_text("[lfs]\n\turl = http://169.254.169.254/\n")
    make_repository(folder / "sub", {"x": "x"})
    make_repository(folder, {"more": "x"}, message="Links, a submodule")
    run = bench.train().wait(check=False)
    assert run.info.reason is not None
    assert "exit status 1. Submodules are not fetched, so these folders are empty: 'sub'." in run.info.reason
    assert "Git LFS holds is not fetched, so these files are pointers to it: 'weights.bin'." in run.info.reason
    said = [line.text for line in run.logs() if line.stream == "err"]
    assert all("No such file" in line or "Permission denied" in line for line in said)
    assert len(said) == 3


@ALONE
@pytest.mark.parametrize("sandbox", ["auto", "off"], indirect=True)
def test_inputs_are_links_into_what_runs_share_where_no_command_can_write_to_them(bench: Bench, sandbox: str) -> None:
    bench.command(
        "stat -c %h {dataset}/data.txt > {output}/links; cd {dataset}; chmod +w data.txt; echo x >> data.txt; true"
    )
    for branch in ("one", "two"):
        run = bench.train(branch).wait()
        assert (int(run.branch.read("links")) > 1) is (sandbox == "auto")
    cached = list((bench.live.hub.folder / "cache" / "objects").glob("*/*"))
    assert [one.read_bytes() for one in cached] == [b"one two three\n"]
