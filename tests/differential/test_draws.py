"""Monte Carlo against closed forms: one uncertain price, or the sum of two, of a bill known so.

An API at $1 per million tokens and a contract at $5,000 a month; everything else is given. The
distributions are worked out with scipy from what the answer says of its inputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import optimize, stats

import tco

DAY = "2026-11-21"
DRAWS = 60_000
TOKENS, CONTRACT = 8e9, 5_000.0
FACTOR, FTE, PAY = "price.api_factor", "people.api_fte", 20_000.0
OPTIONS = ["api:kind=api,input=$1,output=$1", f"contract:kind=fixed,usd_per_month={CONTRACT:g}"]
LEVELS = (0.05, 0.5, 0.95)


def asked(vary: list[str], **values: float) -> Any:
    """Return the answer in which only what is named is uncertain."""
    said: dict[str, Any] = {"tokens": TOKENS, "as_of": DAY, "option": OPTIONS, "draws": DRAWS}
    known = {"people.salary_usd_per_year": 12 * PAY, FTE: 0.0} | values
    free = [path.partition("=")[0] for path in vary]
    while True:
        fixed = {path: value for path, value in known.items() if path not in free}
        made = tco.sensitivity("api", "contract", vary=vary, set=fixed, **said)
        others = {i.key: i.value for i in made.inputs if i.key not in free}
        if not others:
            assert {i.key for i in made.inputs} == {*free}
            return made
        known |= others


def held(made: Any, quantile: Callable[[float], float], mean: float) -> None:
    """Hold bills, saving and break-even against the distribution of the API's bill."""
    bills = {row.id: row for row in made.options}
    api, contract = bills["api"], bills["contract"]
    found = [api.usd.p5, api.usd.p50, api.usd.p95]
    assert found == pytest.approx([quantile(p) for p in LEVELS], rel=2e-3)
    assert api.mean_usd == pytest.approx(mean, rel=2e-3)
    assert [contract.usd.p5, contract.usd.p95] == pytest.approx([CONTRACT, CONTRACT])
    saved = [made.saving.usd.p5, made.saving.usd.p50, made.saving.usd.p95]
    spread = quantile(0.95) - quantile(0.05)
    assert saved == pytest.approx([quantile(p) - CONTRACT for p in LEVELS], abs=2e-3 * spread)
    saves = 1.0 - float(optimize.brentq(lambda p: quantile(p) - CONTRACT, 1e-9, 1 - 1e-9))
    assert made.saving.p_saves == pytest.approx(saves, abs=4 * np.sqrt(0.25 / DRAWS))
    assert contract.p_cheapest == pytest.approx(made.saving.p_saves)


def uniform(low: float, high: float) -> Any:
    """Return the uniform distribution with these 5th and 95th percentiles."""
    wide = (high - low) / 0.9
    return stats.uniform(low - 0.05 * wide, wide)


def triangle(low: float, mode: float, high: float) -> Any:
    """Return the triangular distribution with that mode and these percentiles."""

    def law(ends: np.ndarray) -> Any:
        left, right = mode - np.exp(ends[0]), mode + np.exp(ends[1])
        return stats.triang((mode - left) / (right - left), loc=left, scale=right - left)

    def off(ends: np.ndarray) -> list[float]:
        return [law(ends).cdf(low) - 0.05, law(ends).sf(high) - 0.05]

    solved = optimize.root(off, np.log([1.3 * (mode - low), 1.3 * (high - mode)]), tol=1e-13)
    assert solved.success
    return law(solved.x)


@pytest.mark.parametrize(("low", "high"), [(0.4, 0.8), (0.5, 2.0), (0.1, 0.9)])
def test_a_uniform_price(low: float, high: float) -> None:
    law = uniform(low, high)
    made = asked([f"{FACTOR}={low}..{high}:uniform"])
    held(made, lambda p: TOKENS / 1e6 * max(law.ppf(p), 0.0), TOKENS / 1e6 * law.mean())


@pytest.mark.parametrize(("low", "high"), [(0.6, 1.5), (0.5, 2.0), (0.3, 1.1)])
def test_a_triangular_price(low: float, high: float) -> None:
    law = triangle(low, 1.0, high)
    made = asked([f"{FACTOR}={low}..{high}:triangular"])
    held(made, lambda p: TOKENS / 1e6 * law.ppf(p), TOKENS / 1e6 * law.mean())
    at = made.breakeven.tokens_per_month
    volumes = [CONTRACT * 1e6 / law.ppf(1 - p) for p in LEVELS]
    assert [at.p5, at.p50, at.p95] == pytest.approx(volumes, rel=5e-3)


@pytest.mark.parametrize(("low", "high"), [(0.7, 1.4), (0.25, 1.6), (0.5, 4.0)])
def test_a_lognormal_price(low: float, high: float) -> None:
    """Its median is today's price; below and above, the logarithm has a width of its own."""
    z = float(stats.norm.ppf(0.95))
    down, up = -np.log(low) / z, np.log(high) / z

    def quantile(p: float) -> float:
        score = stats.norm.ppf(p)
        return float(TOKENS / 1e6 * np.exp(score * (down if score < 0 else up)))

    lower = np.exp(down**2 / 2) * stats.norm.cdf(-down)
    upper = np.exp(up**2 / 2) * stats.norm.cdf(up)
    held(asked([f"{FACTOR}={low}..{high}:lognormal"]), quantile, TOKENS / 1e6 * (lower + upper))


def test_the_sum_of_two_uniform_ones() -> None:
    """Its distribution is a trapezium."""
    price, work = uniform(0.4, 1.2), uniform(0.05, 0.15)
    made = asked([f"{FACTOR}=0.4..1.2:uniform", f"{FTE}=0.05..0.15:uniform"])
    a, b = TOKENS / 1e6 * price.ppf(1.0), PAY * work.ppf(1.0)
    least = TOKENS / 1e6 * price.ppf(0.0) + PAY * work.ppf(0.0)
    wide, narrow = sorted([a - TOKENS / 1e6 * price.ppf(0.0), b - PAY * work.ppf(0.0)])[::-1]
    law = stats.trapezoid(narrow / (wide + narrow), wide / (wide + narrow), least, wide + narrow)
    api = next(row for row in made.options if row.id == "api")
    found = [api.usd.p5, api.usd.p50, api.usd.p95]
    assert found == pytest.approx([law.ppf(p) for p in LEVELS], rel=5e-3)
    assert api.mean_usd == pytest.approx(law.mean(), rel=2e-3)
    shares = {i.key: i.first_order for i in made.inputs}
    variances = {FACTOR: (TOKENS / 1e6) ** 2 * price.var(), FTE: PAY**2 * work.var()}
    whole = sum(variances.values())
    for key, variance in variances.items():
        assert shares[key] == pytest.approx(variance / whole, abs=0.02)
