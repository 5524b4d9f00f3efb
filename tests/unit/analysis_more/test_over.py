"""Break-even in any variable: signs on both sides of every turn, closed forms by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.analysis.vary.over import breakeven_over
from tco.analysis.vary.variables import NAMES, blended_usd_per_mtok, variable
from tco.analysis.verdict import usd_at
from tco.engine.crossings import scan
from tco.engine.ledger import total_usd
from tco.errors import UsageError
from tco.options.bills import TokenOption, lines
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.settings import TOKENS

Asked = Callable[..., Question]
PAIR = ("gpt-4.1", "self/llama-3.3-70b")
ENTERING = [name for name in NAMES if name not in ("horizon", "volume")]


def usd(option, settings) -> float:  # type: ignore[no-untyped-def]
    return float(np.asarray(total_usd(lines(option, settings))))


@pytest.mark.parametrize("name", [*ENTERING, "serving.headroom", "people.salary_usd_per_year"])
@pytest.mark.parametrize("volume", [9e9, 60e9])
def test_the_sign_changes_at_every_turn_and_nowhere_between(
    asked: Asked, name: str, volume: float
) -> None:
    inputs = asked(tokens=volume)
    found = breakeven_over(inputs, *PAIR, name)
    options = [resolve(n, inputs).best for n in PAIR]
    over = variable(name, options, inputs.settings)
    low, high = found.searched
    spread = np.geomspace if low > 0 else np.linspace
    tried = np.asarray(spread(low, high, 311))
    near = np.array(found.crossings)
    tried = np.concatenate([tried, near * (1 + 1e-7), near * (1 - 1e-7)])
    tried = tried[(tried > low) & (tried < high)]
    a, b = (usd_at(option, inputs.settings, [(over, tried)]) for option in options)
    inside = np.zeros(tried.shape, dtype=bool)
    for begin, end in found.wins:
        inside |= (tried > begin) & (tried < (np.inf if end is None else end))
    clear = np.abs(b - a) > 1e-9 * np.where(np.isfinite(a), a, 1.0)
    assert np.array_equal(inside[clear], (b < a)[clear])


def test_price_and_discount_and_rent_by_hand(asked: Asked) -> None:
    inputs = asked(tokens=20e9)
    a, b = (resolve(n, inputs).best for n in PAIR)
    assert isinstance(a, TokenOption)
    mine, team = usd(b, inputs.settings), usd(a, inputs.settings.with_values({TOKENS: 0.0}))
    price = breakeven_over(inputs, *PAIR, "price")
    assert price.exact
    assert price.crossings == pytest.approx([(mine - team) / 20e3])
    assert price.now == pytest.approx(blended_usd_per_mtok(a, inputs.settings))
    discount = breakeven_over(inputs, *PAIR, "discount")
    assert discount.crossings == pytest.approx([1 - price.crossings[0] / price.now])
    rent = breakeven_over(inputs, *PAIR, "rent")
    no_rent = usd(b, inputs.settings.with_values({"rent.factor": 0.0}))
    slope = (mine - no_rent) / rent.now
    assert rent.crossings == pytest.approx([(usd(a, inputs.settings) - no_rent) / slope])
    assert rent.distance == pytest.approx(rent.crossings[0] / rent.now - 1)


def test_utilization_holds_the_fleet_and_stops_at_what_it_can_serve(asked: Asked) -> None:
    inputs = asked(tokens=20e9)
    found = breakeven_over(inputs, *PAIR, "utilization")
    a, b = (resolve(n, inputs).best for n in PAIR)
    tokens = found.crossings[0] / found.now * 20e9
    assert usd(a, inputs.settings.with_values({TOKENS: tokens})) == pytest.approx(
        usd(b, inputs.settings)
    )
    assert found.now <= found.searched[1] <= 0.85 / 1.0


def test_price_of_one_of_two_hosts_moves_alone(asked: Asked) -> None:
    inputs = asked(tokens=20e9)
    found = breakeven_over(inputs, "deepinfra/llama-3.3-70b", "nebius/llama-3.3-70b", "price")
    assert found.crossings == pytest.approx(
        [blended_usd_per_mtok(resolve("nebius/llama-3.3-70b", inputs).best, inputs.settings)]  # type: ignore[arg-type]
    )


def test_a_commitment_bends_the_price(asked: Asked) -> None:
    """Below the commitment the price does not matter: bisected where it bends, still right."""
    from tco.engine.ledger import Terms

    inputs = asked(tokens=20e9)
    a = resolve("gpt-4.1", inputs).best
    assert isinstance(a, TokenOption)
    bound = replace(a, terms=Terms(commit_usd_per_month=30e3))
    over = variable("price", (bound,), inputs.settings)
    bills = usd_at(bound, inputs.settings, [(over, np.array([0.1, 1.0, 1.5, 3.0]))])
    team = usd(a, inputs.settings.with_values({TOKENS: 0.0}))
    assert bills - team == pytest.approx([30e3, 30e3, 30e3, 60e3])


def test_never_says_how_near_it_comes(asked: Asked) -> None:
    found = breakeven_over(asked(tokens=1e9), "deepinfra/llama-3.3-70b", PAIR[1], "rent")
    assert (found.wins, found.first, found.sure, found.nearest) == ((), None, None, None)
    assert "it still costs" in (found.never_because or "")
    assert "never cheaper" in found.verdict


@pytest.mark.parametrize(
    ("name", "span", "why"),
    [
        ("horizon", None, "does not enter the bill"),
        ("own.pue", None, "does not enter the bill"),
        ("rnt", None, "did you mean"),
        ("rent", (3.0, 1.0), "from low to high"),
        ("cached", (0.2, 1.4), "goes beyond"),
        ("peak", (0.5, 2.0), "goes beyond"),
    ],
)
def test_what_cannot_be_varied(
    asked: Asked, name: str, span: tuple[float, float] | None, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        breakeven_over(asked(tokens=20e9), *PAIR, name, span)


def test_a_volume_is_needed(asked: Asked) -> None:
    with pytest.raises(UsageError, match="how many tokens"):
        breakeven_over(asked(), *PAIR, "rent")


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=6, unique=True), st.booleans())
def test_scan_finds_steps_and_lines(at: list[float], rising: bool) -> None:
    """A staircase that crosses zero at given places, told apart by a hundredth."""
    turns = sorted(at)
    if np.min(np.diff([0.0, *turns, 1.0])) < 0.01:
        return

    def steps(x: np.ndarray) -> np.ndarray:
        return np.where(np.searchsorted(turns, x) % 2 == rising, 1.0, -1.0)

    found = scan(steps, 0.0, 1.0, log=False)
    assert found.crossings == pytest.approx(turns, abs=1e-12)
    assert not found.exact
    straight = scan(lambda x: x - turns[0], 0.0, 1.0, log=False)
    assert straight.exact
    assert straight.crossings == pytest.approx(turns[:1], rel=1e-12)
