"""The lines of a bill: amounts that add up, and those that are charged by the token or the unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tco.engine.shapes import ROUND_OFF, Floats, Indices, Number, Workload
from tco.records import dataclass
from tco.units import MTOK

if TYPE_CHECKING:
    from tco.engine.sessions import Sessions


Origin = Literal["given", "catalog", "assumed"]
"""Who said so: the user, a source in a catalog, or our own judgment."""

Group = Literal["tokens", "compute", "power", "people", "other"]


@dataclass(frozen=True, slots=True)
class Line:
    """One item of a monthly bill: `quantity` of `unit` at `rate_usd` each.

    Args:
        item: What is paid for.
        group: The heading that it is summed under.
        quantity: How much of it a month [unit].
        unit: What is counted.
        rate_usd: Price of one [USD/unit].
        origin: Who said the rate.
        source: The source id of the rate, or the path of the assumption.
        spread: It is the month's part of a sum that was paid on the first day.
    """

    item: str
    group: Group
    quantity: Number
    unit: str
    rate_usd: Number
    origin: Origin
    source: str
    spread: bool = False

    @property
    def amount_usd(self) -> Number:
        """Return `quantity * rate_usd` [USD/month]."""
        return self.quantity * self.rate_usd


def total_usd(lines: tuple[Line, ...], group: Group | None = None) -> Number:
    """Return the sum of the lines, or of those of one group [USD/month]."""
    total: Number = 0.0
    for line in lines:
        if group in (None, line.group):
            total = _added(total, line)
    return total


def _added(total: Number, line: Line) -> Number:
    """Return the sum, in the memory of `total` where that has room for it: `total` is ours."""
    if is_none(line.quantity) and np.shape(line.rate_usd) in ((), np.shape(total)):
        return total
    amount = line.amount_usd
    if isinstance(total, np.ndarray) and total.ndim and np.shape(amount) in ((), total.shape):
        total += amount
        return total
    return total + amount


@dataclass(frozen=True, kw_only=True)
class TokenPrices:
    """What a token costs that own GPUs make, by the time that each kind takes: a bill taken apart.

    The prices times the tokens, and what idles, are the bill.
    """

    input_usd_per_mtok: float | None
    """Input that is read; None where there is none, or its time is not known."""
    cached_usd_per_mtok: float | None
    """Input found in the cache of prefixes, which only what is read looks back at."""
    output_usd_per_mtok: float | None
    idle_usd: float
    """What stands idle, in no price: GPUs that do, and what they draw meanwhile [USD/month]."""
    idle_share: float
    """The same over the bill."""
    why_not: str | None = None
    """Why there are no prices."""


def token_prices(
    usd: float, idle_usd: float, time: Sequence[float], tokens: Sequence[float]
) -> TokenPrices:
    """Return the prices of fresh input, cached input and output that share out a bill.

    ``(bill - idle) * time of its kind / time of all / tokens of its kind``.

    Args:
        usd: The bill, people included [USD/month].
        idle_usd: What of it idles [USD/month].
        time: What each kind takes of a replica's time, in any unit; empty where nobody knows [3].
        tokens: Tokens of each kind [3] [token/month].
    """
    there = [t if n > 0 else 0.0 for t, n in zip(time, tokens, strict=False)]
    whole = sum(there)
    if whole > 0:
        rates = [
            (usd - idle_usd) * t / whole / n * MTOK if n > 0 else None
            for t, n in zip(there, tokens, strict=True)
        ]
        why_not = None
    else:
        rates = [None] * 3
        why_not = "the time of each kind of token takes the dimensions of the model, and tokens"
    return TokenPrices(
        input_usd_per_mtok=rates[0],
        cached_usd_per_mtok=rates[1],
        output_usd_per_mtok=rates[2],
        idle_usd=idle_usd,
        idle_share=idle_usd / usd if usd > 0 else 0.0,
        why_not=why_not,
    )


# The bill of a provider that charges by the token, closed or hosted.


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRates:
    """What a token costs, all modifiers of the workload's shape applied; numbers or arrays.

    Args:
        input: Uncached input [USD/Mtok].
        output: Output [USD/Mtok].
        cached_input: Input read from the cache; the input price where there is no other [USD/Mtok].
        batch_input, batch_output, batch_cached_input: The same through the batch tier; the plain
            prices where there is none [USD/Mtok].
        cache_write, batch_cache_write: Input written to the cache; the input prices where None.
        reasoning_output, batch_reasoning_output: Hidden reasoning beyond the output that the
            volume counts; the output prices where None [USD/Mtok].
        origin, source: Who said so.
    """

    input: Number
    output: Number
    cached_input: Number
    batch_input: Number
    batch_output: Number
    batch_cached_input: Number
    cache_write: Number | None = None
    batch_cache_write: Number | None = None
    reasoning_output: Number | None = None
    batch_reasoning_output: Number | None = None
    origin: Origin = "catalog"
    source: str = ""


PRICES = (
    "input",
    "output",
    "cached_input",
    "batch_input",
    "batch_output",
    "batch_cached_input",
    "cache_write",
    "batch_cache_write",
)
APART = ("reasoning_output", "batch_reasoning_output")
"""Prices that few have: where nobody does, what they are for is billed with the rest."""

USUAL_PRICE = {
    "cache_write": "input",
    "batch_cache_write": "batch_input",
    "reasoning_output": "output",
    "batch_reasoning_output": "batch_output",
}
"""The price that holds where one of them is not known."""


def mixed(parts: Sequence[tuple[float, TokenRates]]) -> TokenRates:
    """Return the prices of a month in which others hold for a share of the days.

    ``sum(share * price)``, each price by itself; who said so is taken from the first.

    Args:
        parts: Share of the days, and the prices on them; the shares sum to 1 [1].
    """
    first = parts[0][1]
    if len(parts) == 1:
        return first
    apart = any(rates.reasoning_output is not None for _, rates in parts)
    prices: dict[str, Number] = {
        name: sum(share * _price(rates, name) for share, rates in parts)
        for name in (*PRICES, *(APART if apart else ()))
    }
    return TokenRates(**prices, origin=first.origin, source=first.source)


def _price(rates: TokenRates, name: str) -> Number:
    """Return a price; where None, that of other input, or of other output."""
    price: Number | None = getattr(rates, name)
    return getattr(rates, USUAL_PRICE[name]) if price is None else price


Flows = tuple[Number, ...]
"""Tokens by how they are paid for, in the order of `FLOWS` [Mtok/month]."""

FLOWS = (
    ("input tokens", "input"),
    ("cached input tokens", "cached_input"),
    ("output tokens", "output"),
    ("input tokens, batch", "batch_input"),
    ("cached input tokens, batch", "batch_cached_input"),
    ("output tokens, batch", "batch_output"),
    ("cache write tokens", "cache_write"),
    ("cache write tokens, batch", "batch_cache_write"),
)
"""The lines of tokens, and the price of each."""


def token_flows(load: Workload, output_mtok: Number | None = None) -> Flows:
    """Return the tokens of a month by how they are paid for [Mtok/month].

    Args:
        load: The month's requests.
        output_mtok: Its output without what has lines of its own, where something has [Mtok/month].
    """
    batch, plain = load.batch_share, 1.0 - load.batch_share
    cached, written = load.cached_share, load.cache_write_share
    fresh = 1.0 - cached - written
    inputs = load.input_tokens / MTOK
    output = load.output_tokens / MTOK if output_mtok is None else output_mtok
    waiting: list[Number] = [0.0] * 3
    if not is_none(batch):
        waiting = [inputs * (fresh * batch), inputs * (cached * batch), output * batch]
    writing: list[Number] = [0.0] * 2
    if not is_none(written):
        writing = [inputs * (written * plain), inputs * (written * batch)]
    return (
        *(inputs * (fresh * plain), inputs * (cached * plain), output * plain),
        *(*waiting, *writing),
    )


def is_none(share: Number) -> bool:
    """Return whether a number is 0 in every case: what it multiplies need not be worked out."""
    return isinstance(share, float) and share == 0.0


def token_lines(rates: TokenRates, load: Workload, flows: Flows | None = None) -> tuple[Line, ...]:
    """Return the token lines of a month's bill.

    ``tokens * share / 1e6 * USD per Mtok`` for each of uncached input, cached input and output,
    through the plain and the batch tier. Cached tokens are a part of the input: they are taken
    out of the uncached ones, never added; and so are those written to the cache, where the
    provider charges for that. Hidden reasoning is a part of the output, and has lines of its own
    where it has a price of its own.

    Args:
        rates: Prices [USD/Mtok].
        load: The month's requests; its arrays broadcast against those of `rates`.
        flows: Its tokens by how they are paid for, where somebody worked them out before.

    Source:
        The price pages themselves; the partition is OpenTelemetry's `gen_ai.usage` convention.
    """
    apart: tuple[tuple[str, Number, Number], ...] = ()
    if rates.reasoning_output is not None:
        output = load.output_tokens / MTOK
        read = output / np.asarray(load.reasoning_factor)
        hidden, batch, flows = output - read, load.batch_share, token_flows(load, read)
        late = _price(rates, "batch_reasoning_output")
        apart = (
            ("reasoning tokens", hidden * (1.0 - batch), rates.reasoning_output),
            ("reasoning tokens, batch", hidden * batch, late),
        )
    named = zip(FLOWS, token_flows(load) if flows is None else flows, strict=True)
    usual = ((item, mtok, _price(rates, price)) for (item, price), mtok in named)
    return tuple(
        Line(item, "tokens", mtok, "Mtok", rate, rates.origin, rates.source)
        for item, mtok, rate in (*usual, *apart)
    )


def retry_line(tokens: tuple[Line, ...], retry_share: Number) -> Line:
    """Return what requests cost that are sent again, so that a bill is one of successful requests.

    Args:
        retry_share: Requests sent again over requests that succeed [1].
    """
    usd = 0.0 if is_none(retry_share) else total_usd(tokens) * retry_share
    return Line("retries", "tokens", usd, "USD of tokens", 1.0, "assumed", "workload.retry_share")


def reads_to_pay(rates: TokenRates) -> Number:
    """Return the reads per write from which caching is cheaper than sending the input again [1].

    ``(write - input) / (input - cached)``; infinite where a cached token costs as much as another.

    Args:
        rates: Prices [USD/Mtok].
    """
    extra = np.asarray(_price(rates, "cache_write")) - rates.input
    saved = np.asarray(rates.input) - rates.cached_input
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(saved > 0, extra / saved, np.inf)


LATE = tuple(name for name in (*PRICES, *APART) if name.startswith("batch_"))
"""Prices of what waits."""


def no_dearer_late(load: Workload, rates: TokenRates) -> TokenRates:
    """Return the prices of who sends in batches only what costs less there, case by case.

    Batches may be dearer: where they have no price of cached input, it is other input.

    Args:
        load: The requests, with what of their input is read and written.
        rates: Prices [USD/Mtok].
    """
    if is_none(load.batch_share):
        return rates
    late, now = (
        total_usd(token_lines(rates, replace(load, tokens_per_month=MTOK, batch_share=share)))
        for share in (1.0, 0.0)
    )
    dearer = np.greater(late, now * (1.0 + ROUND_OFF))
    if not np.any(dearer):
        return rates
    some = [name for name in LATE if name in PRICES or rates.reasoning_output is not None]
    prices: dict[str, Any] = {
        name: np.where(dearer, _price(rates, name.removeprefix("batch_")), _price(rates, name))
        for name in some
    }
    return replace(rates, **prices)


# What a provider's cache reads and writes of sessions, and for how long it is best kept.


def read_share(sessions: Sessions, lifetime_s: Number, warm: Number = 1.0) -> Number:
    """Return the share of the input of sessions that a provider's cache reads; it writes the rest.

    Of a mean turn ``(1 - p)(C - e F - (1 - e) a) + (e + (1 - e) p) S w`` over C. Of the turns
    e = 1/L are first ones, and p = P(gap > lifetime) of the others come too late: for them only
    what all sessions share is still there. C - e F is the input of later turns, so that what is
    read and what is written make C.

    Args:
        lifetime_s: How long a cache lives after it was last read [s].
        warm: Share of the first and late turns that find what all share kept by others, w [1].

    Source:
        Against sessions drawn from the same gaps and billed by the request
        (tests/rules/test_lifetimes.py) writes are within 5 % and bills within 2 %.
    """
    context, begins = sessions.context_tokens, 1.0 / np.asarray(sessions.turns, dtype=float)
    late = sessions.gaps.longer(lifetime_s)
    kept = context - begins * sessions.first_tokens - (1.0 - begins) * sessions.new_tokens
    shared = (begins + (1.0 - begins) * late) * sessions.shared_tokens * warm
    share: Number = np.clip(((1.0 - late) * kept + shared) / context, 0.0, 1.0)
    return share


def shared_read_share(sessions: Sessions, lifetime_s: Number, warm: Number = 1.0) -> Number:
    """Return the share of turns that read what all sessions share, where no more is cached [1].

    ``1 - (e + (1 - e) p)(1 - w)`` of the turns, of what `read_share` takes; the others write it.

    Source:
        Within 0.5 % of sessions billed by the request (tests/rules/test_lifetimes.py).
    """
    begins = 1.0 / np.asarray(sessions.turns, dtype=float)
    late = sessions.gaps.longer(lifetime_s)
    return 1.0 - (begins + (1.0 - begins) * late) * (1.0 - np.asarray(warm))


def believed_share(read: Number, believed: Number, usual: Number) -> Number:
    """Return the share that is read where more or less than usual is believed to be cached [1].

    What is read moves with what is believed down to nothing, what is not read up to everything.

    Args:
        read: The share where what is usual is believed [1].
        believed, usual: Share of the input that a cache has, and the usual one [1].
    """
    usual = np.asarray(usual, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        less = read * np.divide(believed, usual)
        more = 1.0 - (1.0 - np.asarray(read)) * (1.0 - np.asarray(believed)) / (1.0 - usual)
    moved = np.where(np.less(believed, usual), less, more)
    return np.where(np.equal(believed, usual), read, moved)


def cheapest_way(
    ways: Sequence[tuple[Workload, TokenRates]],
) -> tuple[Workload, TokenRates, Indices]:
    """Return the way to cache that costs least, case by case, and which one it is.

    Args:
        ways: The requests with what is read and written, and the prices then; arrays broadcast.
    """
    each = [(replace(load, tokens_per_month=MTOK), rates) for load, rates in ways]
    usd = [total_usd(token_lines(rates, load)) for load, rates in each]
    which = np.argmin(np.stack(np.broadcast_arrays(*usd)), axis=0)
    load, rates = ways[int(which) if which.ndim == 0 else 0]
    if which.ndim == 0:
        return load, rates, which
    shares = {
        name: np.choose(which, [getattr(one, name) for one, _ in ways])
        for name in ("cached_share", "cache_write_share")
    }
    prices: dict[str, Any] = {
        name: np.choose(which, [_price(one, name) for _, one in ways]) for name in PRICES
    }
    return replace(load, **shares), replace(rates, **prices), which


# Prices that change with volume: discounts by tier, and a minimum that is paid anyway.


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a contract says about volume.

    Args:
        limits: Volumes beyond which a discount holds, ascending [tiers, token/month].
        discounts: What is taken off the list price there [tiers, 1].
        cliff: The discount holds for all tokens once a limit is passed, and not only for those
            beyond it (graduated).
        free_tokens: Tokens that cost nothing, before any tier [token/month].
        commit_usd_per_month: Least that is paid for tokens, used or not [USD/month].
    """

    limits: tuple[float, ...] = ()
    discounts: tuple[float, ...] = ()
    cliff: bool = False
    free_tokens: float = 0.0
    commit_usd_per_month: float = 0.0

    def repeated(self, tries: Number) -> Terms:
        """Return the terms of a volume each token of which is asked for so often [1]."""
        often = float(np.asarray(tries))
        limits = tuple(limit / often for limit in self.limits)
        return replace(self, limits=limits, free_tokens=self.free_tokens / often)


def billed_pieces(terms: Terms) -> tuple[Floats, Floats, Floats]:
    """Return the tokens at list price that cost as much as a volume does, discounts taken off.

    As affine pieces of the volume: their ends, the line of each at volume 0, its slope [pieces].

    Cliff: ``V * (1 - d_k)``. Graduated: ``sum_k (1 - d_k) * clip(V - T_k, 0, T_k+1 - T_k)``.

    Args:
        terms: The tiers; the last piece has no end.

    Source:
        Both readings of a tier table, as usage-billing tools name them.
    """
    slope = 1.0 - np.array([0.0, *terms.discounts])
    starts = np.array([0.0, *terms.limits])
    fixed = np.zeros_like(slope)
    if not terms.cliff:
        fixed[1:] = np.cumsum((slope[:-1] - slope[1:]) * starts[1:])
    if terms.free_tokens > 0:
        # Tiers count what is billed, so all of them begin later by what is free.
        fixed = np.append(0.0, fixed - slope * terms.free_tokens)
        starts, slope = np.append(0.0, starts + terms.free_tokens), np.append(0.0, slope)
    return np.append(starts[1:], np.inf), fixed, slope


def billed_tokens(terms: Terms, volume: Floats) -> Floats:
    """Return the tokens at list price that cost as much as some volumes do [token/month]."""
    edges, fixed, slope = billed_pieces(terms)
    piece = np.minimum(np.searchsorted(edges, volume, side="left"), edges.size - 1)
    billed: Floats = fixed[piece] + slope[piece] * volume
    return billed


def terms_lines(
    terms: Terms, tokens: Number, token_usd: Number, again: Number, *, origin: Origin, source: str
) -> tuple[Line, ...]:
    """Return what the contract takes off and adds to the token lines of a bill.

    Args:
        tokens, token_usd: Volume [token/month]; its lines at list price [USD/month].
        again: Requests sent again over those that succeed: they use a commitment up, too [1].
        origin, source: Who said so.
    """
    volume = np.asarray(tokens, dtype=float)
    billed = billed_tokens(terms, volume)
    off = 1.0 - np.divide(billed, volume, out=np.ones_like(volume), where=volume > 0)
    unused = np.maximum(terms.commit_usd_per_month - token_usd * (1.0 - off) * (1.0 + again), 0.0)
    rows = (
        ("volume discount", token_usd, "USD of tokens", -off),
        ("commitment not used", unused, "USD", 1.0),
    )
    return tuple(
        Line(item, "tokens", quantity, unit, rate, origin, source)
        for item, quantity, unit, rate in rows
    )


# Throughput that is bought by the unit and paid for whether it is used or not.


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvisionedUnit:
    """What a unit serves and in what numbers it is sold; numbers or arrays.

    Args:
        tokens_per_s: Input tokens a second that one unit serves [token/s].
        output_weight: Input tokens that an output token counts for [1].
        cached_weight: Input tokens that one read from the cache counts for; 1 is no credit [1].
        minimum_units: Fewest units that are sold [1].
        increment_units: Units by which their number grows [1].
    """

    tokens_per_s: Number
    output_weight: Number = 1.0
    cached_weight: Number = 1.0
    minimum_units: Number = 1.0
    increment_units: Number = 1.0

    def weighed_tokens(self, load: Workload) -> Number:
        """Return the input tokens that a request counts for, ``isl (1 - h (1 - c)) + osl k``."""
        read = 1.0 - load.cached_share * (1.0 - self.cached_weight)
        return load.isl * read + load.osl * load.reasoning_factor * self.output_weight

    @property
    def fewest(self) -> Number:
        """Return the fewest units that can be bought, in whole increments [1]."""
        return _stepped(self.minimum_units, self.increment_units)


def units_for(load: Workload, unit: ProvisionedUnit) -> Number:
    """Return the units to buy, ``ceil_step(max(minimum, peak * weighed tokens / U))`` [1].

    Throughput does not accumulate, so that the busiest hour decides; what exceeds it is refused.

    Source:
        Burn-down of provisioned throughput as vendors document it: inputs, and outputs times
        their weight, times the queries per second.
    """
    asked = load.peak_requests_per_s * unit.weighed_tokens(load) / unit.tokens_per_s
    return _stepped(np.maximum(unit.minimum_units, asked), unit.increment_units)


def units_used(load: Workload, unit: ProvisionedUnit) -> Number:
    """Return the units that the month's mean load takes [1]."""
    return load.requests_per_s * unit.weighed_tokens(load) / unit.tokens_per_s


def _stepped(count: Number, step: Number) -> Number:
    return np.maximum(np.ceil(count / np.asarray(step, dtype=float) - ROUND_OFF), 1.0) * step
