"""Arrays of NumPy: their first values, and how they are spread."""

from assethub.domain.errors import Invalid
from assethub.server.console.previews.looking import Looking, Shown
from assethub.services.arrays import Histogram, is_array, read_arrays

WIDTH, HEIGHT = 240, 60  # of a histogram, in its own units


def show(looking: Looking) -> Shown | None:
    if not is_array(looking.opened.path):
        return None
    try:
        arrays = read_arrays(looking.opened)
    except Invalid as error:
        return Shown("previews/refused.html", {"sentence": str(error)})
    drawn = [(array, bars(array.histogram) if array.histogram else []) for array in arrays]
    return Shown("previews/arrays.html", {"arrays": drawn, "width": WIDTH, "height": HEIGHT})


def bars(histogram: Histogram) -> list[tuple[float, float, float, float]]:
    """x, y, width and height of each bar."""
    most, step = max(histogram.counts), WIDTH / len(histogram.counts)
    tall = [HEIGHT * count / most for count in histogram.counts]
    return [
        (round(at * step, 2), round(HEIGHT - high, 2), round(step - 1, 2), round(high, 2))
        for at, high in enumerate(tall)
    ]
