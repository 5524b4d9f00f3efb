"""Which options a question about several of them is asked of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.compare import candidates
from tco.analysis.inputs import Inputs
from tco.analysis.options import Option, usd_of
from tco.analysis.resolve import resolve
from tco.analysis.select import select
from tco.errors import InfeasibleError

MOST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Some options, cheapest first, and how they came to be chosen."""

    options: tuple[Option, ...]
    said: tuple[str, ...]


def chosen(inputs: Inputs, names: Sequence[str], most: int = MOST) -> Chosen:
    """Return the options named, or else the cheapest of what the request lets through.

    Without a selection that is the short list: of each model the maker's own offer, the cheapest
    host and the cheapest set-up.

    Args:
        inputs: The question, with a volume.
        names: Names of options; empty for the usual ones.
        most: At most so many.

    Raises:
        InfeasibleError: Nothing is left.
    """
    if names:
        found = [resolve(name, inputs) for name in names]
        said = tuple(r.said for r in found if r.said)
        options = list({r.best.id: r.best for r in found}.values())
    else:
        options, said = _usual(inputs), ()
    priced = sorted(
        (usd, o.id, o) for o in options if np.isfinite(usd := usd_of(o, inputs.settings))
    )
    if not priced:
        raise InfeasibleError("nothing that was asked for can serve this")
    if names:  # in the order in which they were typed: A stays A
        finite = {name for _, name, _ in priced}
        return Chosen(options=tuple(o for o in options if o.id in finite), said=said)
    kept = priced[:most]
    if len(priced) > len(kept):
        said = (*said, f"the {most} cheapest of {len(priced)} options; name others to see them")
    return Chosen(options=tuple(o for _, _, o in kept), said=said)


def _usual(inputs: Inputs) -> list[Option]:
    selection = select(inputs.catalog, inputs.request)
    narrow = selection.narrowed or inputs.request.options or inputs.request.all_setups
    short = frozenset() if narrow else frozenset(inputs.catalog.assumptions.short_list)
    found = [option for option, _ in candidates(inputs, replace(selection, within=short))[0]]
    if narrow:
        return found
    providers = inputs.catalog.prices.providers
    best: dict[tuple[str, str], Option] = {}
    for option in sorted(found, key=lambda o: usd_of(o, inputs.settings)):
        resold = option.tier == "api" and providers[option.provider].kind != "first_party"
        if not resold:
            best.setdefault((option.model, option.tier), option)
    return list(best.values())
