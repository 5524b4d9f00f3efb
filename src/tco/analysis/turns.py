"""What would turn a comparison: single changes by which own GPUs, or buying, would win."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tco.analysis.flips import earliest, flips_of
from tco.analysis.results import Flip
from tco.engine.shapes import number
from tco.options.bills import Option
from tco.options.curves import TOKENS
from tco.options.question import Question
from tco.units import show_tokens

TEAM = "people.fte"


def turns_of(
    inputs: Question,
    bought: Option,
    own: Option,
    setups: Sequence[Option],
    rival: Option | None = None,
) -> tuple[Flip, ...]:
    """Return the single changes that turn which of two options is cheaper, each alone.

    Args:
        inputs: The question, with a volume.
        bought: What is paid by the token.
        own: Own GPUs, the answer at the volume.
        setups: Own GPUs of the same model that are the answer at some volume.
        rival: A closed model of the same class, against which only volume and people are tried.
    """
    found = [*_volume(inputs, bought, setups), *flips_of(inputs, bought, own, ())]
    if rival is None:
        return tuple(found)
    besides = [*_volume(inputs, rival, setups), *flips_of(inputs, rival, own, (), only=(TEAM,))]
    return (*found, *(replace(flip, against=rival.id) for flip in besides))


def _volume(inputs: Question, bought: Option, setups: Sequence[Option]) -> list[Flip]:
    """Return the volume nearest to today's at which the cheaper one changes."""
    now = number(inputs.settings.value(TOKENS))
    won = earliest(inputs, bought, setups)[1]
    ends = [end for span in won.intervals() for end in span if 0.0 < end < np.inf]
    near = min(ends, key=lambda end: max(end / now, now / end), default=None) if now else None
    way = "" if near is None else f"{'from' if near > now else 'up to'} {show_tokens(near)} tokens"
    return [
        Flip(
            path=TOKENS,
            title="volume",
            now=now,
            needed=near,
            unit="tokens/month",
            text=f"{way} a month" if way else "no volume would do on its own",
        )
    ]
