"""Parameters of tasks: what each may be, and values read as that."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assethub.domain.task_format import fits, shown

Value = str | int | float | bool
WORDS = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "a text"}
TYPES: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "str"}


class Unfit(ValueError):
    """A value that a parameter does not take."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a task; one without a default has to be given."""

    name: str
    type: str  # str | int | float | bool
    default: Value | None = None
    choices: tuple[Value, ...] = ()
    min: float | None = None
    max: float | None = None
    description: str = ""

    @property
    def allowed(self) -> str:
        """What a value must be, in words."""
        if self.choices:
            return f"one of {', '.join(map(plain, self.choices))}"
        words = WORDS[self.type]
        if self.min is not None and self.max is not None:
            return f"{words} from {plain(self.min)} to {plain(self.max)}"
        if self.min is not None:
            return f"{words} of at least {plain(self.min)}"
        return words if self.max is None else f"{words} of at most {plain(self.max)}"

    def read(self, value: Value) -> Value:
        """The value in the parameter's type; texts (as a command line gives them) are read as that type."""
        try:
            found = converted(self.type, value)
        except (ValueError, OverflowError):
            raise Unfit from None
        if self.choices and found not in self.choices:
            raise Unfit
        if not isinstance(found, str) and not (
            (self.min is None or found >= self.min) and (self.max is None or found <= self.max)
        ):
            raise Unfit
        return found


def converted(type: str, value: Value) -> Value:
    if type == "str":
        return plain(value)
    if type == "bool" and plain(value).lower() in ("true", "false"):
        return plain(value).lower() == "true"
    if type == "int" and isinstance(value, int | str) and not isinstance(value, bool) and fits(int(value)):
        return int(value)
    if type == "float" and not isinstance(value, bool):
        found = float(value)
        if math.isfinite(found):
            return found
    raise Unfit


def plain(value: Value) -> str:
    """A value as it is written in a command and on a command line."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def parameter_of(name: str, given: Mapping[str, Any]) -> Parameter:
    """A parameter from its long form, whose keys have the right types. Unfit says what does not go together."""
    default, choices = given.get("default"), given.get("choices", [])
    least, most = given.get("min"), given.get("max")
    if "type" not in given and default is None:
        raise Unfit(f"parameter {name!r} has no default, so it needs a type")
    kind = given.get("type") or TYPES[type(default)]
    if (least is not None or most is not None) and kind not in ("int", "float"):
        raise Unfit(f"parameter {name!r} is {WORDS[kind]}, which has no min and max")
    if least is not None and most is not None and least > most:
        raise Unfit(f"the min of parameter {name!r} is above its max")
    bare = Parameter(name, kind, min=least, max=most, description=given.get("description", ""))
    read: list[Value] = []
    for choice in choices:
        read.append(told(bare, choice, f"the choice {plain(choice)} of parameter {name!r}"))
    if len(set(read)) < len(read):
        raise Unfit(f"parameter {name!r} has a choice twice")
    whole = Parameter(name, kind, None, tuple(read), least, most, bare.description)
    if default is None:
        return whole
    value = told(whole, default, f"the default of parameter {name!r}")
    return Parameter(name, kind, value, whole.choices, least, most, whole.description)


def told(parameter: Parameter, value: Value, what: str) -> Value:
    try:
        return parameter.read(value)
    except Unfit:
        raise Unfit(f"{what} must be {parameter.allowed}, not {shown(value)}") from None
