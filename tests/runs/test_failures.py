"""Runs that fail or are cancelled: the sentence they end with, what they leave, and another attempt."""

import socket
import uuid

import pytest

from assethub.client.errors import RunFailed
from assethub.domain.errors import Conflict
from tests.conftest import make_repository, until
from tests.runs.conftest import Bench, log_of, processes, retry


def test_a_run_whose_output_there_is_no_room_for_fails_with_the_sentence(bench: Bench) -> None:
    held = bench.hub.owner_usage("ada").stored
    bench.hub.set_quota("ada", held + 5)
    with pytest.raises(RunFailed, match=r"ada holds .* that this hub allows them, and this needs \d+ B more"):
        bench.train("v1").wait()
    assert bench.hub.owner_usage("ada").stored == held
    (ended,) = bench.hub.audit(action="run.end")
    assert ended.detail["state"] == "failed"


@pytest.mark.parametrize(
    ("command", "more", "sentence", "code"),
    [
        ("exit 3", "", "ended with exit status 3", 3),
        ("true", "", "left saved_model/ empty", 0),
        ("kill -9 $$", "", "ended by the signal SIGKILL", -9),
        ("sleep 1000", "    timeout: 1s\n", "longer than its timeout of 1 s", None),
        ("ln -s /etc/passwd {output}/link", "", "saved_model/link is a symbolic link", 0),
        ("true", "    environment: {requirements: nothing.txt}\n", "'nothing.txt' is not in the repository", None),
        ("true", "    environment: {python: '2.6', requirements: r.txt}\n", "no Python 2.6", None),
    ],
)  # fmt: skip
def test_a_run_that_goes_wrong_fails_with_a_sentence(
    bench: Bench, command: str, more: str, sentence: str, code: int | None
) -> None:
    make_repository(bench.repository, {"r.txt": "six\n"}, message="Add requirements")
    bench.command(command, more)
    with pytest.raises(RunFailed, match=sentence):
        bench.train().wait()
    (run,) = bench.hub.runs()
    assert run.state == "failed"
    if code is not None:
        assert run.info.exit_code == code
    assert sentence in log_of(run) or sentence == "left saved_model/ empty"
    assert [ref.name for ref in bench.model.branches()] == ["main"]


def test_an_evaluation_without_metrics_fails_with_a_sentence(bench: Bench) -> None:
    bench.tasks("tasks:\n  evaluate: {command: 'true', metrics: scores.json}\n")
    with pytest.raises(RunFailed, match=r"left no scores.json in results/"):
        bench.model.evaluate().wait()


def test_a_cancelled_run_stops_all_its_processes_and_commits_nothing(bench: Bench) -> None:
    mark = f"mark-{uuid.uuid4().hex}"
    bench.command(
        "echo partial > {output}/x;\n"
        f"      setsid bash -c \"trap '' TERM; echo up; while true; do sleep 0.1; done\" {mark} & wait"
    )
    run = bench.train()
    until(lambda: processes(mark) and "up" in log_of(run).splitlines())
    run.cancel().wait(check=False)
    assert (run.state, run.info.reason) == ("cancelled", "Cancelled.")
    until(lambda: not processes(mark))
    assert [ref.name for ref in bench.model.branches()] == ["main"]
    assert run.cancel().state == "cancelled"


def test_a_command_may_save_when_it_is_asked_to_stop(bench: Bench) -> None:
    bench.command("trap 'echo saved; exit 0' TERM; echo up; while true; do sleep 0.05; done")
    run = bench.train()
    until(lambda: "up" in log_of(run).splitlines())
    run.cancel().wait(check=False)
    assert (run.state, run.info.exit_code) == ("cancelled", 0)
    assert "saved" in log_of(run).splitlines()


def test_a_failed_run_is_retried_as_the_same_run_and_any_run_again_as_a_new_one(bench: Bench) -> None:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        bench.command(f"exec 3<>/dev/tcp/127.0.0.1/{door.getsockname()[1]} && echo $AH_ATTEMPT > {{output}}/x")
        run = bench.train().wait(check=False)
        assert run.state == "failed"
        door.listen()
        retried = retry(bench, run.number)
        assert (retried.wait().number, retried.info.attempt) == (run.number, 2)
        assert retried.branch.read("x") == b"2\n"
        with pytest.raises(Conflict, match="only a failed"):
            retried.retry()
        again = retried.again().wait()
    assert (again.number, again.info.code.sha, again.branch.ref) == (run.number + 1, run.info.code.sha, "result-again")
    with pytest.raises(Conflict):
        retried.again()
