import math

import pytest

from assethub.domain.errors import Invalid
from assethub.domain.evaluations import check_metrics


def test_nested_metrics_are_kept_under_dotted_names_and_texts_are_left_out() -> None:
    metrics = check_metrics({"accuracy": 0.9, "per": {"a": 1, "b": [2, 3]}, "note": "fine", "ok": True})
    assert metrics == {"accuracy": 0.9, "per.a": 1, "per.b.0": 2, "per.b.1": 3, "ok": 1}


def test_what_is_no_number_is_kept_as_none() -> None:
    assert check_metrics({"loss": math.nan, "worst": -math.inf}) == {"loss": None, "worst": None}


def test_metrics_without_a_number_are_refused() -> None:
    with pytest.raises(Invalid, match="no number"):
        check_metrics({"note": "fine"})
