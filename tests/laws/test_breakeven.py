"""Where one bill is below another, held against brute force on the bills themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from one_by_one import Curve, Steps, Wins, alone, line, settled_from, solved
from strategies import (
    Floats,
    default_settings,
    magnitude,
    options,
    own_option,
    real,
    settings_of_a_question,
    usd_at,
)

import tco
from tco.catalog.prices import Rates
from tco.options.bills import Option, SelfOption, TokenOption
from tco.options.curves import curve
from tco.options.provisioned import FixedOption
from tco.options.settings import Settings
from tco.options.without import BARE

Cost = Callable[[Floats], Floats]

ROUND_OFF = 1e-7
"""Volumes this near an edge are not judged: the two sides differ by round-off there."""

MOST_PIECES = 3_000
BEYOND = np.geomspace(1.0, 1e4, 40)


def wins(a: Curve, b: Curve) -> Wins:
    """Return what the product says of a pair."""
    return solved([a], [b])


def inside(won: Wins, volume: Floats) -> Floats:
    """Return whether each volume lies in a winning interval."""
    found = np.zeros(volume.shape, dtype=bool)
    for low, high in won.intervals:
        found |= (volume > low) & (volume <= high)
    return found


def grid_of(a: Curve, b: Curve, end: float) -> Floats:
    """Return volumes inside every piece of either curve up to `end`, and far beyond it."""
    edges = np.concatenate([c.until(end).edges for c in (a, b)])
    edges = np.unique(np.concatenate([[0.0], edges[edges <= end], [end]]))
    widths = np.diff(edges)
    within = [edges[:-1] + share * widths for share in (1e-4, 0.2, 0.5, 0.8, 1 - 1e-4)]
    return np.concatenate([*within, end * BEYOND[1:], np.geomspace(1.0, end, 200)])


def judge(won: Wins, a: Cost, b: Cost, grid: Floats) -> None:
    """Hold the intervals against the sign of the difference of the bills on a grid."""
    ends = np.array([v for span in won.intervals for v in span if np.isfinite(v)])
    if ends.size:
        apart = np.abs(grid[:, None] - ends[None, :]).min(axis=1) > ROUND_OFF * grid
        grid = grid[apart]
    ours, theirs = b(grid), a(grid)
    clear = np.abs(ours - theirs) > 1e-9 * np.maximum(np.abs(ours), np.abs(theirs)) + 1e-9
    np.testing.assert_array_equal(inside(won, grid[clear]), (ours < theirs)[clear])


def judge_ends(won: Wins, a: Cost, b: Cost) -> None:
    """At each end the bills agree or a step jumps, and on each side the right one is cheaper."""
    for low, high in won.intervals:
        for end, sign in ((low, 1), (high, -1)):
            if end == 0 or np.isinf(end):
                continue
            at = np.array([end * (1 - ROUND_OFF * 10), end, end * (1 + ROUND_OFF * 10)])
            left, here, right = b(at) - a(at)
            scale = 1e-9 * max(float(np.abs(a(at)).max()), 1e-3)
            agree = abs(here) <= 2 * scale + abs(right - left)
            jumps = left * right < 0
            assert agree or jumps
            assert sign * left >= -scale
            assert sign * right <= scale


def holds(
    first: Option, second: Option, settings: Settings, most: float = MOST_PIECES
) -> Wins | None:
    """Hold `wins` against the bills of two options; None when there are too many pieces to."""
    a, b = alone(curve(first, settings)), alone(curve(second, settings))
    end = settled_from(a, b)
    if not np.isfinite(end) or a.pieces_until(2 * end) + b.pieces_until(2 * end) > most:
        return None
    won = wins(a, b)
    assert not won.tied

    def cost(option: Option) -> Cost:
        return lambda volume: usd_at(option, settings, volume)

    grid = grid_of(a, b, max(2 * end, 10.0))
    judge(won, cost(first), cost(second), grid)
    judge_ends(won, cost(first), cost(second))
    coherent(won, a, b)
    return won


def coherent(won: Wins, a: Curve, b: Curve) -> None:
    """Hold first, sure and about against the intervals."""
    flat = [v for span in won.intervals for v in span]
    assert flat == sorted(flat)
    assert won.first == (won.intervals[0][0] if won.intervals else None)
    endless = bool(won.intervals) and won.intervals[-1][1] == np.inf
    assert won.sure == (won.intervals[-1][0] if endless else None)
    assert endless == (b.slope < a.slope or (b.slope == a.slope and b.high < a.low))
    if won.about is not None and won.first is not None and won.sure is not None:
        low, high = won.about
        assert low <= won.first * (1 + 1e-9) + 1e-6
        assert won.sure <= high * (1 + 1e-9) + 1.0


@given(first=options, second=options, settings=settings_of_a_question())
def test_wins_are_where_the_bill_of_b_is_below_the_bill_of_a(
    first: Option, second: Option, settings: Settings
) -> None:
    holds(first, second, settings)


@given(option=options, settings=settings_of_a_question())
def test_nothing_is_ever_cheaper_than_itself(option: Option, settings: Settings) -> None:
    same = alone(curve(option, settings))
    if same.pieces_until(1e6) < MOST_PIECES:
        assert wins(same, same).intervals == ()


@given(first=options, second=options, settings=settings_of_a_question())
def test_a_and_b_never_win_at_the_same_volume(
    first: Option, second: Option, settings: Settings
) -> None:
    a, b = alone(curve(first, settings)), alone(curve(second, settings))
    end = settled_from(a, b)
    if np.isfinite(end) and a.pieces_until(end) + b.pieces_until(end) < MOST_PIECES:
        volume = np.geomspace(1.0, max(10 * end, 10.0), 2_000)
        assert not np.any(inside(wins(a, b), volume) & inside(wins(b, a), volume))


def token(usd_per_mtok: float) -> TokenOption:
    return TokenOption(
        id="made/up",
        tier="api",
        model="up",
        provider="made",
        rates=Rates(input=usd_per_mtok, output=usd_per_mtok),
        modifiers=[],
        origin="given",
        source="test",
    )


def question(**values: float) -> Settings:
    """Return settings without people, peaks, bursts or spares, but for what is said."""
    plain = {**BARE, "workload.cached_share": 0.0, "serving.headroom": 0.85}
    return default_settings().with_values({**plain, **values})


def test_the_example_with_eight_gpus_wins_on_several_intervals() -> None:
    # F = $20k of people, 8 GPUs at $2.5/h, 8e9 tokens per replica and month, API at $2.5/Mtok.
    settings = question(**{"people.floor_fte": 1.0})
    speed = 8e9 / 0.85 / (730 * 3600)
    own = own_option(tokens_per_s=speed, gpus=8, instance_gpus=8, usd_per_gpu_hour=2.5)
    won = holds(token(2.5), own, settings)
    assert won is not None
    expected = [(31.36e9, 32e9), (37.2e9, 40e9), (43.04e9, 48e9), (48.88e9, np.inf)]
    np.testing.assert_allclose(won.intervals, expected, rtol=1e-9)
    assert (won.first, won.sure) == pytest.approx((31.36e9, 48.88e9))
    # Envelope: (F + c r) / (p - v - c/K) and (F + c (r+1)) / (p - v - c/K), with c = $14,600.
    margin = 2.5e-6 - 14_600 / 8e9
    assert won.about == pytest.approx((20_000 / margin, 34_600 / margin))


@pytest.mark.parametrize(
    ("a", "b", "intervals"),
    [
        pytest.param(line(0, 2e-6), line(5_000, 1e-6), [(5e9, np.inf)], id="once"),
        pytest.param(line(5_000, 1e-6), line(0, 2e-6), [(0, 5e9)], id="below only"),
        pytest.param(line(0, 2e-6), line(5_000, 2e-6), [], id="equal slopes, dearer"),
        pytest.param(line(5_000, 2e-6), line(0, 2e-6), [(0, np.inf)], id="equal slopes, cheaper"),
        pytest.param(line(5_000, 0), line(4_000, 0), [(0, np.inf)], id="flat and cheaper"),
        pytest.param(line(5_000, 0), line(5_000, 0), [], id="flat and equal"),
        pytest.param(line(5_000, 0), line(0, 1e-6), [(0, 5e9)], id="flat against a line"),
        pytest.param(line(0, 2e-6), line(0, 1e-6), [(0, np.inf)], id="from the first token"),
        pytest.param(line(1, 1e-6), line(5_000, 2e-6), [], id="dearer in both"),
    ],
)
def test_two_lines(a: Curve, b: Curve, intervals: list[tuple[float, float]]) -> None:
    won = wins(a, b)
    assert not won.tied
    assert len(won.intervals) == len(intervals)
    assert np.ravel(won.intervals) == pytest.approx(np.ravel(intervals))


def stairs(step: float, usd: float, fixed: float = 0.0, slope: float = 0.0) -> Curve:
    """Return a staircase by hand: `usd` for each begun `step`, `fixed` and `slope` besides."""

    def until(volume: float) -> Steps:
        count = np.arange(1.0, np.ceil(volume / step) + 2.0)
        each = np.full_like(count, slope)
        return Steps(edges=count * step, fixed=fixed + usd * count, slope=each)

    return Curve(
        until=until,
        pieces_until=lambda volume: volume / step + 2,
        slope=slope + usd / step,
        low=fixed,
        high=fixed + usd,
    )


sizes = st.sampled_from([1.0, 0.5, 2.0, 3.0, 7.3, 0.01, 100.0])


@given(
    step=magnitude(1e8, 1e11),
    usd=magnitude(10.0, 1e5),
    factor=sizes,
    dearer=st.one_of(st.just(1.0), magnitude(0.3, 3.0)),
    fixed=real(0.0, 1e5),
    slopes=st.tuples(*[st.one_of(st.just(0.0), magnitude(1e-8, 1e-5))] * 2),
)
def test_two_staircases_with_a_price_per_token_as_well(
    step: float,
    usd: float,
    factor: float,
    dearer: float,
    fixed: float,
    slopes: tuple[float, float],
) -> None:
    pair = stairs(step, usd, 0.0, slopes[0]), stairs(step * factor, usd * dearer, fixed, slopes[1])
    judged_by_pieces(*pair)
    judged_by_pieces(*pair[::-1])


def judged_by_pieces(a: Curve, b: Curve) -> None:
    """Hold `wins` against the pieces themselves."""
    end = settled_from(a, b)
    if not np.isfinite(end) or a.pieces_until(2 * end) + b.pieces_until(2 * end) > MOST_PIECES:
        return
    won = wins(a, b)
    reach = 2 * max(end, 1e8)
    grid = grid_of(a, b, reach)
    mine, other = a.until(2 * reach), b.until(2 * reach)
    judge(won, mine.at, other.at, grid[grid <= reach])
    coherent(won, a, b)


def test_staircases_of_one_slope_are_tied_and_their_islands_are_still_found() -> None:
    fine, coarse = stairs(1e9, 1_000.0), stairs(3e9, 3_000.0)
    assert wins(fine, coarse).intervals == ()
    won = wins(coarse, fine)
    assert won.tied
    assert won.sure is None
    assert won.intervals[:2] == ((0.0, 2e9), (3e9, 5e9))


def test_islands_below_a_dearer_slope_end() -> None:
    # The staircase is dearer a token in the end, and still cheaper late on its first steps.
    won = wins(line(0.0, 1.0e-6), stairs(1e9, 1_100.0, fixed=-500.0))
    assert won.sure is None
    assert not won.tied
    np.testing.assert_allclose(
        won.intervals, [(0.6e9, 1e9), (1.7e9, 2e9), (2.8e9, 3e9), (3.9e9, 4e9)]
    )


def test_a_staircase_whose_steps_are_too_fine_to_count_is_called_tied() -> None:
    won = wins(line(0.0, 1.000001e-6), stairs(1.0, 1e-6, fixed=1e3))
    assert won.tied
    assert won.sure is None


@pytest.mark.parametrize("headroom", [0.9999, 0.999999, 1.0])
@pytest.mark.parametrize("slots", [1.0, 64.0])
def test_a_fleet_without_headroom_that_bursts_decide_still_breaks_even(
    headroom: float, slots: float
) -> None:
    values = {"serving.headroom": headroom, "serving.max_concurrency": slots}
    settings = question(**values, **{"serving.wait_beta": 2.375, "people.floor_fte": 1.0})
    own = own_option(tokens_per_s=3_000.0, gpus=8, instance_gpus=8, usd_per_gpu_hour=2.5)
    won = holds(token(4.0), own, settings, most=100_000)
    assert won is not None
    assert won.sure is not None


@pytest.mark.parametrize(("gpus", "instance", "idle"), [(8, 8, 0), (2, 8, 6), (3, 8, 7), (8, 3, 2)])
def test_the_pair_of_readable_break_evens_leaves_no_gpu_idle_that_cannot_be(
    gpus: int, instance: int, idle: int
) -> None:
    settings = question(**{"people.floor_fte": 1.0})
    own = own_option(
        tokens_per_s=1_000.0 * gpus, gpus=gpus, instance_gpus=instance, usd_per_gpu_hour=2.5
    )
    made, gpu_usd = alone(curve(own, settings)), 2.5 * 730
    assert made.low == pytest.approx(20_000)
    assert made.high == pytest.approx(20_000 + (gpus + idle) * gpu_usd)


def random_pair(rng: np.random.Generator) -> tuple[Option, Option, Settings]:
    """Return two options and settings: a line or a staircase against a staircase."""
    gpus = int(rng.choice([1, 2, 4, 8]))
    rent, speed = rng.uniform(1, 6), float(np.exp(rng.uniform(np.log(200), np.log(2e4)))) * gpus
    own = own_option(
        tokens_per_s=speed,
        gpus=gpus,
        instance_gpus=int(rng.choice([1, 2, 4, 8])),
        usd_per_gpu_hour=rent,
    )
    settings = question(
        **{
            "people.floor_fte": float(rng.choice([0.0, 0.5, 2.0])),
            "people.fixed_fte": float(rng.choice([0.0, 0.5])),
            "people.fte_per_gpu": float(rng.choice([0.0, 0.01])),
            "workload.peak_to_mean": rng.uniform(1, 3),
            "serving.headroom": float(rng.choice([0.6, 0.85, 0.98, 0.999])),
            "serving.wait_beta": float(rng.choice([0.0, 2.375])),
            "serving.max_concurrency": float(rng.choice([4, 64, 256])),
            "serving.redundancy": float(rng.integers(0, 3)),
        }
    )
    full_load = own.gpus * rent / (speed * 3600) * 1e6 * settings.value("workload.peak_to_mean")
    price = full_load / settings.value("serving.headroom") * rng.uniform(0.9, 4)
    kind = rng.choice(["token", "fixed", "self"], p=[0.7, 0.15, 0.15])
    if kind == "fixed":
        volume = float(np.exp(rng.uniform(np.log(1e9), np.log(1e11))))
        usd = price * volume / 1e6
        return (
            FixedOption(id="f", usd_per_month=usd, tokens_per_month=volume, source="t"),
            own,
            settings,
        )
    if kind == "self":
        return rival(own, rng), own, settings
    return token(float(price)), own, settings


def rival(own: SelfOption, rng: np.random.Generator) -> SelfOption:
    """Return a slower and dearer, or faster and bigger, set-up."""
    rent = (own.usd_per_gpu_hour or 1.0) * rng.uniform(0.5, 2)
    bigger = int(own.gpus * rng.choice([1, 2, 4]))
    made = replace(own, gpus=bigger, instance_gpus=8, usd_per_gpu_hour=rent)
    assert made.tokens_per_s is not None
    return replace(made, tokens_per_s=made.tokens_per_s * rng.uniform(0.5, 4))


def test_eight_hundred_random_pairs_agree_with_brute_force() -> None:
    rng = np.random.default_rng(20261121)
    judged = several = never = 0
    for _ in range(800):
        first, second, settings = random_pair(rng)
        won = holds(first, second, settings, most=1_000)
        if won is not None:
            judged += 1
            several += len(won.intervals) > 1
            never += not won.intervals
    assert judged > 680
    assert several > 0.2 * judged
    assert never > 20


@given(
    a=st.lists(options, min_size=1, max_size=2),
    b=st.lists(options, min_size=1, max_size=3),
    settings=settings_of_a_question(),
)
def test_the_cheapest_of_several_is_held_against_the_cheapest_of_several(
    a: list[Option], b: list[Option], settings: Settings
) -> None:
    sides = [[alone(curve(option, settings)) for option in side] for side in (a, b)]
    if max(c.pieces_until(1e12) for side in sides for c in side) > MOST_PIECES:
        return
    won = solved(*sides)

    def least(side: list[Option]) -> Cost:
        return lambda volume: np.min([usd_at(o, settings, volume) for o in side], axis=0)

    grids = [grid_of(x, y, 1e12) for x in sides[0] for y in sides[1]]
    grid = np.concatenate(grids)
    judge(won, least(a), least(b), grid[grid <= 1e12])


@pytest.mark.parametrize("volume", [None, "12B"])
def test_the_headline_counts_every_row_of_the_table(volume: str | None) -> None:
    said: dict[str, Any] = {"model": "qwen3-235b-2507", "as_of": "2026-11-21"}
    found = tco.breakeven(**said, **({} if volume is None else {"tokens": volume}))
    row = next(r for r in found.rows if r.a == "openai/gpt-6.1-sol")
    assert not row.same_weights and row.first == pytest.approx(11.2e9, rel=1e-2)
    assert "gpt-6.1-sol for qwen3-235b-2507 at 11.2B" in found.verdict.replace("\n", " ")
    if volume is not None:
        assert row.at is not None and row.at.b_usd < row.at.a_usd
        assert found.verdict.startswith("At 12B own GPUs pay against")
        assert "gpt-6.1-sol" in found.verdict.partition(". ")[0]
