"""What is refused before there is a run, each with a sentence."""

import pytest

from assethub.domain.errors import Conflict, Invalid, NotFound
from tests.runs.conftest import Bench


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
