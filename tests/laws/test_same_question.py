"""A question that two commands can be asked has one answer, whichever is asked."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from doors import DOORS, OVER_VOLUME, cases, differences, of_portfolio

REFUSED = (
    "a plan works out itself when GPUs are on",
    "a fleet that scales to zero has a bill without steps",
    "the fleets that tasks share are always on",
    "longer than the horizon of 1",
    "does not enter the bill of",
    "no GPU seller called",  # a host's own endpoints are no rent that `size` knows
)
"""What a command may say it does not do; everything else is a difference."""

SAMPLE = list(cases(seed=13, count=24))


@pytest.mark.parametrize("number", range(len(SAMPLE)))
def test_every_door_says_the_same(number: int, tmp_path: Path) -> None:
    doors = {**DOORS, "portfolio": partial(of_portfolio, folder=tmp_path)}
    told = [t for t in differences(SAMPLE[number], doors) if not any(r in t for r in REFUSED)]
    assert not told, SAMPLE[number].said


@pytest.mark.parametrize("number", range(6))
def test_what_decides_at_other_volumes_is_what_compare_and_breakeven_say(number: int) -> None:
    found = differences(SAMPLE[number], OVER_VOLUME)
    told = [text for text in found if not any(r in text for r in REFUSED)]
    assert not told, SAMPLE[number].said


def test_the_sample_is_answered_and_not_refused() -> None:
    refused = [t for case in SAMPLE for t in differences(case, {}) if t.startswith("refused")]
    assert len(refused) <= len(SAMPLE) // 10, refused


def test_a_door_that_says_another_figure_is_seen() -> None:
    case = SAMPLE[0]
    broken = {"broken": lambda case, bills: {k: v * 1.00001 for k, v in bills.items()}}
    assert len(list(differences(case, broken))) == 2
