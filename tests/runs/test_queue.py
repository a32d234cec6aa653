"""The queue through every door, and runs whose runner or supervisor is killed."""

import json
import os
import signal
from pathlib import Path

import httpx2
import pytest

from assethub.cli.main import ah
from assethub.client.runs import Run
from assethub.domain.errors import Conflict, Invalid
from tests.conftest import Live, until
from tests.runs.conftest import Bench, log_of

WAITS = "until [ -e {0} ]; do sleep 0.02; done; echo x > {{output}}/x"


def go_file(bench: Bench) -> Path:
    return bench.live.code.parent / "signals" / "go"


def supervisor_of(live: Live, run: Run) -> int:
    found: int = json.loads((live.hub.folder / f"runs/hub-{run.info.id}-1/proc.json").read_text())["pid"]
    return found


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def say_up(bench: Bench, run: Run) -> None:
    until(lambda: "up" in log_of(run))


def test_a_run_whose_runner_is_killed_fails_with_a_sentence(bench: Bench) -> None:
    bench.command("echo up; sleep 1000")
    run = bench.train()
    say_up(bench, run)
    (runner,) = children(supervisor_of(bench.live, run))
    os.kill(runner, signal.SIGKILL)
    run.wait(check=False)
    assert (run.state, "before it could report a result" in str(run.info.reason)) == ("failed", True)


def test_a_run_whose_supervisor_is_killed_is_lost_and_tried_again(bench: Bench) -> None:
    bench.command("echo up; [ $AH_ATTEMPT = 2 ] || sleep 1000; echo x > {output}/x", "    retries: 1\n")
    run = bench.train()
    say_up(bench, run)
    os.kill(supervisor_of(bench.live, run), signal.SIGKILL)
    run.wait()
    assert run.info.attempt == 2
    assert "Attempt 2 follows" in log_of(run)


def test_the_queue_is_seen_and_changed_through_the_sdk(bench: Bench) -> None:
    hub = bench.hub
    bench.command(WAITS.format(go_file(bench)))
    assert hub.pause_queue("New disks").state == "paused"
    first, second = bench.train("a"), bench.train("b", priority="high")
    seen = hub.queue()
    assert [entry.number for entry in seen.waiting] == [second.number, first.number]
    why = first.refresh().info.waiting
    assert why is not None
    assert (why.cause, why.position, why.length, why.sentence) == ("paused", 2, 2, "The queue is paused: New disks")
    assert [run.info.waiting is not None for run in hub.runs()] == [True, True]
    assert second.set_priority("low").info.priority == "low"
    assert hub.limit_queue(runs=1, per_user=3).runs == 1
    assert hub.resume_queue().state == "open"
    until(lambda: [entry.number for entry in hub.queue().placed] == [first.number])
    go_file(bench).touch()
    for run in (first, second):
        run.wait()
    assert first.info.waiting is None
    hub.drain_queue()
    with pytest.raises(Conflict, match="takes no more runs"):
        bench.train("c")


def test_a_run_that_asks_for_more_than_the_machine_has_is_refused(bench: Bench) -> None:
    bench.command("true", "    resources: {cpus: 5000}\n")
    with pytest.raises(Invalid, match="asks for 5000 CPUs, and the engine 'local' has"):
        bench.train()


def test_the_queue_is_paused_and_shown_on_the_hubs_own_machine(
    bench: Bench, database: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--data", str(bench.live.hub.folder), *(["--database", database] if database else [])]

    def admin(*arguments: str) -> str:
        ah.main(["admin", "queue", *arguments, *where], standalone_mode=False)
        return capsys.readouterr().out

    assert "places no runs (New disks)" in admin("pause", "--note", "New disks")
    bench.train("a")
    assert "The queue is paused: New disks" in admin("show")
    assert json.loads(admin("show", "--json"))["waiting"][0]["waiting"]["cause"] == "paused"
    assert "1 of one user" in admin("limit", "--per-user", "1")
    assert "takes no more runs" in admin("drain")
    assert "takes and places runs" in admin("resume")


def test_the_console_shows_the_queue_and_why_a_run_waits(bench: Bench) -> None:
    bench.hub.pause_queue("New disks")
    run = bench.train("a")
    with httpx2.Client(base_url=bench.live.url, trust_env=False, follow_redirects=True) as browser:
        browser.get("/sign-in")
        browser.post("/sign-in", data={"name": "ada", "password": bench.live.admin_password})
        page = browser.get("/-/admin/queue").text
        assert "New disks" in page
        assert f"/runs/{run.number}" in page
        assert "place 1 of 1" in browser.get(f"/runs/{run.number}").text
        form = {"csrf": page.split('name="csrf" value="')[1].split('"')[0]}
        browser.post(f"/runs/{run.number}/priority", data={**form, "priority": "low"})
        assert run.refresh().info.priority == "low"
        assert browser.post("/-/admin/queue", data={**form, "per_user": "x"}).status_code == 422
        browser.post("/-/admin/queue", data={**form, "per_user": "2", "runs": "", "per_group": ""})
        assert bench.hub.queue().per_user == 2
        browser.post("/-/admin/queue", data={**form, "state": "open"})
    run.wait()
