"""Formulas against figures worked out by hand or by trying everything, each in milliseconds.

No function here takes an argument: `benchmarks/mutants.py` calls them as they are.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tco.engine import (
    arrivals,
    assign,
    capital,
    crossings,
    draws,
    fleet,
    hybrid,
    ledger,
    training,
)
from tco.engine.assign import (
    FleetSizes,
    Problem,
    enumerated,
    needed_routes,
    replaceable,
    step_tries,
    total_cost,
)
from tco.engine.gaps import Gaps
from tco.engine.replica import Replica, Target
from tco.engine.selfhost import People, fleet_for
from tco.engine.sessions import Sessions
from tco.engine.shapes import Workload, column, distinct
from tco.ranges import Span

A = np.array
close = pytest.approx

# Caches of providers.

HALF_LATE = Sessions(
    context_tokens=100.0, output_tokens=10.0, shared_tokens=20.0, new_tokens=30.0,
    first_tokens=60.0, last_tokens=120.0, turns=2.0, lanes=1.0,
    gaps=Gaps(beyond=((1.0, 0.9), (10.0, 0.5), (100.0, 0.25))),
)  # fmt: skip


def test_what_a_providers_cache_reads() -> None:
    # Half of the turns are first ones of 60; later ones have 140 on average, 30 of them new: of
    # 100 a turn 55 could be read. Half of the gaps are longer than 10 s; 20 are shared by all, and
    # found by first and late turns, three quarters of all: 0.5 x 55 + 0.75 x 20 = 42.5.
    assert ledger.read_share(HALF_LATE, 10.0) == close(0.425)
    assert ledger.read_share(HALF_LATE, 10.0, warm=0.5) == close(0.35)
    # Each session one turn of 100: only what is shared.
    alone = replace(HALF_LATE, turns=1.0, first_tokens=100.0)
    assert ledger.read_share(alone, 10.0) == close(0.2)
    # 4 turns: e = 1/4, so 100 - 15 - 22.5 = 62.5, and 1/4 + 3/4 x 1/2 = 5/8 of 20.
    assert ledger.read_share(replace(HALF_LATE, turns=4.0), 10.0) == close(0.4375)


def test_what_is_read_where_only_what_all_share_is_cached() -> None:
    # Three quarters of the turns are first or late ones; half of those find it kept by others.
    assert ledger.shared_read_share(HALF_LATE, 10.0, warm=0.5) == close(0.625)
    assert ledger.shared_read_share(HALF_LATE, 10.0) == 1.0
    assert ledger.shared_read_share(replace(HALF_LATE, turns=1.0), 10.0, warm=A([0.0, 0.3])) == (
        close([0.0, 0.3])
    )


def test_what_is_believed_to_be_cached_moves_what_is_read() -> None:
    found = ledger.believed_share(0.6, A([0.3, 0.5, 0.75, 1.0, 0.0]), 0.5)
    assert found == close([0.36, 0.6, 0.8, 1.0, 0.0])
    assert ledger.believed_share(0.6, A([0.9]), 0.6) == close([0.9])


def test_the_cheapest_way_to_cache_is_taken_case_by_case() -> None:
    load = Workload(tokens_per_month=1e9, isl=1000.0, osl=0.0, cached_share=A([0.0, 0.9]))
    dear = ledger.TokenRates(
        input=2.0, output=1.0, cached_input=2.0, batch_input=1.0, batch_output=1.0,
        batch_cached_input=1.0, origin="given", source="x",
    )  # fmt: skip
    reads = replace(dear, input=3.0, cached_input=0.5)
    # 1,000 tokens at $2 against 3 and, 90 % read, 0.1 x 3 + 0.9 x 0.5 = 0.75.
    loads, rates, which = ledger.cheapest_way([(load, dear), (load, reads)])
    assert which.tolist() == [0, 1]
    assert np.asarray(rates.input).tolist() == [2.0, 3.0]
    assert np.asarray(rates.cached_input).tolist() == [2.0, 0.5]
    assert np.asarray(loads.cached_share).tolist() == [0.0, 0.9]
    alone = replace(load, cached_share=0.9)
    assert ledger.cheapest_way([(alone, dear), (alone, reads)])[1] is reads
    assert ledger.cheapest_way([(alone, reads), (alone, dear)])[2] == 0


# Contracts.


def billed(terms: ledger.Terms, volume: float) -> float:
    """Return the tokens at list price by walking up the tiers."""
    rest, paid = max(volume - terms.free_tokens, 0.0), 0.0
    steps = [(0.0, 0.0), *zip(terms.limits, terms.discounts, strict=True)]
    ends = [*terms.limits, np.inf]
    if terms.cliff:
        reached = max((d for limit, d in steps if rest > limit), default=0.0)
        return rest * (1.0 - reached)
    for (start, discount), end in zip(steps, ends, strict=True):
        paid += max(min(rest, end) - start, 0.0) * (1.0 - discount)
    return paid


def test_the_pieces_of_a_contract() -> None:
    graduated = ledger.Terms(limits=(10.0,), discounts=(0.2,))
    ends, fixed, slope = ledger.billed_pieces(graduated)
    assert ends.tolist() == [10.0, np.inf]
    assert fixed == close([0.0, 2.0]) and slope == close([1.0, 0.8])
    ends, fixed, slope = ledger.billed_pieces(replace(graduated, cliff=True))
    assert fixed == close([0.0, 0.0]) and slope == close([1.0, 0.8])
    ends, fixed, slope = ledger.billed_pieces(replace(graduated, free_tokens=5.0))
    assert ends.tolist() == [5.0, 15.0, np.inf]
    assert fixed == close([0.0, -5.0, -2.0]) and slope == close([0.0, 1.0, 0.8])
    ends, *_ = ledger.billed_pieces(replace(graduated, free_tokens=0.5))
    assert ends.tolist() == [0.5, 10.5, np.inf]


def test_a_contract_is_its_tiers_and_at_least_what_was_committed() -> None:
    volumes = [0.0, 3.0, 9.9, 10.1, 24.0, 26.0, 80.0]
    for cliff, free, least in product((False, True), (0.0, 4.0), (0.0, 12.0, 60.0)):
        terms = ledger.Terms(
            limits=(10.0, 25.0), discounts=(0.2, 0.5), cliff=cliff, free_tokens=free,
            commit_usd_per_month=least,
        )  # fmt: skip
        assert ledger.billed_tokens(terms, A(volumes)) == close([billed(terms, v) for v in volumes])
        made = crossings.contracts(terms, A([7.0]), A([2.0]))
        steps = made.first(100.0)
        for volume in volumes[1:]:
            piece = int(np.searchsorted(steps.edges[0], volume))
            usd = steps.fixed[0, piece] + steps.slope[0, piece] * volume
            assert usd == close(7.0 + max(2.0 * billed(terms, volume), least)), (terms, volume)
            assert made.slope[0] * volume + made.low[0] <= usd + 1e-9
            assert made.slope[0] * volume + made.high[0] >= usd - 1e-9


def test_a_least_sum_over_pieces() -> None:
    ends, lines, slopes = crossings.floored(
        A([10.0, 20.0, np.inf]), A([5.0, 50.0, -10.0]), A([0.0, 0.0, 4.0]), 20.0
    )
    assert ends.tolist() == [10.0, 10.0, 10.0, 20.0, 20.0, np.inf]
    assert lines.tolist() == [20.0, 5.0, 20.0, 50.0, 20.0, -10.0]
    assert slopes.tolist() == [0.0, 0.0, 0.0, 0.0, 0.0, 4.0]
    rising = crossings.floored(A([10.0]), A([0.0]), A([4.0]), 20.0)
    assert rising[0].tolist() == [5.0, 10.0]


# Crossings.


def test_two_lines_cross_where_algebra_says() -> None:
    dear, cheap = crossings.affine(A([0.0, 0.0, 5.0]), A([2.0, 1.0, 1.0])), crossings.affine(
        A([10.0, 10.0, 3.0]), A([1.0, 2.0, 1.0])
    )  # fmt: skip
    found = crossings.wins(dear, cheap)
    assert found.intervals(0) == ((10.0, np.inf),)  # 2 V against 10 + V
    assert found.intervals(1) == ()
    assert found.intervals(2) == ((0.0, np.inf),)  # alike, and $2 less
    assert found.first == close([10.0, np.nan, 0.0], nan_ok=True)
    assert not found.tied.any()
    assert crossings.settled_from(dear, cheap) == close([10.0, 0.0, 0.0])
    back = crossings.wins(cheap, dear)
    assert back.intervals(0) == ((0.0, 10.0),)
    same = crossings.affine(A([4.0]), A([3.0]))
    assert crossings.settled_from(same, same).tolist() == [0.0]
    assert crossings.wins(same, same).intervals() == ()


def test_a_staircase_is_crossed_on_each_of_its_steps() -> None:
    # Every 10 tokens one more GPU at $12, against $1 a token and, of the second, $3 besides.
    def until(rows: Any, volume: Any) -> crossings.Steps:
        count = int(np.ceil(np.max(volume) / 10.0)) + 1
        edges = np.tile(10.0 * np.arange(1, count + 1), (len(rows), 1))
        return crossings.Steps(edges=edges, fixed=1.2 * edges, slope=np.zeros_like(edges))

    stairs = crossings.Curves(
        until=until, pieces_until=lambda v: np.ceil(v / 10.0) + 1.0, slope=A([1.2]), low=A([0.0]),
        high=A([12.0]),
    )  # fmt: skip
    api = crossings.affine(A([0.0]), A([1.25]))
    # GPU k is cheaper on (12 k / 1.25, 10 k): from 9.6, 19.2, 28.8 ...; from the 24th on for good.
    found = crossings.wins(api, stairs)
    begins = [begin for begin, _ in found.intervals()]
    assert begins[:3] == close([9.6, 19.2, 28.8])
    assert found.intervals()[0][1] == close(10.0)
    assert found.first[0] == close(9.6)
    assert found.sure[0] == close(9.6 * 24)  # where the next begins before one ends
    ends = crossings.wins(stairs, api).intervals()
    assert ends[0] == close((0.0, 9.6))


def test_what_is_scanned_crosses_where_it_is_nothing() -> None:
    found = crossings.scan(lambda x: (x - 3.0) * (x - 7.0), 1.0, 10.0, log=False)
    assert found.intervals[0] == close((3.0, 7.0)) and len(found.intervals) == 1
    assert found.crossings == close((3.0, 7.0))
    other = crossings.scan(lambda x: -(x - 3.0) * (x - 7.0), 1.0, 10.0, log=True)
    assert [*map(list, other.intervals)] == [close([1.0, 3.0]), close([7.0, 10.0])]
    line = crossings.scan(lambda x: 5.0 - x, 1.0, 10.0, log=False)
    assert line.intervals == ((close(5.0), 10.0),) and line.exact
    assert crossings.scan(lambda x: x, 1.0, 10.0, log=True).intervals == ()


# Random numbers.


def test_quantiles_are_where_they_were_said_to_be() -> None:
    for kind in ("uniform", "triangular", "lognormal"):
        spread = draws.Spread(kind=kind, value=3.0, low=2.0, high=7.0, tail=0.1)  # type: ignore[arg-type]
        low, high = draws.quantiles(spread, A([0.1, 0.9]))
        assert (low, high) == close((2.0, 7.0), rel=1e-6)
    log = draws.Spread(kind="lognormal", value=3.0, low=2.0, high=7.0, tail=0.1)
    assert draws.quantiles(log, A([0.5])) == close([3.0])
    # A standard score of -1 is 0.158655 of a normal distribution, one of 1.281552 is 0.9.
    assert draws.quantiles(log, A([0.158655254])) == close([3.0 * (2 / 3) ** (1 / 1.281551566)])
    for size in (2, 5, 8):
        probability = draws.midpoints(size)
        alone = [draws.quantiles(log, A([p]))[0] for p in probability]
        assert draws.quantiles(log, probability) == close(alone)
    assert draws.midpoints(4).tolist() == [0.125, 0.375, 0.625, 0.875]
    assert not draws._midpoints(A([0.5]))
    assert not draws._midpoints(A([0.25, 0.9]))
    assert not draws._midpoints(A([0.2, 0.75]))
    assert draws._midpoints(A([0.25, 0.75]))


def test_a_table_of_something_straight_gives_it_back() -> None:
    axes = [
        Span(low=1.0, high=100.0, count=5, log=True),
        Span(low=-1.0, high=3.0, count=3, log=False),
        Span(low=0.0, high=1.0, count=2, log=False),
    ]
    grids = np.meshgrid(
        np.geomspace(1.0, 100.0, 5), np.linspace(-1, 3, 3), [0.0, 1.0], indexing="ij"
    )

    def straight(x: Any, y: Any, z: Any) -> Any:
        return 2.0 * np.log(x) + 5.0 * y * z - z

    at = [A([1.0, 7.0, 100.0, 31.0]), A([-1.0, 0.3, 3.0, 2.2]), A([0.0, 0.25, 1.0, 0.9])]
    found = draws.interpolated(straight(*grids).ravel(), draws.places(axes, at))
    assert found == close(straight(*at))


# Fleets.


def test_room_that_work_needs_of_which_some_can_wait() -> None:
    policy = fleet.FleetPolicy(
        headroom=0.8, peakedness=2.0, wait_beta=2.4, redundancy=1.0, zones=3.0,
        availability_target=0.999,
    )  # fmt: skip
    some = policy.of_waiting(A([0.0, 0.99, 1.0]))
    assert np.asarray(some.headroom).tolist() == [0.8, 0.8, 1.0]
    assert np.asarray(some.wait_beta).tolist() == [2.4, 2.4, 0.0]
    assert np.asarray(some.redundancy).tolist() == [1.0, 1.0, 0.0]
    assert np.asarray(some.zones).tolist() == [3.0, 3.0, 1.0]
    assert np.asarray(some.availability_target).tolist() == [0.999, 0.999, 0.0]
    assert policy.of_waiting(1.0, keep={"headroom"}).headroom == 0.8


def test_a_replica_is_awake_while_any_request_is_there() -> None:
    used, awake = fleet.awake_nodes(8.0)
    assert used.tolist() == [0.0, 0.0625, 0.125, 0.25, 0.5]
    assert awake[:4] == close([0.0, 1 - 0.9375**8, 1 - 0.875**8, 1 - 0.75**8]) and awake[4] == 1.0
    used, awake = fleet.awake_nodes(1.0)
    assert used.tolist() == awake.tolist() == [0.0, 0.5, 1.0, 1.0, 1.0]
    assert fleet.awake_nodes(0.3)[0].tolist() == used.tolist()


def test_the_busiest_stretch_of_a_week() -> None:
    assert fleet.busiest_stretch(A([3.0, 1.0, 0.0, 0.0]), 1.0) == 3.0
    assert fleet.busiest_stretch(A([3.0, 1.0, 0.0, 0.0]), 1.5) == 2.0
    assert fleet.busiest_stretch(A([3.0, 1.0, 0.0, 0.0]), 3.0) == close(4 / 3)
    assert fleet.busiest_stretch(A([3.0, 1.0, 0.0, 0.0]), 4.0) == 1.0
    assert fleet.busiest_stretch(A([2.0, 0.0, 2.0, 0.0]), 9.0) == 1.0
    assert fleet.busiest_stretch(A([2.0, 0.0, 0.0, 2.0]), 2.0) == 2.0  # round the end
    assert fleet.busiest_stretch(A([0.0, 3.0, 0.0, 3.0, 0.0, 0.0]), 2.0) == 2.0  # three hours
    assert fleet.busiest_stretch(A([3.0, 1.0, 0.0, 0.0]), 0.1) == 3.0


def test_a_week_with_another_peak_is_a_power_of_it() -> None:
    week = A([1.0, 2.0, 3.0, 0.0])
    for peak in (1.4, 2.0, 3.1):
        made = fleet.steepened(week, peak)
        assert made.max() == close(peak) and made.mean() == close(1.0) and made[3] == 0.0
        power = np.log(made[2] / made[0]) / np.log(3.0)
        assert np.log(made[1] / made[0]) / np.log(2.0) == close(power)
    both = fleet.steepened(week, A([1.4, 3.1]))
    assert both.shape == (2, 4) and both[1].max() == close(3.1)
    flat = fleet.steepened(A([1.0, 1.5]), 1.0)
    assert flat == close([1.0, 1.0], abs=1e-6)


def test_units_are_switched_as_the_cheapest_of_all_schedules_says() -> None:
    rng = np.random.default_rng(2)
    for start in (0.0, 0.4, 1.5, 5.0):
        gain = rng.normal(0.1, 1.0, size=(6, 7))
        cost, on = hybrid.switched(gain, np.full(6, start))
        for row in range(6):
            every = [
                sum(gain[row][h] + start * (not plan[h - 1]) for h in range(7) if plan[h])
                for plan in product((False, True), repeat=7)
            ]
            assert cost[row] == close(min(every))
            mine = on[row]
            paid = sum(gain[row][h] + start * (not mine[h - 1]) for h in range(7) if mine[h])
            assert paid == close(min(every))


def test_where_units_by_the_hour_begin() -> None:
    base, peak = (
        hybrid.Resource(unit=2.5, usd_per_hour=1.0),
        hybrid.Resource(unit=2.0, usd_per_hour=1.0),
    )
    assert hybrid._phase(3, base, peak) == (1.5, 3)  # 7.5 is three of 2 and 1.5
    assert hybrid._phase(4, base, peak) == (0.0, 5)
    assert hybrid._phase(4, None, peak) == (0.0, 0)
    third = replace(base, unit=1 / 3)
    assert hybrid._phase(1, third, peak) == (0.333333333, 0)


def test_units_by_the_hour_that_never_stop_are_the_base() -> None:
    on = A([[True, True, True], [True, True, False], [False, True, False]])
    layers = hybrid.Layers(
        net_usd=A([1.0, 2.0, 3.0]), served=A([3.0, 2.0, 1.0]), on=on, awake=A([1.0, 0.6, 0.3])
    )
    stack = hybrid.Stack(
        base=layers.part(0, 0), peak=layers, usd_per_hour=6.0, base_units=0, peak_units=3,
        floor=0.0, api_load=0.0,
    )  # fmt: skip
    found = hybrid.never_off(stack, 4.0)
    assert (found.base_units, found.peak_units) == (1, 2)
    assert found.base.net_usd.tolist() == [1.0] and found.peak.net_usd.tolist() == [2.0, 3.0]
    assert found.floor == 4.0


# Money.


def test_a_bill_is_shared_out_by_time() -> None:
    # $80 are at work, half each for input and output; nothing is read from the cache.
    found = ledger.token_prices(100.0, 20.0, (1.0, 2.0, 1.0), (10.0, 0.0, 20.0))
    assert found.input_usd_per_mtok == close(4e6)
    assert found.cached_usd_per_mtok is None
    assert found.output_usd_per_mtok == close(2e6)
    assert (found.idle_share, found.why_not) == (0.2, None)
    one = ledger.token_prices(100.0, 20.0, (0.5, 0.0, 0.0), (0.5, 0.0, 0.0))
    assert one.input_usd_per_mtok == close(160e6)
    nobody = ledger.token_prices(0.0, 0.0, (), ())
    assert nobody.why_not is not None and nobody.idle_share == 0.0
    assert nobody.output_usd_per_mtok is None


def test_how_far_prices_drifted() -> None:
    # Groups that changed by 0 in a year and 4 in three: 1 a year, each 1 off it.
    middle, low, high = capital.drift(A([0.0, 4.0]), A([1.0, 3.0]), A([0, 1]), 2.0)
    assert (middle, low, high) == close((np.e, 1.0, np.e**2))
    *_, high = capital.drift(A([0.0, 1.0, 3.0]), A([1.0, 1.0, 2.0]), A([0, 1, 2]), 1.0)
    assert high == close(np.exp(1.0 + 3**0.5 / 4.0))
    for years, group in ((A([0.0, 0.0]), A([0, 1])), (A([1.0, 1.0]), A([0, 0]))):
        with pytest.raises(ValueError, match="two groups"):
            capital.drift(A([0.0, 1.0]), years, group)


def test_a_price_is_spread_over_its_months() -> None:
    assert capital.straight_line(100.0, 10.0, 3.0) == close(30.0)
    for months in (0.0, -1.0):
        with pytest.raises(ValueError, match="part of a month"):
            capital.straight_line(100.0, 10.0, months)


# Training.


def test_what_training_keeps_in_memory() -> None:
    # 34 bytes a token, layer and width; with checkpoints 2, and one layer whole; 4 a word.
    dims = {"layers": 2.0, "hidden": 3.0, "vocab": 5.0}
    assert training.activation_bytes(10.0, **dims, checkpointing=0.0) == 10 * (34 * 6 + 20)
    assert training.activation_bytes(10.0, **dims, checkpointing=1.0) == 10 * (2 * 6 + 34 * 3 + 20)
    assert training.adapter_params(4.0, 2.0, 10.0, A([10.0, 20.0])) == 400.0
    assert training.gathered_bytes(100.0, 4.0) == 50.0


def test_how_many_gpus_hold_a_run() -> None:
    def hold(shared: float, each: float = 10.0, gathered: float = 5.0, share: float = 1.0) -> float:
        return float(training.gpus_that_hold(shared, each, gathered, 50.0, share))

    assert hold(100.0) == 3.0  # 35 bytes are left on each
    assert (hold(40.0), hold(40.1), hold(70.1)) == (1.0, 2.0, 3.0)
    assert hold(41.0, each=49.0, gathered=1.0) == np.inf
    assert hold(41.0, each=49.0, gathered=0.5) == 82.0
    assert hold(40.0, share=0.5) == 4.0
    assert hold(45.0, each=0.0, gathered=0.0, share=0.9) == 1.0


def test_gpus_are_rented_in_powers_of_two_nodes_and_instances() -> None:
    found = training.whole_gpus(A([0.0, 1.0, 3.0, 5.0, 8.0, 8.5, 16.0, 17.0]), 8, 1)
    assert found.tolist() == [1, 1, 4, 8, 8, 16, 16, 24]
    assert training.whole_gpus(A([3.0, 5.0]), 8, 6).tolist() == [6, 12]
    assert training.whole_gpus(A([5.0]), 6, 1).tolist() == [6]
    assert training.gpus_in_time(10.0, 4.5, 0.5) == 2.5
    for hours in (0.5, 0.4):
        with pytest.raises(ValueError, match="more than those of the start"):
            training.gpus_in_time(10.0, hours, 0.5)


def test_what_a_shorter_prompt_leaves() -> None:
    assert training.shorter_prompt(1000.0, 0.4, 100.0) == (900.0, close(1 / 3))
    assert training.shorter_prompt(1000.0, 0.4, 500.0) == (500.0, 0.0)
    with pytest.raises(ValueError, match="all that it has"):
        training.shorter_prompt(100.0, 0.4, 100.0)
    assert training.shorter_prompt(100.0, 0.0, 99.5)[0] == 0.5
    assert training.hours_at_speed(7200.0, 4.0) == 0.5


def test_gpus_that_embed_queries() -> None:
    # 3,600 requests of 50 tokens an hour are 50 tokens a second, 100 at the peak: 200 operations a
    # weight and second of which a GPU does 40 a weight.
    load = Workload(tokens_per_month=50.0 * 3600 * 730, isl=50.0, osl=0.0, peak_to_mean=2.0)
    assert training.serving_gpus(load, 7.0, 7.0 * 50.0, 0.8, 2.0) == 7.0
    assert training.serving_gpus(load, 7.0, 7e9, 0.8, 0.0) == 1.0
    assert training.pays_from(100.0, 1.0, A([3.0, 1.0, 0.5])).tolist() == [50.0, np.inf, np.inf]


# Requests and their gaps.


def test_a_cache_serves_what_was_used_not_too_long_ago() -> None:
    # Half of the input was last used up to 10 s before, evenly: in T s the cache fills by
    # r (T - T^2/40). 75 of 10 a second are there after T = 10: it serves a half from 75 on.
    def served(capacity: float, rate: float = 10.0) -> float:
        return arrivals.own_cached_share([10.0], [0.5], rate, capacity)

    assert served(75.0) == served(1e9) == 0.5
    half = 20.0 - (400.0 - 40.0 * 3.75) ** 0.5  # T at which T - T^2/40 = 3.75
    assert served(37.5) == close(half / 20.0)
    assert (served(0.0), served(37.5, 0.0), served(0.5)) == (0.0, 0.0, close(0.0025, rel=1e-2))
    assert served(37.5, 0.5) == 0.5
    assert arrivals.own_cached_share([], [], 10.0, 10.0) == 0.0


def test_columns_and_values() -> None:
    assert column(2.0, 3).tolist() == [2.0, 2.0, 2.0]
    assert column(A([[1.0], [2.0]]), 2).tolist() == [1.0, 2.0]
    assert distinct(A([[3.0, 1.0], [1.0, 2.0]])).tolist() == [1.0, 2.0, 3.0]


# Tasks on shared fleets.

NOBODY = People(salary_usd_per_year=0.0, api_fte=0.0, floor_fte=0.0, fixed_fte=0.0, fte_per_gpu=0.0)


def sizes(usd: float, count: int = 3, *, gpus: float = 1.0, hosted: bool = False) -> FleetSizes:
    """Return fleets of one replica, two ... that serve 1 each, at the same price each."""
    some = np.arange(1.0, count + 1.0)
    return FleetSizes(capacity=some, usd=some * usd, gpus=some * gpus, hosted=hosted)


def two_fleets(a: FleetSizes, b: FleetSizes, ratio: float = 1.0, **more: Any) -> Problem:
    """Return two tasks of a load of 1 on A, of `ratio` on B, or at $99 by the token."""
    load = A([[0.0, 0.0], [1.0, 0.0], [0.0, ratio]] * 2)
    return Problem(
        task=A([0, 0, 0, 1, 1, 1]), usd=A([99.0, 0.0, 0.0] * 2), load=load, fleets=[a, b], **more
    )


def test_a_dearer_fleet_is_replaced() -> None:
    assert replaceable(two_fleets(sizes(10.0), sizes(9.0))) == [0]
    assert replaceable(two_fleets(sizes(9.0), sizes(10.0))) == [1]
    assert replaceable(two_fleets(sizes(9.0), sizes(9.0))) == [0]  # one of two that are alike
    # Half as much load on B, whose replicas cost up to twice as much at every size but the odd.
    assert replaceable(two_fleets(sizes(10.0), sizes(10.0), 0.5)) == [0]
    assert replaceable(two_fleets(sizes(10.0), sizes(10.1), 2.0)) == [1]
    # Twice the load on B at half the price is as good; at a bit more it is not, nor is A.
    assert replaceable(two_fleets(sizes(10.0), sizes(5.0, 6), 2.0)) == [0]
    assert replaceable(two_fleets(sizes(10.0), sizes(5.1, 6), 2.0)) == []


def test_a_fleet_that_is_too_small_for_all_replaces_none() -> None:
    assert replaceable(two_fleets(sizes(10.0), sizes(9.0, 1))) == []
    assert replaceable(two_fleets(sizes(10.0), sizes(9.0, 2))) == [0]


def test_a_fleet_that_grows_dearer_replaces_none() -> None:
    steep = replace(sizes(9.0), usd=A([9.0, 19.0, 29.0]))
    assert replaceable(two_fleets(sizes(10.0), steep)) == []
    crowded = replace(sizes(9.0), gpus=A([1.0, 3.0, 4.0]))
    assert replaceable(two_fleets(sizes(10.0, gpus=4.0), crowded)) == []


def test_whoever_is_looked_after_replaces_nobody_who_is_not() -> None:
    host, own = sizes(9.0, hosted=True), sizes(10.0)
    assert replaceable(two_fleets(own, host)) == []  # it takes the engineers of an endpoint
    assert replaceable(two_fleets(replace(host, usd=own.usd), sizes(9.0))) == []  # a team
    assert replaceable(two_fleets(sizes(10.0, hosted=True), host)) == [0]
    units = sizes(10.0, gpus=0.0)
    assert replaceable(two_fleets(units, sizes(9.0))) == []  # a project, and a team
    assert replaceable(two_fleets(units, sizes(9.0, gpus=0.0))) == [0]
    assert replaceable(two_fleets(sizes(10.0), sizes(9.0, gpus=0.0))) == [0]


def test_who_looks_after_more_gpus_costs_more() -> None:
    team = replace(NOBODY, salary_usd_per_year=120.0, fte_per_gpu=0.1)  # $1 a GPU and month
    # B has two GPUs more a replica, so it must be $2 cheaper.
    for usd, gone in ((8.0, [0]), (8.1, [])):
        a, b = sizes(10.0, gpus=1.0), sizes(usd, gpus=3.0)
        assert replaceable(two_fleets(a, b, team=team)) == gone
    # Fewer GPUs are no reason to be dearer.
    assert replaceable(two_fleets(sizes(8.1, gpus=3.0), sizes(10.0, gpus=1.0), team=team)) == []


def test_a_route_that_calls_somebody_replaces_none_that_does_not() -> None:
    called = A([True, False, True] * 2)
    assert replaceable(two_fleets(sizes(10.0), sizes(9.0), by_token=called)) == []
    called = A([True, True, True] * 2)
    assert replaceable(two_fleets(sizes(10.0), sizes(9.0), by_token=called)) == [0]
    dear = replace(two_fleets(sizes(10.0), sizes(9.0)), usd=A([99.0, 0.0, 0.1] * 2))
    assert replaceable(dear) == []


def test_routes_that_nothing_needs_are_left_out() -> None:
    problem = two_fleets(sizes(10.0), sizes(9.0))
    assert needed_routes(problem).tolist() == [0, 2, 3, 5]
    # By the token for $4 each: two replicas at $9, or one, save at most as much: nobody opens one.
    cheap = replace(problem, usd=A([4.0, 0.0, 0.0] * 2))
    assert needed_routes(cheap).tolist() == [0, 3]
    # At $10 each a replica at $9 pays for one task.
    assert needed_routes(replace(problem, usd=A([10.0, 0.0, 0.0] * 2))).tolist() == [0, 2, 3, 5]
    # At $8 it does not, unless no endpoint is called any more: $2 of engineers.
    staff = replace(NOBODY, salary_usd_per_year=24.0, api_fte=1.0)
    eight = replace(problem, usd=A([8.0, 0.0, 0.0] * 2), by_token=A([True, False, False] * 2))
    assert eight.api_usd == 0.0 and replace(eight, team=staff).api_usd == 2.0
    assert needed_routes(eight).tolist() == [0, 3]
    assert needed_routes(replace(eight, team=staff)).tolist() == [0, 2, 3, 5]
    # A task that has no other route keeps its fleet, whatever it costs.
    kept = eight.only(A([1, 3]))
    assert needed_routes(kept).tolist() == [0, 1]
    # Of two routes by the token the dearer one goes; of tasks there are two, or none.
    twice = Problem(task=A([0, 0, 1]), usd=A([5.0, 4.0, 1.0]), load=np.zeros((3, 0)), fleets=[])
    assert needed_routes(twice).tolist() == [1, 2]
    assert twice.tasks == 2
    assert replace(twice, task=A([], dtype=int)).tasks == 0


def test_savings_fill_a_fleet_the_best_first() -> None:
    # Tasks of load 1 and 2 that cost $6 and $6 by the token: the first fills a replica, saves $6.
    load = A([[0.0], [1.0], [0.0], [2.0]])
    problem = Problem(
        task=A([0, 0, 1, 1]), usd=A([6.0, 0.0, 6.0, 0.0]), load=load, fleets=[sizes(5.9, 1)]
    )
    assert needed_routes(problem).tolist() == [0, 1, 2, 3]
    assert needed_routes(replace(problem, fleets=[sizes(6.1, 1)])).tolist() == [0, 2]
    # Two replicas save $9 at most, by half of the second task.
    assert needed_routes(replace(problem, fleets=[sizes(4.6, 2)])).tolist() == [0, 1, 2, 3]
    assert needed_routes(replace(problem, fleets=[sizes(6.05, 3)])).tolist() == [0, 2]


def test_fleets_are_paid_once_and_as_large_as_their_load() -> None:
    problem = two_fleets(sizes(10.0), sizes(9.0), once_usd=100.0)
    chosen = A([[0, 3], [1, 3], [1, 4], [1, 5]])
    # By the token; one replica of A; two of them; one of each. The project is paid once.
    assert total_cost(problem, chosen).tolist() == [198.0, 99 + 10 + 100, 20 + 100, 19 + 100]
    assert enumerated(problem).tolist() == [2, 5]
    small = two_fleets(sizes(10.0, 1), sizes(9.0))
    assert total_cost(small, A([[1, 4]])).tolist() == [np.inf]


def test_how_often_the_steps_of_a_cascade_are_asked() -> None:
    # 80 % are right at once, half of the rest at the second, the others until the last is right.
    assert step_tries(A([0.8, 0.5, 0.25])) == close([1.0, 0.2, 0.4])
    assert step_tries(A([0.5])) == close([2.0])
    assert step_tries(A([[0.8, 0.5], [0.5, 1.0]])) == close(A([[1.0, 0.4], [1.0, 0.5]]))


# Fleets of servers that keep sessions, and limits that are just kept.

ONE = Replica(
    slots=10.0, requests_per_s=2.0, tpot_s=0.05, memory_slots=10.0, lone_tpot_s=0.01,
    lone_request_s=1.0, ttft_s=0.5, lone_ttft_s=0.1,
)  # fmt: skip
PLAIN = fleet.FleetPolicy(headroom=1.0, peakedness=1.0, wait_beta=0.0, redundancy=0.0)
SIX = Workload(tokens_per_month=6.0 * 3600 * 730 * 100, isl=90.0, osl=10.0)
"""6 requests a second: 3 replicas' worth."""


def test_a_fleet_is_as_large_as_its_load_or_its_sessions() -> None:
    made = fleet_for(SIX, ONE, PLAIN, 2.0, 4.0)
    assert (made.needed, made.gpus, made.paid_gpus) == (3.0, 6.0, 8.0)
    assert made.busy_gpus == close(6.0)
    keeps = replace(ONE, sessions=30.0)
    held = [
        float(fleet_for(replace(SIX, open_sessions=n), keeps, PLAIN, 2.0, 2.0).needed)
        for n in (0.0, 90.0, 91.0, 300.0)
    ]
    assert held == [3.0, 3.0, 4.0, 10.0]
    both = fleet_for(replace(SIX, open_sessions=A([0.0, 120.0])), keeps, PLAIN, 2.0, 2.0)
    assert np.asarray(both.needed).tolist() == [3.0, 4.0]


def test_a_fleet_that_follows_its_load() -> None:
    # Half of the hours twice the mean, the other half nothing: 6 replicas, on half of the time.
    week = np.tile([2.0, 0.0], 84)
    duty = fleet.Duty(
        billing="autoscaled", week=week, open_share=np.ones(168), gaps_h=np.zeros(0), lead_h=0.0,
        idle_timeout_s=0.0, cold_start_s=0.0, billing_step_s=3600.0,
    )  # fmt: skip
    load = replace(SIX, peak_to_mean=2.0)
    made = fleet_for(load, ONE, PLAIN, 1.0, 1.0, duty)
    assert made.needed == 6.0
    assert 3.0 <= made.mean_gpus <= 6.0 and made.mean_gpus == made.mean_billed_gpus
    # 240 sessions at the peak take 8 replicas that keep 30 each.
    held = fleet_for(
        replace(load, open_sessions=240.0), replace(ONE, sessions=30.0), PLAIN, 1.0, 1.0, duty
    )
    assert held.needed == 8.0 and held.mean_gpus > made.mean_gpus


def test_limits_are_kept_up_to_themselves() -> None:
    goal = Target(
        isl=1.0, osl=1.0, cached_share=0.0, max_tpot_s=0.05, max_concurrency=9.0, max_ttft_s=0.5
    )

    def kept(tpot_s: float, ttft_s: float, factor: float = 1.0) -> bool:
        at: Any = SimpleNamespace(tpot_s=tpot_s, ttft_s=ttft_s)
        return bool(goal.kept(at, factor, False))

    assert kept(0.05, 0.5) and not kept(0.0501, 0.5) and not kept(0.05, 0.501)
    assert kept(0.1, 1.0, 2.0) and not kept(0.1, 1.01, 2.0) and not kept(0.101, 1.0, 2.0)
    large: Any = SimpleNamespace(admits_more=A([True, False]))
    assert replace(goal, max_concurrency_large=20.0).limit(large).tolist() == [20.0, 9.0]
    assert goal.limit(large) == 9.0


def test_enough_replicas_are_up_as_often_as_asked() -> None:
    # At 90 % each: one of two is up 0.99 of the time, two of three 0.9^3 + 3 x 0.9^2 x 0.1 = 0.972.
    def kept(target: float, needed: float) -> float:
        policy = replace(PLAIN, availability_target=target, replica_availability=0.9)
        return float(policy.kept(needed))

    assert [kept(t, 1.0) for t in (0.0, 0.89, 0.98, 0.995)] == [1.0, 1.0, 2.0, 3.0]
    assert [kept(t, 2.0) for t in (0.8, 0.97, 0.98)] == [2.0, 3.0, 4.0]
    assert np.asarray(
        replace(PLAIN, availability_target=A([0.0, 0.98]), replica_availability=0.9).kept(1.0)
    ).tolist() == [1.0, 2.0]
    assert kept(0.999, 5000.0) > 5000.0 / 0.9


def test_at_capacity_a_queue_grows_without_end() -> None:
    queue = arrivals.Queue(
        requests_per_s=4.0, replicas=2.0, slots=2.0, alone_s=1.0, full_s=1.0, prefill_s=0.01,
        step_s=0.01, before_s=0.0,
    )  # fmt: skip
    assert queue.load == 1.0
    assert np.isnan(queue.percentiles_s((0.5,))).all()
    assert queue.first_tokens().p50_s is None
    assert "grows without end" in str(queue.first_tokens().why_not)
    busy = replace(queue, requests_per_s=2.0, prefill_s=1.0)  # reads all the time
    assert busy.reading == 1.0 and np.isnan(busy.percentiles_s((0.5,))).all()
    assert queue.cluster == 1.0


def test_what_a_fleet_saves() -> None:
    problem = two_fleets(sizes(10.0), sizes(9.0))
    unused = replace(problem, load=problem.load * A([1.0, 0.0]))
    assert assign._worth_opening(unused, 1)  # nothing says against it
    # $0.50 saved is less than $0.90; half a replica's worth of a task that saves $6 is $3.
    little = Problem(
        task=A([0, 0]), usd=A([0.5, 0.0]), load=A([[0.0], [1.0]]), fleets=[sizes(0.9, 1)]
    )
    assert not assign._worth_opening(little, 0)
    for usd, worth in ((2.9, True), (3.1, False)):
        half = FleetSizes(capacity=A([0.5]), usd=A([usd]), gpus=A([1.0]))
        part = replace(little, usd=A([6.0, 0.0]), fleets=[half])
        assert assign._worth_opening(part, 0) is worth


def test_a_fleet_that_not_all_tasks_use_is_replaced_too() -> None:
    problem = two_fleets(sizes(10.0), sizes(9.0))
    third = replace(
        problem, task=np.append(problem.task, 2), usd=np.append(problem.usd, 5.0),
        load=np.concatenate([problem.load, [[0.0, 0.0]]]),
    )  # fmt: skip
    assert replaceable(third) == [0]


def test_edges_of_ninety_percent_and_of_least_sums() -> None:
    *_, high = capital.drift(A([0.0, 4.0]), A([1.0, 3.0]), A([0, 1]))
    assert high == close(np.exp(1.0 + 1.645 * 0.5))
    ends, lines, _ = crossings.floored(A([10.0, 20.0]), A([20.0, 20.0]), A([0.0, 1.0]), 20.0)
    assert ends.tolist() == [0.0, 10.0, 10.0, 20.0]
    assert lines.tolist() == [20.0] * 4
    touching = crossings.scan(lambda x: x - 1.0, 1.0, 10.0, log=False)
    assert touching.intervals == ()
    assert crossings.scan(lambda x: 1.0 - x, 1.0, 10.0, log=False).intervals[-1][1] == 10.0


def test_any_one_zone_may_fail() -> None:
    for zones, kept in ((1.0, 3.0), (2.0, 6.0), (3.0, 6.0), (4.0, 4.0)):
        assert replace(PLAIN, zones=zones).kept(3.0) == kept
    assert np.asarray(replace(PLAIN, zones=A([1.0, 2.0])).kept(3.0)).tolist() == [3.0, 6.0]
    assert replace(PLAIN, zones=4.0, redundancy=2.0).kept(3.0) == 5.0


def test_units_that_are_off_serve_nothing_and_draw_nothing() -> None:
    # A unit of 4 at $1, and 20 cents awake, that saves $1 a request: on for two of four hours,
    # awake a share 2/4 and 4/4 of them.
    kind = hybrid.Resource(unit=4.0, usd_per_hour=1.0, by_the_hour=True, awake_usd=0.2)
    made = hybrid.serve(A([[0.5, 2.0, 4.0, 0.0]]), kind, 1.0)
    assert made.on.tolist() == [[False, True, True, False]]
    assert made.served.tolist() == [1.5] and made.on_share.tolist() == [0.5]
    assert made.awake == close([0.375])
    assert made.net_usd == close([(1.1 - 2.0 + 1.2 - 4.0) / 4.0])


def test_fleets_of_mixed_kinds_are_not_replaced() -> None:
    some = A([0.0, 1.0, 2.0])
    host = sizes(10.0, hosted=True)
    assert replaceable(two_fleets(host, replace(sizes(9.0), gpus=some))) == []  # a team
    units = sizes(10.0, gpus=0.0, hosted=True)
    hosted = replace(sizes(9.0, hosted=True), gpus=some)
    assert replaceable(two_fleets(units, hosted)) == []  # a project
    team = replace(NOBODY, salary_usd_per_year=120.0, fte_per_gpu=0.1)
    assert replaceable(two_fleets(sizes(10.0), sizes(9.5), team=team)) == [0]
    # One task is as large on B, the other three times: B is as good for the first only.
    uneven = two_fleets(sizes(10.0), sizes(9.0, 6))
    assert (
        replaceable(replace(uneven, load=uneven.load * A([[1.0, 1.0]] * 3 + [[1.0, 3.0]] * 3)))
        == []
    )


def test_what_is_straight_in_part_only() -> None:
    found = crossings.scan(
        lambda x: np.where(x < 5.0, x - 3.0, 2.0 - (x - 5.0) ** 2), 1.0, 10.0, log=False
    )
    assert found.crossings == close((3.0, 5.0 + 2.0**0.5), rel=1e-12) and not found.exact
    # A dip of 0.002 in a cell of 0.009: only the finer points see it.
    dip = crossings.scan(
        lambda x: np.where(x < 5.0, x - 3.0, (x - 7.0043) ** 2 - 1e-6), 1.0, 10.0, log=False
    )
    assert dip.crossings == close((3.0, 7.0033, 7.0053))


def test_bands_that_touch_are_not_apart() -> None:
    upper = crossings.affine(A([5.0]), A([1.0]))
    below = replace(upper, low=A([4.0]), high=A([5.0]))
    assert crossings.settled_from(upper, below).tolist() == [np.inf]
    assert crossings.settled_from(upper, replace(below, high=A([4.9]))).tolist() == [0.0]
    assert crossings.settled_from(below, upper).tolist() == [0.0]  # never below: as good as apart
