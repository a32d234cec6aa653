"""What an archive consists of, noted on disk while it passes by: memory stays flat however long the history."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Self

from assethub.domain.errors import Full
from assethub.storage.node_checks import Checked
from assethub.storage.nodes import Child

PAGE = 500
CACHE_KIB = 64 << 10
SCHEMA = """
CREATE TABLE commits (
    place INTEGER PRIMARY KEY, id TEXT UNIQUE NOT NULL, line TEXT NOT NULL, tree BLOB NOT NULL,
    generation INTEGER NOT NULL, measures TEXT, parent INTEGER NOT NULL DEFAULT 0);
CREATE TABLE nodes (
    id BLOB PRIMARY KEY, first BLOB, content BLOB, count INTEGER, size INTEGER, level INTEGER, last BLOB,
    entries INTEGER, closed INTEGER, used INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE bodies (
    place INTEGER PRIMARY KEY, sha256 BLOB UNIQUE NOT NULL, size INTEGER NOT NULL, arrived INTEGER NOT NULL DEFAULT 0);
"""


class Ledger:
    """A scratch database without a name, gone when it is closed; for one thread at a time."""

    def __init__(self) -> None:
        self.database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=OFF", "synchronous=OFF", f"cache_size=-{CACHE_KIB}"):
            self.database.execute(f"PRAGMA {pragma}")
        self.database.executescript(SCHEMA)
        self.database.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        self.close()
        if isinstance(error, sqlite3.OperationalError) and "full" in str(error):
            raise Full("The disk of the hub's temporary files is full. Free some space on it and try again.") from error

    def close(self) -> None:
        self.database.close()

    def one(self, query: str, *values: object) -> Any:
        row = self.database.execute(query, values).fetchone()
        return row[0] if row else None

    def pages(self, query: str) -> Iterator[list[Any]]:
        """Rows that begin with their place, a page at a time; the ledger may be written between pages."""
        after = 0
        while page := self.database.execute(
            f"{query} WHERE place > ? ORDER BY place LIMIT {PAGE}", (after,)
        ).fetchall():
            yield [row[1:] for row in page]
            after = page[-1][0]

    def add_commit(self, id: str, line: str, tree: str, parents: Sequence[str], generation: int) -> None:
        """KeyError if it is there already."""
        try:
            self.database.execute(
                "INSERT INTO commits (id, line, tree, generation) VALUES (?, ?, ?, ?)",
                (id, line, bytes.fromhex(tree), generation),
            )
        except sqlite3.IntegrityError:
            raise KeyError(id) from None
        self.database.executemany("UPDATE commits SET parent = 1 WHERE id = ?", [(parent,) for parent in parents])

    def measure(self, commit: str, measures: str) -> None:
        self.database.execute("UPDATE commits SET measures = ? WHERE id = ?", (measures, commit))

    def commits(self) -> Iterator[list[tuple[str, str, int, str]]]:
        """(id, line, generation, measures) of all commits, parents first."""
        return self.pages("SELECT place, id, line, generation, measures FROM commits")

    def line(self, commit: str) -> str:
        found: str = self.one("SELECT line FROM commits WHERE id = ?", commit)
        return found

    def generation(self, commit: str) -> int | None:
        found: int | None = self.one("SELECT generation FROM commits WHERE id = ?", commit)
        return found

    def tree(self, commit: str) -> str:
        found: bytes = self.one("SELECT tree FROM commits WHERE id = ?", commit)
        return found.hex()

    def tips(self) -> list[str]:
        """Commits that are no other's parent."""
        return [id for (id,) in self.database.execute("SELECT id FROM commits WHERE parent = 0 ORDER BY place")]

    def add_node(self, node: Checked) -> None:
        """KeyError if it is there already."""
        child = node.child
        try:
            self.database.execute(
                "INSERT INTO nodes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (child.id, child.first, child.content, child.count, child.size, node.level, node.last, node.entries,
                 node.closed),
            )  # fmt: skip
        except sqlite3.IntegrityError:
            raise KeyError(child.id.hex()) from None

    def node(self, id: bytes) -> Checked | None:
        row = self.database.execute("SELECT * FROM nodes WHERE id = ?", (id,)).fetchone()
        if row is None:
            return None
        id, first, content, count, size, level, last, entries, closed, _ = row
        return Checked(Child(first, id, content, count, size), level, last, entries, bool(closed))

    def use(self, nodes: Iterable[bytes]) -> None:
        self.database.executemany("UPDATE nodes SET used = 1 WHERE id = ?", ((id,) for id in nodes))

    def lost_tree(self) -> str | None:
        """A commit whose tree has not come."""
        found: str | None = self.one("SELECT id FROM commits WHERE tree NOT IN (SELECT id FROM nodes) LIMIT 1")
        return found

    def stray_node(self) -> bytes | None:
        """A node that belongs to no tree."""
        found: bytes | None = self.one(
            "SELECT id FROM nodes WHERE used = 0 AND id NOT IN (SELECT tree FROM commits) LIMIT 1"
        )
        return found

    def roots(self) -> list[bytes]:
        """Distinct trees with a level above the leaves."""
        query = "SELECT id FROM nodes WHERE level > 0 AND id IN (SELECT tree FROM commits)"
        return [id for (id,) in self.database.execute(query)]

    def need(self, bodies: Iterable[tuple[bytes, int]]) -> list[str]:
        """Note contents with their sizes; answers those that are new. Two sizes for one content make it -1."""
        before = self.one("SELECT max(place) FROM bodies") or 0
        self.database.executemany(
            "INSERT INTO bodies (sha256, size) VALUES (?, ?) ON CONFLICT (sha256) DO UPDATE SET size = -1 "
            "WHERE size <> excluded.size",
            bodies,
        )
        rows = self.database.execute("SELECT sha256 FROM bodies WHERE place > ? ORDER BY place", (before,))
        return [digest.hex() for (digest,) in rows]

    def body(self, sha256: str) -> tuple[int, bool] | None:
        """Its size, and whether it has arrived."""
        query = "SELECT size, arrived FROM bodies WHERE sha256 = ?"
        row = self.database.execute(query, (bytes.fromhex(sha256),)).fetchone()
        return (row[0], bool(row[1])) if row else None

    def arrive(self, sha256: str) -> None:
        self.database.execute("UPDATE bodies SET arrived = 1 WHERE sha256 = ?", (bytes.fromhex(sha256),))

    def lost_body(self) -> str | None:
        """A content that is needed and has not arrived."""
        found: bytes | None = self.one("SELECT sha256 FROM bodies WHERE arrived = 0 LIMIT 1")
        return found.hex() if found else None

    def bodies(self) -> Iterator[list[str]]:
        """The sha256s of all contents, in the order in which they were first needed."""
        for page in self.pages("SELECT place, sha256 FROM bodies"):
            yield [digest.hex() for (digest,) in page]

    def sorted_bodies(self) -> Iterator[list[str]]:
        """The sha256s of all contents in their own order, which databases take fastest."""
        after = b""
        query = f"SELECT sha256 FROM bodies WHERE sha256 > ? ORDER BY sha256 LIMIT {PAGE}"
        while page := [digest for (digest,) in self.database.execute(query, (after,))]:
            yield [digest.hex() for digest in page]
            after = page[-1]

    def total(self) -> tuple[int, int]:
        """How many contents there are, and their bytes."""
        count, size = self.database.execute("SELECT count(*), coalesce(sum(size), 0) FROM bodies").fetchone()
        return count, size
