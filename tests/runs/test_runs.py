"""Runs from start to end, through the SDK, on the real runner."""

import pytest

from assethub.client.connection import connect
from assethub.domain.errors import Conflict, SignInNeeded
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
