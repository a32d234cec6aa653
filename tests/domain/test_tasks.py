"""The task file: what is read from it, what is refused with which line, and that its schema says the same."""

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from assethub.domain.errors import Invalid
from assethub.domain.parameters import Value
from assethub.domain.task_format import SCHEMA
from assethub.domain.task_reading import check_tasks
from assethub.domain.tasks import Task, fill_params
from assethub.protocol.task_file import problems_of, tasks_of

ROOT = Path(__file__).parents[2]
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)

WHOLE = """\
tasks:
  train:
    command: python train.py --lr {lr} --epochs {epochs}
    description: Train from nothing.
    params:
      epochs: 5
      lr: {default: 0.01, min: 0.001, max: 1, description: Step size.}
      optimizer: {default: adam, choices: [adam, sgd]}
      seed: {type: int, min: 0}
    environment: {python: "3.11", requirements: [a.txt, more/b.txt], variables: {A: 1, B: two}}
    resources: {cpus: 2, memory: 4Gi, gpus: 0, nodes: 1, processes_per_node: 1}
    timeout: 1h30m
    retries: 1
    after: evaluate
    matrix: {lr: [0.1, 0.01], optimizer: [adam, sgd]}
  continue:
    extends: train
    command: python train.py --resume {model} --lr {lr}
    params: {lr: 0.002, optimizer: {choices: [adam, sgd, lamb]}}
    environment: {lock: pylock.toml, variables: {B: three}}
    resources: {cpus: 4}
  evaluate: {command: "python evaluate.py --out {results}", environment: {image: "a/b:c"}, metrics: metrics.json}
"""


def test_a_whole_file_is_read() -> None:
    assert problems_of(WHOLE) == []
    VALIDATOR.validate(yaml.safe_load(WHOLE))
    train, further, evaluate = tasks_of(WHOLE).values()
    lr, optimizer, seed = (train.params[name] for name in ("lr", "optimizer", "seed"))
    assert (lr.type, lr.default, lr.allowed, lr.description) == (
        "float",
        0.01,
        "a number from 0.001 to 1",
        "Step size.",
    )
    assert (optimizer.choices, optimizer.allowed) == (("adam", "sgd"), "one of adam, sgd")
    assert (seed.default, seed.allowed) == (None, "a whole number of at least 0")
    assert (train.timeout, train.after, train.matrix["lr"]) == (5400, "evaluate", (0.1, 0.01))
    assert train.environment.requirements == ("a.txt", "more/b.txt")
    assert evaluate.environment.image == "a/b:c"
    assert (further.after, further.timeout, further.retries, further.matrix) == ("evaluate", 5400, 1, {})


def test_what_a_task_extends_holds_key_by_key() -> None:
    further = tasks_of(WHOLE)["continue"]
    assert (further.params["lr"].default, further.params["lr"].max) == (0.002, 1)
    assert (further.params["optimizer"].default, further.params["optimizer"].choices[-1]) == ("adam", "lamb")
    assert list(further.params) == ["epochs", "lr", "optimizer", "seed"]
    software = further.environment
    assert (software.python, software.lock, software.requirements) == ("3.11", "pylock.toml", ())
    assert software.variables == {"A": "1", "B": "three"}
    assert (further.resources.cpus, further.resources.memory) == (4, "4Gi")


def one(task: str) -> str:
    return f"tasks:\n  evaluate: {{command: x}}\n  train: {{{task}}}\n"


@pytest.mark.parametrize(
    ("task", "problem"),
    [
        ("command: x, comand: y", "unknown key 'comand' in tasks.train. Known keys: after, checkpoint_every, command,"),
        ("command: x, params: {a: {default: 1, kind: int}}", "unknown key 'kind' in tasks.train.params.a"),
        ("command: x, params: {a: {max: 1}}", "parameter 'a' has no default, so it needs a type"),
        ("command: x, params: {a: {default: x, max: 1}}", "parameter 'a' is a text, which has no min and max"),
        ("command: x, params: {a: {default: 5, max: 1}}", "of parameter 'a' must be a whole number of at most 1"),
        ("command: x, params: {a: {default: 5, type: bool}}", "default of parameter 'a' must be true or false, not 5"),
        ("command: x, params: {a: {default: b, choices: [c, d]}}", "must be one of c, d, not 'b'"),
        ("command: x, params: {a: {type: int, choices: [1, x]}}", "the choice x of parameter 'a' must be a whole"),
        ("command: x, params: {a: {type: int, choices: [1, 1]}}", "parameter 'a' has a choice twice"),
        ("command: x, params: {a: {type: int, min: 2, max: 1}}", "the min of parameter 'a' is above its max"),
        ("command: x, params: {a: {type: number}}", "tasks.train.params.a.type must be str, int, float or bool"),
        ("command: x, params: {a: .nan}", "tasks.train.params.a must be a text, a number, true or false"),
        ("command: x, params: {a: {type: float, max: .inf}}", "tasks.train.params.a.max must be a number, not inf"),
        (f"command: x, retries: 0x{'f' * 9000}", "retries must be a whole number, not a number of so many digits"),
        (f"command: x, params: {{a: {1 << 63}}}", "params.a must be a text, a number, true or false"),
        ("command: x, params: {a: }", "tasks.train.params.a must be a text, a number, true or false, or a mapping"),
        ("command: x, params: {a: 2020-01-01}", "tasks.train.params.a must be a text"),
        ("command: x, params: {dataset: 1}", "parameter name 'dataset' is not allowed"),
        ("command: x, params: {'a b': 1}", "parameter name 'a b' is not allowed"),
        ("command: x, environment: {python: 3.11}", 'must be a Python version in quotes, such as "3.11", not 3.11'),
        ("command: x, environment: {requirements: ../r.txt}", "must be the path of a requirements file inside"),
        ("command: x, environment: {requirements: [a.txt, /r.txt]}", "requirements.1 must be a path inside"),
        ("command: x, environment: {lock: a/../../r.txt}", "environment.lock must be the path inside"),
        ("command: x, environment: {lock: a.txt, image: b}", "give lock or image, not both"),
        ("command: x, resources: {memory: much}", "memory must be a size such as 512Mi or 4Gi, not 'much'"),
        ("command: x, resources: {gpus: 1.5}", "gpus must be a whole number, not 1.5"),
        ("command: x, resources: {cpus: true}", "cpus must be a number of at least 0.001, not True"),
        ("command: x, timeout: 0s", "timeout must be longer than nothing, not '0s'"),
        ("command: x, retries: -1", "retries must be a whole number, not -1"),
        ("command: x, after: train", "tasks.train.after must be evaluate, not 'train'"),
        ("command: x, matrix: {lr: [1]}", "Task 'train' has no parameter 'lr'; its parameters are: none"),
        ("command: x, params: {a: 1}, matrix: {a: []}", "tasks.train.matrix.a must have 1 to 256 entries, not 0"),
        ("command: x, params: {a: 1}, matrix: {a: [1, x]}", "The parameter 'a' of task 'train' must be a whole number"),
        ("command: x, params: {a: 1}, matrix: {a: [1, '1']}", "gives one value twice to the parameter 'a'"),
        ("command: '{b}'", "the command of 'train' uses {b}, which is neither a folder nor a parameter (none)"),
        ("extends: nothing", "task 'train' extends 'nothing', which is not a task here"),
        ("extends: evaluate, command: 5", "tasks.train.command must be a text, not 5"),
        ("description: x", "task 'train' has no command"),
        ("", "task 'train' has no command"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(task: str, problem: str) -> None:
    (found,) = problems_of(one(task))
    assert problem in found.message
    assert found.line == 3
    with pytest.raises(Invalid, match=re.escape(problem)):
        tasks_of(one(task))


def test_all_problems_are_told_in_the_order_of_the_lines() -> None:
    text = (
        "tasks:\n  a:\n    command: x {no}\n    retries: many\n    params:\n      p: {default: 1, max: 0}\n"
        "  b: {extends: a}\n  c:\n    extends: c\n    command: x\n  d: {command: '{no}'}\nmore: 1\n"
    )
    assert [(one.line, one.key) for one in problems_of(text)] == [
        (4, "tasks.a.retries"), (9, "tasks.c.extends"), (11, "tasks.d.command"), (12, "more"),
    ]  # fmt: skip
    with pytest.raises(Invalid) as refused:
        tasks_of(text)
    assert len(refused.value.details) == 3


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("tasks: [", 1, "not valid YAML"), ("tasks: {a: {command: x}, a: {command: y}}", 1, "given twice"),
        ("a: &a {b: *a}", 1, "refers to itself"), ("tasks: {a: !!python/none x}", 1, "not understood"),
        ("{[1]: 2}", 1, "a key must be a plain text"), ("- 1", None, "must be a mapping with the key tasks"),
        ("", None, "the file must be a mapping with the key tasks, not empty"), ("{}", None, "the file has no 'tasks'"),
        ("tasks: 5", 1, "tasks must be a mapping of names to tasks, not 5"),
        ("tasks: {a: {extends: b}, b: {extends: a}}", 1, "task 'b' extends itself"),
        ("\n\nx: \x01", None, "not valid YAML"),
    ],
)  # fmt: skip
def test_a_text_that_is_no_task_file_is_told_so(text: str, line: int | None, problem: str) -> None:
    found = problems_of(text)
    assert problem in " ".join(one.message for one in found)
    assert found[0].line == line


def test_a_long_chain_of_tasks_is_refused_and_not_followed() -> None:
    names = [f"t{at}" for at in range(3000)]
    tasks: dict[str, Any] = {name: {"extends": base} for name, base in pairwise(names)}
    found = check_tasks({"tasks": tasks | {names[-1]: {"command": "x"}}}, {})[1]
    assert "is too far from the first that it extends" in found[0].message


def test_a_matrix_has_a_limit() -> None:
    many = ", ".join(map(str, range(17)))
    (found,) = problems_of(one(f"command: x, params: {{a: 1, b: 1}}, matrix: {{a: [{many}], b: [{many}]}}"))
    assert found.message == "The sweep has 289 combinations of values; at most 256 runs are started at once."


def train(params: str) -> Task:
    return tasks_of(f"tasks: {{train: {{command: x, params: {params}}}}}")["train"]


@pytest.mark.parametrize(
    ("params", "given", "value"),
    [
        ("{a: 1}", "7", 7), ("{a: 1.5}", "7", 7.0), ("{a: 1.5}", 7, 7.0), ("{a: x}", 7, "7"),
        ("{a: false}", "True", True),
        ("{a: x}", True, "true"), ("{a: {type: int, min: 1, max: 3}}", "3", 3),
        ("{a: {default: 1, type: float}}", 2, 2.0),
        ("{a: {type: int, choices: [1, 2]}}", "2", 2), ("{a: {default: 1, choices: [1, 2]}}", 2, 2),
    ],
)  # fmt: skip
def test_values_are_read_as_the_parameters_type(params: str, given: Value, value: Value) -> None:
    (filled,) = fill_params(train(params), {"a": given}).values()
    assert (filled, type(filled)) == (value, type(value))


@pytest.mark.parametrize(
    ("params", "given", "sentence"),
    [
        ("{a: 1}", "x", "The parameter 'a' of task 'train' must be a whole number; it is 'x'."),
        ("{a: 1}", 1.5, "must be a whole number; it is 1.5"), ("{a: 1}", True, "must be a whole number; it is True"),
        ("{a: 1}", str(1 << 63), "must be a whole number; it is '9223372036854775808'"),
        ("{a: 1.5}", "nan", "must be a number; it is 'nan'"), ("{a: 1.5}", float("inf"), "must be a number; it is inf"),
        ("{a: 1.5}", 10**400, "must be a number; it is a number of so many digits"),
        ("{a: false}", 1, "must be true or false; it is 1"),
        ("{a: {type: float, min: 0, max: 1}}", 1.5, "must be a number from 0 to 1; it is 1.5"),
        ("{a: {type: int, min: 2}}", 1, "must be a whole number of at least 2; it is 1"),
        ("{a: {type: str, choices: [x, y]}}", "z", "must be one of x, y; it is 'z'"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_are_refused_with_what_is_allowed(params: str, given: Value, sentence: str) -> None:
    with pytest.raises(Invalid, match=re.escape(sentence)):
        fill_params(train(params), {"a": given})


def test_a_parameter_without_a_default_has_to_be_given() -> None:
    task = train("{a: {type: int, min: 1}, b: 2}")
    sentence = "Task 'train' needs the parameter 'a', a whole number of at least 1; give it a value."
    with pytest.raises(Invalid, match=re.escape(sentence)):
        fill_params(task, {})
    assert fill_params(task, {}, lenient={"a": 3, "c": 4}) == {"a": 3, "b": 2}


KEYS = sorted({key for node in (SCHEMA["properties"]["tasks"]["additionalProperties"],) for key in node["properties"]})
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 300), st.floats(-2, 3), st.text("abé/.\n ", max_size=4),
    st.sampled_from(["1h", "4Gi", "a.txt", "../a", "evaluate", "x {p}", "3.11", "int", "train", "1h\n"]),
)  # fmt: skip
NAMES = st.sampled_from(["default", "type", "choices", "min", "max", "python", "requirements", "lock", "image", "cpus",
                         "memory", "gpus", "variables", "p", "q", "nothing"])  # fmt: skip
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3), max_leaves=6
)
TASKS = st.dictionaries(st.sampled_from([*KEYS, "odd"]), ANYTHING, max_size=4)
FILES = st.fixed_dictionaries(
    {"tasks": st.dictionaries(st.sampled_from(["train", "evaluate", "b"]), TASKS, max_size=3)}
)


@settings(max_examples=400, deadline=None)
@given(FILES | ANYTHING)
def test_what_the_schema_refuses_the_reader_refuses(document: Any) -> None:
    tasks, problems = check_tasks(document, {})
    if not VALIDATOR.is_valid(json.loads(json.dumps(document))):
        assert problems != []
    if not problems:
        assert tasks == check_tasks(json.loads(json.dumps(document)), {})[0]


def test_the_schema_is_one_and_allows_what_the_guides_show() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    pages = [*(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    blocks = [block for page in pages for block in re.findall(r"```yaml\n(tasks:.*?)```", page.read_text(), flags=re.S)]
    assert blocks != []
    for text in [*blocks, *(path.read_text() for path in (ROOT / "examples").rglob("assethub.yaml"))]:
        VALIDATOR.validate(yaml.safe_load(text))
        assert problems_of(text) == []
