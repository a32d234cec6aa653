"""What goes where in an asset: files and folders of this machine, and what of them is left out."""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from assethub.domain.errors import Invalid
from assethub.domain.names import check_path

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

LEFT_OUT = frozenset({".git", "__pycache__", ".DS_Store", ".ipynb_checkpoints"})
IGNORE_FILE = ".ahignore"
Add = str | os.PathLike[str] | Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Source:
    """A local file as it was found, its path in the asset, and the folder that was given, it or its file's."""

    file: str
    path: str
    base: str
    found: os.stat_result


class Rule(NamedTuple):
    """Patterns for what is below a folder (a path from the base that ends in `/`, or the base)."""

    folder: str
    patterns: "GitIgnoreSpec"


def sources(add: Iterable[Add], exclude: Sequence[str] = ()) -> list[Source]:
    """What `add` means: `model.pt`, `./dir` (with the folder), `./dir/*` (without), `{local: remote}`.

    A remote path that ends in `/` is a folder to put the file, or the folder's content, into. What matches a pattern
    of `exclude` or of an `.ahignore` file in its folder or above it, both written as in .gitignore, is left out.
    Invalid if something is missing, is no regular file, or two files would share a path.
    """
    excluded = patterns(exclude, "--exclude")
    found: dict[str, Source] = {}
    for given in add:
        pairs = given.items() if isinstance(given, Mapping) else [(os.fspath(given), None)]
        for local, remote in pairs:
            for source in expand(local, remote, excluded):
                check_path(source.path)
                if source.path in found:
                    raise Invalid(f"{found[source.path].file} and {source.file} would both become {source.path!r}.")
                found[source.path] = source
    return [found[path] for path in sorted(found)]


def expand(local: str, remote: str | None, excluded: "GitIgnoreSpec | None" = None) -> Iterator[Source]:
    inside = local.endswith(("/*", "/"))
    place = Path(local.removesuffix("*")).expanduser()
    if not place.exists():
        raise Invalid(f"There is no file or folder {local!r} here.")
    if not place.is_dir():
        found = regular(str(place), place.lstat())
        name = place.resolve().name
        path = name if remote is None else f"{remote}{name}" if remote.endswith("/") else remote
        if excluded is None or not excluded.match_file(name):
            yield Source(str(place), path, str(place.parent), found)
        return
    own = "" if inside else place.resolve().name
    prefix = own if remote is None else remote.strip("/")
    prefix = f"{prefix}/" if prefix and prefix != "." else ""
    base = str(place)
    for below, found in walk(base, "", [] if excluded is None else [Rule("", excluded)], []):
        yield Source(f"{base}/{below}", prefix + below, base, found)


def walk(base: str, below: str, given: Sequence[Rule], rules: Sequence[Rule]) -> Iterator[tuple[str, os.stat_result]]:
    """Regular files in order, their paths from the base; links and special files are refused with their path."""
    with os.scandir(f"{base}/{below}") as folder:
        entries = sorted(folder, key=lambda one: one.name)
    if any(entry.name == IGNORE_FILE for entry in entries):
        file = f"{base}/{below}{IGNORE_FILE}"
        own = patterns(Path(file).read_text(errors="replace").splitlines(), file)
        rules = rules if own is None else [Rule(below, own), *rules]
    for entry in entries:
        path = below + entry.name
        inside = entry.is_dir(follow_symlinks=False)
        if entry.name in LEFT_OUT or is_left_out(f"{path}/" if inside else path, given, rules):
            continue
        if inside:
            yield from walk(base, f"{path}/", given, rules)
        else:
            yield path, regular(entry.path, entry.stat(follow_symlinks=False))


def is_left_out(path: str, given: Sequence[Rule], rules: Sequence[Rule]) -> bool:
    """What is given with the command counts first, then the nearest `.ahignore`."""
    for rule in (*given, *rules):
        found = rule.patterns.check_file(path[len(rule.folder) :]).include
        if found is not None:
            return found
    return False


def patterns(lines: Sequence[str], origin: str) -> "GitIgnoreSpec | None":
    """Patterns as in .gitignore; Invalid names the first that is none."""
    if not any(line.strip() and not line.startswith("#") for line in lines):
        return None
    from pathspec import GitIgnoreSpec  # most uploads have none

    try:
        return GitIgnoreSpec.from_lines(lines)
    except ValueError as error:
        raise Invalid(f"{origin}: {error}.") from None


def regular(path: str, found: os.stat_result) -> os.stat_result:
    if stat.S_ISLNK(found.st_mode):
        raise Invalid(f"{path} is a symbolic link; give the file that it points to.")
    if not stat.S_ISREG(found.st_mode):
        raise Invalid(f"{path} is not a regular file.")
    return found
