"""Formulas and answers on a few inputs made by hand, each quick: what a slip would change.

A case is named after what it asks. `figures.json` holds what came out; `test_figures.py` says what
a case may be off by. Mutants of the engine are decided by these cases alone
(`benchmarks/mutants.py`), so that each formula has inputs on both sides of its every edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from tco import units
from tco.engine import (
    arrivals,
    assign,
    capacity,
    capital,
    constants,
    crossings,
    draws,
    fleet,
    hybrid,
    ledger,
    replica,
    selfhost,
    shapes,
    training,
)
from tco.errors import TcoError
from tco.ranges import Span

A = np.array
CASES: dict[str, Callable[[], Any]] = {}


def case(make: Callable[[], Any]) -> Callable[[], Any]:
    """Keep a case by the name of its function."""
    CASES[make.__name__] = make
    return make


def each(function: Callable[..., Any], *rows: tuple[Any, ...]) -> list[Any]:
    """Return what a function says of each row of arguments; the words of an error, if it errs."""
    return [tried(partial(function, *row)) for row in rows]


def tried(call: Callable[[], Any]) -> Any:
    """Return a value, or what is said against it."""
    try:
        return call()
    except (TcoError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


# Models, GPUs and loads.

DENSE = shapes.ModelShape(
    params=8e9, active_params=8e9, layers=32, hidden_size=4096, heads=32, kv_heads=8, head_dim=128,
    vocab_size=128256.0,
)  # fmt: skip
TIED = replace(DENSE, params=3e9, active_params=3e9, tied_embeddings=True, layers=28)
MOE = shapes.ModelShape(
    params=117e9, active_params=5.1e9, layers=36, hidden_size=2880, heads=64, kv_heads=8,
    head_dim=64, vocab_size=201088.0, routed_params=114e9, experts=128.0, experts_per_token=4.0,
    full_attention_share=0.5, window_tokens=128.0,
)  # fmt: skip
LATENT = shapes.ModelShape(
    params=671e9, active_params=37e9, layers=61, hidden_size=7168, heads=128, kv_heads=1,
    head_dim=576, vocab_size=129280.0, routed_params=654e9, experts=256.0, experts_per_token=8.0,
    mla=True,
)  # fmt: skip
SPARSE = replace(LATENT, index_topk=2048.0, outside=True)
STATE = replace(DENSE, attention_layers=8.0, state_bytes=50e6, outside=True)
MODELS = (DENSE, TIED, MOE, LATENT, SPARSE, STATE)

H100 = shapes.GpuShape(
    memory_bytes=80 * 2.0**30, bandwidth_bytes_per_s=3.35e12, flops_16=989e12, flops_8=1979e12,
    link_bytes_per_s=450e9, measured=True, admits_more=True,
)  # fmt: skip
A100 = shapes.GpuShape(
    memory_bytes=80 * 2.0**30, bandwidth_bytes_per_s=2.04e12, flops_16=312e12,
    link_bytes_per_s=300e9, measured=True,
)  # fmt: skip
MI300X = shapes.GpuShape(
    memory_bytes=192 * 2.0**30, bandwidth_bytes_per_s=5.3e12, flops_16=1307e12, flops_8=2615e12,
    link_bytes_per_s=448e9, rocm=True, admits_more=True,
)  # fmt: skip
L40S = shapes.GpuShape(
    memory_bytes=48 * 2.0**30, bandwidth_bytes_per_s=0.864e12, flops_16=362e12, flops_8=733e12,
    link_bytes_per_s=32e9, pcie=True,
)  # fmt: skip
NVL = replace(H100, link_joins=2.0, beyond_bytes_per_s=64e9, memory_bytes=94 * 2.0**30)
B200 = shapes.GpuShape(
    memory_bytes=180 * 2.0**30, bandwidth_bytes_per_s=8e12, flops_16=2250e12, flops_8=4500e12,
    flops_4=9000e12, link_bytes_per_s=900e9, measured=True, admits_more=True,
)  # fmt: skip
GPUS = (H100, A100, MI300X, L40S, NVL, B200)

LAYOUTS = {
    "bf16": shapes.Layout(),
    "bf16-tp2": shapes.Layout(tp=2.0),
    "fp8-tp4": shapes.Layout(tp=4.0, weight_bytes=1.0, compute_bits=8.0),
    "fp8-tp8": shapes.Layout(tp=8.0, weight_bytes=1.0, compute_bits=8.0, kv_bytes=1.0),
    "int4": shapes.Layout(weight_bytes=0.5625, compute_bits=16.0, other_bytes=2.0),
    "mxfp4-tp2": shapes.Layout(tp=2.0, weight_bytes=0.53, compute_bits=4.0, other_bytes=2.0),
    "two-nodes": shapes.Layout(tp=8.0, pp=2.0, nodes=2.0, weight_bytes=1.0, compute_bits=8.0),
    "dp-attention": shapes.Layout(tp=8.0, dp_attention=True, weight_bytes=1.0, compute_bits=8.0),
    "by-layer": shapes.Layout(
        tp=2.0, layer_split=True, weight_bytes=0.6, embedding_bytes=0.7, output_bytes=0.8,
        reserve_bytes=0.8e9, memory_share=1.0,
    ),
}  # fmt: skip
SOME = (
    (DENSE, H100, "bf16"),
    (DENSE, H100, "fp8-tp4"),
    (DENSE, A100, "int4"),
    (TIED, L40S, "bf16-tp2"),
    (TIED, L40S, "by-layer"),
    (MOE, B200, "mxfp4-tp2"),
    (MOE, MI300X, "fp8-tp4"),
    (MOE, NVL, "fp8-tp8"),
    (MOE, A100, "fp8-tp4"),
    (LATENT, B200, "fp8-tp8"),
    (LATENT, B200, "dp-attention"),
    (LATENT, H100, "two-nodes"),
    (SPARSE, B200, "fp8-tp8"),
    (SPARSE, MI300X, "fp8-tp8"),
    (STATE, L40S, "bf16"),
    (STATE, MI300X, "bf16-tp2"),
)
LOAD = shapes.Workload(
    tokens_per_month=50e9, isl=1200.0, osl=330.0, cached_share=0.374, batch_share=0.2,
    peak_to_mean=1.86, reasoning_factor=1.5, cache_write_share=0.1,
)  # fmt: skip
GOAL = replica.Target(
    isl=1200.0, osl=330.0, cached_share=0.3, max_tpot_s=0.05, max_concurrency=256.0,
    max_concurrency_large=1024.0,
)  # fmt: skip
POLICY = fleet.FleetPolicy(headroom=0.85, peakedness=2.0, wait_beta=2.38, redundancy=1.0)


@cache
def one_replica() -> replica.Replica:
    """Return what one H100 makes of the small dense model."""
    return replica.best_replica(DENSE, H100, LAYOUTS["bf16"], shapes.TUNED, GOAL)


# Memory and speed.


@case
def memory() -> Any:
    """Weights, caches and what fits."""
    rows = [(m, LAYOUTS[name]) for m in MODELS for name in ("bf16", "fp8-tp8", "by-layer", "int4")]
    alone = (
        capacity.embedding_bytes, capacity.other_bytes, capacity.kv_bytes_per_token,
        capacity.kv_copies, capacity.weights_bytes, capacity.stored_bytes,
    )  # fmt: skip
    out: list[Any] = [[f(*row) for f in alone] for row in rows]
    out += [[f(m) for f in (capacity.embedding_params, capacity.dense_params)] for m in MODELS]
    out += [capacity.attention_layers(m) for m in MODELS]
    out += [[capacity.visible_tokens(m, A([64.0, 128.0, 9000.0]))] for m in MODELS]
    out += [[capacity.kv_bytes_per_sequence(*row, A([100.0, 5000.0]))] for row in rows]
    return out


@case
def room() -> Any:
    """What is left beside the weights, and what it holds."""
    out = []
    for model, gpu, name in SOME:
        where = (model, gpu, LAYOUTS[name])
        out += [
            capacity.free_bytes(*where),
            capacity.fits(*where, 1530.0),
            capacity.max_batch(*where, A([100.0, 1530.0, 1e6])),
            capacity.max_context_tokens(*where, A([1.0, 40.0])),
        ]
    return out


def _speed(profile: shapes.ServerProfile, **more: Any) -> Any:
    batch = A([1.0, 3.0, 30.0, 300.0, 2000.0])
    out = []
    for model, gpu, name in SOME:
        said = capacity.replica(
            model, gpu, LAYOUTS[name], isl=A([[1200.0], [20000.0]]), osl=330.0, batch=batch,
            profile=profile, **more,
        )  # fmt: skip
        out.append([getattr(said, f.name) for f in fields(said)])
    return out


for _name, _profile in (
    ("tuned", shapes.TUNED),
    ("sglang", shapes.TUNED_SGLANG),
    ("default", shapes.DEFAULT),
    ("local", shapes.LOCAL),
    ("legacy", shapes.LEGACY),
    ("legacy_rocm", shapes.LEGACY_ROCM),
):
    CASES[f"speed_{_name}"] = partial(_speed, _profile)
CASES["speed_cached"] = partial(_speed, shapes.TUNED, cached_share=0.6, speculative_gain=1.4)


@case
def evidence_and_bands() -> Any:
    """How sure a speed is."""
    out = []
    for model, gpu, name in SOME:
        for profile in (shapes.TUNED, shapes.DEFAULT, shapes.LOCAL, shapes.LEGACY):
            for known in (True, False):
                out.append(constants.evidence(model, gpu, profile, layout_known=known))
                out.append(constants.band(model, gpu, profile, layout_known=known))
        out.append(constants.band(model, gpu, shapes.TUNED, anchored=A([0.0, 0.3, 1.0])))
        out.append(capacity.layer_s(model, gpu))
        out.append(capacity.matrix_s_per_token(model, gpu, LAYOUTS[name]))
    out.append(constants.ttft_ends(A([0.1, 2.0])))
    near = {"measured_batch": A([16.0, 64.0]), "measured_isl": 1000.0, "measured_osl": 100.0}
    out.append(constants.anchor_distance(32.0, 2000.0, 300.0, **near))
    out.append(constants.anchor_distance(64.0, 1000.0, 100.0, **near))
    out.append(constants.anchor_weight(A([0.0, 0.5, 3.9, 4.1])))
    return out


@case
def best_replicas() -> Any:
    """The batch that a limit allows."""
    goals = (
        GOAL,
        replace(GOAL, max_tpot_s=0.012),
        replace(GOAL, max_tpot_s=0.004),
        replace(GOAL, max_ttft_s=0.4),
        replace(GOAL, max_ttft_s=0.05, max_concurrency_large=None),
        replace(GOAL, drafts=1.0),
        replace(GOAL, speculative_gain=1.7, max_concurrency=20.0, max_concurrency_large=None),
    )
    out = []
    for model, gpu, name in SOME:
        for goal in goals:
            found = replica.best_replica(model, gpu, LAYOUTS[name], shapes.TUNED, goal)
            out.append(found)
    slow = A([[0.8] * 20 + [1.3] * (replica.BATCHES.size - 20)])
    for goal in goals:
        args = (DENSE, H100, LAYOUTS["bf16"], shapes.TUNED, goal)
        out.append(replica.best_replica(*args, slow))
        out.append(replica.speed_factor(*args, slow, A([7.0, 200.0])))
        out.append(replica.speed_at(*args, A([1.0, 50.0, 400.0])))
    out.append(one_replica().scaled(0.7))
    out.append(one_replica().scaled(A([1.0, 1.5])).feasible)
    out.append(replica.request_s(one_replica()))
    out.append(replica.in_flight(A([3.0, 50.0]), one_replica()))
    out.append(replica.drafted_gain(A([1.0, 4.0, 9.0, 100.0, 900.0])))
    out.append([GOAL.limit(gpu) for gpu in GPUS])
    out.append(replace(GOAL, max_concurrency_large=None).limit(H100))
    return out


@case
def precisions() -> Any:
    """Bytes of each precision by name, and what is none."""
    names = (*shapes.PRECISIONS, *shapes.UNSIZED, "FP8", "q9", "")
    odd = replace(DENSE, odd_share=0.5, odd_down_share=0.25)
    out: list[Any] = [p and p.columns(odd) for p in map(shapes.precision, names)]
    out += [p and p.columns(DENSE) for name in names if (p := shapes.precision(name, local=True))]
    return [out, shapes.number(A(3.0)), shapes.column(2.0, 3), shapes.column(A([1.0, 2.0]), 2)]


# Fleets.


@case
def replicas() -> Any:
    """How many replicas a load needs, and what they serve."""
    load, slots = A([0.0, 0.4, 1.0, 30.0, 5000.0]), A([[1.0], [48.0]])
    out: list[Any] = []
    policies = (
        POLICY,
        replace(POLICY, peakedness=0.0, redundancy=0.0, headroom=1.0),
        replace(POLICY, zones=3.0),
        replace(POLICY, availability_target=0.999, replica_availability=0.98),
    )
    for policy in policies:
        needed = fleet.replicas_for(load, slots, policy)
        out += [
            needed,
            policy.kept(A([0.0, 1.0, 2.0, 7.0, 60.0])),
            fleet.slack_replicas(slots, policy),
        ]
        out += [
            fleet.load_served(A([1.0, 2.0, 9.0]), slots, policy),
            fleet.burst_term(policy, slots),
        ]
        out.append(shapes.lifted(policy))
    out.append(fleet.replicas_kept(A([1.0, 5.0]), redundancy=0.0, target=0.9999, availability=0.95))
    out.append(fleet.replicas_kept(3.0, redundancy=2.0, zones=A([1.0, 2.0, 4.0])))
    out.append(fleet.availability_table(0.999, 0.97)[:40])
    for more in ((1.0, 0.0, 1.0), (3.0, 0.0, 1.0), (1.0, 0.999, 0.97)):
        zones, target, up = (A([x]) for x in more)
        spread = {"redundancy": A([1.0]), "zones": zones, "target": target, "availability": up}
        out.append(fleet.kept_between(**spread))
    out.append(fleet.paid_gpus(A([1.0, 8.0, 9.0]), A([1.0, 8.0, 8.0])))
    return out


WEEK = 1.0 + 0.8 * np.sin(np.arange(168) / 24.0 * 2 * np.pi) + 0.1 * (np.arange(168) % 7)
WEEK = WEEK / WEEK.mean()
OPEN = ((np.arange(168) % 24 >= 8) & (np.arange(168) % 24 < 20)).astype(float)


def _duty(billing: Any, **more: Any) -> fleet.Duty:
    values = {
        "billing": billing, "week": WEEK, "open_share": OPEN, "gaps_h": np.full(7, 12.0),
        "lead_h": 0.5, "idle_timeout_s": 300.0, "cold_start_s": 120.0, "billing_step_s": 60.0,
    }  # fmt: skip
    return fleet.Duty(**(values | more))


@case
def hours() -> Any:
    """Fleets that are not always on."""
    out: list[Any] = []
    for billing in ("always_on", "scheduled", "autoscaled", "scale_to_zero"):
        for more in ({}, {"lead_h": 2.5, "billing_step_s": 3600.0}):
            duty = _duty(billing, **more)
            load, share = duty.levels(1.86)
            out += [load.sum(), (load * share).sum(), share.sum(), load[:5]]
            out.append(duty.on_share(A([0.001, 0.1]), 4.0))
            out.append(duty.lifted().on_share(0.01, 9.0))
            servers = selfhost.fleet_for(LOAD, one_replica(), POLICY, 1.0, 1.0, duty)
            out.append(servers)
    out += [fleet.steepened(WEEK, x)[:4] for x in (1.2, 1.86, 6.0)]
    out += [fleet.moved(WEEK, OPEN)[:12], fleet.ahead(WEEK, 1.5)[0][:5]]
    out.append(fleet.stepped(A([0.0, 59.0, 61.0]), 60.0))
    for rate in (1e-6, 0.001, 0.05):
        out += [fleet.off_share(rate, 300.0, 60.0), fleet.waiting_share(rate, 300.0, 60.0)]
        out.append(fleet.paid_share(rate, 300.0, 60.0, A([1.0, 3600.0])))
    return out


@case
def in_flight() -> Any:
    """Replicas from requests in flight, and the cache of one's own."""
    out: list[Any] = [
        arrivals.in_flight_over_mean(A([0.5, 3.0, 90.0]), [1.0, 10.0, 60.0], [9.0, 4.0, 2.0])
    ]
    out.append(arrivals.headroom_in_flight(1.86, A([1.0, 2.5])))
    cache = partial(arrivals.own_cached_share, [1.0, 60.0, 3600.0], [0.1, 0.4, 0.6], 1e3)
    return [*out, [cache(size) for size in (0.0, 1e4, 1e6, 1e9)]]


# Bills.


@case
def own_lines() -> Any:
    """Lines of rented GPUs."""
    servers = selfhost.fleet_for(LOAD, one_replica(), POLICY, 1.0, 8.0)
    given = {"origin": "given", "source": "x"}
    out: list[Any] = [servers, servers.on_gpus, servers.powered_gpus, servers.billed_gpus]
    out += [selfhost.utilization_of(LOAD, one_replica(), servers)]
    out += [
        selfhost.tokens_per_load(LOAD, one_replica()),
        selfhost.busy_gpus(LOAD, one_replica(), 2.0),
    ]
    out += [selfhost.tokens_served(A([1.0, 4.0]), LOAD, one_replica(), POLICY)]
    out += selfhost.rent_lines(servers, 2.5, 0.02, 0.03, **given)
    out += selfhost.rent_lines(servers, 2.5, 0.0, 0.03, hours_per_month=720.0, **given)
    out += selfhost.traffic_lines(
        LOAD, bytes_per_input_token=5.0, bytes_per_output_token=50.0, balancer_usd_per_gb=0.008,
        egress_usd_per_gb=0.09, **given,
    )  # fmt: skip
    out += [selfhost.storage_line(3.0, 65.0, 0.1), selfhost.balancer_line(0.0225)]
    out += [*selfhost.permission_lines(1000.0, 50.0), *selfhost.sum_lines(4000.0, 300e3, 9000.0)]
    out += selfhost.unit_lines(16.0, 2.0, 375.0, 1500.0)
    team = selfhost.People(
        salary_usd_per_year=240e3, api_fte=0.1, floor_fte=1.0, fixed_fte=0.5, fte_per_gpu=0.01,
        setup_fte_months=3.0, refresh_fte_months_per_year=1.5, evaluation_fte=0.2,
    )  # fmt: skip
    out += [selfhost.selfhost_fte(team, A([0.0, 8.0, 200.0])), selfhost.project_ftes(team)]
    for gpus in ((0.0, 0.0, 0.0), (8.0, 0.0, 1.0), (0.0, 8.0, 1.0), (90.0, 30.0, 1.0)):
        out.append(selfhost.team_usd(team, *gpus))
    return [*out, selfhost.people_line(1.5, team, "given", "x"), *selfhost.project_lines(team)]


@case
def bought() -> Any:
    """Lines of GPUs that are bought."""
    servers = selfhost.fleet_for(LOAD, one_replica(), POLICY, 1.0, 8.0)
    out: list[Any] = []
    for evenly in (0.0, 1.0, 2.0):
        for rate in (0.0, 0.08):
            made = capital.Ownership(**(OWNERSHIP | {"straight_line": evenly, "yearly_rate": rate}))
            out += capital.ownership_lines(servers, made, source="x")
            out += [made.upfront_usd, made.payment(1000.0, 0.2)]
    idle = replace(servers, mean_gpus=1.5, mean_powered_gpus=2.0)
    out += capital.power_lines(idle, capital.Ownership(**OWNERSHIP))
    return out


OWNERSHIP: dict[str, Any] = {
    "server_usd": 60e3, "network_share": 0.1, "installation_share": 0.02,
    "spares_share": 0.03, "support_share_per_year": 0.04, "insurance_share_per_year": 0.01,
    "failures_per_year": 0.05, "repair_share": 0.2, "life_months": 48.0, "residual_share": 0.15,
    "yearly_rate": 0.08, "straight_line": 0.0, "rated_w": 1200.0, "idle_power_share": 0.2,
    "light_power_share": 0.5, "full_power_share": 0.8, "pue": 1.3, "usd_per_kwh": 0.09,
    "colo_usd_per_kw_month": 150.0, "monitoring_share": 0.02,
}  # fmt: skip


@case
def money() -> Any:
    """Capital over time."""
    rates = A([0.0, 0.08, 0.3])
    out: list[Any] = [capital.capital_recovery(rates, 48.0), capital.annuity(1e5, 1e4, rates, 36.0)]
    out += [capital.straight_line(1e5, 1e4, 36.0)]
    out += [capital.written_off(1e5, 1e4, 0.08, 48.0, A([0.0, 1.0]))]
    flow = A([-100.0, 40.0, 40.0, 40.0, -10.0, 20.0])
    for late in (False, True):
        out += [capital.present_value(flow, rates[:, None], year_end=late)]
        moves = np.triu(np.tile(flow * 1.3, (6, 1)))
        out += [capital.changeover(flow, moves, 0.1, year_end=late)]
    long = np.concatenate([flow, np.full(20, 3.0)])
    out += [capital.present_value(long, 0.2, year_end=True)]
    out += [capital.payback_months(x) for x in (flow, flow[:2], A([1.0, 2.0]), A([5.0, -9.0, 6.0]))]
    out += [capital.cohorts(A([1.0, 1.0, 3.0, 3.0, 3.0, 4.0, 4.0]), 3)]
    out += [capital.resale_share(A([0.0, 12.0, 60.0]), 48.0, 0.15)]
    return out


RATES = ledger.TokenRates(
    input=2.0, output=8.0, cached_input=0.5, batch_input=1.0, batch_output=4.0,
    batch_cached_input=0.25, cache_write=2.5, batch_cache_write=1.25, reasoning_output=9.0,
)  # fmt: skip
PLAIN = replace(RATES, cache_write=None, batch_cache_write=None, reasoning_output=None)


@case
def token_bills() -> Any:
    """Lines by the token, terms and units."""
    loads = (LOAD, replace(LOAD, cache_write_share=0.0, reasoning_factor=1.0, batch_share=0.0))
    out: list[Any] = [ledger.token_lines(r, load) for r in (RATES, PLAIN) for load in loads]
    out += [ledger.retry_line(out[0], 0.03), ledger.mixed([(0.25, RATES), (0.75, PLAIN)])]
    out += [ledger.mixed([(1.0, RATES)]), ledger.mixed([(0.5, PLAIN), (0.5, PLAIN)])]
    out += [ledger.reads_to_pay(r) for r in (RATES, PLAIN, replace(RATES, cached_input=2.0))]
    volumes = A([0.0, 5e8, 1e9, 5e9, 2e10, 9e10])
    for terms in (
        ledger.Terms(),
        ledger.Terms(limits=(1e9, 1e10), discounts=(0.1, 0.3)),
        ledger.Terms(limits=(1e9, 1e10), discounts=(0.1, 0.3), cliff=True),
        ledger.Terms(free_tokens=2e9, commit_usd_per_month=9000.0),
        ledger.Terms(limits=(5e9,), discounts=(0.2,), free_tokens=1e9, commit_usd_per_month=40e3),
    ):
        priced = ledger.terms_lines(terms, volumes, volumes * 2e-6, 0.0, origin="given", source="x")
        out += [ledger.billed_pieces(terms), priced]
        made = crossings.contracts(terms, A([100.0]), A([2e-6]))
        out += [made.slope, made.low, made.high, made.first(2e10), made.pieces_until(A([1e9]))]
    unit = ledger.ProvisionedUnit(
        tokens_per_s=2e3, output_weight=4.0, cached_weight=0.1, minimum_units=3.0,
        increment_units=2.0,
    )  # fmt: skip
    for some in (LOAD, replace(LOAD, tokens_per_month=5e12), replace(LOAD, tokens_per_month=0.0)):
        out += [unit.weighed_tokens(some), unit.fewest, ledger.units_for(some, unit)]
        out += [ledger.units_used(some, unit)]
    line = selfhost.balancer_line(0.02)
    out += [ledger.total_usd((line, line)), ledger.total_usd((line,), "people"), line.amount_usd]
    return out


@case
def loads() -> Any:
    """What a load comes to in requests and tokens."""
    names = (
        "tokens_per_request", "requests_per_month", "requests_per_s", "seconds_per_month",
        "peak_requests_per_s", "input_tokens", "output_tokens",
    )  # fmt: skip
    return [getattr(LOAD, name) for name in names]


@case
def tuning() -> Any:
    """Fine-tuning and embedding."""
    out: list[Any] = [
        [
            training.training_flops(8e9, 1.5e8, full=s is None),
            training.total_of(training.state_bytes(8e9, s)),
        ]
        for s in (None, 8e9 * 0.01)
    ]
    out += [training.gpu_hours(1e20, 989e12, 0.35), training.gpus_for_memory(200e9, 80e9, 0.9)]
    out += [training.whole_gpus(A([1.0, 3.0, 9.0, 17.0]), 8, 1), training.whole_gpus(3.0, 8, 4)]
    out += [training.whole_gpus(A([1.0, 2.0, 5.0]), 8, 8)]
    out += [
        training.gpus_in_time(A([10.0, 100.0]), 12.0, 0.5),
        tried(partial(training.gpus_in_time, 10.0, 0.4, 0.5)),
    ]
    out += [training.embed_flops(0.6e9, 1e10)]
    out += [training.serving_gpus(LOAD, 0.6e9, A([1e13, 1e15]), 0.85, 1.0)]
    out += [training.pays_from(100.0, 1e-6, A([2e-6, 1e-6, 5e-7]))]
    return out


# Crossings.


def _rows(*curves: tuple[list[float], list[float], list[float], float, float, float]) -> Any:
    """Return staircases that go on by their slope behind their last edge."""

    def until(rows: Any, volume: Any) -> crossings.Steps:
        width = max(len(curves[r][0]) for r in rows) + 1
        made = [np.empty((len(rows), width)) for _ in range(3)]
        for i, r in enumerate(rows):
            edges, fixed, slope, *_ = curves[r]
            gap = width - len(edges)
            last = max(float(volume[i]), edges[-1] * 2)
            made[0][i] = [*edges, *[last] * gap]
            made[1][i] = [*fixed[:-1], *[fixed[-1]] * (gap + 1)][:width]
            made[2][i] = [*slope[:-1], *[slope[-1]] * (gap + 1)][:width]
        return crossings.Steps(edges=made[0], fixed=made[1], slope=made[2])

    return crossings.Curves(
        until=until,
        pieces_until=lambda v: np.full(len(curves), 4.0),
        slope=A([c[3] for c in curves]),
        low=A([c[4] for c in curves]),
        high=A([c[5] for c in curves]),
    )


@case
def where_lines_cross() -> Any:
    """Straight lines, stairs and ties."""
    a = crossings.affine(A([0.0, 0.0, 5.0, 5.0, 1.0]), A([3.0, 1.0, 1.0, 1.0, 2.0]))
    b = crossings.affine(A([10.0, 10.0, 1.0, 9.0, 1.0]), A([1.0, 3.0, 1.0, 1.0, 2.0]))
    stairs = _rows(
        ([4.0, 8.0], [6.0, 12.0, 18.0], [0.1, 0.1, 1.6], 1.6, 5.0, 19.0),
        ([2.0, 5.0], [4.0, 8.0, 9.0], [0.0, 0.0, 2.4], 2.4, -3.0, 10.0),
        ([1.0, 9.0], [0.0, 30.0, 3.0], [0.0, 0.0, 0.5], 0.5, 0.0, 30.0),
    )
    lines = crossings.affine(A([0.0, 0.0, 2.0]), A([2.0, 2.0, 1.0]))
    out: list[Any] = []
    for one, other in ((a, b), (b, a), (lines, stairs), (stairs, lines)):
        found = crossings.wins(one, other)
        out += [
            found,
            [found.intervals(i) for i in range(one.slope.size)],
            crossings.settled_from(one, other),
        ]
    out.append(crossings.wins(lines, stairs, most_pieces=3))
    out.append(crossings.beats([lines, crossings.affine(A([9.0] * 3), A([0.9] * 3))], [stairs]))
    out.append(stairs.first(7.0).at(A([0.0, 4.0, 4.1, 7.0])))
    out.append(crossings.some(lines, A([2, 0])).slope)
    for log in (False, True):
        for gap in (
            lambda x: x - 3.0, lambda x: (x - 2.0) * (x - 7.0), lambda x: np.sin(x),
            lambda x: x * 0 + 1.0, lambda x: np.where(x > 4, 1.0, -1.0), lambda x: 5 - 2 * x,
        ):  # fmt: skip
            out.append(crossings.scan(gap, 0.5, 20.0, log=log))
    return out


@case
def layered() -> Any:
    """A base of own GPUs and the rest elsewhere."""
    load = 40.0 + 30.0 * np.sin(np.arange(48) / 24 * 2 * np.pi) + (np.arange(48) % 5)
    unit, rate = A([5.0, 16.0]), A([2.0, 5.5])
    out: list[Any] = [hybrid.layer_count(load, 16.0), hybrid.layers_of(load, 16.0, 5).sum(axis=-1)]
    out += [
        hybrid.layers_of(load, 16.0, 5, 20.0).sum(axis=-1),
        hybrid.overflow(load, A([30.0, 90.0])),
    ]
    out += [hybrid.breakeven_utilization(rate, unit, 0.5), hybrid.base_units(load, unit, rate, 0.5)]
    out += [hybrid.base_usd(load, A([0.0, 3.0]), unit, rate, 0.5)]
    always = hybrid.Resource(unit=16.0, usd_per_hour=4.0, usd_per_load=0.01)
    spot = hybrid.Resource(
        unit=5.0,
        usd_per_hour=2.0,
        by_the_hour=True,
        lead_h=1.0,
        availability=0.9,
        usd_per_load=0.02,
    )
    layers = hybrid.layers_of(load, 16.0, 5)
    for kind in (always, spot, replace(spot, lead_h=0.0)):
        made = hybrid.serve(layers, kind, 0.4)
        out += [made.net_usd, made.served.sum(axis=-1), made.on.sum(axis=-1), made.on_share]
    for start in (0.5, 3.0, 40.0):
        gain = np.stack([np.sin(np.arange(24.0)) * 2, np.full(24, -1.0), np.full(24, 1.0)])
        net, on = hybrid.switched(gain, np.full(3, start))
        out += [net, on.sum(axis=-1)]
    for base, peak in (
        (always, spot),
        (always, None),
        (None, spot),
        (spot, always),
        (always, always),
    ):
        stack = hybrid.best_stack(load, base, peak, 0.4)
        out += [stack, hybrid.never_off(stack, 16.0)]
    fee = hybrid.best_stack(load, always, spot, 0.4, lambda b, p: 3.0 * (b + p > 0) + 0.2 * p)
    return [*out, fee]


@case
def assigned() -> Any:
    """Tasks dealt to models."""
    sizes = [
        assign.FleetSizes(capacity=A([0.0, 10.0, 20.0]), usd=A([0.0, 50.0, 90.0]), gpus=A([0.0, 2.0, 4.0])),
        assign.FleetSizes(capacity=A([0.0, 30.0]), usd=A([0.0, 100.0]), gpus=A([0.0, 4.0]), hosted=True),
    ]  # fmt: skip
    task = A([0, 0, 0, 1, 1, 2, 2, 2])
    load = A([[0, 6.0, 0, 0, 9.0, 0, 0, 4.0], [0, 0, 5.0, 0, 0, 0, 12.0, 0]]).T
    problem = assign.Problem(
        task=task, usd=A([80.0, 0.0, 2.0, 60.0, 1.0, 10.0, 0.5, 0.0]), load=load, fleets=sizes,
        by_token=A([True, False, False, True, False, True, False, False]),
        team=selfhost.People(
            salary_usd_per_year=240.0, api_fte=0.1, floor_fte=1.0, fixed_fte=0.5, fte_per_gpu=0.05
        ),
        once_usd=7.0,
    )  # fmt: skip
    plain = replace(problem, by_token=None, team=assign.NOBODY, once_usd=0.0)
    out: list[Any] = []
    for one in (problem, plain):
        every = assign.enumerated(one)
        out += [assign.combinations(one), every.shape, assign.total_cost(one, every)]
        out += [
            assign.needed_routes(one),
            assign.replaceable(one),
            one.called,
            one.api_usd,
            one.tasks,
        ]
        out += [one.routes_of(1), one.only(A([0, 3, 5])).usd]
    out += [s.size_for(A([0.0, 10.0, 10.1, 20.0])) for s in sizes]
    out += [s.staffed_gpus for s in sizes]
    out += [
        assign.share_for_reduction(0.3, 1.0, 4.0),
    ]
    out += [assign.breakeven_escalation(1.0, 0.1, A([4.0, 2.0])), assign.reach(A([0.3, 0.5, 0.1]))]
    return out


@case
def random_numbers() -> Any:
    """Quantiles, ranks and tables."""
    p = A([0.0, 0.01, 0.05, 0.3, 0.5, 0.8, 0.95, 0.99, 1.0])
    out: list[Any] = []
    for kind in ("triangular", "uniform", "lognormal"):
        for low, value, high in ((0.5, 1.0, 3.0), (1.0, 1.0, 2.0), (0.2, 0.9, 0.9)):
            spread = draws.Spread(kind=kind, value=value, low=low, high=high)  # type: ignore[arg-type]
            out.append(tried(partial(draws.quantiles, spread, p[1:-1])))
            held = replace(spread, least=0.6, most=1.5, tail=0.1)
            out.append(tried(partial(draws.quantiles, held, p[1:-1])))
    out += [draws.midpoints(5), draws.normal_scores(9)]
    out += [
        draws.check_correlation(A(m)) for m in ([[1.0, 0.5], [0.5, 1.0]], [[1.0, 2.0], [2.0, 1.0]])
    ]
    rng = np.random.default_rng(7)
    ranks = draws.hypercube(rng, 16, [A([[1.0]]), A([[1.0, 0.8], [0.8, 1.0]])])
    out += [np.sort(ranks, axis=-1)[:, :3], np.corrcoef(ranks)]
    f = A([1.0, 4.0, 2.0, 8.0, 5.0])
    out += [draws.sobol_indices(f, f[::-1], np.stack([f * 0.5, f + 1.0]))]
    out += [draws.sobol_indices(f * 0, f * 0, np.stack([f * 0]))]
    axes = [
        Span(1.0, 100.0, 4, log=True),
        Span(0.0, 3.0, 4, log=False),
    ]
    out += [draws.nodes(axis) for axis in axes]
    out += [draws.place(axis, A([0.5, 1.0, 2.5, 200.0])) for axis in axes]
    where = draws.places(axes, [A([1.0, 3.0, 77.0]), A([0.2, 3.0, 1.4])])
    return [*out, draws.interpolated(np.arange(16.0) ** 2, where)]


# Edges: what only shows where two cases meet.


@case
def edges_of_memory() -> Any:
    """Contexts that just fit, weights unpacked by hand, single sequences."""
    out: list[Any] = []
    for model, gpu, name in SOME:
        where = (model, gpu, LAYOUTS[name])
        longest = np.asarray(capacity.max_context_tokens(*where), dtype=float)
        near = longest + A([-1.0, 0.0, 1.0, 2.0])
        out += [longest, capacity.fits(*where, near), capacity.max_batch(*where, near)]
        half = capacity.max_context_tokens(*where, 2.0)
        out += [capacity.max_batch(*where, half), capacity.max_batch(*where, np.asarray(half) / 2)]
    by_hand = shapes.Layout(tp=2.0, weight_bytes=0.56, compute_bits=16.0, dp_attention=True)
    for gpu in (MI300X, B200):
        said = capacity.replica(
            MOE, gpu, by_hand, isl=900.0, osl=90.0, batch=A([1.0, 64.0]), profile=shapes.TUNED
        )
        out.append([said.weights_s, said.tpot_s, capacity.weights_bytes(MOE, by_hand)])
        out.append(capacity.ttft_at_once_s(by_hand, said, A([1.0, 64.0])))
        odd = capacity.replica(
            replace(MOE, outside=True), gpu, by_hand, isl=900.0, osl=90.0, batch=8.0,
            profile=shapes.TUNED,
        )  # fmt: skip
        out.append([odd.step_s, odd.prefill_s, odd.ttft_s])
    out += [
        shapes.precision(name) and shapes.precision(name).columns(MOE)
        for name in ("exl2-4.0", "exl2-2.5", "exl2-x")
    ]  # type: ignore[union-attr]
    return [
        *out,
        shapes._gguf(4.5, 5.5),
        shapes._gguf(4.5, 5.5, 6.0),
        constants.evidence(DENSE, H100, shapes.TUNED),
    ]


@case
def edges_of_replicas() -> Any:
    """Replicas of which little is known, and corrections at the ends of the batches."""
    known = one_replica()
    bare = replace(known, lone_request_s=np.nan)
    out: list[Any] = [replica.request_s(bare), replica.in_flight(A([0.1, 9.0]), bare)]
    rising = np.linspace(0.6, 1.4, replica.BATCHES.size)[None]
    for goal in (
        GOAL,
        replace(GOAL, max_tpot_s=0.02),
        replace(GOAL, max_concurrency=3.0, max_concurrency_large=None),
    ):
        args = (LATENT, B200, LAYOUTS["fp8-tp8"], shapes.TUNED, goal)
        out.append(replica.best_replica(*args, rising))
        out.append(replica.speed_factor(*args, rising, A([1.0, 1.5, 3.0, 4095.0, 4096.0, 9000.0])))
    return out


@case
def edges_of_fleets() -> Any:
    """Leads of whole hours, empty hours, very many replicas."""
    quiet = np.where(np.arange(24) < 6, 0.0, 1.0 + np.arange(24) / 10)
    quiet = quiet / quiet.mean()
    out: list[Any] = [fleet.steepened(quiet, A([1.0, 1.5, 3.0, 90.0]))]
    for lead in (0.0, 1.0, 2.0, 2.25, 40.0):
        load, share = fleet.ahead(quiet, lead)
        out += [load.ravel()[::5], share.sum(axis=-1), (load * share).sum(axis=-1)]
    load, share = fleet.ahead(quiet, A([0.5, 3.0]))
    out += [(load * share).sum(axis=-1), load.shape]
    many = A([1.0, 4096.0, 4097.0, 9000.0])
    for target in (0.0, 0.99, A([0.0, 0.99, 0.999, 0.0])):
        out.append(
            fleet.replicas_kept(
                many, redundancy=1.0, target=target, availability=A([0.95, 0.95, 0.97, 0.97])
            )
        )
    spread = {
        "redundancy": A([0.0, 1.0, 2.0]),
        "zones": A([1.0, 2.0, 3.0]),
        "target": A([0.0, 0.999, 0.99]),
    }
    out.append(fleet.kept_between(**spread, availability=A([0.99, 0.95, 0.97])))
    duty = _duty("scheduled", gaps_h=A([0.2, 12.0, 60.0]), lead_h=A([0.5, 20.0]))
    return [*out, [duty.levels(x)[1] for x in (1.2, 3.0)]]


@case
def edges_of_money() -> Any:
    """No such loan, savings that come back at once, discounts beside nothing free."""
    out = each(
        capital.capital_recovery,
        (0.1, 0.0),
        (0.1, 0.5),
        (-1.0, 5.0),
        (0.1, A([1.0, 0.0])),
        (-0.5, 2.0),
    )
    out += [capital.payback_months(A(x)) for x in ([0.0, 0.0], [-1.0, 1.0], [1.0, -1.0, -1.0, 5.0])]
    out += [ledger.reads_to_pay(replace(RATES, cached_input=x)) for x in (1.0, 2.0, 3.0)]
    out += [ledger.reads_to_pay(replace(RATES, input=x)) for x in (0.5, 1.5)]
    out += [ledger._stepped(A([0.0, 1.0, 1.01, 7.0]), s) for s in (1.0, 2.0)]
    line = selfhost.balancer_line(0.02)
    wide = replace(line, quantity=A([1.0, 2.0]))
    out += [ledger.total_usd(x) for x in ((line, wide), (wide, line), (wide, wide, line), ())]
    tall = replace(line, quantity=A([[1.0], [2.0]]))
    return [*out, ledger.total_usd((wide, tall)), ledger.total_usd((wide, tall, wide))]


@case
def edges_of_crossings() -> Any:
    """Curves below nothing from the start, that touch, of many pieces."""
    steps = [
        crossings.Steps(edges=A([[1.0, 3.0, 9.0]]), fixed=A([[1.0, 2.0, 9.0]]), slope=A([[0.5, 0.0, 0.1]])),
        crossings.Steps(edges=A([[2.0, 9.0]]), fixed=A([[2.0, 1.0]]), slope=A([[0.0, 0.7]])),
        crossings.Steps(edges=A([[9.0]]), fixed=A([[1.5]]), slope=A([[0.2]])),
    ]  # fmt: skip
    out: list[Any] = [crossings._cells(a, b) for a in steps for b in steps]
    rows = A([0, 0, 0, 1, 1])
    out.append(crossings._merged(rows, A([0.0, 1.0, 3.0, 3.0, 5.0]), A([1.0, 2.0, 4.0, 5.0, 9.0])))
    out.append(crossings._merged(A([], dtype=int), A([]), A([])))
    out.append(crossings._joined([(0.0, 1.0), (1.0, 2.0), (1.5, 1.7), (3.0, np.inf)]))
    out.append(crossings._common(((0.0, 2.0), (3.0, 9.0)), ((1.0, 4.0), (8.0, np.inf))))
    for low, slope in ((0.0, 1.0), (5.0, 1.0), (5.0, 2.0)):
        one = crossings.Curves(
            until=_none, pieces_until=_none, slope=A([1.0]), low=A([0.0]), high=A([2.0])
        )
        other = replace(one, slope=A([slope]), low=A([low]), high=A([low + 1.0]))
        out += [crossings.settled_from(one, other), crossings.settled_from(other, one)]
    for gap in (
        lambda x: x - 5.0,
        lambda x: 5.0 - x,
        lambda x: (x - 5.0) ** 2 - 1e-4,
        lambda x: -x,
        lambda x: np.cos(3 * x),
    ):
        found = crossings.scan(gap, 1.0, 10.0, log=False)
        out += [found.intervals, found.crossings, found.exact]
    jump = crossings.scan(lambda x: np.where(x < 4.3, 1.0, -1.0) + 0.0 * x, 1.0, 10.0, log=True)
    points = np.linspace(0.0, 1.0, 4)
    out += [
        jump,
        crossings._affine(lambda x: x**2, points, points**2),
        crossings._affine(lambda x: 2 * x, points, 2 * points),
    ]

    def same(values: Any) -> Any:
        return (values > 6.0) | (values < 0.5)

    for whole in (2.0, 5.9, 6.0, 8.0):
        for zooms in (1, 3):
            out.append(
                crossings.turn(
                    same, whole, 0.1, 100.0, values=partial(np.linspace, num=9), zooms=zooms
                )
            )
    return out


def _none(*_: Any) -> Any:
    raise NotImplementedError


@case
def edges_of_random_numbers() -> Any:
    """Strata, tables of one cell, correlations at their ends."""
    out: list[Any] = []
    for kind in ("triangular", "lognormal", "uniform"):
        spread = draws.Spread(kind=kind, value=3.0, low=1.0, high=9.0, tail=0.1)  # type: ignore[arg-type]
        for size in (1, 2, 7):
            out.append(draws.quantiles(spread, draws.midpoints(size)))
            out.append(draws.quantiles(spread, draws.midpoints(size) * 0.98))
    far = draws.Spread(kind="triangular", value=1.0, low=0.9, high=500.0, tail=0.45)
    out += [
        draws.quantiles(far, A([0.1, 0.5, 0.9])),
        draws._midpoints(A([0.5])),
        draws._midpoints(A([0.25, 0.8])),
    ]
    for m in (
        [[1.0, -1.0], [-1.0, 1.0]],
        [[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]],
        [[1.0, 0.0], [0.2, 1.0]],
        [[2.0]],
    ):
        out.append(draws.check_correlation(A(m)))
    axes = [
        Span(5.0, 80.0, 2, log=True),
        Span(2.0, 3.0, 3, log=False),
    ]
    axes.append(Span(-1.0, 1.0, 2, log=False))
    where = draws.places(axes, [A([5.0, 20.0, 80.0]), A([2.0, 2.6, 3.0]), A([0.5, -1.0, 1.0])])
    return [*out, where, draws.interpolated(np.arange(12.0) ** 2, where)]


@case
def random_loads() -> Any:
    """Layers, schedules and mixes of loads drawn by a seed."""
    rng = np.random.default_rng(11)
    out: list[Any] = []
    for _ in range(6):
        load = rng.gamma(2.0, 10.0, size=24)
        gain = rng.normal(0.0, 1.0, size=(3, 24))
        for start in (0.3, 1.5):
            cost, on = hybrid.switched(gain, np.full(3, start))
            out += [cost, on @ np.arange(24.0)]
        unit = float(rng.uniform(3.0, 12.0))
        kinds = [
            hybrid.Resource(
                unit=unit / (1.0 + 0.7 * n), usd_per_hour=float(rng.uniform(1.0, 4.0)),
                by_the_hour=bool(n), lead_h=float(n), availability=1.0 - 0.1 * n,
            )
            for n in range(3)
        ]  # fmt: skip
        for kind in kinds:
            made = hybrid.serve(hybrid.layers_of(load, unit, 4, 2.0), kind, 0.5)
            out += [made.net_usd, made.served, made.on_share, made.awake]
        for base, peak in ((kinds[0], kinds[1]), (kinds[2], kinds[0]), (None, kinds[2])):
            found = hybrid.best_stack(load, base, peak, 0.5)
            out += [
                found.usd_per_hour,
                found.base_units,
                found.peak_units,
                found.floor,
                found.api_load,
            ]
    return out


@case
def random_assignments() -> Any:
    """Tasks, routes and fleets drawn by a seed: what is needed, what is not, what is best."""
    rng = np.random.default_rng(3)
    out: list[Any] = []
    for number in range(24):
        fleets = []
        for hosted in (False, bool(number % 2), number % 3 == 0):
            sizes = int(rng.integers(1, 4))
            fleets.append(
                assign.FleetSizes(
                    capacity=np.concatenate([[0.0], np.cumsum(rng.integers(3, 12, sizes) * 1.0)]),
                    usd=np.concatenate([[0.0], np.cumsum(rng.integers(5, 40, sizes) * 1.0)]),
                    gpus=np.concatenate([[0.0], np.cumsum(rng.integers(1, 5, sizes) * 1.0)]),
                    hosted=hosted,
                )
            )
        task = np.repeat(np.arange(4), 4)
        load = np.zeros((16, 3))
        for row in range(16):
            if row % 4:
                load[row, row % 4 - 1] = rng.integers(1, 8)
        if number % 4 == 0:
            load[5, 2] = 1.0
        usd = (
            np.where(np.arange(16) % 4 == 0, rng.integers(10, 90, 16), rng.integers(0, 3, 16)) * 1.0
        )
        if number % 5 == 0:
            usd[0], load[0, 1] = 1.0, 2.0
        problem = assign.Problem(
            task=task, usd=usd, load=load, fleets=fleets, by_token=usd > 9,
            team=selfhost.People(salary_usd_per_year=120.0, api_fte=0.2, floor_fte=1.0, fixed_fte=0.4, fte_per_gpu=0.03 * (number % 2)),
            once_usd=float(number % 3),
        )  # fmt: skip
        every = assign.enumerated(problem)
        cost = assign.total_cost(problem, every)
        out += [
            assign.needed_routes(problem),
            assign.replaceable(problem),
            float(np.nanmin(cost)),
            int(np.argmin(cost)),
        ]
        out += [assign._worth_opening(problem, k) for k in range(3)]
        out += [assign._alone(problem), *assign._single_routes(problem, assign._alone(problem))]
    return out


# Quantities.

SAID = {
    "tokens_per_month": ("50B", "500M/day", "1.5e9/h", "2k tok/s", "50m", "5 B", "1T/year", "", "x", "0", 7e9, -3, "1e400"),
    "requests_per_month": ("20M", "20 req/s", "3/min", "20 rps", "5/fortnight"),
    "requests_per_s": ("20M", "20 req/s", "3/min", "1000/h"),
    "number": ("2.5", "10k", "1,200", "1_000", "3e-3", "5%", "nan", True),
    "whole": ("3", "2.5", "10k"),
    "share": ("35%", "0.35", "1.2", "120%", 0.5, 2, "100%", "0%"),
    "usd": ("$4k", "300k USD", "$1,200.50", "-$3", "4€"),
    "usd_per_mtok": ("$2.50", "0.4", "$3/Mtok", "$2/ktok", "2 per month"),
    "usd_per_gpu_hour": ("$2.50", "$2/h", "$1,800/month", "1/min"),
    "usd_per_month": ("$4k/month", "$48k/year", "20/h", "100/day"),
    "usd_per_year": ("$240k/year", "$20k/month", "300000", "$100/h"),
    "usd_per_kwh": ("$0.12", "0.09/kWh", "$120/MWh"),
    "seconds": ("50ms", "1.5 s", "2min", "3h", "50", "5us", "1 day"),
    "days": ("30d", "2 weeks", "3 months", "1y", "36h"),
    "months": ("36", "3 years", "18 months", "36M", "36m", "6 weeks", "90 days"),
}  # fmt: skip


@case
def quantities() -> Any:
    """What can be typed, and what is said against the rest."""
    return {name: each(getattr(units, name), *((x,) for x in SAID[name])) for name in SAID}


@case
def shown_quantities() -> Any:
    """Figures as a screen shows them."""
    values = (0.0, 1e-9, 0.00123, 0.0995, 0.1, 0.9996, 1.0, 9.995, 12.34, 99.95, 999.4, 999.6, 1234.5, 12345.0,
              999_950.0, 1.5e6, 49.96e9, 2e12, 3e15, -5.5, -1234.0, float("inf"))  # fmt: skip
    shows = (
        units.show_number, units.show_tokens, units.show_usd, units.show_price,
        units.show_usd_per_mtok, units.show_share, units.show_seconds,
    )  # fmt: skip
    out: list[Any] = [each(show, *((x,) for x in values)) for show in shows]
    return [*out, [units.show_number(12345.678, d) for d in (1, 2, 4, 6)]]


def flat(value: Any) -> Iterator[Any]:
    """Yield the figures of a value as JSON has them: numbers to 9 digits, words, null."""
    parts = parts_of(value)
    if parts is None:
        yield plain(value)
    else:
        for one in parts:
            yield from flat(one)


def parts_of(value: Any) -> list[Any] | None:
    """Return what a value is made of; None for one figure."""
    if is_dataclass(value) and not isinstance(value, type):
        amount = [value.amount_usd] if isinstance(value, ledger.Line) else []
        named = (field.name for field in fields(value) if field.name not in NO_FIGURES)
        return [*(getattr(value, name) for name in named), *amount]
    if isinstance(value, dict):
        return list(value.values())
    if callable(value):
        return []
    if isinstance(value, np.ndarray):
        return summary(value)
    return list(value) if isinstance(value, list | tuple) else None


NO_FIGURES = {"sha256"}
"""Fields that change with any byte of the data, be it the wording of a note."""

LONG = 8
"""Figures of an array beyond which its sum stands for those between its ends."""


def summary(array: Any) -> list[Any]:
    """Return an array as its figures, or as two sums of them where they are many."""
    figures = array.ravel()
    if figures.size <= LONG or figures.dtype.kind not in "fiub":
        return figures.tolist()  # type: ignore[no-any-return]
    held = np.where(np.isfinite(figures), figures, 0.0) * 1.0
    places = np.linspace(1.0, 2.0, held.size)
    return [held.sum(), (held * places).sum(), int(np.isfinite(figures).sum())]


def plain(value: Any) -> Any:
    """Return one figure as JSON has it."""
    if value is None or isinstance(value, str | bool | np.bool_):
        return bool(value) if isinstance(value, np.bool_) else value
    number = float(value)
    return float(f"{number:.9g}") if np.isfinite(number) else str(number)


Figures = dict[str, list[Any]]
CLOSE = 1e-7
"""Two machines may differ by this share of a figure, a slip does not."""


def differs(found: list[Any], known: list[Any]) -> str | None:
    """Return where figures are not what they were; None where they are."""
    if len(found) != len(known):
        return f"{len(found)} figures, {len(known)} known"
    for place, (one, other) in enumerate(zip(found, known, strict=True)):
        same = one == other
        if isinstance(one, float) and isinstance(other, int | float):
            same = abs(one - other) <= CLOSE * max(abs(one), abs(other), 1e-12)
        if not same:
            return f"figure {place}: {one!r}, known {other!r}"
    return None
