"""Robust Gauss-Newton fit of the model's constants on log ratios, and its held-out errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.validate import predict
from tco.engine.constants import Constants

if TYPE_CHECKING:
    from capacity_table import Floats, Table, Texts
    from numpy.typing import NDArray

NAMES = tuple(f.name for f in fields(Constants))
SOFT = 0.15  # a log residual beyond this counts by its size, not its square
PRIOR_SD = 0.15  # in the unit of one row with a residual of SOFT
SOURCE_POWER = 0.25  # a row weighs 1 / (rows of its source) ** this
MAX_STEP = 0.7
STEP = 1e-3

# Where the fit starts, and where a constant stays that the data do not speak to. Round values,
# chosen with knowledge of earlier fits on the whole table (so not blind to any of its sources).
CENTRE = Constants(
    bandwidth_share=0.8,
    compute_share_8=1.2,
    moe_compute_share=0.75,
    weight_only_moe_share=0.4,
    layer_s=40e-6,
    moe_layer_factor=2.0,
    moe_layer_growth=0.45,
    latent_layer_extra=0.25,
    fp4_gpu_layer_factor=0.8,
    sglang_layer_factor=1.15,
    sequence_s=5e-6,
    sglang_sequence_factor=8.0,
    untuned_step_s=1.5e-3,
    untuned_sequence_s=75e-6,
    all_reduce_s=10e-6,
    legacy_all_reduce_factor=2.0,
    legacy_attention_flop_per_byte=2.5,
    legacy_rocm_bandwidth=0.6,
    legacy_rocm_attention_flops=2e12,
    legacy_rocm_host_factor=2.0,
)


def residuals(table: Table, constants: Constants) -> Floats:
    """Return ln(predicted / measured) of each row [1]."""
    return np.asarray(np.log(predict(table.cases, constants) / table.inputs.measured))


def source_weights(source: Texts) -> Floats:
    """Return row weights with mean 1 that keep one large source from outvoting the rest [1]."""
    _, where, counts = np.unique(source, return_inverse=True, return_counts=True)
    weights = counts[where] ** -SOURCE_POWER
    return np.asarray(weights / weights.mean())


def _shifted(centre: Constants, logs: Floats, names: Sequence[str]) -> Constants:
    moved = {n: getattr(centre, n) * np.exp(v) for n, v in zip(names, logs, strict=True)}
    return replace(centre, **{n: float(v) for n, v in moved.items()})


def fit(
    table: Table,
    weights: Floats,
    *,
    names: Sequence[str] = NAMES,
    centre: Constants = CENTRE,
    start: Constants | None = None,
    steps: int = 40,
    prior_sd: float = PRIOR_SD,
) -> Constants:
    """Return the constants that fit the rows with `weights` [1]; the others stay at `centre`.

    Soft-L1 loss on log ratios plus a log-normal prior at `centre`, by Levenberg-Marquardt.
    """
    logs = np.array([np.log(getattr(start or centre, n) / getattr(centre, n)) for n in names])
    rows = weights > 0.0

    def off(at: Floats) -> Floats:
        return residuals(table, _shifted(centre, at, names))[rows]

    def cost(r: Floats, at: Floats) -> float:
        loss = 2.0 * (np.sqrt(1.0 + (r / SOFT) ** 2) - 1.0)
        return float(np.sum(weights[rows] * loss) + np.sum((at / prior_sd) ** 2))

    here, damping = off(logs), 1e-2
    now = cost(here, logs)
    for _ in range(steps):
        slopes = [(off(logs + STEP * unit) - here) / STEP for unit in np.eye(len(logs))]
        jacobian = np.array(slopes).T
        weight = weights[rows] / np.sqrt(1.0 + (here / SOFT) ** 2) / SOFT**2
        hessian = jacobian.T @ (jacobian * weight[:, None]) + np.eye(len(logs)) / prior_sd**2
        gradient = jacobian.T @ (weight * here) + logs / prior_sd**2
        for _ in range(6):
            damped = hessian + damping * np.diag(np.diag(hessian))
            move = np.clip(-np.linalg.solve(damped, gradient), -MAX_STEP, MAX_STEP)
            there = off(logs + move)
            then = cost(there, logs + move)
            if then < now:
                break
            damping *= 5.0
        if then >= now:
            break
        gain, damping = now - then, max(damping / 5.0, 1e-6)
        logs, here, now = logs + move, there, then
        if gain < 1e-4 * now:
            break
    return _shifted(centre, logs, names)


def folds(labels: Texts, count: int, seed: int) -> NDArray[np.intp]:
    """Return a fold number for each row such that rows with one label share their fold."""
    unique, where = np.unique(labels, return_inverse=True)
    numbers = np.arange(len(unique)) % count
    return np.asarray(np.random.default_rng(seed).permutation(numbers)[where])


def held_out(
    table: Table,
    fold: NDArray[np.intp],
    *,
    names: Sequence[str] = NAMES,
    centre: Constants = CENTRE,
    prior_sd: float = PRIOR_SD,
) -> Floats:
    """Return ln(predicted / measured) of each row by constants fitted without its fold [1]."""
    weights = source_weights(table.source)
    fixed = partial(fit, table, names=names, centre=centre, prior_sd=prior_sd)
    start = fixed(weights)
    out = np.empty(len(fold))
    for number in np.unique(fold):
        test = fold == number
        seen = np.where(test, 0.0, weights)
        without = fixed(seen, start=start, steps=10)
        out[test] = residuals(table, without)[test]
    return out


def bootstrap(table: Table, draws: int, seed: int) -> dict[str, Floats]:
    """Return the constants fitted to resampled groups, by name [draws]."""
    weights = source_weights(table.source)
    start = fit(table, weights)
    groups, where = np.unique(table.group, return_inverse=True)
    rng = np.random.default_rng(seed)
    fits = []
    for _ in range(draws):
        times = np.bincount(rng.integers(len(groups), size=len(groups)), minlength=len(groups))
        fits.append(fit(table, weights * times[where], start=start, steps=10))
    return {n: np.array([getattr(f, n) for f in fits]) for n in NAMES}
