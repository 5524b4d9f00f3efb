"""What an option is paid, month by month, from whenever it begins."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from typing import Literal, NamedTuple

import numpy as np

from tco.analysis.horizon.results import PriceTrend
from tco.analysis.horizon.trends import DAYS_PER_YEAR, kind_of, trends
from tco.catalog.lookup import next_change
from tco.engine.capital import cohorts, resale_share
from tco.engine.ledger import Line, total_usd
from tco.engine.shapes import Floats, Number, number
from tco.errors import UsageError
from tco.options.bills import Option, SelfOption, TokenOption, fleet, lines, replica_of
from tco.options.machines import COMMITTED, binds, ownership, team_lines
from tco.options.offers import token_option
from tco.options.question import Question
from tco.options.scenario import YEAR_END
from tco.options.settings import TOKENS, Settings, price_factor
from tco.records import dataclass
from tco.units import MONTHS_PER_YEAR

VOLUME = "horizon.volume_factor_per_year"
THROUGHPUT = "serving.throughput_factor"

End = Literal["", "low", "high"]
"""What is expected, or the end of the band at which an option costs least, or most."""


@dataclass(frozen=True, kw_only=True)
class VolumePath:
    """The months to come.

    Args:
        inputs: The question, as of the first day.
        months: How many they are [1].
        years: Time of the beginning of each month since the first day [months] [year].
        prices: What a year makes of each kind of price.
        end: At which end of its band every option is looked at.
        swept: Settings in place of those of the question; columns in a sweep.
        varied: What a year makes of prices in place of `prices`, by its setting; the same.
    """

    inputs: Question
    months: int
    years: Floats
    prices: Mapping[str, PriceTrend]
    end: End = ""
    swept: Settings | None = None
    varied: Mapping[str, Number] = field(default_factory=dict)

    @property
    def values(self) -> Settings:
        """Return the settings that hold."""
        return self.inputs.settings if self.swept is None else self.swept

    @property
    def year_end(self) -> bool:
        """Return whether cash counts at the end of its year, not of its month."""
        return self.inputs.request.discounting == YEAR_END

    @property
    def tokens(self) -> Floats:
        """Return the volume of each month [..., months] [token/month]."""
        now, factor = (self.values.value(path) for path in (TOKENS, VOLUME))
        return np.asarray(now * np.asarray(factor) ** self.years)

    def price(self, option: Option, years: Floats | None = None) -> Floats:
        """Return the price of an option over today's, at some times [1].

        Args:
            years: The times since the first day; the beginnings of the months when None [year].
        """
        at = self.years if years is None else years
        kind = kind_of(option, self.inputs)
        if kind is None:
            return np.ones_like(at)
        trend = self.prices[kind]
        ends = {"": self.varied.get(trend.path, trend.factor_per_year)}
        ends |= {"low": trend.low, "high": trend.high}
        if trend.until is not None:
            days = (date.fromisoformat(trend.until) - self.inputs.day).days
            at = np.minimum(at, days / DAYS_PER_YEAR)
        return np.asarray(ends[self.end] ** at)

    def settings(self, option: Option) -> Settings:
        """Return the settings of an option, at its end of the throughput band."""
        settings = self.values
        if not self.end or not isinstance(option, SelfOption):
            return settings
        band = option.band[1] if self.end == "low" else option.band[0]
        return settings.with_values({THROUGHPUT: settings.value(THROUGHPUT) * band})

    def begins(self, month: int) -> date:
        """Return the first day of a month counted from 0."""
        return months_after(self.inputs.day, month)


LONGEST = 600
"""Months beyond which nobody knows anything [month]."""


def path_of(inputs: Question) -> VolumePath:
    """Return the months of the horizon, in whole months.

    Raises:
        UsageError: More than fifty years.
    """
    setting = inputs.settings["horizon.months"]
    months = max(round(float(np.asarray(setting.value))), 1)
    if months > LONGEST:
        raise UsageError(f"{setting.source}: {months} months is too long; {LONGEST} at most")
    years = np.arange(months) / MONTHS_PER_YEAR
    return VolumePath(inputs=inputs, months=months, years=years, prices=trends(inputs))


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last one of a shorter month.

    >>> months_after(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


class Cash(NamedTuple):
    """What an option is paid; entry 0 is the first day, entry t the end of month t.

    A row is a month that it might begin after, or a case of its settings [rows, months + 1].

    Args:
        running: Bills by the month, what they spread left out [USD].
        setup: Set-up and migration, once when it begins [USD].
        capex: GPUs that are bought, and capital as a sum [USD].
        resale: What GPUs are sold for [USD].
        bought, sold: How many of them [GPU].
    """

    running: Floats
    setup: Floats
    capex: Floats
    resale: Floats
    bought: Floats
    sold: Floats

    @property
    def total(self) -> Floats:
        """Return the cash [rows, months + 1] [USD]."""
        return self.running + self.setup + self.capex - self.resale


def cash(option: Option, path: VolumePath, starts: Sequence[int]) -> Cash:
    """Return what an option is paid, for each month that it might begin after.

    Nothing is paid before it begins. Sums that a monthly bill spreads are paid when they fall due:
    GPUs when the fleet grows or wears out, set-up and migration once at the beginning. GPUs are
    sold on the last day.

    Args:
        option: The option; a set-up keeps its layout, its fleet grows with the volume.
        path: The months; its settings may be columns of as many cases as there are rows.
        starts: Months before it begins [rows].
    """
    begun = np.asarray(starts)[:, None] <= np.arange(path.months)[None, :]
    made = Cash(*(np.zeros((len(starts), path.months + 1)) for _ in Cash._fields))
    made.running[:, 1:] = np.where(begun, _running(option, path, starts), 0.0)
    if isinstance(option, SelfOption):
        _once(made, path, starts)
        _machines(made, option, path, starts)
    return made


def flows(option: Option, path: VolumePath, starts: Sequence[int]) -> Floats:
    """Return the same in one sum [rows, months + 1] [USD]."""
    return cash(option, path, starts).total


def fleet_gpus(option: Option, path: VolumePath) -> Floats | None:
    """Return the GPUs paid for in each month; None for what runs elsewhere [..., months]."""
    if not isinstance(option, SelfOption):
        return None
    settings = path.settings(option).with_values({TOKENS: _billed_tokens(option, path)})
    gpus = np.asarray(fleet(option, settings, replica_of(option, settings)).paid_gpus)
    return np.broadcast_to(gpus, np.broadcast_shapes(gpus.shape, (path.months,)))


def _running(option: Option, path: VolumePath, starts: Sequence[int]) -> Floats:
    """Return what each month costs once the option runs, spread sums left out [starts, months]."""
    shape = (len(starts), path.months)
    usd = np.zeros(shape)
    for first, last, said in _over_time(option, path)[0]:
        months = slice(first, last)
        settings = _settings(option, path, starts, months)
        bill = tuple(line for line in lines(said, settings) if not line.spread)
        usd[:, months] = np.broadcast_to(_sum(bill), (shape[0], last - first))
    return usd


def _sum(bill: tuple[Line, ...]) -> Floats:
    # Each amount apart: a line may have fewer dimensions than the bill.
    usd: Number = 0.0
    for line in bill:
        usd = usd + line.amount_usd
    total: Floats = np.asarray(usd)
    return total


def _settings(option: Option, path: VolumePath, starts: Sequence[int], months: slice) -> Settings:
    """Return the settings of some months, by the month that the option began after."""
    settings = path.settings(option)
    factors: dict[str, Number] = {TOKENS: _billed_tokens(option, path)[..., months]}
    if isinstance(option, SelfOption):
        rented = path.price(option, _signed(option, path, starts) / MONTHS_PER_YEAR)
        factors["rent.factor"] = settings.value("rent.factor") * rented[:, months]
    else:
        factor = price_factor(option.tier)
        factors[factor] = settings.value(factor) * path.price(option)[..., months]
    return settings.with_values(factors)


def _signed(option: Option, path: VolumePath, starts: Sequence[int]) -> Floats:
    """Return the month in which the rent of each month was agreed [starts, months].

    That of the month itself, but for reservations: these are agreed anew when they end.
    """
    month = np.arange(path.months, dtype=float)[None, :]
    begun = np.asarray(starts, dtype=float)[:, None]
    term = COMMITTED.get(getattr(option, "purchase", ""), 1.0)
    signed: Floats = np.maximum(begun + np.floor((month - begun) / term) * term, 0.0)
    return signed


def _billed_tokens(option: Option, path: VolumePath) -> Floats:
    """Return the volume that each month is billed for: what binds does not shrink with the load."""
    bound = isinstance(option, SelfOption) and binds(option)
    return np.maximum.accumulate(path.tokens, axis=-1) if bound else path.tokens


Segment = tuple[int, int, Option]


def _over_time(option: Option, path: VolumePath) -> tuple[list[Segment], list[str]]:
    """Return the option by the months in which its price holds, and what happens to it.

    An offer that ends keeps its last price, and that is said: what follows it nobody knows.
    """
    offer = path.inputs.catalog.offers.get(option.id)
    if not isinstance(option, TokenOption) or offer is None:
        return [(0, path.months, option)], []
    segments: list[Segment] = []
    events: list[str] = []
    first, now, day = 0, option, path.inputs.day
    while (change := next_change(offer, day, path.inputs.catalog.offers)) is not None:
        day = change[0]
        month = next((m for m in range(path.months) if path.begins(m) >= day), None)
        if month is None:
            break
        then = token_option(replace(path.inputs, day=day), offer)
        if not isinstance(then, TokenOption):
            events.append(f"{option.id} has no price from {day}; its last one is carried on")
            break
        if month > first:
            segments.append((first, month, now))
        rates = f"{then.rates.input:g} in and {then.rates.output:g} out per Mtok"
        events.append(f"{option.id} from {day}: {rates}")
        first, now = month, then
    if offer.retires is not None and offer.retires < path.begins(path.months):
        events.append(f"{option.id} retires on {offer.retires}; its last price is carried on")
    return [*segments, (first, path.months, now)], events


def events(option: Option, path: VolumePath) -> list[str]:
    """Return the price changes and the end of an offer that lie within the horizon."""
    return _over_time(option, path)[1]


def _once(made: Cash, path: VolumePath, starts: Sequence[int]) -> None:
    """Add the work of setting up and moving, paid when the option begins, and capital as a sum.

    It is what the bill spreads, the one over the months of the horizon, the other over the life of
    bought GPUs: then it is spent anew.
    """
    settings = path.values
    spread = tuple(line for line in team_lines(settings, 0.0) if line.spread)
    rows, life = (len(starts),), _life(settings)
    work = total_usd(spread) * settings.value("horizon.months")
    usd = np.broadcast_to(np.squeeze(work), rows)
    sum_usd = np.broadcast_to(np.squeeze(settings.value("extra.upfront_usd")), rows)
    for row, start in enumerate(starts):
        if start < path.months:
            made.setup[row, start] += usd[row]
            made.capex[row, start : path.months : life] += sum_usd[row]


def _life(settings: Settings) -> int:
    """Return for how many whole months bought things are kept [month]."""
    return max(round(number(settings.value("own.life_months"))), 1)


def _machines(made: Cash, option: SelfOption, path: VolumePath, starts: Sequence[int]) -> None:
    """Add GPUs bought as the fleet grows and wears out, and what they are sold for."""
    needed = fleet_gpus(option, path)
    if option.owned is None or needed is None:
        return
    shape = (len(starts), path.months)
    needed = np.broadcast_to(needed, shape)
    own = ownership(option.owned, path.values)
    life = max(round(number(own.life_months)), 1)
    paid = np.broadcast_to(path.price(option) * own.upfront_usd, shape)
    # Installation is lost; servers, network and spares are sold.
    left = own.upfront_usd - own.server_usd * own.installation_share
    kept = np.broadcast_to(path.price(option) * left, shape)
    for row, start in enumerate(starts):
        bought = cohorts(needed[row, start:], life)
        made.bought[row, start : path.months] += bought
        made.capex[row, start : path.months] += bought * paid[row, start:]
        sold = np.arange(bought.size) + life  # month, from the start, in which each wears out
        end = np.minimum(sold, bought.size)
        share = resale_share(end - np.arange(bought.size), life, np.asarray(own.residual_share))
        np.add.at(made.sold[row], start + end, bought)
        np.add.at(made.resale[row], start + end, bought * kept[row, start:] * share)
