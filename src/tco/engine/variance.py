"""How much of a result's variance each input, or group of inputs, explains: Sobol indices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tco.engine.shapes import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Indices:
    """Shares of variance by input.

    Args:
        first: Explained by the input alone [inputs, 1].
        total: Explained by it alone and together with others [inputs, 1].
    """

    first: Floats
    total: Floats


def sobol_indices(f_a: Floats, f_b: Floats, f_ab: Floats) -> Indices:
    """Return first-order and total Sobol indices.

    ``S_i = mean(f_B * (f_ABi - f_A)) / var`` and ``ST_i = mean((f_A - f_ABi)**2) / 2 / var``, the
    results taken about their mean, which changes no expectation and lowers the variance of `S_i`.

    Args:
        f_a, f_b: Results of two independent samples [draws].
        f_ab: Results of sample A with input i taken from sample B [inputs, draws].

    Source:
        Saltelli et al. (2010), table 2, rows (b) and (f); the latter is Jansen (1999).
    """
    both = np.concatenate([f_a, f_b])
    variance, mean = float(both.var()), float(both.mean())
    if variance == 0.0:
        return Indices(first=np.zeros(len(f_ab)), total=np.zeros(len(f_ab)))
    first = ((f_b - mean) * (f_ab - f_a)).mean(axis=1) / variance
    total = ((f_a - f_ab) ** 2).mean(axis=1) / 2.0 / variance
    return Indices(first=first, total=total)
