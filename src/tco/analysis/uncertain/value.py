"""What it would be worth to know before choosing: all of it, or one number."""

from __future__ import annotations

import numpy as np

from tco.analysis.uncertain.results import Measure
from tco.analysis.uncertain.sample import DUMMIES, Tally
from tco.engine.shapes import Floats
from tco.show import show_usd

WORTH_ASKING = 0.005
"""Share of the cheapest option's bill below which no measurement pays for the trouble; judgment."""

BY_PATH: tuple[tuple[str, Measure], ...] = (
    ("serving.throughput", "benchmark"),
    ("workload.", "pilot"),
    ("serving.peakedness", "pilot"),
    ("price.", "quote"),
    ("rent.", "quote"),
    ("own.", "quote"),
)

DOING: dict[Measure, str] = {
    "benchmark": "Run a benchmark first",
    "pilot": "Run a pilot first",
    "quote": "Ask for a quote first",
    "plan": "Settle the plan first",
}


def value_of_everything(tally: Tally) -> float:
    """Return the expected value of perfect information [USD/month].

    ``min_a E[C_a] - E[min_a C_a]``: the mean bill of the best single choice, less the mean of the
    cheapest bills, among options whose prices are sure enough.
    """
    return float(np.min(tally.total[tally.eligible]) - tally.best) / tally.draws


def values_by_input(tally: Tally) -> Floats:
    """Return the expected value of knowing one input exactly, for each of them [inputs, USD/month].

    ``min_a E[C_a] - E_x[min_a E[C_a | x]]``, with `x` cut into bins of equal probability. Means of
    finitely many draws make the best choice in a bin look a little better than it is: what inputs
    that enter nothing seem to be worth is taken off.

    Source:
        Binning of the same sample, as Strong and Oakley (2013) describe among single-loop methods.
    """
    with np.errstate(invalid="ignore"):
        means = tally.bins[:, tally.eligible] / np.maximum(tally.counts, 1)[:, None, :]
    shares = tally.counts / tally.valued
    one = np.min((means * shares[:, None, :]).sum(axis=2), axis=1)
    best = (np.min(means, axis=1) * shares).sum(axis=1)
    worth: Floats = one - best
    noise = float(np.mean(worth[-DUMMIES:]))
    return np.asarray(np.maximum(worth[:-DUMMIES] - noise, 0.0))


def measure_of(path: str) -> Measure:
    """Return how one would come to know a number."""
    return next((how for start, how in BY_PATH if path.startswith(start)), "plan")


def advice(tally: Tally, titles: list[tuple[str, str]], values: Floats) -> str:
    """Return the sentence: run a benchmark, run a pilot, or measure nothing.

    Args:
        tally: The draws.
        titles: Path and title of each input.
        values: What knowing each is worth [inputs, USD/month].
    """
    everything = value_of_everything(tally)
    bill = float(np.min(tally.total[tally.eligible])) / tally.draws
    if not values.size or max(everything, float(values.max())) < WORTH_ASKING * bill:
        return (
            f"Measure nothing: knowing every number exactly would save {show_usd(everything)} a "
            f"month on average, against a bill of {show_usd(bill)}."
        )
    best = int(np.argmax(values))
    path, title = titles[best]
    if values[best] < WORTH_ASKING * bill:
        return (
            f"No single measurement would change the choice often enough to pay: the best, "
            f"{title}, is worth {show_usd(float(values[best]))} a month, all together "
            f"{show_usd(everything)}."
        )
    return (
        f"{DOING[measure_of(path)]}: knowing {title} exactly would save "
        f"{show_usd(float(values[best]))} a month on average, of {show_usd(everything)} for "
        "knowing everything; it pays if it costs less than the months ahead times that."
    )
