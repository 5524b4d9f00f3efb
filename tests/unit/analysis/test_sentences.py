"""Sentences of verdicts where there is one of something, or nothing to tell."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tco.analysis import breakeven
from tco.analysis.portfolio import results


def test_one_model_is_not_counted_as_none_of_one() -> None:
    row: Any = SimpleNamespace(model="qwen3-32b", first=None)
    dearer: Any = SimpleNamespace(a_usd=10.0, b_usd=25.0)
    cheaper: Any = SimpleNamespace(a_usd=10.0, b_usd=5.0)
    assert breakeven._count([row], "a host", whole=True) == "a host in no case (qwen3-32b)"
    assert breakeven._count([row] * 2, "a host", whole=True) == "a host for none of 2 models"
    assert breakeven._paying([(row, dearer)]) == "in no case (qwen3-32b: 2.5 times)"
    assert breakeven._paying([(row, cheaper)]) == "for qwen3-32b"


@pytest.mark.parametrize(
    ("reduction", "words"),
    [(0.25, "25% less than x"), (-0.25, "25% more than x"), (1e-5, "as much as x")],
)
def test_what_a_portfolio_saves_in_words(reduction: float, words: str) -> None:
    result: Any = SimpleNamespace(
        reduction=reduction, against="x", against_usd=1000.0, reductions=()
    )
    assert results._saved(result) == f"That is {words} for everything ($1,000)."
