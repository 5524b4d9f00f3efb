"""The bills of some options for many draws of what is uncertain, and what is kept of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace

import numpy as np

from tco.analysis.montecarlo.beliefs import THROUGHPUT, Belief, Beliefs
from tco.engine.draws import (
    Places,
    hypercube,
    interpolated,
    midpoints,
    nodes,
    outermost,
    places,
    quantiles,
)
from tco.engine.ledger import total_usd
from tco.engine.replica import Replica
from tco.engine.shapes import Flags, Floats, Indices
from tco.options.bills import Option, SelfOption, fleet, lines, replica_of
from tco.options.cheapest import cheapest, sure_enough, undercut
from tco.options.machines import own_bill
from tco.options.settings import Settings
from tco.ranges import Span
from tco.records import dataclass

# The bills of some options for many draws of what is uncertain: the same formulas, on arrays.

SIZING = (
    "workload.isl_factor",
    "workload.osl_factor",
    "workload.images_per_request",
    "workload.tokens_per_image",
    "workload.cached_share",
    "serving.max_tpot_s",
    "serving.max_concurrency",
    "serving.max_concurrency_large",
    "serving.max_ttft_s",
    "serving.kv_bytes",
    "serving.memory_share",
)
"""Settings that the search for the best batch depends on."""

NODES = {1: 257, 2: 49, 3: 21, 4: 11, 5: 7}
FEWEST = 4
"""Values of each axis of the table, by how many axes it has; of more than those so many."""

Draws = Mapping[str, Floats]

DRAWS_BY_HOUR = 1 << 10
"""Draws worked on at a time where each has the hours of a week, so that memory stays small."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillModel:
    """Some options, ready to be priced for draws.

    The largest batch that a set-up runs within memory and latency is searched on a grid of the
    lengths and shares that are uncertain, and taken to be linear between (logarithm of the rate);
    everything else is worked out exactly for every draw.

    Args:
        axes: The grid, by the path of what is uncertain.
        sizing: By option, over the nodes of the grid: logarithm of the requests a second of a
            replica, and its requests in flight at capacity. Limits on latency are kept at the
            throughput that is expected: draws of it change the speed alone.
    """

    options: tuple[Option, ...]
    settings: Settings
    axes: tuple[tuple[str, Span], ...]
    sizing: Mapping[str, tuple[Floats, Floats]]


def model_of(options: Sequence[Option], settings: Settings, rows: Sequence[Belief]) -> BillModel:
    """Return the options with their tables of replicas."""
    axes = _axes(rows)
    own = [o for o in options if isinstance(o, SelfOption)]
    sized = {o.id: _sizing(o, settings, axes) for o in own} if axes else {}
    return BillModel(options=tuple(options), settings=settings, axes=axes, sizing=sized)


def _axes(rows: Sequence[Belief]) -> tuple[tuple[str, Span], ...]:
    found = [row for row in rows if row.path in SIZING]
    out = []
    for row in found:
        # The outermost strata of the largest hypercube: no draw lies beyond.
        low, high = outermost(row.spread, 1 << 16)
        log = row.path.endswith("_factor")
        out.append((row.path, Span(low, high, NODES.get(len(found), FEWEST), log)))
    return tuple(out)


def _sizing(
    option: SelfOption, settings: Settings, axes: Sequence[tuple[str, Span]]
) -> tuple[Floats, Floats]:
    mesh = np.meshgrid(*(nodes(axis) for _, axis in axes), indexing="ij")
    at = {path: m.ravel() for (path, _), m in zip(axes, mesh, strict=True)}
    replica = replica_of(option, settings.with_values(at))
    shape = mesh[0].size
    with np.errstate(invalid="ignore"):
        rate = np.log(np.broadcast_to(replica.requests_per_s, shape))
    return rate, np.broadcast_to(np.asarray(replica.staffed, dtype=float), shape)


def usd(model: BillModel, draws: Draws, where: Places | None = None) -> Floats:
    """Return the bills of all options for some draws [options, draws] [USD/month].

    Infinite where a set-up serves nothing.

    Args:
        draws: Values by key of the belief [draws].
        where: Where they lie in the tables, where that is known.
    """
    size = next(iter(draws.values())).size
    out = np.empty((len(model.options), size))
    if by_hour(model.options):
        for start in range(0, size, DRAWS_BY_HOUR):
            part = slice(start, start + DRAWS_BY_HOUR)
            some = {key: values[part] for key, values in draws.items()}
            _price(model, some, located(model, some), out[:, part])
    else:
        _price(model, draws, located(model, draws) if where is None else where, out)
    out[np.isnan(out)] = np.inf
    return out


def by_hour(options: Sequence[Option]) -> bool:
    """Return whether a fleet follows the hours, so that a bill is worked out for each of them."""
    return any(isinstance(o, SelfOption) and o.hours is not None for o in options)


def _price(model: BillModel, draws: Draws, where: Places | None, out: Floats) -> None:
    """Write the bills of all options for some draws."""
    settings = drawn(model, draws)
    for row, option in zip(out, model.options, strict=True):
        if isinstance(option, SelfOption):
            replica = replica_for(model, option, draws, where)
            bill = own_bill(option, settings, fleet(option, settings, replica))
        else:
            bill = lines(option, settings)
        row[:] = total_usd(bill)


def drawn(model: BillModel, draws: Draws) -> Settings:
    """Return the settings with the values drawn, those of single options left out."""
    return model.settings.with_values({k: v for k, v in draws.items() if k in model.settings})


def located(model: BillModel, draws: Draws) -> Places | None:
    """Return where the draws lie in the tables; None when there are none."""
    if not model.sizing:
        return None
    return places([axis for _, axis in model.axes], [draws[path] for path, _ in model.axes])


def replica_for(
    model: BillModel, option: SelfOption, draws: Draws, where: Places | None
) -> Replica:
    """Return what one replica of a set-up sustains for each draw."""
    now = np.asarray(model.settings.value(THROUGHPUT))
    factor = draws.get(f"{THROUGHPUT}@{option.id}", now) / now
    if where is None:
        return replica_of(option, model.settings).scaled(factor)
    rate, slots = model.sizing[option.id]
    blank = np.full(1, np.nan)
    made = Replica(
        slots=interpolated(slots, where),
        requests_per_s=np.exp(interpolated(rate, where)),
        tpot_s=blank,
        memory_slots=blank,
        lone_tpot_s=blank,
        lone_request_s=blank,
    )
    return replace(made, requests_per_s=made.requests_per_s * factor)


# Draws of what is uncertain, chunk by chunk, and what is remembered of each chunk.

CHUNK = 1 << 14
"""Draws worked on at a time: each chunk is a Latin hypercube of its own, and stays in the cache."""

LEVELS = (0.05, 0.5, 0.95)
BINS = 32
VALUE_CHUNKS = 16
DUMMIES = 4

Progress = Callable[[float], None]


def sizes(draws: int) -> tuple[int, int]:
    """Return how many chunks and how many draws in each: as many as asked for, or a few more.

    >>> sizes(1_000_000), sizes(500), sizes(20_011)
    ((64, 15625), (1, 500), (2, 10006))
    """
    fewest = -(-draws // CHUNK)
    even = (count for count in range(fewest, 2 * fewest + 1) if draws % count == 0)
    count = next(even, fewest)
    return count, -(-draws // count)


def chunks(
    beliefs: Beliefs, draws: int, rng: np.random.Generator
) -> Iterator[tuple[Indices, Draws]]:
    """Return Latin hypercubes: every input takes the middle of every stratum once in each.

    Of each the stratum of each draw of each input [inputs, draws], and values by key [draws].
    """
    return hypercubes(beliefs, *sizes(draws), rng)


def hypercubes(
    beliefs: Beliefs, count: int, size: int, rng: np.random.Generator
) -> Iterator[tuple[Indices, Draws]]:
    """Yield so many Latin hypercubes of so many draws, as `chunks` does."""
    at = midpoints(size)
    tables = [quantiles(row.spread, at) for row in beliefs.rows]
    for _ in range(count):
        ranks = hypercube(rng, size, beliefs.groups)
        keyed = zip(beliefs.rows, tables, ranks, strict=True)
        yield ranks, {row.key: table.take(r) for row, table, r in keyed}


@dataclass
class Tally:
    """What is remembered of the draws: sums, and percentiles that are means over the chunks.

    Args:
        trust: Rank of each option's trust [options].
        least: Rank of the trust that is sure enough [1].
        ids: Names of the options [options].
        wins: Draws in which each option is the answer [options].
        below: Draws in which each is cheaper than the answer, not being it [options].
        total: Sum of each option's bills [options, USD/month].
        best: Sum of the answers' bills [USD/month].
        infeasible: Draws in which each option serves nothing [options].
        levels: Percentiles of each option's bill, summed over chunks [options, levels].
        saving: The same of A less B [levels].
        saves: Draws in which B is cheaper than A.
        bins: Sums of bills by input and by where in its range it lay [inputs, options, bins].
        counts: Draws in each of these bins [inputs, bins].
    """

    trust: Indices
    least: int
    ids: Sequence[str]
    inputs: int
    draws: int = 0
    chunks: int = 0
    best: float = 0.0
    saves: int = 0
    valued: int = 0
    wins: Indices = field(init=False)
    below: Indices = field(init=False)
    total: Floats = field(init=False)
    infeasible: Indices = field(init=False)
    levels: Floats = field(init=False)
    saving: Floats = field(init=False)
    bins: Floats = field(init=False)
    counts: Indices = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing."""
        self.wins = np.zeros(self.options, dtype=np.int64)
        self.below = np.zeros(self.options, dtype=np.int64)
        self.infeasible = np.zeros(self.options, dtype=np.int64)
        self.total = np.zeros(self.options)
        self.levels = np.zeros((self.options, len(LEVELS)))
        self.saving = np.zeros(len(LEVELS))
        rows = self.inputs + DUMMIES
        self.bins = np.zeros((rows, self.options, BINS))
        self.counts = np.zeros((rows, BINS), dtype=np.int64)

    @property
    def options(self) -> int:
        """Return how many options there are [1]."""
        return len(self.ids)

    @property
    def eligible(self) -> Flags:
        """Return which options may be chosen before anything is known [options]."""
        served = np.where(self.infeasible == self.draws, np.inf, 0.0)
        return sure_enough(served, self.trust, self.least)

    def add(self, bills: Floats, pair: tuple[int, int] | None) -> None:
        """Remember the bills of a chunk [options, draws]."""
        self.draws += bills.shape[1]
        self.chunks += 1
        answer = cheapest(bills, self.trust, self.least, self.ids)
        served = answer >= 0
        self.wins += np.bincount(answer[served], minlength=self.options)
        self.below += undercut(bills, answer)
        self.total += bills.sum(axis=1)
        chosen = np.take_along_axis(bills, np.maximum(answer, 0)[None, :], axis=0)
        self.best += float(chosen.sum())
        self.infeasible += np.isinf(bills).sum(axis=1)
        self.levels += percentiles(bills)
        if pair is not None:
            with np.errstate(invalid="ignore"):
                gap = bills[pair[0]] - bills[pair[1]]
            self.saves += int((bills[pair[1]] < bills[pair[0]]).sum())
            self.saving += percentiles(gap[None, :])[0]

    def value(self, ranks: Indices, bills: Floats) -> None:
        """Remember how the bills of a chunk depend on each input [inputs, draws]."""
        size = ranks.shape[1]
        self.valued += size
        bin_of = np.arange(size) * BINS // size
        self.counts += np.bincount(bin_of, minlength=BINS)  # each stratum once in every row
        for row, rank in enumerate(ranks):
            where = bin_of.take(rank)
            for option, bill in enumerate(bills):
                self.bins[row, option] += np.bincount(where, weights=bill, minlength=BINS)


def percentiles(values: Floats) -> Floats:
    """Return the values at `LEVELS` of rows, linear between neighbours [rows, levels]."""
    at = np.array(LEVELS) * (values.shape[1] - 1)
    low, which = np.unique(at.astype(np.int64), return_inverse=True)
    pairs = np.array([_parted(row.copy(), low.tolist()) for row in values])
    before, after = pairs[:, which, 0], pairs[:, which, 1]
    with np.errstate(invalid="ignore"):
        return np.where(before == after, before, before + (at - low[which]) * (after - before))


def _parted(row: Floats, places: Sequence[int]) -> list[tuple[float, float]]:
    """Return what stands at ascending places of a row in its order, and next to it; moves them.

    One place and then either side of it takes numpy a third of what all at once take.
    """
    if not places:
        return []
    middle = len(places) // 2
    place = places[middle]
    row.partition(place)
    after = row[place + 1 :] if place + 1 < row.size else row[place:]
    following = after.min()  # not a number where any of them is not
    pair = row[place], np.fmin.reduce(after) if np.isnan(following) else following
    later = [other - place for other in places[middle + 1 :]]
    return [*_parted(row[: place + 1], places[:middle]), pair, *_parted(row[place:], later)]


def sampled(
    model: BillModel,
    beliefs: Beliefs,
    draws: int,
    seed: int,
    pair: tuple[int, int] | None,
    progress: Progress,
    least: int,
) -> Tally:
    """Return what is remembered of so many draws.

    Args:
        draws: How many draws, rounded up to whole chunks.
        seed: Same seed, same result.
        pair: Positions of A and B among the options.
        progress: Told after each chunk which share is done.
        least: Rank of the trust that is sure enough [1].
    """
    rng, aside = np.random.default_rng(seed), np.random.default_rng([seed, 1])
    trust = np.array([option.trust.rank for option in model.options], dtype=np.int64)
    ids = [option.id for option in model.options]
    tally = Tally(trust=trust, least=least, ids=ids, inputs=len(beliefs.rows))
    count, size = sizes(draws)
    for number, (ranks, values) in enumerate(chunks(beliefs, draws, rng)):
        bills = usd(model, values)
        tally.add(bills, pair)
        if number < VALUE_CHUNKS:
            idle = np.stack([aside.permutation(size) for _ in range(DUMMIES)])
            tally.value(np.concatenate([ranks, idle]), bills)
        progress((number + 1) / count)
    return tally
