"""Two versions of a table, compared row by row."""

from assethub.protocol.tables import TableDiffInfo
from assethub.services.tables import Table, ask

LIMIT = 200  # rows that are told of


def compare_tables(old: Table, new: Table, limit: int = LIMIT, most: int = 200) -> TableDiffInfo:
    """What differs from one to the other: by a column that is unique on both sides, else by what the rows hold.

    `limit` is of the rows that are told of, `most` bytes of one cell. Invalid if one side cannot be read as a table.
    """
    key = ("diff", old.opened.entry.sha256, old.format, new.opened.entry.sha256, new.format, limit, most)
    asked = {"op": "diff", "limit": max(1, min(limit, 1000)), "most": most}
    return new.opened.hub.tables.kept(key, lambda: ask(TableDiffInfo, [old, new], asked))
