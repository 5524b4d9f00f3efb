"""How a provider's cache meets the sessions of a profile: what it reads and writes, how long."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from tco.engine.gaps import Gaps
from tco.engine.ledger import believed_share, read_share, shared_read_share
from tco.engine.shapes import Number, Workload
from tco.options.prices import SHORTEST, Buying, as_sold, minutes
from tco.options.sessions import sessions_of
from tco.options.settings import WARM, Settings
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.load import Catalog
    from tco.catalog.prices import Modifier, Offer, Rates

BY_USER = ("workload.cached_share", "workload.cache_write_share")
"""Shares of the input that a user may say; then nothing of them follows from gaps."""

KEEPS = "price.cache_lifetime_s"
"""How long a cache lives of whose provider nothing is known."""

Part = Literal["all", "shared", "nothing"]
"""What of its input a turn asks to be cached; `shared` is what all sessions begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """What an offer's cache keeps of sessions.

    Args:
        gaps: How long sessions wait.
        usual_share: Share of the input that the profile says a cache has [1].
        lifetimes: What a lifetime is asked for by, None for the usual one, and how long it is; None
            where nothing is known of it [s].
        written: Whether what is written has a price of its own.
        optional: Whether less may be cached, or nothing, as where writes cost extra.
    """

    gaps: Gaps
    usual_share: Number
    lifetimes: tuple[tuple[str | None, float | None], ...]
    written: bool
    optional: bool = False

    @property
    def ways(self) -> tuple[tuple[int, Part], ...]:
        """Return the ways to cache: a lifetime, by its place, and what is cached for so long.

        All of the input at each lifetime; where that is optional, also less at the usual one.
        """
        found: list[tuple[int, Part]] = [(n, "all") for n in range(len(self.lifetimes))]
        if self.optional:
            found += [(0, "shared"), (0, "nothing")]
        return tuple(found)

    def lifetime_s(self, lifetime: int, settings: Settings) -> Number:
        """Return how long a cache lives after it was last read [s]."""
        known = self.lifetimes[lifetime][1]
        return settings.value(KEEPS) if known is None else known

    def load(self, load: Workload, settings: Settings, way: int, least: int = 0) -> Workload:
        """Return requests with what is read of their input, and written, in one of the ways.

        What is written at the input price stays what it is: input.

        Args:
            load: The requests, in tokens of the offer.
            least: What is shorter is not cached [token].
        """
        lifetime, part = self.ways[way]
        if part == "nothing":
            return replace(load, cached_share=0.0, cache_write_share=0.0)
        sessions = sessions_of(settings, self.gaps)
        cached: Number = 1.0
        kept = (sessions, self.lifetime_s(lifetime, settings), settings.value(WARM))
        if part == "all":
            read = read_share(*kept)
        else:
            shared = np.asarray(sessions.shared_tokens) / sessions.context_tokens
            cached = np.where(shared * load.isl >= least, shared, 0.0)
            read = shared_read_share(*kept)
        read = believed_share(read, load.cached_share, self.usual_share)
        written = cached * (1.0 - read) * self.written
        return replace(load, cached_share=cached * read, cache_write_share=written)


def caching_of(
    settings: Settings,
    gaps: Gaps | None,
    rates: Rates,
    modifiers: Sequence[Modifier],
    buying: Buying,
    usual: str | None = None,
) -> Caching | None:
    """Return what an offer's cache keeps of sessions; None where that follows from no gaps.

    Args:
        gaps: How long sessions wait; None where requests belong to none.
        rates, modifiers: The offer's price.
        buying: A lifetime that is asked for is the only one, and all is cached for so long.
        usual: Lifetime at the usual price, where it is known.
    """
    if gaps is None or rates.cached_input is None or not follows_gaps(settings):
        return None
    written = rates.cache_write is not None
    usual = usual or (SHORTEST if written else None)
    sold = _sold(modifiers) if written else []
    if buying.cache_ttl is not None:
        asked = as_sold(buying, modifiers).cache_ttl
        sold = [name for name in sold if name == asked]
    known = [(None, None if usual is None else _seconds(usual))]
    found = [(name, _seconds(name)) for name in sold]
    return Caching(
        gaps=gaps,
        usual_share=float(np.asarray(settings.value("workload.cached_share"))),
        lifetimes=tuple(found if found and buying.cache_ttl is not None else [*known, *found]),
        written=written,
        optional=buying.cache_ttl is None and (rates.cache_write or 0.0) > (rates.input or 0.0),
    )


def _sold(modifiers: Iterable[Modifier]) -> list[str]:
    """Return the lifetimes that have a price of their own, short to long."""
    names = {m.when.cache_ttl for m in modifiers if m.when.cache_ttl is not None}
    return sorted(names, key=minutes)


def _seconds(lifetime: str) -> float:
    return minutes(lifetime) * 60.0


def usual_lifetime(catalog: Catalog, offer: Offer, *, written: bool) -> str | None:
    """Return how long a cache lives at the usual price, where that is known.

    A closed model's cache is its maker's wherever it is sold.

    Args:
        offer: What is bought.
        written: Whether what is written has a price of its own.
    """
    model, providers = catalog.models.models[offer.model], catalog.prices.providers
    sellers = [providers.get(offer.provider)]
    if model.weights == "closed":
        sellers += [one for one in providers.values() if one.name == model.org]
    known = [s.write_lifetime if written else s.cache_lifetime for s in sellers if s is not None]
    return next(filter(None, known), None)


def follows_gaps(settings: Settings) -> bool:
    """Return whether what a provider's cache reads and writes of sessions follows from gaps."""
    return not any(map(settings.given, BY_USER))
