"""The settings of a server: from options, ASSETHUB_* variables, a TOML file, or their defaults, in this order."""

import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from assethub.domain.errors import Invalid
from assethub.domain.queue import MachineSettings
from assethub.domain.settings import MASK, Setting, masked, shown
from assethub.domain.sign_in import ProviderSettings
from assethub.domain.sizes import parse_size

SECRET = ("admin_password", "oidc_client_secret")  # told to nobody


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
    s3_port: int = setting(-1, "Port of the S3 door alone; -1 takes the one after `port`, 0 a free one.")
    s3_domain: str = setting("", "Domain before which a bucket may stand in the host, such as s3.example.org.")
    url: str = setting("", "Address that people and runs reach the hub at. Default: http://host:port.")
    s3_url: str = setting("", "Address that people reach the hub's S3 door at. Default: the hub's url, with /s3.")
    accel: str = setting(
        "", "Internal location at which nginx serves the folder `store`, such as /-/store; it then sends large files."
    )
    database: str = setting(
        "", "Database URL, such as postgresql://user@host/name. Default: SQLite in the data folder."
    )
    store: str = setting("", "Object store, such as s3://bucket/prefix. Default: the data folder on the local disk.")
    admin_user: str = setting("admin", "Name of the administrator that the first start creates.")
    admin_password: str = setting("", "Their password. Default: a generated one, printed once.")
    git_roots: tuple[Path, ...] = setting((), "Folders below which runs may use local Git repositories.")
    outbound: tuple[str, ...] = setting(
        (), "Where the hub may connect to for people, beside public addresses: hosts, addresses, networks; ! refuses."
    )
    slots: int = setting(2, "Runs side by side on this machine.")
    cpus: int = setting(0, "CPUs that runs may hold on this machine. Default: all of them.")
    memory: str = setting("", "Memory that runs may hold on this machine, such as 48GiB. Default: all of it.")
    gpus: str = setting(
        "", "Ids of the GPUs that runs may hold on this machine, such as 0,1, or none. Default: all of NVIDIA's."
    )
    sandbox: str = setting(
        "auto", "Whether runs are kept apart by a sandbox: auto (where one is usable), require or off."
    )
    sandbox_folders: tuple[Path, ...] = setting((), "Folders of this machine that every run in a sandbox may read.")
    grace_hours: int = setting(72, "Hours that the collector leaves alone what was needed.")
    collect_hours: int = setting(24, "Hours between collections of what nothing needs any more; 0 means never.")
    audit_days: int = setting(365, "Days that the audit log goes back; 0 means for ever.")
    requests_per_minute: int = setting(
        120_000, "Requests of one key, session or visitor's address; 0 is without limit."
    )
    public_folders: bool = setting(False, "Whether folders may be open to readers who have not signed in.")
    oidc_issuer: str = setting("", "Issuer of the OpenID Connect provider that people sign in with. Default: none.")
    oidc_client_id: str = setting("", "The hub's name with the provider.")
    oidc_client_secret: str = setting("", "Its secret there; best from the environment.")
    oidc_name: str = setting("single sign-on", "What the sign-in page calls the provider.")
    oidc_scopes: str = setting("openid profile email", "What the provider is asked to tell.")
    oidc_groups_claim: str = setting("groups", "Claim that names a user's groups; dots lead into objects.")
    oidc_admin_group: str = setting("", "Whose claim names this group are administrators. Default: not told by it.")
    oidc_create_users: bool = setting(True, "Whether whoever the provider vouches for gets an account.")
    quota: str = setting("", "Bytes that each owner's assets may hold, such as 500GB. Default: no limit.")
    run_disk: str = setting("", "Bytes that the workspace of one run may hold, such as 50GB. Default: no limit.")
    proxies: str = setting(
        "127.0.0.1", "Addresses, separated by commas, whose word on where a request came from is believed."
    )
    log_level: str = setting("info", "How much the server tells: debug, info, warning or error.")
    given: InitVar[Mapping[str, str] | None] = None  # where values came from, by the setting's name

    def __post_init__(self, given: Mapping[str, str] | None) -> None:
        object.__setattr__(self, "sources", dict(given or {}))

    @property
    def shown(self) -> tuple[Setting, ...]:
        """All of them as administrators may see them."""
        sources: Mapping[str, str] = getattr(self, "sources", {})
        told = []
        for known in fields(self):
            value, default = shown(getattr(self, known.name)), shown(known.default)
            value = (MASK if value else "") if known.name in SECRET else masked(value)
            source = sources.get(known.name, "" if value == default else "--")
            told.append(Setting(known.name, value, default, source, known.metadata["help"]))
        return tuple(told)

    @property
    def provider(self) -> ProviderSettings | None:
        if not self.oidc_issuer:
            return None
        if not self.oidc_client_id:
            raise Invalid("The setting 'oidc_issuer' needs 'oidc_client_id' beside it.")
        return ProviderSettings(
            self.oidc_issuer, self.oidc_client_id, self.oidc_client_secret, self.oidc_name, self.oidc_scopes,
            self.oidc_groups_claim, self.oidc_admin_group, self.oidc_create_users,
        )  # fmt: skip

    @property
    def s3_address(self) -> str:
        """Empty if neither setting tells it: the door is below the address that a request comes to."""
        address = (self.s3_url or (self.url and f"{self.url.rstrip('/')}/s3")).rstrip("/")
        parts = urlsplit(address)
        if address and (parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.username):
            raise Invalid("The setting 's3_url' is an address such as https://s3.example.org, without name and query.")
        return address

    @property
    def quota_bytes(self) -> int | None:
        return size_of("quota", self.quota)

    @property
    def machine(self) -> MachineSettings:
        """What this machine gives to runs; None: all that it has."""
        gpus = tuple(word for word in self.gpus.replace(",", " ").split() if word != "none") if self.gpus else None
        return MachineSettings(self.cpus if self.cpus > 0 else None, size_of("memory", self.memory), gpus)

    @property
    def run_disk_bytes(self) -> int | None:
        return size_of("run_disk", self.run_disk)

    @property
    def audit_kept(self) -> timedelta | None:
        return timedelta(days=self.audit_days) if self.audit_days > 0 else None


def size_of(name: str, text: str) -> int | None:
    try:
        return parse_size(text) if text else None
    except Invalid as error:
        raise Invalid(f"The setting {name!r}: {error}") from None


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
    chosen = "--data" if options.get("data") else "ASSETHUB_DATA" if environment.get("ASSETHUB_DATA") else ""
    given["data"] = (folder, chosen)
    types = {known.name: known.type for known in fields(Settings)}
    values = {}
    for name, (value, source) in given.items():
        if name not in types:
            raise Invalid(f"{source}: there is no setting {name!r}.")
        values[name] = convert(name, value, types[name], source)
    return Settings(**values, given={name: source for name, (_, source) in given.items()})


def convert(name: str, value: Any, kind: Any, source: str) -> Any:
    if kind == tuple[Path, ...]:
        items = value.split(os.pathsep) if isinstance(value, str) else value
        return tuple(Path(item) for item in items if str(item))
    if kind == tuple[str, ...]:
        return tuple(value.replace(",", " ").split() if isinstance(value, str) else map(str, value))
    if kind is Path:
        return Path(value)
    if kind is bool:
        known = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
        if str(value).lower() not in known:
            raise Invalid(f"{source}: the setting {name!r} is true or false, not {value!r}.")
        return known[str(value).lower()]
    if kind is int:
        try:
            return int(value)
        except (TypeError, ValueError):
            raise Invalid(f"{source}: the setting {name!r} must be a whole number, not {value!r}.") from None
    return str(value)
