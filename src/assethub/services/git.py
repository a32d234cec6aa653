"""The git program, cut off from the settings and keys of the account that the hub runs under.

What it is told of one repository (addresses, credentials) lies in a private folder that is gone afterwards: on a
command line every user of the machine would see it.
"""

import base64
import os
import re
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import quote

from assethub.domain.credentials import DEFAULT_USER, Credential
from assethub.domain.errors import Unavailable
from assethub.domain.repositories import Remote
from assethub.services.outbound import Place, bracketed

SECONDS = 300
OLDEST = (2, 37)  # knows http.curloptResolve
PASSED = ("PATH", "TMPDIR", "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "GIT_PROXY_SSL_CAINFO", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True)
class Opener:
    """A credential together with its secret."""

    credential: Credential
    secret: str

    def scrubbed(self, text: str) -> str:
        """The text without the secret, which a server could have repeated."""
        for told in (self.secret, quote(self.secret, safe=""), self.login):
            text = text.replace(told, "…")
        return text

    @property
    def login(self) -> str:
        """Name and token as HTTP takes them."""
        return base64.b64encode(f"{self.credential.username}:{self.secret}".encode()).decode()


@dataclass(frozen=True)
class Way:
    """How git reaches one repository."""

    url: str
    environment: Mapping[str, str]


@contextmanager
def local_way(scratch: Path, path: Path) -> Iterator[Way]:
    """To a repository on this machine, whoever of it the files belong to."""
    with private_folder(scratch) as folder:
        yield Way(str(path), configured(folder, {"protocol.file.allow": "always", "safe.directory": "*"}))


@contextmanager
def https_way(scratch: Path, remote: Remote, place: Place, opener: Opener | None) -> Iterator[Way]:
    """To a repository at the judged addresses alone; the token is for this host, and for no redirect."""
    require_version()
    with private_folder(scratch) as folder:
        config = {
            "protocol.https.allow": "always", "http.followRedirects": "false", "http.emptyAuth": "false",
            "http.proxy": place.proxy or "", "credential.helper": "",
        }  # fmt: skip
        if place.addresses:
            found = ",".join(bracketed(str(address)) for address in place.addresses)
            config["http.curloptResolve"] = f"{place.host}:{place.port}:{found}"
        if opener is not None:
            kept = folder / "credentials"
            user, secret = quote(opener.credential.username, safe=""), quote(opener.secret, safe="")
            write_private(kept, f"https://{user}:{secret}@{place.authority}\n")
            config["credential.helper"] = f"store --file={shlex.quote(str(kept))}"
        yield Way(str(remote), configured(folder, config))


@contextmanager
def ssh_way(scratch: Path, known_hosts: Path, remote: Remote, place: Place, opener: Opener | None) -> Iterator[Way]:
    """To a repository at the first judged address, with this key and no other."""
    if shutil.which("ssh") is None:
        raise Unavailable("ssh is not installed on the hub's machine; install it (apt-get install openssh-client).")
    with private_folder(scratch) as folder:
        alias = remote.host if remote.port == 22 else f"[{remote.host}]:{remote.port}"
        settings = {
            "HostName": str(place.addresses[0]), "HostKeyAlias": alias, "User": remote.user or DEFAULT_USER,
            "UserKnownHostsFile": spelled(known_hosts), "StrictHostKeyChecking": "accept-new",
            "IdentityFile": "none", "IdentitiesOnly": "yes", "IdentityAgent": "none", "BatchMode": "yes",
            "PreferredAuthentications": "publickey", "ForwardAgent": "no", "ClearAllForwardings": "yes",
            "ControlMaster": "no", "ControlPath": "none", "UpdateHostKeys": "no", "ConnectTimeout": "20",
        }  # fmt: skip
        if opener is not None:
            key = folder / "key"
            write_private(key, opener.secret)
            settings |= {"IdentityFile": spelled(key), "User": remote.user or opener.credential.username}
        write_private(folder / "ssh_config", "".join(f"{name} {value}\n" for name, value in settings.items()))
        told = configured(folder, {"protocol.ssh.allow": "always"})
        yield Way(str(remote), told | {"GIT_SSH_COMMAND": f"ssh -F {shlex.quote(str(folder / 'ssh_config'))}"})


@contextmanager
def private_folder(scratch: Path) -> Iterator[Path]:
    scratch.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        yield Path(folder)


def write_private(path: Path, text: str) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def spelled(path: Path) -> str:
    """A path as ssh's configuration takes it."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def configured(folder: Path, config: Mapping[str, str]) -> dict[str, str]:
    """Variables that make git read this configuration, and only this."""
    lines = []
    for key, value in config.items():
        section, _, name = key.rpartition(".")
        first, _, rest = section.partition(".")
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        lines.append(f'[{first}{f" {chr(34)}{rest}{chr(34)}" if rest else ""}]\n\t{name} = "{escaped}"\n')
    write_private(folder / "config", "".join(lines))
    return {"GIT_CONFIG_GLOBAL": str(folder / "config"), "HOME": str(folder)}


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in PASSED if name in os.environ}
    fixed = {
        "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "HOME": os.devnull, "GIT_TERMINAL_PROMPT": "0",
        "GIT_ATTR_NOSYSTEM": "1", "LC_ALL": "C",
    }  # fmt: skip
    return {**kept, **fixed, **(more or {})}


def command(arguments: Sequence[str], repository: Path | None) -> list[str]:
    program = shutil.which("git")
    if program is None:
        raise Unavailable("git is not installed on the hub's machine; install it (apt-get install git) and try again.")
    where = ["--git-dir", str(repository)] if repository else []
    return [program, "-c", "protocol.allow=never", "-c", "gc.auto=0", *where, *arguments]


def run_git(
    arguments: Sequence[str], repository: Path | None, way: Way | None = None, seconds: float = SECONDS
) -> subprocess.CompletedProcess[str]:
    process = subprocess.Popen(
        command(arguments, repository), env=environment(way.environment if way else None), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    try:
        out, error = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)  # with what it started, such as ssh
        process.communicate()
        raise Unavailable(f"git {arguments[0]} took longer than {seconds:g} s; the Git server may be away.") from None
    return subprocess.CompletedProcess(process.args, process.returncode, out, error)


def complaint(stderr: str) -> str:
    """What git, or the ssh below it, says went wrong."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    at = next((number for number, line in enumerate(lines) if line.startswith("fatal: ")), len(lines) - 1)
    if at > 0 and "Could not read from remote repository" in lines[at]:
        at -= 1
    return lines[at].removeprefix("fatal: ") if lines else "git said nothing"


@cache
def version() -> tuple[int, ...]:
    told = run_git(["version"], None).stdout
    found = re.search(r"(\d+)\.(\d+)", told)
    return tuple(int(part) for part in found.groups()) if found else (0, 0)


def require_version() -> None:
    if version() < OLDEST:
        raise Unavailable(
            f"git {'.'.join(map(str, version()))} on the hub's machine is too old to fetch over https from checked "
            f"addresses; install {'.'.join(map(str, OLDEST))} or newer."
        )
