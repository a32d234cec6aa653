"""What the front matter of a card says: license, labels and the like, in the words of the Hugging Face Hub."""

import yaml

from assethub.domain.cards import Facts, split_card

MOST_FRONT = 20_000  # characters of front matter that are read
MOST_TAGS = 40
LONGEST = 100
MORE = ("pipeline_tag", "task_categories", "library_name", "base_model", "datasets")


def facts_of(text: str) -> Facts:
    """Nothing where the front matter is missing, too long, or not YAML: a card is text before all."""
    front = split_card(text).front
    if not front.strip() or len(front) > MOST_FRONT:
        return Facts()
    try:
        given = yaml.load(front, Loader=yaml.BaseLoader)  # texts alone: nothing is merged or made
    except (yaml.YAMLError, ValueError, RecursionError):
        return Facts()
    if not isinstance(given, dict):
        return Facts()
    license = next(iter(texts(given.get("license_name")) or texts(given.get("license"))), None)
    more = {name: ", ".join(texts(given.get(name))) for name in MORE}
    return Facts(
        license, texts(given.get("tags"))[:MOST_TAGS], texts(given.get("language"))[:MOST_TAGS],
        {name: value for name, value in more.items() if value},
    )  # fmt: skip


def texts(value: object) -> tuple[str, ...]:
    """A text or a list of texts, cut to what a page can show."""
    given = value if isinstance(value, list) else [value]
    plain = [str(one).strip()[:LONGEST] for one in given if isinstance(one, str | int | float)]
    return tuple(dict.fromkeys(one for one in plain if one))
