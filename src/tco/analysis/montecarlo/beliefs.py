"""What is uncertain about a comparison: which numbers, how they spread, and what moves together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from tco.analysis.montecarlo.results import CorrelationResult
from tco.analysis.report import NEUTRAL, entering
from tco.engine.draws import Kind, Spread, check_correlation
from tco.engine.shapes import Floats
from tco.errors import UsageError, printable, suggestion
from tco.options.bills import Option, SelfOption
from tco.options.question import Question
from tco.options.settings import Setting
from tco.records import dataclass

CHOICES = frozenset(
    {
        "workload.batch_share",
        "workload.rate_cv",
        "serving.max_tpot_s",
        "serving.max_concurrency",
        "serving.max_concurrency_large",
        "serving.max_ttft_s",
        "serving.kv_bytes",
        "serving.memory_share",
        "serving.headroom",
        "serving.wait_beta",
        "serving.redundancy",
        "serving.zones",
        "serving.availability_target",
        "serving.replica_availability",
        "fleet.idle_timeout_s",
        "fleet.billing_step_s",
    }
)
"""Decisions, not facts: nobody learns them, so that they stay as they are unless `--vary` says."""

THROUGHPUT = "serving.throughput_factor"
BAND_TAIL = 0.10  # bands of the capacity model hold four measurements of five

CORRELATIONS: dict[tuple[str, str], tuple[float, str]] = {
    ("workload.isl_factor", "workload.cached_share"): (
        0.4,
        "long inputs are long because of shared prefixes and histories, which caches serve",
    ),
    ("workload.isl_factor", "workload.osl_factor"): (
        0.3,
        "answers become the input of the next turn",
    ),
    ("workload.peak_to_mean", "serving.peakedness"): (
        0.5,
        "of the published traces the one with the highest peak is the most bursty too",
    ),
    ("rent.factor", "price.hosted_factor"): (0.6, "hosts rent the same GPUs"),
    ("price.hosted_factor", "price.api_factor"): (0.3, "they compete for the same customers"),
}
"""Rank correlations unless `--correlate` says otherwise; judgment, each with its reason."""

SHARED_ERROR = 0.5
SHARED_ERROR_WHY = "the errors of one capacity model and one engine are partly the same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Belief:
    """One uncertain number.

    Args:
        setting: What it is, and who said so.
        spread: What is believed of it.
        option: Id of the only option that it enters; None when it enters as a setting.
    """

    setting: Setting
    spread: Spread
    option: str | None = None

    @property
    def path(self) -> str:
        """Return the path of the setting."""
        return self.setting.path

    @property
    def key(self) -> str:
        """Return the same; for throughput with the option that it belongs to."""
        return self.path if self.option is None else f"{self.path}@{self.option}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Beliefs:
    """Everything that is uncertain.

    Args:
        rows: The numbers, those that are correlated next to each other.
        groups: Correlation matrix of each group, in the order of `rows`.
        correlations: The same pair by pair.
    """

    rows: tuple[Belief, ...]
    groups: tuple[Floats, ...]
    correlations: tuple[CorrelationResult, ...]


Varied = tuple[float, float, Kind | None]
"""A spread that the user gave: percentiles 5 and 95, and a shape or None for the usual one."""


def beliefs(
    inputs: Question,
    options: Sequence[Option],
    varied: Mapping[str, Varied],
    correlated: Mapping[tuple[str, str], float],
) -> Beliefs:
    """Return what is uncertain about the bills of some options.

    That is every assumption that enters one of them and has a range, but for choices and for what
    the user gave. Each set-up's throughput has a spread of its own: its class's band.

    Raises:
        UsageError: A spread upside down, one of a number that enters no bill, or correlations that
            cannot hold together.
    """
    settings = inputs.settings
    for path in varied:
        if path not in settings:
            hint = suggestion(path, settings)
            raise UsageError(f"--vary: no setting called {printable(path)!r}{hint}")
    named = {s.path for s in entering(inputs, options)} | NEUTRAL | set(varied)
    idle = _idle(options) - set(varied)
    rows = [
        _belief(inputs, setting, varied.get(path))
        for path, setting in settings.items()
        if path in named - idle - {THROUGHPUT} and _uncertain(setting, varied)
    ]
    rows += _throughputs(settings[THROUGHPUT], options, varied.get(THROUGHPUT))
    return _grouped(rows, correlated)


def _idle(options: Sequence[Option]) -> set[str]:
    """Return the factors on prices that none of the options pays."""
    tiers = {o.tier for o in options}
    rented = any(isinstance(o, SelfOption) and o.usd_per_gpu_hour is not None for o in options)
    idle = {f"price.{tier}_factor" for tier in ("api", "hosted") if tier not in tiers}
    return idle if rented else idle | {"rent.factor"}


def _uncertain(setting: Setting, varied: Mapping[str, Varied]) -> bool:
    if setting.path in varied:
        return True
    known = setting.fixed or setting.origin == "given" or setting.path in CHOICES
    return not known and setting.low < setting.high


def _belief(inputs: Question, setting: Setting, varied: Varied | None) -> Belief:
    entry = inputs.catalog.assumptions.assumptions.get(setting.path)
    usual: Kind = "triangular"
    if entry is not None and entry.spread != "fixed":
        usual = entry.spread
    spread = Spread(
        kind=usual,
        value=float(np.asarray(setting.value)),
        low=setting.low,
        high=setting.high,
        least=_least(setting.path),
        most=1.0 if setting.unit == "share" else np.inf,
    )
    if varied is None:
        return Belief(setting=setting, spread=spread)
    given = replace(setting, origin="given", source="--vary")
    return Belief(setting=given, spread=_given_spread(setting.path, spread, varied))


def _least(path: str) -> float:
    if path in ("workload.peak_to_mean", "own.pue") or path.startswith("serving.max_concurrency"):
        return 1.0
    return 1e-6 if path.endswith(("_factor", "rent.factor", "headroom", "_months")) else 0.0


def _given_spread(path: str, usual: Spread, varied: Varied) -> Spread:
    """Return the spread that the user gave; its middle is today's value where that lies inside."""
    low, high, kind = *varied[:2], varied[2] or usual.kind
    if low > high:
        raise UsageError(f"--vary {path}: the 5th percentile {low:g} lies above the 95th {high:g}")
    if kind == "lognormal" and low <= 0:
        raise UsageError(f"--vary {path}: a lognormal spread lies above 0; take triangular")
    if low < usual.least or high > usual.most:
        raise UsageError(f"--vary {path}: {low:g}..{high:g} goes beyond what it can be")
    middle = np.sqrt(low * high) if kind == "lognormal" else (low + high) / 2.0
    value = usual.value if low <= usual.value <= high else float(middle)
    return replace(usual, kind=kind, low=low, high=high, value=value, tail=0.05)


def _throughputs(
    setting: Setting, options: Sequence[Option], varied: Varied | None
) -> list[Belief]:
    """Return the spread of each set-up's true throughput over the predicted one."""
    own = [o for o in options if isinstance(o, SelfOption) and o.band[0] < o.band[1]]
    if setting.origin == "given" and varied is None:
        return []
    now = float(np.asarray(setting.value))
    out = []
    for option in own:
        low, high = (min(option.band[0], 1.0) * now, max(option.band[1], 1.0) * now)
        spread = Spread(kind="lognormal", value=now, low=low, high=high, tail=BAND_TAIL, least=1e-6)
        own_setting = replace(
            setting,
            title=f"true throughput of {option.id} over the predicted one",
            source="80 % band of the capacity model" if varied is None else "--vary",
        )
        spread = spread if varied is None else _given_spread(THROUGHPUT, spread, varied)
        out.append(Belief(setting=own_setting, spread=spread, option=option.id))
    return out


def _grouped(rows: Sequence[Belief], correlated: Mapping[tuple[str, str], float]) -> Beliefs:
    """Return the rows in groups of those that are correlated, directly or through others."""
    keys = [row.key for row in rows]
    matrix, told = np.eye(len(rows)), []
    for i, j, value, why in _pairs(rows, correlated):
        matrix[i, j] = matrix[j, i] = value
        pair = {"a": keys[i], "b": keys[j]}
        told.append(CorrelationResult(**pair, rank_correlation=value, because=why))
    complaint = check_correlation(matrix) if len(rows) else None
    if complaint:
        raise UsageError(f"--correlate: no correlation matrix: {complaint}")
    groups = _components(matrix)
    return Beliefs(
        rows=tuple(rows[i] for group in groups for i in group),
        groups=tuple(matrix[np.ix_(group, group)] for group in groups),
        correlations=tuple(told),
    )


def _pairs(
    rows: Sequence[Belief], correlated: Mapping[tuple[str, str], float]
) -> list[tuple[int, int, float, str]]:
    said = {frozenset(pair): value for pair, value in correlated.items()}
    _refuse_unknown(rows, correlated)
    out = []
    for j, b in enumerate(rows):
        for i, a in enumerate(rows[:j]):
            pair = frozenset((a.path, b.path))
            if pair in said:
                value, why = said[pair], "given"
            elif a.path == b.path == THROUGHPUT:
                value, why = SHARED_ERROR, SHARED_ERROR_WHY
            else:
                known = CORRELATIONS.get((a.path, b.path)) or CORRELATIONS.get((b.path, a.path))
                value, why = known or (0.0, "")
            if value:
                out.append((i, j, value, why))
    return out


def _refuse_unknown(rows: Sequence[Belief], correlated: Mapping[tuple[str, str], float]) -> None:
    paths = {row.path for row in rows}
    for pair, value in correlated.items():
        for path in pair:
            if path not in paths:
                raise UsageError(f"--correlate: {printable(path)!r} is not uncertain here")
        if not -1.0 <= value <= 1.0:
            raise UsageError(
                f"--correlate: no correlation matrix: {value:g} is not within -1 and 1"
            )


def _components(matrix: Floats) -> list[list[int]]:
    """Return the rows in groups that no correlation joins."""
    left, groups = list(range(len(matrix))), []
    while left:
        group = [left.pop(0)]
        for i in group:
            group += [j for j in left if matrix[i, j] != 0.0 and j not in group]
            left = [j for j in left if j not in group]
        groups.append(sorted(group))
    return groups
