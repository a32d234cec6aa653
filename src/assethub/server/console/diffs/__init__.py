"""How the console shows what changed in one file: the first viewer that knows the format answers.

Every viewer is given both sides and answers with a template and its values, or with nothing if the format is not its
own, or is too large for it.
"""

from assethub.server.console.diffs import keys, pictures, tables, tensors, text
from assethub.server.console.diffs.looking import LATER, Differing, DiffViewer
from assethub.server.console.previews.looking import Shown

VIEWERS: tuple[DiffViewer, ...] = (pictures.show, tensors.show, tables.show, keys.show, text.show)
AS_TEXT: tuple[DiffViewer, ...] = (text.show,)
BINARY = Shown("diffs/binary.html", {"why": None})
SAME = Shown("diffs/same.html")
LOST = Shown("diffs/lost.html")

__all__ = ["LATER", "Differing", "difference"]


def difference(looking: Differing) -> Shown:
    change = looking.change
    if change.old is not None and change.new is not None and change.old.sha256 == change.new.sha256:
        return SAME
    if looking.sides.lost:
        return LOST
    viewers = AS_TEXT if looking.as_text else VIEWERS
    return next((shown for viewer in viewers if (shown := viewer(looking)) is not None), BINARY)
