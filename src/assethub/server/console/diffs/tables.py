"""Tables, row by row."""

from assethub.domain.errors import Invalid
from assethub.server.console.diffs.looking import LATER, Differing
from assethub.server.console.previews.looking import Shown
from assethub.services.table_diff import compare_tables
from assethub.services.tables import table_of

LARGEST = 1 << 20  # bytes of both sides that are compared among others
ROWS, ROWS_ALONE = 50, 500


def show(looking: Differing) -> Shown | None:
    old, new = (table_of(one) if one else None for one in (looking.sides.old, looking.sides.new))
    if old is None or new is None:
        return None
    if not looking.alone and looking.size > LARGEST:
        return LATER
    try:
        found = compare_tables(old, new, ROWS_ALONE if looking.alone else ROWS)
    except Invalid:  # it is no table, whatever its name says
        return None
    return Shown("diffs/table.html", {"rows": found}, renders=True)
