"""Inline SVG icons, so that they take the colour of the text around them."""

from functools import cache
from pathlib import Path

from markupsafe import Markup

ICONS = Path(__file__).parent / "static/vendor/icons"


@cache
def icon(name: str, size: int = 16) -> Markup:
    svg = (ICONS / f"{name}.svg").read_text().split("-->")[-1]
    svg = svg.replace('width="24"', f'width="{size}"').replace('height="24"', f'height="{size}"')
    return Markup(svg.replace("<svg", '<svg aria-hidden="true" focusable="false"', 1))
