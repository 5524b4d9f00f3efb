"""Months to years: what each option costs, when it pays back, when to change, what turns it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

import numpy as np

from tco.analysis.compare import compare, pair_words
from tco.analysis.horizon.flows import (
    VOLUME,
    Cash,
    VolumePath,
    cash,
    events,
    fleet_gpus,
    flows,
    path_of,
)
from tco.analysis.horizon.results import (
    HorizonMonth,
    HorizonResult,
    HorizonRow,
    HorizonTrade,
    PriceTrend,
    horizon_verdict,
)
from tco.analysis.horizon.trends import kind_of, words_of
from tco.analysis.report import (
    assumption,
    assumptions_of,
    carried,
    unsure_prices,
    word_row,
    workload_result,
)
from tco.analysis.results import AssumptionResult, Flip
from tco.analysis.rows import class_of, quality_of
from tco.analysis.verdict import apart, flip_of, lever, levers, ranged, turns_at
from tco.engine.capital import changeover, payback_months, present_value
from tco.engine.shapes import Floats, number
from tco.errors import InfeasibleError, UsageError
from tco.options.bills import Option, SelfOption, TokenOption, same_weights
from tco.options.cheapest import answers_at, least_trust, of_two
from tco.options.machines import OWN, binds
from tco.options.names import Resolved, month_typed, pair_with, resolve
from tco.options.offers import token_options
from tco.options.provisioned import FixedOption
from tco.options.question import Question
from tco.options.scenario import END_OF_MONTH
from tco.options.selection import select
from tco.options.settings import TOKENS, Variable
from tco.units import MONTHS_PER_YEAR

RATE = "own.yearly_rate"


def horizon(inputs: Question, names: Sequence[str]) -> HorizonResult:
    """Return what options cost over the months to come, the first of them being today's.

    Where own GPUs are among them, the cheapest host of their model is in without being named.

    Args:
        inputs: The question; `horizon.months` of it are looked at.
        names: A, which is paid today, and the others; the cheapest host of the cheapest
            self-hosted model, that model on rented GPUs and on bought ones, when none is named.

    Raises:
        UsageError: No volume was given, or a single option was named.
    """
    if not inputs.volume_given:
        raise UsageError("how many tokens a month? for example --tokens 50B")
    if len(names) == 1:
        pair = " ".join(pair_with(names[0], inputs))
        raise UsageError(f"against what? for example tco horizon {pair} {month_typed(inputs)}")
    path = path_of(_grown(inputs))
    found = _named(path, names) if names else _usual(path)
    options = [_best(each, path) for each in found]
    if len({option.id for option in options}) < len(options):
        raise UsageError("two of the options are the same; name different ones")
    joined = _joined(options, path)
    beside = [_best(each, path) for each in joined]
    return _result(path, [*options, *beside], [*found, *joined], {o.id for o in beside})


def _grown(inputs: Question) -> Question:
    """Return the question with the growth that was said [1/month] as that of a year."""
    growth = inputs.request.growth
    if growth is None:
        return inputs
    by = inputs.request.origins.get("growth", "--growth")
    factor = (1.0 + growth) ** MONTHS_PER_YEAR
    return replace(inputs, settings=inputs.settings.overridden(VOLUME, factor, by))


def _named(path: VolumePath, names: Sequence[str]) -> list[Resolved]:
    found = [resolve(name, path.inputs, at=path.tokens) for name in names]
    return [replace(r, options=tuple(_growing(o, path) for o in r.options)) for r in found]


def _growing(option: Option, path: VolumePath) -> Option:
    """Return seats of so many users as seats by what one of them asks for: who uses it grows."""
    if not isinstance(option, FixedOption) or option.unit != "seat" or option.tokens_per_month:
        return option
    each = number(path.inputs.settings.value(TOKENS)) / option.count
    return replace(option, tokens_per_month=each)


def _joined(options: Sequence[Option], path: VolumePath) -> list[Resolved]:
    """Return the hosts of each model on own GPUs that none of the options is a host of."""
    wanted = select(path.inputs.catalog, path.inputs.request)
    bought = {o.model for o in options if isinstance(o, TokenOption)}
    own = dict.fromkeys(o.model for o in options if isinstance(o, SelfOption))
    out = []
    for model in own:
        if model in bought or model not in path.inputs.catalog.models.models:
            continue
        hosts, _ = token_options(path.inputs, replace(wanted, models=(model,)))
        if hosts:
            said = f"hosted {model}, which was not named, is {hosts[0].id}"
            out.append(Resolved(options=tuple(hosts), meant=(said,)))
    return out


def _usual(path: VolumePath) -> list[Resolved]:
    """Return the pair of the verdict: the cheapest host of a model, and its own GPUs."""
    answer = compare(path.inputs, brief=True)
    ranked = [o for o in answer.options if o.feasible]
    pair = [next(o for o in ranked if o.id == name) for name in answer.pair]
    if not pair:
        lacks = (
            "is sold by the token"
            if any(o.tier == "self" for o in ranked)
            else ("can be self-hosted")
        )
        raise InfeasibleError(f"nothing that was asked for {lacks}; name options")
    rival, own = pair
    found = _named(path, [rival.id, f"self/{own.model}", *path.inputs.request.seats])
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
    path: VolumePath, options: list[Option], found: list[Resolved], joined: Collection[str]
) -> HorizonResult:
    inputs = path.inputs
    resolved = tuple(_meaning(r, o) for r, o in zip(found, options, strict=True) if r.meant)
    ordered, rows = _rows(options, path)
    npv = [row.npv_usd for row in rows]
    best, unsure = of_two(ordered, npv, least_trust(inputs))
    about = _pair(ordered, npv, best)
    wary = unsure_prices(inputs, ordered)
    begun = [cash(option, path, [0]) for option in ordered]
    result = HorizonResult(
        workload=workload_result(inputs),
        months=path.months,
        yearly_rate=_rate(path),
        discounting=inputs.request.discounting or END_OF_MONTH,
        resolved=resolved,
        same_weights=_all_same(ordered[0], ordered[1:]),
        rows=tuple(
            replace(_in_parts(row, option, paid, path), joined=option.id in joined)
            for row, option, paid in zip(rows, ordered, begun, strict=True)
        ),
        path=_path(path, ordered, begun),
        events=tuple(event for option in ordered for event in events(option, path)),
        verdict="",
        **carried(inputs, ordered, about, first=wary, assumptions=_assumptions(path, ordered)),
        best=best,
        cheaper_but_unsure=unsure,
        prices=_prices(ordered, path),
        flips=turning(about[0], about[1], path) if len(about) > 1 else (),
    )
    verdict = f"{horizon_verdict(result)} {pair_words(ordered, unsure)}".strip()
    return replace(result, verdict=verdict)


def _rows(options: Sequence[Option], path: VolumePath) -> tuple[list[Option], list[HorizonRow]]:
    """Return A and then the others by present value, each with its row."""
    a, *others = options
    stay = flows(a, path, [0])[0]
    moves = {option.id: flows(option, path, range(path.months + 1)) for option in others}
    others.sort(key=lambda option: _npv(moves[option.id][0], path))
    waits = not (isinstance(a, SelfOption) and binds(a))
    rows = [_row("A", a.id, stay, path)]
    for letter, option in zip("BCDEFGHIJKLMNOPQRSTUVWXYZ", others, strict=False):
        rows.append(_against(letter, option.id, stay, moves[option.id], path, waits=waits))
    return [a, *others], rows


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


def _in_parts(row: HorizonRow, option: Option, paid: Cash, path: VolumePath) -> HorizonRow:
    """Return a row with what its cash is made of, its band, and how its price is trusted."""
    low, high = (
        _npv(flows(option, replace(path, end=end), [0])[0], path) for end in ("low", "high")
    )
    top = max(high, row.npv_usd) if np.isfinite(high) else None  # too slow for the limits
    return replace(
        row,
        running_usd=float(paid.running.sum()),
        setup_usd=float(paid.setup.sum()),
        capex_usd=float(paid.capex.sum()),
        resale_usd=float(paid.resale.sum()),
        npv_band_usd=(min(low, row.npv_usd), top),
        bought=_trades(paid.bought[0], paid.capex[0], path),
        sold=_trades(paid.sold[0], paid.resale[0], path),
        price_kind=kind_of(option, path.inputs),
        class_=class_of(option.model, path.inputs),
        quality=quality_of(option.model, path.inputs),
        trust=option.trust.level,
        trust_reasons=option.trust.reasons,
    )


def _trades(gpus: Floats, usd: Floats, path: VolumePath) -> tuple[HorizonTrade, ...]:
    return tuple(
        HorizonTrade(
            month=int(month),
            on=path.begins(int(month)).isoformat(),
            gpus=float(gpus[month]),
            usd=float(usd[month]),
        )
        for month in np.flatnonzero(gpus > 0)
    )


def _path(
    path: VolumePath, options: Sequence[Option], paid: Sequence[Cash]
) -> tuple[HorizonMonth, ...]:
    tokens = [0.0, *path.tokens]
    gpus = [fleet_gpus(option, path) for option in options]

    def each(flows: Sequence[Floats], month: int) -> tuple[float, ...]:
        return tuple(float(flow[0, month]) for flow in flows)

    return tuple(
        HorizonMonth(
            month=month,
            begins=path.begins(max(month - 1, 0)).isoformat(),
            paid_on=path.begins(month).isoformat(),
            tokens_per_month=float(tokens[month]),
            usd=each([p.total for p in paid], month),
            gpus=tuple(None if g is None or not month else float(g[month - 1]) for g in gpus),
            running_usd=each([p.running for p in paid], month),
            setup_usd=each([p.setup for p in paid], month),
            capex_usd=each([p.capex for p in paid], month),
            resale_usd=each([p.resale for p in paid], month),
        )
        for month in range(path.months + 1)
    )


def _pair(options: Sequence[Option], npv: Sequence[float], best: str | None) -> list[Option]:
    """Return the answer and the next best option, which are what the answer is about."""
    winner = [o for o in options if o.id == best]
    others = sorted(zip(npv, options, strict=True), key=lambda pair: pair[0])
    return [*winner, *(o for _, o in others if o.id != best)][:2]


def _prices(options: Sequence[Option], path: VolumePath) -> tuple[PriceTrend, ...]:
    """Return what a year makes of the prices of some options, each kind once."""
    kinds = dict.fromkeys(kind_of(option, path.inputs) for option in options)
    return tuple(path.prices[kind] for kind in kinds if kind is not None)


def _meaning(found: Resolved, meant: Option) -> str:
    """Return what a shorter name was taken to mean: of several set-ups the cheapest."""
    if len(found.options) == 1:
        return found.meant[0]
    name = found.meant[0].split(" is ", 1)[0]
    return f"{name} is {meant.id}, the cheapest over the horizon"


def _all_same(a: Option, others: Sequence[Option]) -> bool | None:
    same = [same_weights(a, option) for option in others]
    return None if None in same else all(same)


def _assumptions(path: VolumePath, options: Sequence[Option]) -> tuple[AssumptionResult, ...]:
    """Return what entered the bills, and what is taken to happen over the months."""
    known = assumptions_of(path.inputs, options)
    listed = {entry.path for entry in known}
    years = (VOLUME, RATE, "horizon.months")
    ours = [assumption(path.inputs.settings[name]) for name in years if name not in listed]
    trends = [_of_prices(trend, path.inputs) for trend in _prices(options, path)]
    when = "when cash counts in a present value"
    counts = word_row(path.inputs, "horizon.discounting", when, END_OF_MONTH)
    return (*known, *ours, *trends, counts)


def _of_prices(trend: PriceTrend, inputs: Question) -> AssumptionResult:
    """Return what a year makes of a kind of price, with the windows that say so."""
    return AssumptionResult(
        path=trend.path,
        title=f"what a year makes of the prices of {trend.title}",
        value=trend.factor_per_year,
        unit=inputs.settings[trend.path].unit,
        origin=trend.origin,
        source=words_of(trend),
        judgment=trend.origin == "assumed",
    )


RATE = "own.yearly_rate"


def npv(option: Option, path: VolumePath, rows: int = 1) -> Floats:
    """Return the present value of an option begun on the first day, by case [rows] [USD]."""
    flow = flows(option, path, [0] * rows)
    rate = number(path.inputs.settings.value(RATE))
    worth = present_value(flow, rate, year_end=path.year_end)
    return np.asarray(worth)


def turning(a: Option, b: Option, path: VolumePath) -> tuple[Flip, ...]:
    """Return for each thing that could change alone the value at which the cheaper one changes.

    Present values are compared over the whole horizon, of both options begun on the first day.
    """
    found = {over.name: _flip(a, b, path, over) for over in _levers(a, b, path)}
    return tuple(found.values())


REACH = 10.0
"""How far from today's value what happens in a year is looked at: a tenth to ten times."""


def _levers(a: Option, b: Option, path: VolumePath) -> Iterator[Variable]:
    settings = path.inputs.settings
    yield lever(settings, TOKENS, "today's volume", "tokens a month")
    yield _yearly(lever(settings, VOLUME, "growth", "a year"))
    yield from levers(a, b, settings)
    if any(isinstance(o, SelfOption) and o.owned is not None for o in (a, b)):
        yield lever(settings, "own.price_factor", "price of GPUs to buy", "times today's")
    for kind in dict.fromkeys(kind_of(option, path.inputs) for option in (a, b)):
        if kind is not None:
            trend = path.prices[kind]
            yield _yearly(ranged(trend.path, trend.title, "a year", trend.factor_per_year))


def _yearly(over: Variable) -> Variable:
    return replace(over, low=over.now / REACH, high=over.now * REACH)


def _flip(a: Option, b: Option, path: VolumePath, over: Variable) -> Flip:
    def gap(values: Floats) -> Floats:
        at = _at(path, over, values)
        one, other = (npv(_repriced(o, over, values), at, values.size) for o in (b, a))
        return np.asarray(one - other)

    needed, now = turns_at(gap, over), over.now
    found = flip_of(over, needed)
    if needed is None or (over.name != TOKENS and over.unit != "a year"):
        return found
    told, today = apart(needed, now)
    yearly = f"at x{told} a year instead of x{today}"
    text = yearly if over.unit == "a year" else f"at {told} instead of {today}"
    return replace(found, text=f"{over.title} {text if told != today else 'about where it is'}")


def _at(path: VolumePath, over: Variable, values: Floats) -> VolumePath:
    """Return the months at some values of a variable, each a row of settings."""
    column = values[:, None]
    if over.targets:
        return path
    if over.name in {trend.path for trend in path.prices.values()}:
        return replace(path, varied={over.name: column})
    return replace(path, swept=path.inputs.settings.with_values(over.settings(column)))


def _repriced(option: Option, over: Variable, values: Floats) -> Option:
    if isinstance(option, TokenOption) and option.id in over.targets:
        return replace(option, factor=option.factor * values[:, None])
    return option
