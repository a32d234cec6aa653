"""What an edit makes of a version's paths: files laid over it, deleted, and moved without moving a byte."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from assethub.domain.errors import Conflict, Invalid, NotFound
from assethub.domain.history import digest_of
from assethub.domain.names import check_path
from assethub.domain.objects import Entry, guess_type
from assethub.storage.trees import Tree

MOST_TOLD = 20  # paths that a refusal lists
Changes = dict[str, Entry | None]  # None: the path is removed


def edits_of(
    tree: Tree, files: Mapping[str, Entry], delete: Iterable[str], move: Mapping[str, str],
    expected: Mapping[str, str | None],
) -> Changes:  # fmt: skip
    """Deletions first (`dir/` is all below it), then moves, then files.

    `expected` says what the tree must hold at paths: a sha256, or None where nothing may lie, neither file nor
    folder. Conflict if it holds something else.
    """
    check_expected(tree, expected)
    changes: Changes = {}
    for gone in delete:
        changes |= deletions(tree, gone)
    changes |= moves(tree, move, changes)
    changes.update(files)
    return changes


def check_expected(tree: Tree, expected: Mapping[str, str | None]) -> None:
    changed = [path for path, sha256 in expected.items() if digest_of(tree.find(path)) != sha256]
    if changed:
        raise Conflict(f"{len(changed)} paths are not what they were; look at what changed.", changed[:MOST_TOLD])
    for path, sha256 in expected.items():
        if sha256 is None:
            check_free(tree, path, {})


def deletions(tree: Tree, path: str) -> Changes:
    """What the deletion of `a/b` (a file) or `a/b/` (all below it) removes; what is not there is no error."""
    if path.endswith("/"):
        return {below: None for below, _ in tree.below(path)}
    return {path: None} if tree.find(path) else {}


def moves(tree: Tree, move: Mapping[str, str], gone: Mapping[str, Entry | None]) -> Changes:
    """What moving `old` to `new` changes: files, or folders with a `/` at their end, which a file moves into.

    Conflict where something lies at a new path that is not moved or `gone` itself.
    """
    found: list[tuple[str, Entry]] = []
    heads: list[str] = []
    changes: Changes = dict(gone)
    for old, asked in move.items():
        new = target_of(old, asked)
        heads.append(new)
        sources = list(tree.below(old)) if old.endswith("/") else [(old, entry)] if (entry := tree.find(old)) else []
        if not sources:
            raise NotFound(f"There is no {'folder' if old.endswith('/') else 'file'} {old!r} to move.")
        for path, entry in sources:
            changes[path] = None
            found.append((check_path(new + path[len(old) :]), renamed(entry, path, new)))
    for new in heads:
        check_free(tree, new, changes)
    crowded = [new for new in heads if next(tree.below(new), None)]  # in most nothing is, and no path is looked up
    taken = [
        path for path, _ in found if path.startswith(tuple(crowded)) and path not in changes and tree.find(path)
    ]  # fmt: skip
    if taken:
        raise Conflict(f"{len(taken)} files would be written over by this move.", taken[:MOST_TOLD])
    placed = dict(found)
    if len(placed) < len(found):
        raise Invalid("Two things would be moved to the same path; move one of them elsewhere.")
    return changes | placed


def target_of(old: str, asked: str) -> str:
    """Where a move leads, checked; Invalid for a move that goes nowhere, or of a folder into itself."""
    if old.endswith("/"):
        new = asked if asked.endswith("/") else f"{asked}/"
        if new.startswith(old):
            raise Invalid(f"The folder {old!r} cannot be moved {'to where it is' if new == old else 'into itself'}.")
    else:
        new = asked + old.rsplit("/", 1)[-1] if asked.endswith("/") else asked
        if new == old:
            raise Invalid(f"{old!r} is there already.")
    return check_path(new)


def check_free(tree: Tree, path: str, removed: Mapping[str, Entry | None]) -> None:
    """Conflict if there is a file where a folder is to be, or the other way round: no disk could hold both."""
    parts = path.rstrip("/").split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts) + path.endswith("/"))]
    for file in above:
        if file not in removed and tree.find(file):
            raise Conflict(f"{file!r} is a file, so that nothing can lie below it; choose another path.")
    if not path.endswith("/") and any(below not in removed for below, _ in tree.below(f"{path}/")):
        raise Conflict(f"{path!r} is a folder, so that no file can have this name; choose another path.")


def renamed(entry: Entry, old: str, new: str) -> Entry:
    """The entry at another path: a content type that came of the name changes with the name."""
    guessed = entry.content_type == guess_type(old) and not new.endswith("/")
    return replace(entry, content_type=guess_type(new)) if guessed else entry
