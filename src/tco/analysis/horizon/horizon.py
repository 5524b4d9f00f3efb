"""Months to years: what each option is paid, when it pays back, when to change over."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from tco.analysis.compare import compare, pair_words
from tco.analysis.horizon.results import HorizonMonth, HorizonResult, HorizonRow, horizon_verdict
from tco.analysis.report import (
    assumption,
    assumptions_of,
    stamp,
    unsure_prices,
    warnings_of,
    workload_result,
)
from tco.analysis.results import AssumptionResult
from tco.catalog.lookup import next_change
from tco.engine.capital import changeover, cohorts, payback_months, present_value, resale_share
from tco.engine.ledger import Line, total_usd
from tco.engine.shapes import Floats, Number, number
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import (
    Option,
    SelfOption,
    TokenOption,
    fleet,
    lines,
    replica_of,
    same_weights,
)
from tco.options.cheapest import answers_at, least_trust, of_two, pair_of
from tco.options.machines import COMMITTED, OWN, binds, ownership, team_lines
from tco.options.names import Resolved, pair_with, resolve
from tco.options.offers import token_option
from tco.options.question import Question
from tco.options.settings import Settings
from tco.units import MONTHS_PER_YEAR

# What an option is paid, month by month, from whenever it begins.

TOKENS = "workload.tokens_per_month"
VOLUME = "horizon.volume_factor_per_year"
API = "horizon.api_price_factor_per_year"
HOSTED = "horizon.hosted_price_factor_per_year"
RENT = "horizon.rent_factor_per_year"
HARDWARE = "horizon.hardware_price_factor_per_year"
END_OF_MONTH, YEAR_END = "end-of-month", "year-end"


@dataclass(frozen=True, kw_only=True)
class VolumePath:
    """The months to come.

    Args:
        inputs: The question, as of the first day.
        months: How many they are [1].
        years: Time of the beginning of each month since the first day [months] [year].
        discounting: When cash counts in a present value; at the end of its month when None.
    """

    inputs: Question
    months: int
    years: Floats
    discounting: str | None = None

    @property
    def year_end(self) -> bool:
        """Return whether cash counts at the end of its year, not of its month."""
        return self.discounting == YEAR_END

    def grown(self, path: str, years: Floats | None = None) -> Floats:
        """Return what a yearly factor of the settings has made of 1 by each month [1]."""
        factor = float(np.asarray(self.inputs.settings.value(path)))
        return np.asarray(factor ** (self.years if years is None else years))

    @property
    def tokens(self) -> Floats:
        """Return the volume of each month [months] [token/month]."""
        now = float(np.asarray(self.inputs.settings.value(TOKENS)))
        return now * self.grown(VOLUME)

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
    return VolumePath(inputs=inputs, months=months, years=np.arange(months) / MONTHS_PER_YEAR)


def months_after(day: date, months: int) -> date:
    """Return the same day so many months later, or the last one of a shorter month.

    >>> months_after(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    years, month = divmod(day.month - 1 + months, 12)
    year, month = day.year + years, month + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def flows(option: Option, path: VolumePath, starts: Sequence[int]) -> Floats:
    """Return the cash of an option for each month that it might begin after [starts, months + 1].

    Nothing is paid before it begins; entry 0 is the first day, entry t the end of month t. Sums
    that a monthly bill spreads are paid when they fall due: GPUs when the fleet grows or wears
    out, set-up and migration once at the beginning. GPUs are sold on the last day.

    Args:
        option: The option; a set-up keeps its layout, its fleet grows with the volume.
        path: The months.
        starts: Months before it begins [starts].
    """
    begun = np.asarray(starts)[:, None] <= np.arange(path.months)[None, :]
    flow = np.zeros((len(starts), path.months + 1))
    flow[:, 1:] = np.where(begun, _running(option, path, starts), 0.0)
    if isinstance(option, SelfOption):
        flow += _once(path, starts)
        flow += _machines(option, path, starts)
    return flow


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
    settings = path.inputs.settings
    rented = path.grown(RENT, _signed(option, path, starts) / MONTHS_PER_YEAR)
    factors = {
        "rent.factor": settings.value("rent.factor") * rented[:, months],
        "price.api_factor": settings.value("price.api_factor") * path.grown(API)[months],
        "price.hosted_factor": settings.value("price.hosted_factor") * path.grown(HOSTED)[months],
        TOKENS: _billed_tokens(option, path)[months],
    }
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
    return np.maximum.accumulate(path.tokens) if bound else path.tokens


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


def _once(path: VolumePath, starts: Sequence[int]) -> Floats:
    """Return the work of setting up and moving, paid when the option begins, and capital as a sum.

    It is what the bill spreads, the one over the months of the horizon, the other over the life of
    bought GPUs: then it is spent anew.
    """
    settings = path.inputs.settings
    spread = tuple(line for line in team_lines(settings, 0.0) if line.spread)
    usd = number(total_usd(spread) * settings.value("horizon.months"))
    sum_usd, life = number(settings.value("extra.upfront_usd")), _life(settings)
    flow = np.zeros((len(starts), path.months + 1))
    for row, start in enumerate(starts):
        if start < path.months:
            flow[row, start] = usd
            flow[row, start : path.months : life] += sum_usd
    return flow


def _life(settings: Settings) -> int:
    """Return for how many whole months bought things are kept [month]."""
    return max(round(number(settings.value("own.life_months"))), 1)


def _machines(option: SelfOption, path: VolumePath, starts: Sequence[int]) -> Floats:
    """Return GPUs bought as the fleet grows and wears out, and what they are sold for."""
    flow = np.zeros((len(starts), path.months + 1))
    if option.owned is None:
        return flow
    settings = path.inputs.settings.with_values({TOKENS: _billed_tokens(option, path)})
    needed = np.broadcast_to(
        fleet(option, settings, replica_of(option, settings)).paid_gpus, (path.months,)
    )
    own = ownership(option.owned, path.inputs.settings)
    life = max(round(float(np.asarray(own.life_months))), 1)
    price = path.grown(HARDWARE)
    paid = float(np.asarray(own.upfront_usd))
    # Installation is lost; servers, network and spares are sold.
    kept = paid - float(np.asarray(own.server_usd * own.installation_share))
    for row, start in enumerate(starts):
        bought = cohorts(needed[start:], life)
        flow[row, start : path.months] += bought * paid * price[start:]
        sold = np.arange(bought.size) + life  # month, from the start, in which each wears out
        end = np.minimum(sold, bought.size)
        share = resale_share(end - np.arange(bought.size), life, np.asarray(own.residual_share))
        np.add.at(flow[row], start + end, -bought * kept * share * price[start:])
    return flow


# Months to years: what each option comes to, when it pays back, and when to change over.

GROWTH = "--growth"
RATE = "own.yearly_rate"


def horizon(
    inputs: Question,
    names: Sequence[str],
    growth: float | None = None,
    discounting: str | None = None,
) -> HorizonResult:
    """Return what options cost over the months to come, the first of them being today's.

    Args:
        inputs: The question; `horizon.months` of it are looked at.
        names: A, which is paid today, and the others; the cheapest host of the cheapest
            self-hosted model, that model on rented GPUs and on bought ones, when none is named.
        growth: What the volume grows by in a month [1].
        discounting: When cash counts in a present value: `end-of-month` unless said, or
            `year-end`.

    Raises:
        UsageError: No volume was given, or a single option was named.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    if len(names) == 1:
        pair = " ".join(pair_with(names[0], inputs))
        raise UsageError(f"against what? for example tco horizon {pair} --tokens 50B")
    if growth is not None:
        factor = (1.0 + growth) ** 12
        settings = inputs.settings.overridden(VOLUME, factor, GROWTH)
        inputs = replace(inputs, settings=settings)
    path = replace(path_of(inputs), discounting=discounting)
    found = _named(path, names) if names else _usual(path)
    options = [_best(each, path) for each in found]
    if len({option.id for option in options}) < len(options):
        raise UsageError("two of the options are the same; name different ones")
    return _result(inputs, path, options, found)


def _named(path: VolumePath, names: Sequence[str]) -> list[Resolved]:
    return [resolve(name, path.inputs, at=path.tokens) for name in names]


def _usual(path: VolumePath) -> list[Resolved]:
    """Return the cheapest host of the model that is cheapest to self-host, and its own GPUs."""
    ranked = [o for o in compare(path.inputs, brief=True).options if o.feasible]
    pair = pair_of(ranked, least_trust(path.inputs))
    if pair is None:
        lacks = (
            "is sold by the token"
            if any(o.tier == "self" for o in ranked)
            else ("can be self-hosted")
        )
        raise InfeasibleError(f"nothing that was asked for {lacks}; name options")
    rival, own = pair
    found = _named(path, [rival.id, f"self/{own.model}"])
    try:
        return [*found, *_named(path, [f"self/{own.model}/{OWN}"])]
    except InfeasibleError:
        return found


def _best(found: Resolved, path: VolumePath) -> Option:
    """Return which of the set-ups that a name may mean costs least over the whole horizon."""
    if len(found.options) == 1:
        return found.best
    npv = np.array([_npv(flows(option, path, [0])[0], path) for option in found.options])
    return found.options[int(answers_at(found.options, npv, least_trust(path.inputs)))]


def _npv(flow: Floats, path: VolumePath) -> float:
    return float(np.asarray(present_value(flow, _rate(path), year_end=path.year_end)))


def _rate(path: VolumePath) -> float:
    return float(np.asarray(path.inputs.settings.value(RATE)))


def _result(
    inputs: Question, path: VolumePath, options: list[Option], found: list[Resolved]
) -> HorizonResult:
    a, *others = options
    stay = flows(a, path, [0])[0]
    moves = {option.id: flows(option, path, range(path.months + 1)) for option in others}
    others.sort(key=lambda option: _npv(moves[option.id][0], path))
    waits = not (isinstance(a, SelfOption) and binds(a))
    rows = [_row("A", a.id, stay, path)]
    for letter, option in zip("BCDEFGHIJKLMNOPQRSTUVWXYZ", others, strict=False):
        rows.append(_against(letter, option.id, stay, moves[option.id], path, waits=waits))
    ordered = [a, *others]
    npv = [row.npv_usd for row in rows]
    best, unsure = of_two(ordered, npv, least_trust(inputs))
    trusts = {option.id: option.trust for option in ordered}
    result = HorizonResult(
        schema="tco.horizon/1",
        catalog=stamp(inputs, ordered),
        workload=workload_result(inputs),
        months=path.months,
        yearly_rate=_rate(path),
        discounting=path.discounting or END_OF_MONTH,
        resolved=tuple(_said(r, o) for r, o in zip(found, options, strict=True) if r.said),
        same_weights=_all_same(a, others),
        rows=tuple(
            replace(row, trust=trusts[row.id].level, trust_reasons=trusts[row.id].reasons)
            for row in rows
        ),
        path=_path(path, [stay, *(moves[option.id][0] for option in others)]),
        events=tuple(event for option in ordered for event in events(option, path)),
        verdict="",
        assumptions=_assumptions(path, ordered),
        warnings=(*warnings_of(inputs, ordered), *unsure_prices(inputs, ordered)),
        best=best,
        cheaper_but_unsure=unsure,
    )
    verdict = f"{horizon_verdict(result)} {pair_words(ordered, unsure)}".strip()
    return replace(result, verdict=verdict)


def _row(letter: str, name: str, flow: Floats, path: VolumePath) -> HorizonRow:
    """Return an option on its own."""
    return HorizonRow(
        letter=letter,
        id=name,
        upfront_usd=float(flow[0]),
        total_usd=float(flow.sum()),
        npv_usd=_npv(flow, path),
        saving_usd=None,
        npv_saving_usd=None,
        payback_months=None,
        best_start_month=None,
        best_start_saving_usd=None,
    )


def _against(
    letter: str, name: str, stay: Floats, moves: Floats, path: VolumePath, *, waits: bool
) -> HorizonRow:
    """Return an option beside A, and when to change over to it."""
    begun = moves[0]
    row = _row(letter, name, begun, path)
    back = payback_months(stay - begun)
    row = replace(
        row,
        saving_usd=float(stay.sum() - begun.sum()),
        npv_saving_usd=_npv(stay, path) - row.npv_usd,
        payback_months=None if np.isnan(back) else back,
    )
    if not waits:
        return row
    waited = changeover(stay, moves, _rate(path), year_end=path.year_end)
    best = int(np.argmin(waited))
    saved = float(waited[-1] - waited[best])
    return replace(row, best_start_month=best, best_start_saving_usd=saved)


def _path(path: VolumePath, cash: list[Floats]) -> tuple[HorizonMonth, ...]:
    tokens = [0.0, *path.tokens]
    return tuple(
        HorizonMonth(
            month=month,
            begins=path.begins(max(month - 1, 0)).isoformat(),
            tokens_per_month=float(tokens[month]),
            usd=tuple(float(flow[month]) for flow in cash),
        )
        for month in range(path.months + 1)
    )


def _said(found: Resolved, meant: Option) -> str:
    """Return what a shorter name was taken to mean: of several set-ups the cheapest."""
    if len(found.options) == 1:
        return found.said
    name = found.said.split(" is ", 1)[0]
    return f"{name} is {meant.id}, the cheapest over the horizon"


def _all_same(a: Option, others: Sequence[Option]) -> bool | None:
    same = [same_weights(a, option) for option in others]
    return None if None in same else all(same)


def _assumptions(path: VolumePath, options: Sequence[Option]) -> tuple[AssumptionResult, ...]:
    """Return what entered the bills, and what is taken to happen over the months."""
    known = assumptions_of(path.inputs, options)
    listed = {entry.path for entry in known}
    years = (VOLUME, API, HOSTED, RENT, HARDWARE, RATE, "horizon.months")
    ours = [assumption(path.inputs.settings[name]) for name in years if name not in listed]
    return (*known, *ours, _discounting(path.discounting))


def _discounting(said: str | None) -> AssumptionResult:
    """Return when cash counts in a present value, as it is told."""
    return AssumptionResult(
        path="horizon.discounting",
        title="when cash counts in a present value",
        value=said or END_OF_MONTH,
        unit="",
        origin="given" if said else "assumed",
        source="--discounting" if said else "default",
        judgment=not said,
    )
