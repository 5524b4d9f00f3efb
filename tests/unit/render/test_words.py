"""Values in words."""

from __future__ import annotations

import pytest

from tco.analysis.results import AssumptionResult, SwingResult
from tco.ask.fields import Words
from tco.ask.options import QUESTION
from tco.catalog.load import Catalog
from tco.render import words
from tco.render.output import text
from tco.render.screens.breakeven import spans
from tco.render.screens.sensitivity import BAR, bar
from tco.units import counted_words, in_unit


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.85, "share", "85%"),
        (0.05, "share of rent", "5% of rent"),
        (240000, "USD/year", "$240,000/year"),
        (0.05, "s/token", "50ms"),
        (1.86, "factor", "x1.86"),
        (256, "requests", "256"),
        ("tuned", "", "tuned"),
        (1.0, "one of tensor, expert", "expert"),
    ],
)
def test_in_unit(value: float | str, unit: str, shown: str) -> None:
    assert in_unit(value, unit) == shown


@pytest.mark.parametrize(
    ("won", "shown"),
    [
        ((), "never"),
        (((0.0, None),), "always"),
        (((31.4e9, None),), "from 31.4B"),
        (((31.4e9, 32e9), (37.2e9, 40e9), (48.9e9, None)), "31.4B–32B, 37.2B–40B, from 48.9B"),
    ],
)
def test_spans(won: tuple[tuple[float, float | None], ...], shown: str) -> None:
    assert spans(won) == shown


def swing(low: float, high: float) -> SwingResult:
    return SwingResult(
        path="a.b",
        title="t",
        unit="share",
        value=0.5,
        low=0.1,
        high=0.9,
        origin="assumed",
        source="judgment",
        judgment=True,
        at_low_usd=low,
        at_high_usd=high,
        swing_usd=high - low,
        flips_at=None,
    )


def test_settings_that_count_words_say_the_words_of_their_options(catalog: Catalog) -> None:
    known = catalog.assumptions.assumptions
    read = {f.target: f.read for f in QUESTION if isinstance(f.read, Words)}
    coded = {target: words.words for target, words in read.items() if words.counted}
    assert coded.keys() == {path for path, one in known.items() if counted_words(one.unit)}
    assert all(counted_words(known[path].unit) == told for path, told in coded.items())


def test_bars() -> None:
    assert bar(swing(-100, 100), -100, 100) == "████████|████████"
    assert bar(swing(100, -100), -100, 100) == "████████|████████"
    assert bar(swing(0, 100), -100, 100) == " " * 8 + "|████████"
    assert bar(swing(50, 100), -100, 100) == " " * 8 + "|   █████"
    assert len(bar(swing(1, 1), 0, 0)) <= BAR


def test_assumptions_are_grouped_starred_and_can_be_set() -> None:
    rows = [
        AssumptionResult(
            path=f"{group}.{name}",
            title="",
            value=0.5,
            unit="share",
            origin="given" if name == "mine" else "assumed",
            source="",
            judgment=name != "mine",
        )
        for group, name in (("serving", "headroom"), ("people", "mine"), ("serving", "other"))
    ]
    shown = text(words.assumptions(rows))
    assert shown.splitlines()[1:] == [
        "serving  headroom 50%*  other 50%*",
        "people   mine 50% (given)",
    ]
