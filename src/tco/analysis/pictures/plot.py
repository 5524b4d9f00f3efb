"""What a terminal draws under an answer: fewer curves than a report, and no bands."""

from __future__ import annotations

from typing import Any

from tco.analysis.breakeven import breakeven
from tco.analysis.inputs import Inputs
from tco.analysis.pictures.about import about, prominent
from tco.analysis.pictures.collect import at, centre_of
from tco.analysis.pictures.curves import cost_curves
from tco.analysis.pictures.results import CostCurves
from tco.analysis.results import BreakevenResult


def curves_of(inputs: Inputs, answer: Any) -> CostCurves:
    """Return cost over volume of the options that matter most to an answer.

    Args:
        inputs: The question.
        answer: The result of `compare` or of the break-even of a pair.

    Raises:
        TcoError: Its options cannot be found again.
    """
    centre = centre_of(inputs, answer)
    what = about(at(inputs, centre), answer)
    named = isinstance(answer, BreakevenResult)
    turns = [answer] if named else [breakeven(inputs, a.id, b.id) for a, b in what.pairs]
    pairs = [(turn.a, turn.b) for turn in turns]
    ids = prominent([(option.id, option.tier) for option in what.options], pairs, answer)
    by_id = {option.id: option for option in what.options}
    return cost_curves(inputs, [by_id[name] for name in ids], turns, centre, draws=0)
