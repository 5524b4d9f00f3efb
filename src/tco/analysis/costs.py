"""What an option costs at many volumes at once."""

from __future__ import annotations

import numpy as np

from tco.analysis.cheapest import answers_at, least_trust
from tco.analysis.curves import TOKENS
from tco.analysis.inputs import Inputs
from tco.analysis.options import lines
from tco.analysis.resolve import resolve
from tco.engine.ledger import total_usd
from tco.engine.shapes import Floats


def costs(inputs: Inputs, name: str, tokens: Floats) -> Floats:
    """Return the bill of an option at each volume [USD/month].

    Args:
        inputs: The question; its own volume is not looked at.
        name: An option. A name that stands for several set-ups costs, at each volume, what the
            answer among them does there.
        tokens: Volumes, in any shape [token/month].
    """
    at = inputs.settings.with_values({TOKENS: tokens})
    found = resolve(name, inputs, at=tokens.ravel()).options
    bills = [np.broadcast_to(total_usd(lines(option, at)), tokens.shape) for option in found]
    usd = np.stack(bills)
    best = np.maximum(answers_at(found, usd, least_trust(inputs)), 0)
    chosen: Floats = np.take_along_axis(usd, best[None], axis=0)[0]
    return chosen
