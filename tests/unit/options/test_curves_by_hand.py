"""Parts of cost curves against what each volume says, worked out by hand.

No function here takes an argument: `benchmarks/mutants.py` calls them as they are.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tco.engine.crossings import Steps
from tco.options import bills, cheapest, curves, machines

A = np.array
close = pytest.approx

# Idle GPUs draw nothing; one that is awake costs $10, $1 or nothing a month. At a quarter of its
# capacity a replica is awake for two fifths of the time, at three quarters for nine tenths.
WAKING = curves._Waking(
    usd=A([10.0, 1.0, 0.0]),
    busy=A([0.5, 0.5, 0.5]),
    used=np.tile(A([0.0, 0.5, 1.0]), (3, 1)),
    awake=np.tile(A([0.0, 0.8, 1.0]), (3, 1)),
)


def test_what_waking_costs_at_very_large_volume() -> None:
    found = WAKING.for_ever(A([2.0, 2.0, 2.0]))
    assert found.tolist() == close([10 * 2 * 0.4, 1 * 2 * 0.4, 0.0])
    full = WAKING.for_ever(A([0.5, 2.0 / 3.0, 0.1]))
    assert full.tolist() == close([10 * 0.5, 2.0 / 3.0 * 0.9, 0.0])
    nothing = replace(WAKING, usd=np.zeros(3)).for_ever(A([2.0, np.inf, np.nan]))
    assert nothing.tolist() == [0.0, 0.0, 0.0]
    unknown = WAKING.for_ever(A([2.0, 2.0, np.nan]))
    assert unknown[2] == 0.0  # what costs nothing costs nothing of however many


def test_pieces_with_what_waking_costs_are_the_sum_at_every_volume() -> None:
    made = Steps(
        edges=A([[8.0, 20.0, np.inf], [4.0, 4.0, np.inf]]),
        fixed=A([[100.0, 200.0, 300.0], [50.0, 60.0, 70.0]]),
        slope=A([[1.0, 2.0, 1.0], [0.0, 0.0, 3.0]]),
    )
    on = A([[4.0, 12.0, 30.0], [2.0, 2.0, 20.0]])
    for rows in (A([0, 1]), A([1, 0]), A([1, 2])):
        found = WAKING.of_pieces(rows, made, on)
        assert np.all(np.diff(found.edges, axis=1) >= 0.0) and np.all(np.isinf(found.edges[:, -1]))
        for i, row in enumerate(rows):
            for volume in (
                0.3,
                1.7,
                3.9,
                4.0,
                4.1,
                7.9,
                8.0,
                8.1,
                11.0,
                14.0,
                19.0,
                21.0,
                55.0,
                90.0,
            ):
                at = int(np.argmax(volume <= made.edges[i]))
                used = volume * 0.5 / on[i, at]
                awake = np.interp(used, [0.0, 0.5, 1.0], [0.0, 0.8, 1.0])
                want = made.fixed[i, at] + made.slope[i, at] * volume
                want += WAKING.usd[row] * on[i, at] * awake
                here = int(np.argmax(volume <= found.edges[i]))
                assert found.fixed[i, here] + found.slope[i, here] * volume == close(want)
    plain = replace(WAKING, usd=np.zeros(3))
    assert WAKING.pieces == 3 and plain.pieces == 1
    assert plain.of_pieces(A([0, 1]), made, on) is made


def test_of_equal_bills_the_first_is_the_answer_in_few_cases_and_many() -> None:
    rng = np.random.default_rng(3)
    for cases in (7, cheapest.FEW_CASES - 1, cheapest.FEW_CASES, cheapest.FEW_CASES + 9):
        usd = rng.integers(1, 4, (6, cases)).astype(float)
        usd[rng.random(usd.shape) < 0.2] = np.inf
        first = [min(range(6), key=lambda row: usd[row, c]) for c in range(cases)]
        assert cheapest._least(usd).tolist() == first
        trust = A([2, 0, 1, 2, 1, 0])
        found = cheapest.cheapest(usd, trust, 1, list("fedcba"))
        for c in range(0, cases, 13):
            able = [row for row in range(6) if np.isfinite(usd[row, c])]
            sure = [row for row in able if trust[row] >= 1] or able
            want = min(sure, key=lambda row: (usd[row, c], -row), default=-1)
            assert found[c] == want


def test_bought_gpus_of_pairs_are_columns_of_what_each_costs_and_draws() -> None:
    one = machines.OwnedGpu(
        gpu_usd=30e3, server_usd=41e3, whole=False, all_in_w=1300.0, board_w=700.0, life_months=48.0
    )
    two = replace(one, gpu_usd=20e3, server_usd=33e3, all_in_w=900.0, board_w=500.0)
    made = bills._bought([one, two], A([1, 0, 1]))
    assert np.ravel(made.gpu_usd).tolist() == [20e3, 30e3, 20e3]
    assert made.server_usd is not None and made.all_in_w is not None
    assert made.server_usd.tolist() == [[33e3], [41e3], [33e3]]
    assert made.all_in_w.tolist() == [[900.0], [1300.0], [900.0]]
    assert np.ravel(made.board_w).tolist() == [500.0, 700.0, 500.0]
    assert (made.whole, made.life_months) == (False, 48.0)
    bare = replace(one, server_usd=None, all_in_w=None)  # no price of servers, no power of a share
    less = bills._bought([bare, replace(bare, board_w=500.0)], A([0, 1]))
    assert less.server_usd is None and less.all_in_w is None
    assert np.ravel(less.board_w).tolist() == [700.0, 500.0]
