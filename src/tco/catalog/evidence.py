"""How well a price is attested: witnesses that copy nobody, and the confidence they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
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
    evidence: Iterable[Evidence], rates: Rates, sources: Mapping[str, Source]
) -> Confidence:
    """Return how far a price can be trusted by its witnesses alone; see `attested`."""
    return attested([(e.source, agrees(e, rates)) for e in evidence], sources)


def attested(said: Iterable[tuple[str, bool]], sources: Mapping[str, Source]) -> Confidence:
    """Return how far a figure can be trusted.

    `high`: two independent witnesses say so and none says otherwise. `medium`: two say so against
    another, or the vendor's own page alone. `low`: everything else. Our own estimates and sources
    in doubt are no witnesses.

    Args:
        said: Who said something of it, and whether that agrees with it.
        sources: The sources by their id.
    """
    known = [(name, so) for name, so in said if witness(name, sources)]
    saying_so = [name for name, so in known if so]
    against = len(saying_so) < len(known)
    if len({family(name, sources) for name in saying_so}) >= 2:
        return "medium" if against else "high"
    return "medium" if any(sells(n, sources) for n in saying_so) and not against else "low"


def witness(name: str, sources: Mapping[str, Source]) -> bool:
    """Return whether a source attests anything: it is known, no estimate of ours, not in doubt."""
    source = sources.get(name)
    return source is not None and source.kind != "judgment" and not source.doubt


def sells(name: str, sources: Mapping[str, Source]) -> bool:
    """Return whether a source is the seller's own word: its page, its interface, its filing."""
    return sources[name].kind in ("vendor", "filing")
