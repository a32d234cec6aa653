"""Archives: what is inside of them, by name and size."""

from assethub.domain.errors import Invalid
from assethub.server.console.previews.looking import Looking, Shown
from assethub.services.listings import format_of, list_members

PICKLES = (".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".bin")
NOTHING = {"pickled": False, "listing": None, "problem": None}


def show(looking: Looking) -> Shown | None:
    opened = looking.opened
    if opened.path.lower().endswith(PICKLES):
        first = b"".join(opened.read(0, min(2, opened.entry.size)))
        if first == b"PK":
            return listed(looking, "zip", pickled=True)
        return Shown("previews/archive.html", {**NOTHING, "pickled": True}) if first[:1] == b"\x80" else None
    format = format_of(opened.path)
    return listed(looking, format, pickled=False) if format else None


def listed(looking: Looking, format: str, *, pickled: bool) -> Shown:
    values = {**NOTHING, "pickled": pickled}
    try:
        return Shown("previews/archive.html", values | {"listing": list_members(looking.opened, format)})
    except Invalid as error:
        return Shown("previews/archive.html", values | {"problem": str(error)})
