"""The form of the task file as a JSON Schema, which its reader checks files with and editors can fetch."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

FOLDERS = ("dataset", "model", "output", "results", "code")  # what a command has in braces beside parameters
PARAM_TYPES = ("str", "int", "float", "bool")
DURATION = r"^(?=\d)(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,9})s)?$"
MEMORY = r"^\d+(?:\.\d+)?(?:Ki|Mi|Gi|Ti|K|M|G|T)?$"
INSIDE = r"^(?!/)(?!(?:.*/)?\.\.(?:/|$)).*\S"
MOST_PROCESSES = 256
MOST_VALUES = 256  # of one parameter in a matrix, and of all combinations

KINDS: dict[type, str] = {
    dict: "object", list: "array", str: "string", bool: "boolean", int: "integer", float: "number",
}  # fmt: skip
PLAIN = ["string", "number", "boolean"]
Report = Callable[[tuple[str, ...], str], None]


def text(title: str, **more: Any) -> dict[str, Any]:
    return {"type": "string", "title": title, "pattern": r"\S", **more}


def number(title: str, least: float | None = None, type: str = "number", **more: Any) -> dict[str, Any]:
    return {"type": type, "title": title, **({} if least is None else {"minimum": least}), **more}


def mapping(title: str, properties: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "title": title, "properties": properties, "additionalProperties": False, **more}


def values(title: str) -> dict[str, Any]:
    value = {"type": PLAIN, "title": "a text, a number, true or false"}
    return {"type": "array", "title": title, "items": value, "minItems": 1, "maxItems": MOST_VALUES}


def duration(description: str) -> dict[str, Any]:
    return {
        "type": ["string", "integer"], "title": "a duration such as 90s, 15m or 1h30m", "pattern": DURATION,
        "minimum": 1, "description": description,
    }  # fmt: skip


PARAMETER = mapping(
    "a text, a number, true or false, or a mapping that describes the parameter",
    {
        "default": {"type": PLAIN, "title": "a text, a number, true or false"},
        "type": {"enum": list(PARAM_TYPES), "type": "string", "title": "str, int, float or bool"},
        "choices": values("a list of the values that are allowed"),
        "min": number("a number"),
        "max": number("a number"),
        "description": text("a text"),
    },
    type=[*PLAIN, "object"],
    description="The default, or all that is known of the parameter. Without a default it has to be given.",
)

ENVIRONMENT = mapping(
    "a mapping",
    {
        "python": text('a Python version in quotes, such as "3.11"'),
        "requirements": {
            "type": ["string", "array"], "title": "the path of a requirements file inside the task file's folder, "
            "or a list of such paths", "pattern": INSIDE, "minItems": 1, "maxItems": 20,
            "items": text("a path inside the task file's folder", pattern=INSIDE),
        },
        "lock": text(
            "the path inside the task file's folder of a pylock.toml or of a requirements file with hashes",
            pattern=INSIDE, description="Installed exactly as it is; nothing is resolved.",
        ),
        "image": text("a container image such as registry/name:tag", description="Of engines that run containers."),
        "variables": {
            "type": "object", "title": "a mapping of environment variables",
            "additionalProperties": {"type": PLAIN, "title": "a text, a number, true or false"},
        },
    },
)  # fmt: skip

RESOURCES = mapping(
    "a mapping",
    {
        "cpus": number("a number of at least 0.001", 0.001),
        "memory": {"type": ["string", "number"], "title": "a size such as 512Mi or 4Gi", "pattern": MEMORY,
                   "minimum": 1},
        "gpus": number("a whole number", 0, "integer"),
        "nodes": number("a whole number of at least 1", 1, "integer"),
        "processes_per_node": number("a whole number from 1 to 256", 1, "integer", maximum=MOST_PROCESSES),
    },
)  # fmt: skip

TASK = mapping(
    "a mapping of keys to values",
    {
        "extends": text("the name of another task", description="Whose keys hold here unless they are given."),
        "command": text("a text", description="A shell command; it starts in the folder of this file."),
        "description": text("a text"),
        "params": {"type": "object", "title": "a mapping of parameters", "additionalProperties": PARAMETER},
        "environment": ENVIRONMENT,
        "resources": RESOURCES,
        "timeout": duration("After which the command is stopped."),
        "checkpoint_every": duration("How often what stands in {output} is committed while the command runs."),
        "retries": number("a whole number", 0, "integer"),
        "metrics": text("the name of a file in {results}"),
        "after": {"type": "string", "enum": ["evaluate"], "title": "evaluate",
                  "description": "The task that follows once a run of this one succeeded."},
        "matrix": {
            "type": "object", "title": "a mapping of parameters to lists of values",
            "additionalProperties": values("a list of values"),
            "description": "One run for each combination of these values.",
        },
    },
)  # fmt: skip

SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "description": "What a repository says about how Asset Hub trains, continues and evaluates with it.",
    **mapping(
        "a mapping with the key tasks",
        {"tasks": {"type": "object", "title": "a mapping of names to tasks", "additionalProperties": TASK}},
        required=["tasks"],
    ),
}


def check(schema: Mapping[str, Any], value: Any, where: tuple[str, ...], report: Report) -> None:
    """Report what of a value the schema does not allow: at least all that a JSON Schema validator would refuse.

    `title` says what a value must be; keywords that are not used above are not known here.
    """
    name = ".".join(where) or "the file"
    kind, types = kind_of(value), schema["type"]
    allowed = [types] if isinstance(types, str) else types
    if kind not in allowed and not (kind == "integer" and "number" in allowed):
        report(where, f"{name} must be {schema['title']}, not {shown(value)}.")
    elif kind == "object":
        check_keys(schema, value, where, report)
    elif kind == "array":
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            report(where, f"{name} must have {schema['minItems']} to {schema['maxItems']} entries, not {len(value)}.")
        for at, item in enumerate(value):
            check(schema["items"], item, (*where, str(at)), report)
    elif (
        (kind == "string" and not re.search(schema.get("pattern", ""), value))
        or (kind in ("integer", "number") and not schema.get("minimum", value) <= value <= schema.get("maximum", value))
        or value not in schema.get("enum", [value])
    ):
        report(where, f"{name} must be {schema['title']}, not {shown(value)}.")


def check_keys(schema: Mapping[str, Any], value: dict[Any, Any], where: tuple[str, ...], report: Report) -> None:
    known, others = schema.get("properties", {}), schema["additionalProperties"]
    name = ".".join(where) or "the file"
    for key, inner in value.items():
        if key in known or others:
            check(known.get(key, others), inner, (*where, str(key)), report)
        else:
            report((*where, str(key)), f"unknown key {key!r} in {name}. Known keys: {', '.join(sorted(known))}.")
    for key in schema.get("required", ()):
        if key not in value:
            report(where, f"{name} has no {key!r}.")


def seconds_of(duration: str) -> int:
    """Of a duration such as 90s, 1h or 1h30m; 0 if it is none."""
    match = re.fullmatch(DURATION, duration)
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups()) if match else (0, 0, 0, 0)
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def kind_of(value: Any) -> str:
    """What JSON Schema calls it; a number that not every reader of JSON can take is none."""
    if isinstance(value, int | float) and not (math.isfinite(value) if isinstance(value, float) else fits(value)):
        return "no number"
    kinds: dict[type, str] = {
        dict: "object",
        list: "array",
        str: "string",
        bool: "boolean",
        int: "integer",
        float: "number",
    }
    return kinds.get(type(value), "null")


def fits(value: int) -> bool:
    return value.bit_length() < 64


def shown(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, int) and not fits(value):
        return "a number of so many digits"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
