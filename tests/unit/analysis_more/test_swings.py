"""The tornado's break-even volumes are those of single curves; a volume in other words."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tco.analysis.breakeven import breakeven
from tco.analysis.sensitivity import sensitivity
from tco.engine.crossings import wins
from tco.options.curves import any_volume, curve
from tco.options.names import resolve
from tco.options.question import Question

Asked = Callable[..., Question]
PAIR = ("gpt-4.1", "self/llama-3.3-70b")


def test_volumes_of_a_tornado_equal_single_ones(asked: Asked) -> None:
    """They are of whichever set-up decides first, of those that the name may mean."""
    inputs = asked(tokens=20e9)
    a = resolve(PAIR[0], inputs).best
    own = resolve(PAIR[1], inputs, at=any_volume(inputs)).options
    assert len(own) > 1
    rows = sensitivity(inputs, *PAIR).rows
    assert len(rows) >= 10
    for row in rows:
        for value, told in ((row.low, row.at_low_tokens), (row.high, row.at_high_tokens)):
            settings = inputs.settings.with_values({row.path: value})
            ones = [wins(curve(a, settings), curve(b, settings)).first[0] for b in own]
            least = min((v for v in ones if not np.isnan(v)), default=None)
            assert told == (least if least is None else pytest.approx(least, rel=1e-9))
        if row.swing_tokens is not None:
            assert row.swing_tokens == row.at_high_tokens - row.at_low_tokens  # type: ignore[operator]


def test_a_volume_in_other_words(asked: Asked) -> None:
    found = breakeven(asked(tokens=4e9), *PAIR, growth=0.1)
    words = found.first_is
    assert words is not None
    assert found.first == words.tokens_per_month
    assert words.months == pytest.approx(np.log(words.tokens_per_month / 4e9) / np.log(1.1))
    assert words.requests_per_day == pytest.approx(words.tokens_per_month / 1530 * 24 / 730)
    assert found.distance == pytest.approx(words.tokens_per_month / 4e9 - 1)
    assert breakeven(asked(tokens=900e9), *PAIR, growth=0.1).first_is.months == 0.0  # type: ignore[union-attr]
    assert breakeven(asked(), *PAIR).distance is None
