"""Robust Gauss-Newton fit of the model's constants on log ratios, and its held-out errors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from tco.analysis.size.validation import latencies
from tco.engine.constants import Constants
from tco.options.shapes import predict

if TYPE_CHECKING:
    from capacity_table import Floats, Table, Texts
    from numpy.typing import NDArray

FIRST = tuple(f.name for f in fields(Constants) if f.name.startswith("ttft_"))
"""Constants of the time to the first token, which are fitted after the others, on such times."""
NAMES = tuple(f.name for f in fields(Constants) if f.name not in FIRST)
SOFT = 0.15  # a log residual beyond this counts by its size, not its square
PRIOR_SD = 0.15  # of the logarithm of a constant, in the unit of one row with a residual of SOFT
SOURCE_POWER = 0.25  # a row weighs 1 / (rows of its source) ** this
MAX_STEP = 0.7
STEP = 1e-3

# Where the fit starts, and where a constant stays that the data do not speak to. Round values,
# chosen with knowledge of earlier fits on the whole table (so not blind to any of its sources).
CENTRE = Constants(
    bandwidth_share=0.83,
    rocm_bandwidth=0.7,
    rocm_moe_compute=1.0,
    layer_s=50e-6,
    moe_layer_factor=1.75,
    latent_layer_extra=0.35,
    fp4_gpu_layer_factor=0.73,
    sequence_s=4e-6,
    untuned_step_s=1.1e-3,
    untuned_sequence_s=70e-6,
    all_reduce_s=10e-6,
    legacy_attention_flop_per_byte=2.65,
    legacy_rocm_bandwidth=0.6,
    legacy_rocm_attention_flops=2e12,
    outside_factor=1.3,
    outside_prefill=1.3,
    ttft_fixed_s=0.05,
    ttft_steps=9.0,
    ttft_prefill=1.3,
    ttft_queue=2.0,
    ttft_sglang_factor=2.0,
)


def residuals(table: Table, constants: Constants) -> Floats:
    """Return ln(predicted / measured) of each row [1]."""
    return np.asarray(np.log(predict(table.cases, constants) / table.inputs.measured))


def source_weights(source: Texts, power: float = SOURCE_POWER) -> Floats:
    """Return row weights with mean 1 that keep one large source from outvoting the rest [1]."""
    _, where, counts = np.unique(source, return_inverse=True, return_counts=True)
    weights = counts[where] ** -power
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
    return _descend(
        lambda at: residuals(table, _shifted(centre, at, names)),
        lambda at: _shifted(centre, at, names),
        logs,
        weights,
        soft=SOFT,
        prior_sd=prior_sd,
        steps=steps,
    )


def _descend(
    residuals_at: Callable[[Floats], Floats],
    constants_at: Callable[[Floats], Constants],
    logs: Floats,
    weights: Floats,
    *,
    soft: float,
    prior_sd: float,
    steps: int,
) -> Constants:
    """Return the constants at the least of a soft-L1 loss and a prior, by Levenberg-Marquardt."""
    rows = weights > 0.0
    kept = weights[rows]

    def off(at: Floats) -> Floats:
        return residuals_at(at)[rows]

    def cost(r: Floats, at: Floats) -> float:
        loss = 2.0 * (np.sqrt(1.0 + (r / soft) ** 2) - 1.0)
        return float(np.sum(kept * loss) + np.sum((at / prior_sd) ** 2))

    here, damping = off(logs), 1e-2
    now = cost(here, logs)
    for _ in range(steps):
        slopes = [(off(logs + STEP * unit) - here) / STEP for unit in np.eye(len(logs))]
        jacobian = np.array(slopes).T
        weight = kept / np.sqrt(1.0 + (here / soft) ** 2) / soft**2
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
    return constants_at(logs)


def folds(labels: Texts, count: int, seed: int) -> NDArray[np.intp]:
    """Return a fold number for each row such that rows with one label share their fold."""
    unique, where = np.unique(labels, return_inverse=True)
    numbers = np.arange(len(unique)) % count
    return np.asarray(np.random.default_rng(seed).permutation(numbers)[where])


def held_out(
    table: Table,
    fold: NDArray[np.intp] | Texts,
    *,
    names: Sequence[str] = NAMES,
    centre: Constants = CENTRE,
    prior_sd: float = PRIOR_SD,
) -> Floats:
    """Return ln(predicted / measured) of each row by constants fitted without its fold [1]."""
    weights = source_weights(table.source)
    fold = np.unique(fold, return_inverse=True)[1]
    fixed = partial(fit, table, names=names, centre=centre, prior_sd=prior_sd)
    start = fixed(weights)
    out = np.empty(len(fold))
    for number in np.unique(fold):
        test = fold == number
        seen = np.where(test, 0.0, weights)
        without = fixed(seen, start=start, steps=10)
        out[test] = residuals(table, without)[test]
    return out


@dataclass(frozen=True, slots=True)
class FirstTokens:
    """Measured times to the first token of some rows.

    Args:
        table: The rows.
        fit: The constants of a step.
        rows: Indices of the rows that state such a time.
        seen: Which of them may be fitted on; the others only widen the band [rows].
        told: Which of them have no part in the band either [rows].
    """

    table: Table
    fit: Constants
    rows: NDArray[np.intp]
    seen: NDArray[np.bool_]
    told: NDArray[np.bool_]

    def residuals(self, constants: Constants) -> Floats:
        """Return ln(predicted / measured) of each row [rows]."""
        ttft_s = latencies(self.table.cases, constants)[1]
        return np.asarray(np.log(ttft_s / self.table.inputs.ttft_s))[self.rows]

    def band(self, off: Floats) -> tuple[float, float]:
        """Return the 10th and 90th percentile of measured / predicted, a source of n rows counting
        for the root of n."""
        off = off[~self.told]
        weights = source_weights(self.table.source[self.rows[~self.told]], power=0.5)
        order = np.argsort(-off)
        share = np.cumsum(weights[order]) / weights.sum()
        low, high = np.interp((0.1, 0.9), share, -off[order])
        return float(np.exp(low)), float(np.exp(high))


FIT_FIRST_ON = ("silicon", "dgx-spark-arena")
# Its prompts came from a cache: 512 tokens in 40 ms, of which arithmetic alone takes 170 at peak.
PROMPTS_CACHED = ("rig-4x3090",)


def first_tokens(table: Table, fit: Constants) -> FirstTokens:
    """Return the rows that state a time to the first token."""
    stated = np.isfinite(table.inputs.ttft_s) & table.inputs.memory_bound
    rows = np.flatnonzero(stated)
    source = table.source[rows]
    return FirstTokens(
        table, fit, rows, np.isin(source, FIT_FIRST_ON), np.isin(source, PROMPTS_CACHED)
    )


def fit_first(
    data: FirstTokens, fit: Constants, weights: Floats | None = None, start: Constants | None = None
) -> Constants:
    """Return the constants with those of the first token fitted to the rows with `weights`."""
    by_group = source_weights(data.table.group[data.rows], power=0.5) * data.seen
    logs = np.array([np.log(getattr(start or CENTRE, n) / getattr(CENTRE, n)) for n in FIRST])
    base = replace(fit, **{n: getattr(CENTRE, n) for n in FIRST})
    weights = by_group if weights is None else by_group * weights
    return _descend(
        lambda at: data.residuals(_shifted(base, at, FIRST)),
        lambda at: _shifted(base, at, FIRST),
        logs,
        weights,
        soft=0.3,
        prior_sd=1.0,
        steps=25,
    )


def first_left_out(data: FirstTokens, fit: Constants) -> Floats:
    """Return log residuals of each row by constants that did not see its model [rows]."""
    models, best = data.table.model[data.rows], fit_first(data, fit)
    out = data.residuals(best)
    for name in np.unique(models[data.seen]):
        rows = models == name
        out[rows] = data.residuals(fit_first(data, fit, (~rows).astype(float), best))[rows]
    return out


def bootstrap_first(data: FirstTokens, fit: Constants, draws: int) -> dict[str, Floats]:
    """Return the constants of the first token fitted to resampled groups, by name [draws]."""
    groups, where = np.unique(data.table.group[data.rows], return_inverse=True)
    rng, best, fits = np.random.default_rng(0), fit_first(data, fit), []
    for _ in range(draws):
        times = np.bincount(rng.integers(len(groups), size=len(groups)), minlength=len(groups))
        fits.append(fit_first(data, fit, times[where].astype(float), best))
    return {n: np.array([getattr(f, n) for f in fits]) for n in FIRST}


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
