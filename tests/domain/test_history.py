from datetime import UTC, datetime

from assethub.domain.history import commit_id

AT = datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)


def test_commit_ids_are_those_of_the_documented_format() -> None:
    made = commit_id("1" * 64, ["2" * 64], "ada", "run 7", AT, "Träin\n", {"b": 1, "a": [True, None]})
    assert made == "24a29f54a25c749c986ca8356202669e542bcea75c08768804fe75f38d6137f1"
