"""What keeps people from using a page, as axe-core finds it."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "build/axe.js"


def serious(page: Page, options: dict[str, Any] | None = None) -> list[str]:
    """What keeps people from using the page, seriously or altogether."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE.read_text())
    found = page.evaluate(
        """async options => (await axe.run(document, {resultTypes: ['violations'], ...options})).violations
        .filter(one => ['serious', 'critical'].includes(one.impact))
        .flatMap(one => one.nodes.map(node => `${one.id}: ${node.target} ${node.failureSummary}`))""",
        options or {},
    )
    return [str(one) for one in found]
