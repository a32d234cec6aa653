"""The settings of a server: from options, ASSETHUB_* variables, a TOML file, or their defaults, in this order."""

import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from assethub.domain.errors import Invalid


def setting(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


def user_data() -> Path:
    """The per-user data folder of this system."""
    if sys.platform == "darwin":
        return Path.home() / "Library/Application Support/assethub"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "assethub"


@dataclass(frozen=True)
class Settings:
    data: Path = setting(Path(), "Folder that holds everything the hub keeps. Default: a per-user folder.")
    host: str = setting("127.0.0.1", "Address to listen on.")
    port: int = setting(7700, "Port to listen on; 0 takes a free one.")
    url: str = setting("", "Address that people and runs reach the hub at. Default: http://host:port.")
    database: str = setting(
        "", "Database URL, such as postgresql://user@host/name. Default: SQLite in the data folder."
    )
    store: str = setting("", "Object store, such as s3://bucket/prefix. Default: the data folder on the local disk.")
    admin_user: str = setting("admin", "Name of the administrator that the first start creates.")
    admin_password: str = setting("", "Their password. Default: a generated one, printed once.")
    git_roots: tuple[Path, ...] = setting((), "Folders below which runs may use local Git repositories.")
    slots: int = setting(2, "Runs side by side on this machine.")
    grace_hours: int = setting(72, "Hours that the collector leaves alone what was needed.")
    collect_hours: int = setting(24, "Hours between collections of what nothing needs any more; 0 means never.")
    log_level: str = setting("info", "How much the server tells: debug, info, warning or error.")


def load_settings(options: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings with the given options on top. Invalid names the setting and where its value came from."""
    folder = Path(options.get("data") or environment.get("ASSETHUB_DATA") or user_data())
    given: dict[str, tuple[Any, str]] = {}
    file = folder / "assethub.toml"
    if file.is_file():
        try:
            content = tomllib.loads(file.read_text())
        except tomllib.TOMLDecodeError as error:
            raise Invalid(f"{file} is not valid TOML: {error}.") from None
        given |= {key: (value, str(file)) for key, value in content.items()}
    for known in fields(Settings):
        variable = f"ASSETHUB_{known.name.upper()}"
        if environment.get(variable):
            given[known.name] = (environment[variable], variable)
    given |= {key: (value, f"--{key}") for key, value in options.items() if value is not None}
    given["data"] = (folder, "--data")
    types = {known.name: type(known.default) for known in fields(Settings)}
    values = {}
    for name, (value, source) in given.items():
        if name not in types:
            raise Invalid(f"{source}: there is no setting {name!r}.")
        values[name] = convert(name, value, types[name], source)
    return Settings(**values)


def convert(name: str, value: Any, kind: type, source: str) -> Any:
    if kind is tuple:
        items = value.split(os.pathsep) if isinstance(value, str) else value
        return tuple(Path(item) for item in items if str(item))
    if issubclass(kind, Path):
        return Path(value)
    if kind is int:
        try:
            return int(value)
        except (TypeError, ValueError):
            raise Invalid(f"{source}: the setting {name!r} must be a whole number, not {value!r}.") from None
    return str(value)
