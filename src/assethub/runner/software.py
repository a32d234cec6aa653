"""What of a machine a sandboxed command may read: its software, and no more of its settings than programs need."""

from __future__ import annotations

import os
import pwd
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")
SETTINGS = (
    "OpenCL", "alternatives", "crypto-policies", "fonts", "gai.conf", "glvnd", "host.conf", "hosts", "ld.so.cache",
    "ld.so.conf", "ld.so.conf.d", "localtime", "mime.types", "nsswitch.conf", "openmpi", "os-release",
    "pki/ca-trust/extracted", "pki/tls/cert.pem", "pki/tls/certs", "protocols", "resolv.conf", "services",
    "ssl/cert.pem", "ssl/certs", "ssl/openssl.cnf", "timezone", "vulkan",
)  # fmt: skip
PROGRAMS = ("bin", "sbin", "shims")  # how folders of programs are called,
BESIDE = (*PROGRAMS, "lib", "lib32", "lib64", "libexec")  # and what those in them use
ENVIRONMENT = (*BESIDE, "etc", "include", "pyvenv.cfg", "share")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
SOURCES = (
    "UV_BUILD_CONSTRAINT", "UV_CONFIG_FILE", "UV_CONSTRAINT", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS", "UV_INDEX", "UV_INDEX_URL", "UV_OVERRIDE",
)  # fmt: skip


def homes(variables: Mapping[str, str] = os.environ) -> list[Path]:
    """Where the user of this process keeps what is theirs, and the folder in it that programs keep data in."""
    found = {Path(variables["HOME"])} if variables.get("HOME", "").startswith("/") else set()
    with suppress(KeyError):  # for a user without an entry
        found.add(Path(pwd.getpwuid(os.getuid()).pw_dir))
    real = [home for home in found if not any(within(home, Path(folder)) for folder in SYSTEM)]
    return [*real, *(home / ".local" / "share" for home in real)]


def within(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def holds(path: Path, hidden: Iterable[Path]) -> bool:
    """Whether a hidden folder would be seen with this one."""
    return any(within(secret, seen) for seen in {path, path.resolve()} for secret in hidden)


def readable(variables: Mapping[str, str], hidden: Sequence[Path], folders: Sequence[Path] = ()) -> list[Path]:
    """The machine's software, the interpreter's own, that of the PATH, certificates, and `folders`, outermost first.

    None of them holds a hidden folder, except for those of the system, in which it has to be covered.
    """
    wanted = [*folders]
    for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}:
        wanted += interpreter(Path(prefix), hidden)
    for entry in variables.get("PATH", os.defpath).split(os.pathsep):
        if entry.startswith("/"):
            wanted += programs(Path(os.path.normpath(entry)), hidden)
    wanted += [Path(variables[name]) for name in CERTIFICATES if variables.get(name, "").startswith("/")]
    wanted += managed_pythons(variables)
    wanted += [path.resolve() for path in wanted]
    found = {path for path in wanted if there(path) and not holds(path, hidden)}
    found |= {path for path in (*map(Path, SYSTEM), *(Path("/etc", name) for name in SETTINGS)) if there(path)}
    kept: list[Path] = []
    for path in sorted(found, key=lambda path: path.parts):
        if not any(within(path, above) and not parted(above, path, hidden) for above in kept):
            kept.append(path)
    return kept


def there(path: Path) -> bool:
    """Whether this user finds something there, and may pass what leads to it."""
    return os.path.exists(path)


def parted(above: Path, path: Path, hidden: Iterable[Path]) -> bool:
    """Whether a hidden folder lies between the two, so that the upper one does not show the lower."""
    return any(within(path, secret) and within(secret, above) for secret in hidden)


def interpreter(prefix: Path, hidden: Sequence[Path]) -> list[Path]:
    """A Python's prefix; of one that may be more than that, such as ~/.local, what Python keeps there."""
    if holds(prefix, hidden) or there(prefix / "pyvenv.cfg"):
        return [prefix / name for name in ENVIRONMENT]
    return [prefix]


def programs(folder: Path, hidden: Sequence[Path]) -> list[Path]:
    """A folder of the PATH, with what its programs use of the folder above."""
    above = folder.parent
    if folder.name not in PROGRAMS or above in hidden:
        return [folder]
    software = there(above / "conda-meta") or (there(above / "shims") and there(above / "versions"))
    if software and not holds(above, hidden):
        return [above]
    return [folder, *(above / name for name in (*BESIDE, "pyvenv.cfg"))]  # by which an environment's Python knows it


def managed_pythons(variables: Mapping[str, str]) -> list[Path]:
    """The folder of the interpreters that uv has installed on this machine."""
    data = variables.get("XDG_DATA_HOME") or os.path.join(variables.get("HOME") or "/", ".local", "share")
    found = variables.get("UV_PYTHON_INSTALL_DIR") or os.path.join(data, "uv", "python")
    return [Path(found)] if found.startswith("/") and os.path.isdir(found) else []


def package_sources(variables: Mapping[str, str] = os.environ) -> list[Path]:
    """Where uv is told of packages on this machine: its settings, and the local places that its variables name."""
    found = [Path("/etc/uv"), Path(configuration(variables), "uv", "uv.toml")]
    for name in SOURCES:
        for word in re.split(r"[\s,]+", variables.get(name, "")):
            found.append(Path(word.partition("file://")[2] or word.rpartition("=")[2]))
    return [path for path in found if path.is_absolute() and there(path)]


def configuration(variables: Mapping[str, str] = os.environ) -> str:
    return variables.get("XDG_CONFIG_HOME") or os.path.join(variables.get("HOME") or "/", ".config")
