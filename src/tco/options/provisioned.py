"""What is bought by the piece: units at a price an hour, set-ups and seats at one a month."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np

from tco.catalog.lookup import holds
from tco.catalog.trust import GIVEN, Trust, capacity_trust
from tco.engine.crossings import Curves, Steps, affine
from tco.engine.ledger import Line, Origin, ProvisionedUnit, units_for, units_used
from tco.engine.shapes import ROUND_OFF, Floats, Indices, Number, column, number
from tco.errors import InfeasibleError, unknown_name
from tco.options.selection import not_served
from tco.options.settings import TOKENS, Settings, hours_per_month, price_factor, workload
from tco.records import dataclass

if TYPE_CHECKING:
    from tco.catalog.prices import CapacityOffer, CapacityPrice
    from tco.options.question import Question
    from tco.options.selection import Selection


UNIT = "provisioned_unit"
HOW = "--option 'quote:kind=provisioned,unit_price=$1/h,tokens_per_s=2500,output_weight=4'"
NO_UNITS = (
    "a plan is made of units that can be bought one by one; describe one as kind=fixed with its "
    "price a month and its capacity"
)
TERMS = {"on_demand": "", "month": "paid for by the month", "year": "paid for by the year"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedOption:
    """A model on throughput that is bought by the unit.

    Args:
        id: `PROVIDER/NAME:MODEL`, or what the user calls it.
        unit: What a unit serves, and in what numbers it is sold.
        usd_per_unit_hour: Price of a unit, paid for every hour [USD/hour].
        tries: How often a request is asked until its answer is right [1].
        trust: How far that price can be trusted.
    """

    id: str
    tier: Literal["api", "hosted"]
    model: str
    provider: str
    unit: ProvisionedUnit
    usd_per_unit_hour: float
    origin: Origin
    source: str
    checked: date | None = None
    notes: tuple[str, ...] = ()
    tries: Number = 1.0
    trust: Trust = GIVEN


def units_line(option: ProvisionedOption, settings: Settings) -> Line:
    """Return the line of the units: as many as the busiest hour takes, for every hour."""
    units = units_for(workload(settings, option.tries), option.unit)
    hours = units * hours_per_month(settings)
    usd = option.usd_per_unit_hour * settings.value(price_factor(option.tier))
    item, who = "provisioned units", option.origin
    return Line(item, "compute", hours, "unit-hour", usd, who, option.source)


def used_share(option: ProvisionedOption, settings: Settings) -> Number:
    """Return the share of what is bought that the month uses [1]."""
    load = workload(settings, option.tries)
    return units_used(load, option.unit) / units_for(load, option.unit)


def provisioned_steps(option: ProvisionedOption, settings: Settings) -> list[str]:
    """Return in words how many units there are."""
    load, unit = workload(settings, option.tries), option.unit
    each = unit.weighed_tokens(load), load.peak_requests_per_s, load.osl * load.reasoning_factor
    weighed, peak, written = map(number, each)
    return [
        f"a request counts for {number(load.isl):,.0f} in x (1 - {number(load.cached_share):.1%} "
        f"cached x (1 - {number(unit.cached_weight):g})) + {written:,.0f} out x "
        f"{number(unit.output_weight):g} = {weighed:,.0f} input tokens",
        f"units = {peak:,.3f} requests a second x {weighed:,.0f} / "
        f"{number(unit.tokens_per_s):,.0f} tokens a second = "
        f"{peak * weighed / number(unit.tokens_per_s):,.2f}, at least "
        f"{number(unit.minimum_units):g}, by {number(unit.increment_units):g}: "
        f"{number(units_for(load, unit)):,.0f}",
    ]


def provisioned_options(
    inputs: Question, selection: Selection
) -> tuple[list[ProvisionedOption], list[tuple[CapacityOffer, str]]]:
    """Return the units that have a price on the day, and those of named providers without one."""
    found: list[ProvisionedOption] = []
    missing: list[tuple[CapacityOffer, str]] = []
    for offer in inputs.catalog.prices.capacity:
        if offer.unit != UNIT:
            continue
        reason = why_not_priced(offer, inputs)
        if not reason:
            found += _options(offer, inputs, selection)
        elif offer.provider in selection.providers:
            missing.append((offer, reason))
    return found, missing


def provisioned_named(
    name: str, inputs: Question, everything: Selection
) -> ProvisionedOption | None:
    """Return the units that an id means; None for an id of something else.

    Raises:
        InfeasibleError: They exist, but nobody publishes their price.
        UnknownNameError: They are sold for other models.
    """
    wanted, _, model = name.lower().partition(":")
    units = inputs.catalog.prices.capacity
    for offer in sorted(units, key=lambda unit: -len(unit.name)):  # ptu-gpt-5 is no ptu
        here = f"{offer.provider}/{offer.name}"
        if offer.unit != UNIT or not wanted.startswith(here):
            continue
        reason = why_not_priced(offer, inputs)
        if reason:
            raise InfeasibleError(f"{name}: {reason}")
        known = {option.id: option for option in _options(offer, inputs, everything)}
        if name.lower() in known:
            return known[name.lower()]
        if wanted == here or model:
            raise unknown_name("provisioned option", name, known)
    return None


def why_not_priced(offer: CapacityOffer, inputs: Question) -> str:
    """Return why units cannot be priced, and what to do; nothing for those that can."""
    if offer.input_tokens_per_s is not None and _prices(offer, inputs):
        return not_served(inputs, offer.provider)
    lacks = "throughput of a unit" if _prices(offer, inputs) else "price"
    said = f": {offer.gone.strip()}" if offer.gone else ""
    return f"no {lacks} published{said} With a quote of your own: {HOW}"


def _prices(offer: CapacityOffer, inputs: Question) -> list[CapacityPrice]:
    """Return the prices of the day."""
    return [p for p in offer.prices if holds(p, inputs.day)]


def _options(
    offer: CapacityOffer, inputs: Question, selection: Selection
) -> list[ProvisionedOption]:
    models = inputs.catalog.models.models
    if selection.providers and offer.provider not in selection.providers:
        return []
    made = []
    for model in offer.models:
        tier: Literal["api", "hosted"] = "hosted" if models[model].weights == "open" else "api"
        if selection.tiers and tier not in selection.tiers:
            continue
        if not selection.model(model, models[model]):
            continue
        for price in _prices(offer, inputs):
            name = offer.name if price.term == "on_demand" else f"{offer.name}-{price.term}"
            made.append(
                ProvisionedOption(
                    id=f"{offer.provider}/{name}:{model}",
                    tier=tier,
                    model=model,
                    provider=offer.provider,
                    unit=_unit(offer),
                    usd_per_unit_hour=price.usd_per_hour,
                    origin="catalog",
                    source=price.evidence[0].source,
                    checked=price.checked,
                    notes=tuple(note for note in (TERMS[price.term], offer.note) if note),
                    tries=inputs.tries(model),
                    trust=capacity_trust(inputs.catalog, offer, price),
                )
            )
    return made


def _unit(offer: CapacityOffer) -> ProvisionedUnit:
    assert offer.input_tokens_per_s is not None
    credit = 1.0 if offer.cached_weight is None else offer.cached_weight
    return ProvisionedUnit(
        tokens_per_s=offer.input_tokens_per_s,
        output_weight=1.0 if offer.output_weight is None else offer.output_weight,
        cached_weight=credit,
        minimum_units=float(offer.minimum_units),
        increment_units=float(offer.increment_units),
    )


UNKNOWN_MODEL = "given"
"""The model of an option that was described without saying which model it serves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedOption:
    """A set-up whose monthly cost is given, up to a capacity; or a flat plan by the seat.

    Args:
        tokens_per_month: What one serves, or a user asks for; None for any [token/month].
        count: How many are paid for where that is so [1].
        unit: What is counted.
    """

    id: str
    usd_per_month: float
    tokens_per_month: float | None
    source: str
    count: float = 1.0
    unit: Literal["set-up", "seat"] = "set-up"
    model: str = UNKNOWN_MODEL
    provider: str = "given"
    tier: Literal["api", "hosted", "self"] = "self"
    checked: date | None = None
    notes: tuple[str, ...] = ()
    tries: Number = 1.0
    trust: Trust = GIVEN


NO_SEATS = "a plan by the seat serves all of a user, it mixes with nothing; tco compare prices it"
"""Why seats are in no mix."""


def fixed_line(option: FixedOption, settings: Settings) -> Line:
    """Return the line of what has a price by the month: as many as the tokens take."""
    load = workload(settings, option.tries)
    units: Number = option.count
    if option.tokens_per_month is not None:
        units = np.maximum(
            1.0, np.ceil(load.tokens_per_month / option.tokens_per_month - ROUND_OFF)
        )
    item = "seats" if option.unit == "seat" else "set-up at a given price"
    usd = option.usd_per_month
    return Line(item, "compute", units, option.unit, usd, "given", option.source)


def fixed_curves(option: FixedOption, count: int) -> Curves:
    """Return the cost curves over the volume, all the same: a step each."""
    usd = option.usd_per_month
    if option.tokens_per_month is None:
        return affine(np.full(count, usd * option.count), np.zeros(count))
    step = float(option.tokens_per_month / np.asarray(option.tries))

    def until(rows: Indices, volume: Floats) -> Steps:
        units = np.arange(1.0, np.ceil(np.max(volume) / step) + 2.0)
        shape = (rows.size, units.size)
        edges, cost = (np.broadcast_to(units * each, shape) for each in (step, usd))
        return Steps(edges=edges, fixed=cost, slope=np.zeros(shape))

    return Curves(
        until=until,
        pieces_until=lambda volume: volume / step + 2.0,
        slope=np.full(count, usd / step),
        low=np.zeros(count),
        high=np.full(count, usd),
    )


def provisioned_curves(
    option: ProvisionedOption, settings: Settings, standing: Floats, count: int
) -> Curves:
    """Return the cost curves over the volume: a staircase of increments above the minimum.

    Args:
        settings: Each value a number or a column [count, 1].
        standing: What it costs besides its units [count] [USD/month].
    """
    one = workload(settings.with_values({TOKENS: 1.0}), option.tries)
    per_token = one.peak_requests_per_s * option.unit.weighed_tokens(one)
    tokens_per_unit = column(option.unit.tokens_per_s / per_token, count)
    rate = column(units_line(option, settings.with_values({TOKENS: 0.0})).rate_usd, count)
    usd = rate * column(hours_per_month(settings), count)
    step, fewest = float(option.unit.increment_units), float(option.unit.fewest)

    def until(rows: Indices, volume: Floats) -> Steps:
        most = np.max(volume / tokens_per_unit[rows]) / step
        units = np.arange(fewest, max(most + 2.0, 1.0) * step + fewest, step)[None, :]
        cost = standing[rows, None] + usd[rows, None] * units
        edges = tokens_per_unit[rows, None] * units
        return Steps(edges=edges, fixed=cost, slope=np.zeros_like(edges))

    return Curves(
        until=until,
        pieces_until=lambda volume: volume / tokens_per_unit / step + 3.0,
        slope=usd / tokens_per_unit,
        low=standing,
        high=standing + usd * (fewest + step),
    )
