"""Which bytes of users a browser may show by itself, and as what: pictures, sound, films and PDF, never a page."""

from dataclasses import dataclass

from assethub.domain.objects import OCTETS
from assethub.server.console.previews.looking import Looking, Shown

SANDBOX = "sandbox; default-src 'none'"
DRAWN = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
PDF = "application/pdf"
SVG = "image/svg+xml"
LARGEST_THUMBNAIL = 4 << 20  # bytes of a picture that galleries show


@dataclass(frozen=True)
class Sight:
    """How a raw address gives a file: under this type and policy, in place or only to be kept."""

    type: str
    policy: str = SANDBOX
    in_place: bool = True


KEPT = Sight(OCTETS, in_place=False)
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp")
SOUNDS = ("audio/mpeg", "audio/wav", "audio/flac", "audio/ogg", "audio/mp4", "audio/aac", "audio/webm")
FILMS = ("video/mp4", "video/webm", "video/ogg", "video/quicktime")
OTHERWISE = {
    "audio/x-wav": "audio/wav",
    "audio/x-flac": "audio/flac",
    "audio/opus": "audio/ogg",
    "image/jpg": "image/jpeg",
}
ENDINGS = {
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "avif": "image/avif", "bmp": "image/bmp", "svg": SVG, "mp3": "audio/mpeg", "wav": "audio/wav",
    "flac": "audio/flac", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg", "m4a": "audio/mp4",
    "aac": "audio/aac", "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "ogv": "video/ogg",
    "mov": "video/quicktime", "pdf": PDF,
}  # fmt: skip
SIGHTS = {type: Sight(type) for type in PICTURES + SOUNDS + FILMS} | {
    SVG: Sight(SVG, DRAWN, in_place=False),  # drawn by <img> alone, which runs no script
    PDF: Sight(PDF, in_place=False),  # drawn by a script of ours, which runs none of its own
}


def sight_of(path: str, content_type: str) -> Sight:
    """By the type that the file was given; by its name where that says nothing."""
    said = content_type.partition(";")[0].strip().lower()
    type = OTHERWISE.get(said, said)
    if type == OCTETS:
        type = ENDINGS.get(path.rsplit(".", 1)[-1].lower(), OCTETS)
    return SIGHTS.get(type, KEPT)


def is_picture(path: str, content_type: str) -> bool:
    return sight_of(path, content_type).type.startswith("image/")


def show(looking: Looking) -> Shown | None:
    type = sight_of(looking.opened.path, looking.entry.content_type).type
    if type == SVG:
        return None if looking.source else Shown("previews/picture.html", renders=True)
    if type in PICTURES:
        return Shown("previews/picture.html")
    if type in SOUNDS:
        return Shown("previews/sound.html")
    if type in FILMS:
        return Shown("previews/film.html")
    return Shown("previews/pdf.html") if type == PDF else None
