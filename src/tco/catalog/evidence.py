"""How well a price is attested: witnesses that copy nobody, and the confidence they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from tco.catalog.fields import Source
from tco.catalog.prices import Evidence, Rates

SAME = 0.005  # two catalogs agree when they are this close: rounding of per-token prices
Confidence = Literal["high", "medium", "low"]


def agrees(evidence: Evidence, rates: Rates) -> bool:
    """Return whether a source says what the price says, as far as it says anything."""
    pairs = ((evidence.input, rates.input), (evidence.output, rates.output))
    return all(one is None or other is None or close(one, other) for one, other in pairs)


def close(one: float, other: float) -> bool:
    """Return whether two prices are the same but for rounding.

    >>> close(0.135, 0.1352), close(0.5, 0.6)
    (True, False)
    """
    return abs(one - other) <= SAME * max(abs(one), abs(other))


def families(evidence: Iterable[Evidence], sources: Mapping[str, Source]) -> set[str]:
    """Return the independent witnesses: sources of one family copy each other and count once."""
    return {family(e.source, sources) for e in evidence}


def family(source: str, sources: Mapping[str, Source]) -> str:
    """Return the family of a source; one without is a family alone."""
    known = sources.get(source)
    return known.family or source if known is not None else source


def confidence(
    evidence: Sequence[Evidence], rates: Rates, sources: Mapping[str, Source]
) -> Confidence:
    """Return how far a price can be trusted.

    `high`: two independent witnesses say so and none says otherwise. `medium`: two say so against
    another, or the vendor's own page alone. `low`: everything else.
    """
    known = [e for e in evidence if sources.get(e.source) is not None]
    known = [e for e in known if sources[e.source].kind != "judgment"]
    saying_so = [e for e in known if agrees(e, rates)]
    witnesses = families(saying_so, sources)
    if len(witnesses) >= 2:
        return "high" if len(saying_so) == len(known) else "medium"
    vendor = any(sources[e.source].kind in ("vendor", "filing") for e in saying_so)
    return "medium" if vendor and len(saying_so) == len(known) else "low"
