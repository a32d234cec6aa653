"""Pictures beside one another; a script lays them over one another too."""

from urllib.parse import quote

from assethub.server.console.diffs.looking import Differing
from assethub.server.console.previews.looking import Shown
from assethub.server.console.previews.media import is_picture
from assethub.services.objects import OpenFile


def show(looking: Differing) -> Shown | None:
    pictures = bool(looking.files) and all(is_picture(one.path, one.entry.content_type) for one in looking.files)
    if not pictures:
        return None
    links = {
        "old": raw(looking.sides.old_link, looking.sides.old),
        "new": raw(looking.sides.new_link, looking.sides.new),
    }
    return Shown("diffs/pictures.html", links)


def raw(link: str | None, opened: OpenFile | None) -> str | None:
    """The address of the picture's bytes."""
    return f"/raw/{link}/{quote(opened.path.rsplit('/', 1)[-1])}" if link and opened else None
