"""One formula for one case or a million: an array gives what a loop over its elements gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import (
    DAY,
    TOKENS,
    default_settings,
    loads,
    policies,
    rates,
    real,
    replicas,
    shipped_catalog,
    teams,
)

from tco.engine import capacity, capital, fleet, ledger, selfhost
from tco.engine.constants import band
from tco.engine.ledger import total_usd
from tco.engine.replica import Replica, Target, best_replica, in_flight
from tco.engine.shapes import TUNED, GpuShape, Layout, ModelShape
from tco.options.bills import Option, lines, replica_of
from tco.options.names import resolve
from tco.options.question import Question, prepare
from tco.options.scenario import InlineOption, Scenario
from tco.options.shapes import stacked

DENSE = ModelShape(
    params=70.6e9,
    active_params=70.6e9,
    layers=80.0,
    attention_layers=80.0,
    hidden_size=8192.0,
    heads=64.0,
    kv_heads=8.0,
    head_dim=128.0,
    vocab_size=128_256.0,
)
LATENT = replace(
    DENSE,
    params=671e9,
    active_params=37e9,
    routed_params=654e9,
    experts=256.0,
    experts_per_token=8.0,
    layers=61.0,
    attention_layers=61.0,
    hidden_size=7168.0,
    heads=128.0,
    kv_heads=1.0,
    head_dim=576.0,
    mla=True,
)
WINDOWED = replace(DENSE, params=27e9, active_params=27e9, full_attention_share=1 / 6)
WINDOWED = replace(WINDOWED, window_tokens=1024.0, tied_embeddings=True, kv_heads=16.0)
MODELS = [DENSE, LATENT, WINDOWED]

H100 = GpuShape(
    memory_bytes=80 * 2.0**30,
    bandwidth_bytes_per_s=3.35e12,
    flops_16=989e12,
    flops_8=1979e12,
    link_bytes_per_s=450e9,
    measured=True,
)
A100 = replace(H100, bandwidth_bytes_per_s=2.04e12, flops_16=312e12, flops_8=np.nan)
B200 = replace(H100, memory_bytes=180 * 2.0**30, bandwidth_bytes_per_s=7.7e12, flops_4=9e15)
GPUS = [H100, A100, B200]
LAYOUTS = [Layout(tp=tp, weight_bytes=w) for tp, w in ((1.0, 2.0), (2.0, 1.0), (8.0, 0.5625))]
GOALS = Target(
    isl=np.array([1_200.0, 12_000.0, 120.0]),
    osl=np.array([330.0, 350.0, 15.0]),
    cached_share=np.array([0.0, 0.5, 0.9]),
    max_tpot_s=np.array([0.05, 0.1, 0.02]),
    max_concurrency=np.array([256.0, 64.0, 1.0]),
)


def equal(array: Any, singles: list[Any]) -> None:
    """Hold the elements of an array, or of each field of a record, against single results."""
    if isinstance(array, tuple):
        for i, part in enumerate(array):
            equal(part, [one[i] for one in singles])
    elif is_dataclass(array):
        for f in fields(array):
            if not isinstance(getattr(array, f.name), str | None):
                equal(getattr(array, f.name), [getattr(one, f.name) for one in singles])
    else:
        found = np.broadcast_to(np.asarray(array, dtype=float), len(singles))
        wanted = np.array([float(np.asarray(one)) for one in singles])
        np.testing.assert_allclose(found, wanted, rtol=1e-12)


def element(record: Any, i: int) -> Any:
    """Return the record of one element; what is a number already stays one."""
    values = {f.name: getattr(record, f.name) for f in fields(record)}
    return replace(
        record,
        **{n: v[i] for n, v in values.items() if np.ndim(v) and not isinstance(v, tuple)},
    )


def column(records: list[Any]) -> Any:
    """Return one record whose fields are arrays over records."""
    first = records[0]
    names = [f.name for f in fields(first) if not isinstance(getattr(first, f.name), str)]
    return replace(first, **{n: np.array([getattr(r, n) for r in records]) for n in names})


@pytest.mark.parametrize(
    "of",
    [
        capacity.weights_bytes,
        capacity.kv_bytes_per_token,
        lambda m, y: capacity.kv_bytes_per_sequence(m, y, 1530.0),
        lambda m, y: capacity.free_bytes(m, H100, y),
        lambda m, y: capacity.max_batch(m, B200, y, 1530.0),
        lambda m, y: capacity.max_context_tokens(m, B200, y),
        lambda m, y: capacity.visible_tokens(m, 4_000.0),
        lambda m, y: capacity.embedding_params(m) + capacity.dense_params(m),
        lambda m, y: capacity.fits(m, H100, y, 1530.0),
        lambda m, y: capacity.matrix_s_per_token(m, H100, y),
    ],
)
def test_memory_and_speed_broadcast(of: Callable[[ModelShape, Layout], Any]) -> None:
    together = of(stacked(MODELS), column(LAYOUTS))
    equal(together, [of(m, y) for m, y in zip(MODELS, LAYOUTS, strict=True)])


def test_a_replica_of_several_setups_is_each_of_them_alone() -> None:
    many = (stacked(MODELS), stacked(GPUS), column(LAYOUTS))
    lengths: dict[str, Any] = {"isl": 1_000.0, "osl": 200.0, "batch": 16.0, "profile": TUNED}
    alone = [capacity.replica(*one, **lengths) for one in zip(MODELS, GPUS, LAYOUTS, strict=True)]
    equal(capacity.replica(*many, **lengths), alone)
    bands = [band(m, g, TUNED) for m, g in zip(MODELS, GPUS, strict=True)]
    equal(band(many[0], many[1], TUNED), bands)


def test_the_best_replica_of_several_setups_is_each_of_them_alone() -> None:
    many = (stacked(MODELS), stacked(GPUS), column(LAYOUTS))
    alone = [
        best_replica(m, g, y, TUNED, element(GOALS, i))
        for i, (m, g, y) in enumerate(zip(MODELS, GPUS, LAYOUTS, strict=True))
    ]
    together = best_replica(*many, TUNED, GOALS)
    assert {bool(r.feasible) for r in alone} == {True, False}
    equal(together, alone)


@given(
    loads=st.lists(loads, min_size=3, max_size=3), prices=st.lists(rates, min_size=3, max_size=3)
)
def test_token_bills_broadcast(loads: list[Any], prices: list[Any]) -> None:
    together = total_usd(ledger.token_lines(column(prices), column(loads)))
    alone = [total_usd(ledger.token_lines(*pair)) for pair in zip(prices, loads, strict=True)]
    equal(together, alone)


@given(
    loads=st.lists(loads, min_size=3, max_size=3),
    made=st.lists(replicas, min_size=3, max_size=3),
    kept=st.lists(policies, min_size=3, max_size=3),
    staff=st.lists(teams, min_size=3, max_size=3),
)
def test_fleets_and_their_bills_broadcast(
    loads: list[Any], made: list[Replica], kept: list[Any], staff: list[Any]
) -> None:
    def bill(load: Any, replica: Replica, policy: Any, team: Any) -> tuple[Any, ...]:
        servers = selfhost.fleet_for(load, replica, policy, 4, 8)
        used = selfhost.utilization_of(load, replica, servers)
        rent = selfhost.rent_lines(servers, 2.5, 0.02, 0.03, origin="given", source="test")
        fte = selfhost.selfhost_fte(team, servers.gpus)
        paid = selfhost.people_line(fte, team, "given", "test")
        served = selfhost.tokens_served(servers.needed, load, replica, policy)
        more = (fleet.slack_replicas(replica.slots, policy), in_flight(0.0, replica))
        return servers, used, total_usd((*rent, paid)), served, *more

    together = bill(column(loads), column(made), column(kept), column(staff))
    equal(together, [bill(*one) for one in zip(loads, made, kept, staff, strict=True)])


@given(
    rate=st.lists(st.one_of(st.just(0.0), real(1e-9, 0.5)), min_size=3, max_size=3),
    life=st.lists(st.integers(1, 120), min_size=3, max_size=3),
)
def test_finance_broadcasts(rate: list[float], life: list[int]) -> None:
    for of in (
        capital.capital_recovery,
        lambda i, n: capital.annuity(30_000.0, 4_500.0, i, n),
    ):
        equal(of(np.array(rate), np.array(life)), [of(*p) for p in zip(rate, life, strict=True)])


def test_the_bill_of_an_owned_fleet_broadcasts() -> None:
    names = [f.name for f in fields(capital.Ownership)]
    shares = {name: np.array([0.02, 0.1, 0.3]) * (i + 1) / 10 for i, name in enumerate(names)}
    many = capital.Ownership(
        **{
            **shares,
            "server_usd": np.array([3e4, 4e4, 5e4]),
            "life_months": np.array([36.0, 48.0, 60.0]),
            "yearly_rate": np.array([0.0, 0.1, 0.2]),
            "straight_line": np.array([0.0, 1.0, 0.0]),
            "rated_w": np.array([700.0, 1_370.0, 2_000.0]),
        }
    )
    one = selfhost.Fleet(needed=3.0, replicas=4.0, gpus=16.0, paid_gpus=24.0, busy_gpus=5.0)
    together = capital.ownership_lines(one, many, source="test")
    for i in range(3):
        alone = capital.ownership_lines(one, element(many, i), source="test")
        for mine, other in zip(together, alone, strict=True):
            amount = np.broadcast_to(mine.amount_usd, 3)[i]
            assert amount == pytest.approx(float(other.amount_usd), rel=1e-12)


RENTED = InlineOption(name="rented", kind="self", source="t", gpus=4, usd_per_gpu_hour=2.0)
MEASURED = replace(RENTED, output_tokens_per_s=2_500.0, instance_gpus=8)
OPTIONS = {
    "closed": "openai/gpt-4.1",
    "a context tier": "alibaba/qwen3-max",
    "hours of the week": "deepseek/deepseek-v4.1-flash",
    "hosted": "deepinfra/llama-3.3-70b",
    "own GPUs": "self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand",
    "mixture of experts": "self/gpt-oss-120b@1xh100-sxm",
    "owned GPUs": "self/llama-3.3-70b@2xh100-sxm:fp8/own",
    "measured": "rented",
    "fixed": "fixed",
}
GIVEN = (
    MEASURED,
    InlineOption(name="fixed", kind="fixed", source="t", usd_per_month=5e3, tokens_per_month=10e9),
)


@pytest.fixture(scope="module")
def asked_50b() -> Question:
    return prepare(shipped_catalog(), Scenario(tokens=50e9, options=GIVEN), DAY)


@pytest.mark.parametrize("path", [p for p in default_settings() if p != TOKENS] + [TOKENS])
@pytest.mark.parametrize("kind", OPTIONS)
def test_a_bill_broadcasts_over_every_setting(path: str, kind: str, asked_50b: Question) -> None:
    option: Option = resolve(OPTIONS[kind], asked_50b).best
    settings = asked_50b.settings
    setting = settings[path]
    tried = np.array([setting.low, float(np.asarray(setting.value)), setting.high])
    if setting.low == setting.high:
        tried = tried * np.array([0.7, 1.0, 1.4])
    if path == TOKENS:
        tried = np.array([0.0, 1e9, 1e12])
    many = lines(option, settings.with_values({path: tried}))
    loop = [lines(option, settings.with_values({path: float(v)})) for v in tried]
    equal(total_usd(many), [total_usd(one) for one in loop])
    amounts = [{line.item: line.amount_usd for line in one} for one in loop]
    for line in many:  # a sum that is not given has no line
        equal(line.amount_usd, [one.get(line.item, 0.0) for one in amounts])


def test_a_bill_broadcasts_over_two_settings_at_once(asked_50b: Question) -> None:
    option = resolve(OPTIONS["own GPUs"], asked_50b).best
    volumes, peaks = np.array([[1e9], [1e11]]), np.array([[1.2, 1.8, 3.0]])
    grid = {TOKENS: volumes, "workload.peak_to_mean": peaks}
    total = total_usd(lines(option, asked_50b.settings.with_values(grid)))
    assert total.shape == (2, 3)
    for i, j in np.ndindex(2, 3):
        one = {TOKENS: volumes[i, 0], "workload.peak_to_mean": peaks[0, j]}
        alone = total_usd(lines(option, asked_50b.settings.with_values(one)))
        assert total[i, j] == pytest.approx(float(alone), rel=1e-12)


def test_a_setup_that_a_sweep_makes_infeasible_has_no_bill_there(asked_50b: Question) -> None:
    option = resolve(OPTIONS["own GPUs"], asked_50b).best
    limits = {"serving.max_tpot_s": np.array([1e-4, 0.05])}
    settings = asked_50b.settings.with_values(limits)
    assert np.asarray(replica_of(option, settings).feasible).tolist() == [False, True]
    usd = np.asarray(total_usd(lines(option, settings)))
    assert np.isnan(usd[0])
    assert usd[1] > 0
