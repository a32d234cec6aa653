"""Where a file lies in a version, and so what links in its text lead to."""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from assethub.domain.names import AssetPath
from assethub.server.console.pages import url_of
from assethub.services.read_links import ReadLinks

LINES = re.compile(r"L\d+(-L?\d+)?")
ANCHOR = "md-"  # before the ids of users' texts: none of them is an id of the page


@dataclass(frozen=True)
class Place:
    """Where a file lies, and so what its relative links lead to."""

    asset: AssetPath
    ref: str | None  # that the page's address gives
    links: ReadLinks
    folder: str = ""  # that the file is in, with a slash at its end

    def page(self, link: str) -> str | None:
        """The address of a link in a text: files of the version have their pages. None if it leads nowhere."""
        parts = target(link)
        if parts is None or parts.scheme or parts.netloc:
            return link if parts else None
        if not parts.path:
            return f"#{ANCHOR}{parts.fragment}" if parts.fragment else None
        path = self.beside(parts.path)
        if path is None:
            return None
        anchor = anchor_of(path, parts.fragment)
        if not path or parts.path.endswith("/"):
            return (url_of(self.asset, *(["files", path] if path else []), ref=self.ref)) + anchor
        return url_of(self.asset, "file", path, ref=self.ref) + anchor

    def picture(self, link: str) -> str | None:
        """The address of a picture's bytes, if it is a file of the version."""
        parts = target(link)
        if parts is None or parts.scheme or parts.netloc or not parts.path:
            return None
        path = self.beside(parts.path)
        return self.raw(path) if path else None

    def raw(self, path: str) -> str:
        return f"/raw/{self.links.to(path)}/{url_of(path.rsplit('/', 1)[-1])[1:]}"

    def beside(self, path: str) -> str | None:
        """A path as the file means it: from its own folder, or with a slash before it from the first one."""
        path = unquote(path)
        found = posixpath.normpath(path.lstrip("/") if path.startswith("/") else self.folder + path)
        return None if found.startswith("..") else "" if found == "." else found


def anchor_of(path: str, fragment: str) -> str:
    """Headings have ids in texts that are shown as Markdown, lines in all others."""
    if not fragment or LINES.fullmatch(fragment):
        return f"#{fragment}" if fragment else ""
    return f"#{ANCHOR}{fragment}" if path.lower().endswith((".md", ".markdown")) else ""


def target(link: str) -> SplitResult | None:
    try:
        return urlsplit(link.strip())
    except ValueError:
        return None
