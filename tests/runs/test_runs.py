"""Runs from start to end, through the SDK, on the real runner."""

import socket
import uuid
from contextlib import suppress
from pathlib import Path

import pytest

from assethub.client.connection import connect
from assethub.client.errors import RunFailed
from assethub.client.runs import Run
from assethub.domain.errors import Conflict, Forbidden, Invalid, NotFound, SignInNeeded
from assethub.domain.owners import Scope
from assethub.executors.local import uv_program
from assethub.services import accounts, keys
from tests.conftest import make_repository, require, until
from tests.runs.conftest import Bench, log_of


def test_train_continue_evaluate_and_publish(bench: Bench) -> None:
    model = bench.model
    first = bench.train("v1", params={"rate": "0.25", "shout": True}).wait()
    assert first.info.params == {"epochs": 4, "rate": 0.25, "note": "it's a 'note'", "shout": True}
    branch = first.branch
    assert {one.path for one in branch.list_object()} == {"weights.txt", "sub/note.txt"}
    assert branch.read("sub/note.txt") == b"it's a 'note'\n"
    commit = branch.head()
    facts = commit.metadata["provenance"]
    assert (facts["number"], facts["type"], facts["inputs"][0]["path"]) == (
        first.number,
        "train",
        "ada/dataset/texts/words",
    )
    assert commit.committer == f"run {first.number}"

    second = bench.train("v2", checkpoint="v1").wait()
    assert second.branch.read("weights.txt") == b"one two three\n" * 2
    assert {one.path for one in second.branch.list_object()} == {"weights.txt", "sub/note.txt"}
    assert second.branch.head().parents == [commit.id]

    run = second.branch.evaluate().wait()
    (evaluation,) = second.branch.list_evaluation()
    assert (evaluation.metrics, evaluation.run_number) == ({"accuracy": 0.75, "per.a": 1.0}, run.number)
    report = bench.hub.connection.request("GET", f"/evaluations/{evaluation.id}/reports/report.txt").content
    assert report == b"one two three\n" * 2

    merged = model.branch("v2").merge()
    assert merged is not None
    assert [one.id for one in model.main.list_evaluation()] == [evaluation.id]


def test_a_run_whose_output_there_is_no_room_for_fails_with_the_sentence(bench: Bench) -> None:
    held = bench.hub.owner_usage("ada").stored
    bench.hub.set_quota("ada", held + 5)
    with pytest.raises(RunFailed, match=r"ada holds .* that this hub allows them, and this needs \d+ B more"):
        bench.train("v1").wait()
    assert bench.hub.owner_usage("ada").stored == held
    (ended,) = bench.hub.audit(action="run.end")
    assert ended.detail["state"] == "failed"


def test_the_log_and_the_curves_are_whole_and_in_order(bench: Bench) -> None:
    run = bench.train().wait()
    lines = list(run.logs())
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert ("out", "epochs 4 rate 0.5") in [(line.stream, line.text) for line in lines]
    assert ("err", "to stderr") in [(line.stream, line.text) for line in lines]
    assert [(point.step, point.values) for point in run.metrics()] == [
        (1, {"loss": 0.5}),
        (2, {"loss": None, "acc": 1}),
    ]
    assert "Line 3 of the metrics file holds no JSON object of numbers" in log_of(run)


@pytest.mark.parametrize(
    ("options", "kind", "sentence"),
    [
        ({"dataset": "dataset/texts/nothing"}, NotFound, "no asset 'ada/dataset/texts/nothing'"),
        ({"dataset": "dataset/texts/words:v9"}, NotFound, "no branch, tag or commit 'v9'"),
        ({"dataset": "model/texts/reader"}, Invalid, "is a model"),
        ({"revision": "no-such-branch"}, Invalid, "has no branch, tag or commit 'no-such-branch'"),
        ({"revision": "deadbeef"}, Invalid, "has no branch, tag or commit"),
        ({"subpath": "elsewhere"}, Invalid, "has no elsewhere/assethub.yaml"),
        ({"subpath": "../../etc"}, Invalid, "not allowed"),
        ({"git": "/etc"}, Invalid, "not below a folder"),
        ({"git": "file:///etc"}, Invalid, "not a Git address"),
        ({"git": "ext::sh -c id"}, Invalid, "not a Git address"),
        ({"git": "https://127.0.0.1:9/none.git"}, Invalid, "may not connect to 127.0.0.1"),
        ({"params": {"epochs": "many"}}, Invalid, "must be a whole number"),
        ({"params": {"speed": 1}}, Invalid, "no parameter 'speed'; its parameters are: epochs, note, rate, shout"),
        ({"checkpoint": "nothing"}, NotFound, "no branch, tag or commit 'nothing'"),
        ({"branch": "a..b"}, Invalid, "not allowed"),
        ({"branch": "main"}, Conflict, "has a branch 'main' already"),
    ],
)  # fmt: skip
def test_what_does_not_exist_or_fit_is_refused_with_a_sentence_and_nothing_is_kept(
    bench: Bench, options: dict[str, object], kind: type[Exception], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence):
        bench.train(**{"branch": "result", **options})  # type: ignore[arg-type]
    assert bench.hub.runs() == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("tasks:\n  train:\n    command: x\n    comand: y\n", "line 4: unknown key 'comand' in tasks.train"),
        ("tasks:\n  train:\n    command: x {speed}\n", r"line 3: the command of 'train' uses \{speed\}"),
        ("tasks:\n  train: {command: x, timeout: soon}\n", "line 2: tasks.train.timeout must be a duration"),
        ("tasks:\n  train: {params: {a: 1}}\n", "task 'train' has no command"),
        ("tasks:\n  train: {command: x, params: {a: [1]}}\n", "line 2: tasks.train.params.a must be a text, a number"),
        ("tasks:\n  train: {extends: train, command: x}\n", "extends itself"),
        ("tasks:\n  evaluate: {command: x}\n", "no task 'train'; it has evaluate"),
        ("tasks: [\n", "is not valid YAML"),
        ("tasks:\n  train: {command: x}\n  train: {command: y}\n", "line 3: the key 'train' is given twice"),
        ("", "must be a mapping"),
    ],
)  # fmt: skip
def test_a_wrong_task_file_is_refused_with_the_line(bench: Bench, text: str, sentence: str) -> None:
    bench.tasks(text or "\n")
    with pytest.raises(Invalid, match=sentence):
        bench.train()


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


def processes(mark: str) -> list[str]:
    """The numbers of this machine's processes with the mark as an argument of its own."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if mark.encode() in (folder / "cmdline").read_bytes().split(b"\0"):
                found.append(folder.name)
    return found


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


def retry(bench: Bench, number: int) -> Run:
    settle(bench)
    return bench.hub.run(number).retry()


def settle(bench: Bench) -> None:
    """Wait until all ended attempts are cleaned up."""

    def cleaned() -> bool:
        with bench.live.hub.work(None, reading=True) as work:
            return not work.runs.placed()

    until(cleaned)


def test_one_branch_is_written_by_one_run_at_a_time(bench: Bench) -> None:
    bench.command("until [ -e $AH_DATASET_DIR/../go ]; do sleep 0.05; done; echo x > {output}/x")
    run = bench.train()
    with pytest.raises(Conflict, match="is under way and writes to the branch 'result'"):
        bench.train()
    run.cancel().wait(check=False)
    bench.command("echo x > {output}/x")
    bench.train().wait()
    with pytest.raises(Conflict, match="has a branch 'result' already"):
        bench.train()
    bench.command("echo y > {output}/y")
    onto = bench.train(onto_existing=True).wait()
    assert [one.path for one in onto.branch.list_object()] == ["y"]
    assert len(onto.branch.list_commit()) == 3


def test_a_run_reads_its_pinned_inputs_and_nothing_else(bench: Bench) -> None:
    bench.hub.create("dataset/texts/other")
    pinned = bench.dataset.main.head().id
    bench.command(
        'python3 -c "import os, urllib.request, urllib.error\n'
        "      for path in ('dataset/texts/words', 'dataset/texts/other', 'model/texts/reader'):\n"
        "          for ref in ('main', 'commit/" + pinned + "'):\n"
        "              url = os.environ['AH_ENDPOINT'] + '/api/v1/assets/ada/' + path + '/tree?ref=' + ref\n"
        "              key = {'Authorization': 'Bearer ' + os.environ['AH_TOKEN']}\n"
        "              ask = urllib.request.Request(url, headers=key)\n"
        "              try: print(path, ref[:6], urllib.request.urlopen(ask).status)\n"
        "              except urllib.error.HTTPError as error: print(path, ref[:6], error.code)\n"
        "      for path in ('/runs', '/runs/1', '/assets/ada/model/texts/reader/branches', '/keys', '/folders',\n"
        "                   '/assets/ada/model/texts/reader/evaluations', '/assets/ada/model/texts/reader/staged'):\n"
        "          ask = urllib.request.Request(os.environ['AH_ENDPOINT'] + '/api/v1' + path, headers=key)\n"
        "          try: print(path, urllib.request.urlopen(ask).status)\n"
        "          except urllib.error.HTTPError as error: print('refused', error.code)\n"
        '      "; echo $AH_TOKEN > {output}/token'
    )
    run = bench.train().wait()
    said = [line.text for line in run.logs() if line.stream == "out"]
    assert said == [
        "dataset/texts/words main 200", "dataset/texts/words commit 200", "dataset/texts/other main 404",
        "dataset/texts/other commit 404", "model/texts/reader main 404", "model/texts/reader commit 404",
        *["refused 403"] * 7,
    ]  # fmt: skip
    token = run.branch.read("token").decode().strip()
    with connect(bench.live.url, token) as hub, pytest.raises(SignInNeeded, match="has ended"):
        hub.info()


def test_a_reader_cannot_start_a_run(bench: Bench) -> None:
    with bench.live.hub.work(None) as work:
        user = accounts.get_user(work, "ada")
        _, secret = keys.make_key(work, user, "reader", Scope.READ)
    with connect(bench.live.url, secret) as hub, pytest.raises(Forbidden, match="only read"):
        hub.model("model/texts/reader").train("x")


def test_an_environment_is_built_once_and_reused(bench: Bench) -> None:
    require("uv", uv_program() is not None)
    make_repository(bench.repository, {"r.txt": "six==1.17.0\n"}, message="Require six")
    command = (
        "python -c 'import six; print(six.__version__)' > {output}/six; touch $VIRTUAL_ENV/new 2>/dev/null || true; "
        "ls $VIRTUAL_ENV/lib/python*/site-packages/six.py"
    )
    bench.command(command, "    environment: {requirements: r.txt}\n")
    first = bench.train("one").wait()
    second = bench.train("two").wait()
    assert second.branch.read("six") == b"1.17.0\n"
    assert "Building environment" in log_of(first)
    assert "is there already" in log_of(second)
    assert "six==1.17.0" in first.info.environment["lock"]
    assert first.branch.head().metadata["provenance"]["environment"]["lock"] == first.info.environment["lock"]


def test_requirements_that_cannot_be_installed_fail_the_run_with_uvs_reason(bench: Bench) -> None:
    make_repository(bench.repository, {"r.txt": "six==0.0.999\n"}, message="Require what is not there")
    bench.command("true", "    environment: {requirements: r.txt}\n")
    with pytest.raises(RunFailed, match=r"requirements in r\.txt cannot be resolved.*six"):
        bench.train().wait()


def test_large_and_many_files_travel_both_ways(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("big")
    (folder / "large.bin").write_bytes(bytes(range(256)) * 4096 * 5)
    for number in range(700):
        (folder / f"{number}.txt").write_text(str(number))
    bench.dataset.commit("Grow", [f"{folder}/*"], delete=["data.txt"])
    bench.command("cp -r {dataset}/. {output}/")
    run = bench.train().wait()
    before = {one.path: one.sha256 for one in bench.dataset.list_object()}
    assert {one.path: one.sha256 for one in run.branch.list_object()} == before
    assert len(before) == 701
