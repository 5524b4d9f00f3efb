"""The answer of `tco horizon` as plain records, and in words; None for what does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from tco.analysis.results import Envelope, Flip, ModelQuality, OpenBand, TrustLevel, WorkloadResult
from tco.catalog.lookup import ModelClass
from tco.engine.ledger import Origin
from tco.records import dataclass
from tco.units import show_number, show_score, show_usd

# The answer of `tco horizon` as plain records; unrounded, and None for what does not exist.


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTrend:
    """What a year makes of one kind of price."""

    kind: str
    """`small`, `mid`, `flagship` (classes of closed models), `closed` (all of them), `hosted` (open
    models elsewhere), `rent` or `bought` (GPUs)."""
    title: str
    path: str
    """The setting that says another one."""
    factor_per_year: float
    low: float
    high: float
    """Ends that the band is worked out with: 90 % of what the history may mean, or the range of a
    judgment; both the factor itself where the user gave it."""
    seen_per_year: float | None
    """What the windows say, also where that is not carried on; None where they say too little."""
    until: str | None
    """The day on which it ends, `YYYY-MM-DD`: it is believed for as long as it was watched, and
    prices stay flat from then on; None for as long as the horizon."""
    prices: int | None
    """Prices that were watched; None where nobody looked, here and below."""
    changed: int | None
    watched_years: float | None
    """For how long, all of them together [price-years]."""
    first: str | None
    last: str | None
    """The first and the last day of the windows."""
    origin: Origin
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonTrade:
    """GPUs that are bought, or sold, on a day."""

    month: int
    """0 is the first day, t the end of month t."""
    on: str
    gpus: float
    usd: float
    """What is paid for them, or got."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonRow:
    """What one option comes to over the horizon, begun on the first day."""

    letter: str
    id: str
    upfront_usd: float
    """Cash on the first day: GPUs that are bought, set-up and migration [USD]."""
    total_usd: float
    """All cash, what the GPUs are sold for at the end taken off [USD]."""
    npv_usd: float
    """The same in the money of the first day [USD]."""
    saving_usd: float | None
    """Total of A less this one; None for A itself [USD]."""
    npv_saving_usd: float | None
    payback_months: float | None
    """When cash saved has made up for cash put in; 0 when nothing was; None when never."""
    best_start_month: int | None
    """Months to stay with A before changing over at the least present value; None where A binds,
    and as many as the horizon has where it is best never to change."""
    best_start_saving_usd: float | None
    """Present value saved against A throughout when changed over then [USD]."""
    trust: TrustLevel = "low"
    """How far its price can be trusted; of own GPUs, their rent."""
    trust_reasons: tuple[str, ...] = ()
    running_usd: float = 0.0
    """Bills by the month over the horizon, what they spread left out [USD]."""
    setup_usd: float = 0.0
    """Set-up and migration [USD]."""
    capex_usd: float = 0.0
    """GPUs that are bought, installation with them, and capital as a sum [USD]."""
    resale_usd: float = 0.0
    """What GPUs are sold for; total = running + set-up + capex - resale [USD]."""
    npv_band_usd: OpenBand | None = None
    """`npv_usd` at the ends of the throughput band and of what prices may become [USD]."""
    bought: tuple[HorizonTrade, ...] = ()
    sold: tuple[HorizonTrade, ...] = ()
    price_kind: str | None = None
    """The kind of its price among `prices`; None where nothing is known to change it."""
    class_: ModelClass = "unknown"
    """Of its model; `class` in JSON."""
    quality: ModelQuality | None = None
    joined: bool = False
    """It was not named: it is the hosted offer of a model that was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonMonth:
    """One month of the path: what is asked for, and what each option is paid in it."""

    month: int
    """From 1; 0 is the first day, on which nothing is served."""
    begins: str
    """Its first day, `YYYY-MM-DD`."""
    tokens_per_month: float
    usd: tuple[float, ...]
    """Cash by option, in the order of the rows; what is sold counts against it [USD]."""
    paid_on: str = ""
    """The day on which its cash is paid: its end, or the first day."""
    gpus: tuple[float | None, ...] = ()
    """GPUs that are paid for in the month, by option; None for what runs elsewhere [GPU]."""
    running_usd: tuple[float, ...] = ()
    setup_usd: tuple[float, ...] = ()
    capex_usd: tuple[float, ...] = ()
    resale_usd: tuple[float, ...] = ()
    """The parts of the cash: usd = running + set-up + capex - resale [USD]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HorizonResult(Envelope):
    """Months to years: growth, scheduled prices, buying, renting or waiting."""

    schema: Literal["tco.horizon/1"] = "tco.horizon/1"
    workload: WorkloadResult
    months: int
    yearly_rate: float
    discounting: str
    """When cash counts in a present value: `end-of-month`, or at the end of its year."""
    resolved: tuple[str, ...]
    same_weights: bool | None
    rows: tuple[HorizonRow, ...]
    """A first, then the others by present value."""
    path: tuple[HorizonMonth, ...]
    events: tuple[str, ...]
    """Prices that change and offers that end within the horizon."""
    prices: tuple[PriceTrend, ...] = ()
    """What a year makes of the prices of the rows, by kind."""
    flips: tuple[Flip, ...] = ()
    """What would turn the answer against the next best option, each on its own."""


# A horizon in words. Every figure in a sentence is taken from the result.


def horizon_verdict(result: HorizonResult) -> str:
    """Return which option costs least over the horizon, when it pays back, and when to begin."""
    others = result.rows[1:]
    sentences = [_cheapest(result), _within(result)]
    if result.same_weights is False:
        sentences.append(f"Different models{_scores(result)}: {DIFFERENT}")
    sentences += [*(_pays(row) for row in others), _never(others), _wait(others[0], result)]
    return " ".join(s for s in sentences if s)


DIFFERENT = "equal cost is not equal quality."
WAYS = {"bought": "bought GPUs", "rent": "rented GPUs"}
MOST_NAMED = 3


def _scores(result: HorizonResult) -> str:
    """Return the scores of the options, each beside its letter; empty where none is known."""
    known = [(row.letter, row.quality) for row in result.rows if row.quality is not None]
    benchmarks = {quality.benchmark for _, quality in known}
    if len(benchmarks) != 1:
        return ""
    letters: dict[str, str] = {}
    for letter, quality in known:
        score = show_score(quality.value)
        letters[score] = letters.get(score, "") + letter
    told = ", ".join(f"{whose} {score}" for score, whose in letters.items())
    return f" ({benchmarks.pop()} {told})"


def _least(result: HorizonResult) -> HorizonRow:
    return next(row for row in result.rows if row.id == result.best)


def _cheapest(result: HorizonResult) -> str:
    least = _least(result)
    others = sorted((r for r in result.rows if r is not least), key=lambda r: r.npv_usd)
    sure = " of the prices that are sure enough" if others[0].npv_usd < least.npv_usd else ""
    dearer = [row for row in others if row.npv_usd >= least.npv_usd][:MOST_NAMED]
    more = ", ".join(f"{_way(row)} {_times(row, least)}" for row in dearer)
    against = f"; {more}" if more else ""
    return (
        f"Over {result.months} months {least.letter}, {_named(least)}, costs least{sure}: "
        f"{show_usd(least.npv_usd)} in today's money{against}."
    )


def _named(row: HorizonRow) -> str:
    """Return an option in the words of a sentence: own GPUs by their model."""
    way = WAYS.get(row.price_kind or "")
    model = row.id.removeprefix("self/").partition("@")[0]
    return f"{model} on {way}" if way and row.id.startswith("self/") else row.id


def _way(row: HorizonRow) -> str:
    return f"{row.letter} ({WAYS.get(row.price_kind or '', row.id)})"


def _times(row: HorizonRow, least: HorizonRow) -> str:
    if least.npv_usd <= 0:
        return show_usd(row.npv_usd)
    return f"x{show_number(row.npv_usd / least.npv_usd, 2)}"


def _within(result: HorizonResult) -> str:
    """Return whether an end of the bands would turn the answer."""
    least = _least(result)
    rivals = [r for r in result.rows if r is not least and r.npv_usd >= least.npv_usd]
    if least.npv_band_usd is None or not rivals:
        return ""
    top = least.npv_band_usd[1]
    near = [r for r in rivals if r.npv_band_usd is not None]
    close = [r for r in near if top is None or (r.npv_band_usd or (0.0,))[0] < top]
    if not close:
        return "The bands of prices and throughput do not turn that."
    names = " or ".join(r.letter for r in close)
    return f"Within the bands of prices and throughput {names} may cost less."


def _pays(row: HorizonRow) -> str:
    """Return when an option pays back what is put into it; nothing if never, or at once."""
    if not row.payback_months:
        return ""
    back = f"after {show_number(row.payback_months)} months"
    if row.upfront_usd:
        text = f"{row.letter} has paid back its {show_usd(row.upfront_usd)} {back}"
    else:
        text = f"{row.letter} costs more at first and has made up for it {back}"
    lost = row.saving_usd is not None and row.saving_usd < 0
    return f"{text}{', but costs more again later' if lost else ''}."


def _never(rows: Sequence[HorizonRow]) -> str:
    """Return which options never pay back what they cost more at first than A."""
    never = [row.letter for row in rows if row.payback_months is None]
    if not never:
        return ""
    one = len(never) == 1
    return (
        f"{' and '.join(never)} never {'pays' if one else 'pay'} back what "
        f"{'it costs' if one else 'they cost'} more at first than A."
    )


def _wait(row: HorizonRow, result: HorizonResult) -> str:
    """Return whether it is better to stay with A for a while."""
    start, saved = row.best_start_month, row.best_start_saving_usd
    if start is None or saved is None or start == 0:
        return ""
    if start >= result.months:
        return f"Never changing to {row.letter} within the horizon is cheapest."
    return (
        f"Staying with A for {start} months and then changing to {row.letter} is best: "
        f"{show_usd(saved)} less than A throughout, in today's money."
    )
