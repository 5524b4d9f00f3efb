"""Draws of what is uncertain, chunk by chunk, and what is remembered of each chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from tco.analysis.cheapest import cheapest, sure_enough, undercut
from tco.analysis.uncertain.beliefs import Beliefs
from tco.analysis.uncertain.bills import Model, usd
from tco.engine.shapes import Flags, Floats, Indices
from tco.engine.spread import hypercube, midpoints, quantiles

CHUNK = 1 << 14
"""Draws worked on at a time: each chunk is a Latin hypercube of its own, and stays in the cache."""

LEVELS = (0.05, 0.5, 0.95)
BINS = 32
VALUE_CHUNKS = 16
DUMMIES = 4

Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One Latin hypercube.

    Args:
        number: Which one it is.
        ranks: Stratum of each draw of each input [inputs, draws].
        draws: Values by key [draws].
    """

    number: int
    ranks: Indices
    draws: dict[str, Floats]


def sizes(draws: int) -> tuple[int, int]:
    """Return how many chunks and how many draws in each: as many as asked for, or a few more.

    >>> sizes(1_000_000), sizes(500), sizes(20_011)
    ((64, 15625), (1, 500), (2, 10006))
    """
    fewest = -(-draws // CHUNK)
    even = (count for count in range(fewest, 2 * fewest + 1) if draws % count == 0)
    count = next(even, fewest)
    return count, -(-draws // count)


def chunks(beliefs: Beliefs, draws: int, rng: np.random.Generator) -> Iterator[Chunk]:
    """Return the draws; every input takes the middle of every stratum once in each chunk."""
    count, size = sizes(draws)
    at = midpoints(size)
    tables = [quantiles(row.spread, at) for row in beliefs.rows]
    for number in range(count):
        ranks = hypercube(rng, size, beliefs.groups)
        keyed = zip(beliefs.rows, tables, ranks, strict=True)
        yield Chunk(
            number=number, ranks=ranks, draws={row.key: table[r] for row, table, r in keyed}
        )


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
        self.levels += percentiles(np.sort(bills, axis=1))
        if pair is not None:
            with np.errstate(invalid="ignore"):
                gap = bills[pair[0]] - bills[pair[1]]
            self.saves += int((bills[pair[1]] < bills[pair[0]]).sum())
            self.saving += percentiles(np.sort(gap)[None, :])[0]

    def value(self, ranks: Indices, bills: Floats) -> None:
        """Remember how the bills of a chunk depend on each input [inputs, draws]."""
        size = ranks.shape[1]
        self.valued += size
        for row, rank in enumerate(ranks):
            where = rank * BINS // size
            self.counts[row] += np.bincount(where, minlength=BINS)
            for option, bill in enumerate(bills):
                self.bins[row, option] += np.bincount(where, weights=bill, minlength=BINS)


def percentiles(ascending: Floats) -> Floats:
    """Return the values at `LEVELS` of sorted rows, linear between neighbours [rows, levels]."""
    at = np.array(LEVELS) * (ascending.shape[1] - 1)
    low = at.astype(np.int64)
    high = np.minimum(low + 1, ascending.shape[1] - 1)
    before, after = ascending[:, low], ascending[:, high]
    with np.errstate(invalid="ignore"):
        return np.where(before == after, before, before + (at - low) * (after - before))


def sampled(
    model: Model,
    beliefs: Beliefs,
    draws: int,
    seed: int,
    pair: tuple[int, int] | None,
    progress: Progress,
    least: int,
) -> Tally:
    """Return what is remembered of so many draws.

    Args:
        model: The options.
        beliefs: What is uncertain.
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
    for chunk in chunks(beliefs, draws, rng):
        bills = usd(model, chunk.draws)
        tally.add(bills, pair)
        if chunk.number < VALUE_CHUNKS:
            idle = np.stack([aside.permutation(size) for _ in range(DUMMIES)])
            tally.value(np.concatenate([chunk.ranks, idle]), bills)
        progress((chunk.number + 1) / count)
    return tally
