"""Which inputs the spread of the saving comes from: Sobol indices of groups of inputs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tco.analysis.uncertain.beliefs import Beliefs
from tco.analysis.uncertain.bills import Model, usd
from tco.analysis.uncertain.sample import chunks
from tco.engine.shapes import Floats
from tco.engine.variance import sobol_indices

BATCHES = 8
BATCH = 1 << 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """Shares of variance by input; inputs of a correlated group share those of the group.

    Args:
        first, total: Sobol indices [inputs, 1].
        total_error: Standard error of `total` over the batches [inputs, 1].
    """

    first: Floats
    total: Floats
    total_error: Floats


def variance_shares(
    model: Model, beliefs: Beliefs, pair: tuple[int, int], draws: int, seed: int
) -> Shares | None:
    """Return how much of the variance of A less B each input explains.

    Correlated inputs cannot be varied apart, so that a group of them counts as one input. None
    when one of the two serves nothing in some draw.

    Args:
        model: The options.
        beliefs: What is uncertain.
        pair: Positions of A and B among the options.
        draws: Draws of the run; a batch has no more.
        seed: Same seed, same result.
    """
    two = replace(model, options=tuple(model.options[i] for i in pair))
    rng = np.random.default_rng([seed, 2])
    size = max(min(BATCH, draws), 2)
    found = [_batch(two, beliefs, size, rng) for _ in range(BATCHES)]
    whole = [one for one in found if one is not None]
    if len(whole) < BATCHES:
        return None
    first, total = (np.stack([one[i] for one in whole]) for i in (0, 1))
    members = [len(matrix) for matrix in beliefs.groups]
    error = total.std(axis=0, ddof=1) / np.sqrt(BATCHES)
    spread = (np.repeat(v, members) for v in (first.mean(axis=0), total.mean(axis=0), error))
    return Shares(**dict(zip(("first", "total", "total_error"), spread, strict=True)))


def _batch(
    model: Model, beliefs: Beliefs, size: int, rng: np.random.Generator
) -> tuple[Floats, Floats] | None:
    """Return first-order and total indices of the groups from one pair of samples [groups]."""
    a, b = (next(chunks(beliefs, size, rng)).draws for _ in range(2))
    f_a, f_b = _saving(model, a), _saving(model, b)
    mixed, at = [], 0
    for matrix in beliefs.groups:
        keys = [row.key for row in beliefs.rows[at : at + len(matrix)]]
        mixed.append(_saving(model, {**a, **{key: b[key] for key in keys}}))
        at += len(matrix)
    f_ab = np.stack(mixed)
    if not (np.isfinite(f_a).all() and np.isfinite(f_b).all() and np.isfinite(f_ab).all()):
        return None
    found = sobol_indices(f_a, f_b, f_ab)
    return found.first, found.total


def _saving(model: Model, draws: dict[str, Floats]) -> Floats:
    with np.errstate(invalid="ignore"):
        a, b = usd(model, draws)
        return np.asarray(a - b)
