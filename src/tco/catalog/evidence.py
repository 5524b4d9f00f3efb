"""How well a price is attested: witnesses that copy nobody, and the confidence they come to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal, NamedTuple

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


class Heard(NamedTuple):
    """What the witnesses of a figure come to.

    Args:
        agreeing: Sources that say so.
        independent: How many of them copy nobody [1].
        against: Another one says otherwise.
        seller: One that says so is the seller's own word: its page, its interface, its filing.
    """

    agreeing: tuple[str, ...]
    independent: int
    against: bool
    seller: bool

    @property
    def confidence(self) -> Confidence:
        """Return how far the figure can be trusted by its witnesses alone.

        `high`: two independent ones say so and none says otherwise. `medium`: two say so against
        another, or the vendor's own page alone. `low`: everything else.
        """
        if self.independent >= 2:
            return "medium" if self.against else "high"
        return "medium" if self.seller and not self.against else "low"


def heard(said: Iterable[tuple[str, bool]], sources: Mapping[str, Source]) -> Heard:
    """Return what witnesses come to; our own estimates and sources in doubt are none.

    Args:
        said: Who said something of a figure, and whether that agrees with it.
        sources: The sources by their id.
    """
    agreeing, against, seller = [], False, False
    for name, so in said:
        source = sources.get(name)
        if source is None or source.kind == "judgment" or source.doubt:
            continue
        if so:
            agreeing.append(name)
            seller = seller or source.kind in ("vendor", "filing")
        else:
            against = True
    independent = len({family(name, sources) for name in agreeing})
    return Heard(tuple(agreeing), independent, against, seller)


def heard_of(evidence: Iterable[Evidence], rates: Rates, sources: Mapping[str, Source]) -> Heard:
    """Return what the witnesses of a price come to."""
    return heard([(e.source, agrees(e, rates)) for e in evidence], sources)


def confidence(
    evidence: Iterable[Evidence], rates: Rates, sources: Mapping[str, Source]
) -> Confidence:
    """Return how far a price can be trusted by its witnesses alone."""
    return heard_of(evidence, rates, sources).confidence
