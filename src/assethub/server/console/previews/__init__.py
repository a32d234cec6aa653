"""How the console shows one file: the first viewer that knows its format answers with a template and its values."""

from assethub.server.console.previews import archives, arrays, media, notebooks, tables, text, trees, weights
from assethub.server.console.previews.looking import Looking, Shown, Viewer

VIEWERS: tuple[Viewer, ...] = (
    media.show, tables.show, weights.show, arrays.show, archives.show, notebooks.show, trees.show, text.show,
)  # fmt: skip
NOTHING = Shown("previews/none.html")


def preview(looking: Looking) -> Shown:
    return next((shown for viewer in VIEWERS if (shown := viewer(looking)) is not None), NOTHING)
