"""Metrics of two versions beside one another."""

from typing import Any

MOST_METRICS = 12


def scores(before: list[Any], after: list[Any]) -> dict[str, Any]:
    """For each dataset measured on either side: the newest metrics of both."""
    found: dict[str, list[Any]] = {}
    for side, rows in enumerate((before, after)):
        for one, _ in rows:
            pair = found.setdefault(one.dataset_path, [None, None])
            pair[side] = pair[side] or one
    names = dict.fromkeys(
        name for pair in found.values() for one in pair if one for name in one.metrics if "." not in name
    )
    return {"scores": sorted(found.items()), "metrics": list(names)[:MOST_METRICS]}
