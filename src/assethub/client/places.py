"""Where a version's files lie on this machine, and which names its file system cannot hold side by side."""

import os
import sys
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from assethub.domain.errors import Invalid

MOST_TOLD = 20
WINDOWS_NAMES = frozenset(["con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in "123456789")])
WINDOWS_SIGNS = frozenset('<>:"\\|?*')


@dataclass(frozen=True)
class FileSystem:
    """What tells names apart where files are to lie."""

    folds_case: bool = False
    folds_forms: bool = False  # of Unicode: a letter with its accent, or the two one after another
    windows: bool = False
    longest: int = 255  # of a name: bytes, or where names are UTF-16, its units
    counts_bytes: bool = True

    def fold(self, path: str) -> str:
        """Equal for paths that are one here."""
        if self.folds_case:
            path = unicodedata.normalize("NFD", path).casefold()
        return unicodedata.normalize("NFC", path) if self.folds_case or self.folds_forms else path

    def problem(self, name: str) -> str | None:
        """Why no file may have this name."""
        length = len(name.encode()) if self.counts_bytes else len(name.encode("utf-16-le")) // 2
        if length > self.longest:
            return f"a name there has at most {self.longest} {'bytes' if self.counts_bytes else 'characters'}"
        if self.windows:
            if name.split(".")[0].rstrip(" ").lower() in WINDOWS_NAMES:
                return "Windows keeps this name for a device"
            if name.endswith((".", " ")):
                return "Windows drops a dot or space at a name's end"
            if WINDOWS_SIGNS & set(name):
                return 'Windows allows none of < > : " \\ | ? * in a name'
        return None


def check_names(paths: Iterable[str], system: FileSystem) -> None:
    """Invalid names the paths that could not lie side by side: equal ones, `a` beside `a/b`, and reserved names."""
    files: dict[str, str] = {}
    folders: dict[str, str] = {}
    names: dict[str, str | None] = {}
    problems: list[str] = []
    for path in paths:
        parts = path.split("/")
        for part in parts:
            if part not in names:
                names[part] = system.problem(part)
            if names[part]:
                problems.append(f"{path!r}: {names[part]}")
        folded = system.fold(path)
        if folded in files:
            problems.append(f"{files[folded]!r} and {path!r} are the same name there")
        files.setdefault(folded, path)
        at = folded.rfind("/")
        while at > 0 and folded[:at] not in folders:
            folders[folded[:at]] = path
            at = folded.rfind("/", 0, at)
    problems += [
        f"{path!r} is a file, and {folders[folded]!r} lies below it"
        for folded, path in files.items()
        if folded in folders
    ]
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise Invalid(
            f"These files cannot all lie in one folder of this file system: {problems[0]}{more}. "
            "Download some of them elsewhere, or read them through the hub.",
            problems[:MOST_TOLD],
        )


def file_system(target: Path) -> FileSystem:
    """The properties of where `target` is or will be, found out by a file that is there for a moment."""
    folder = next(place for place in (target.absolute(), *target.absolute().parents) if place.is_dir())
    name = f".ah-{uuid.uuid4().hex[:12]}-\u00e9a"
    probe = folder / name
    try:
        probe.touch(exist_ok=False)
        try:
            folds_case = (folder / name.upper()).exists()
            folds_forms = (folder / unicodedata.normalize("NFD", name)).exists()
        finally:
            probe.unlink()
    except OSError as error:
        raise Invalid(f"Nothing can be written to {folder}: {error.strerror}.") from error
    counts_bytes = sys.platform not in ("darwin", "win32")
    longest = os.pathconf(folder, "PC_NAME_MAX") if counts_bytes else 255
    return FileSystem(folds_case, folds_forms, os.name == "nt", longest, counts_bytes)


def places_of(target: Path, paths: Iterable[str]) -> dict[str, Path]:
    """Where each path lies below the target; never outside of it, nor through a link."""
    folders: dict[str, Path] = {"": target}
    places = {}
    for path in paths:
        above, _, name = path.rpartition("/")
        if above not in folders:
            folders[above] = safe_folder(target, path, above)
        if name in ("", ".", "..") or "\0" in name:
            raise outside(target, path)
        places[path] = folders[above] / name
    return places


def safe_folder(target: Path, path: str, above: str) -> Path:
    place = target
    for part in above.split("/"):
        if part in ("", ".", "..") or "\0" in part or (os.name == "nt" and ("\\" in part or ":" in part)):
            raise outside(target, path)
        place = place / part
        if place.is_symlink():
            raise Invalid(f"{place} is a symbolic link; the download of {path!r} would leave {target}.")
    return place


def outside(target: Path, path: str) -> Invalid:
    return Invalid(f"The path {path!r} would lie outside of {target}; it is not downloaded.")
