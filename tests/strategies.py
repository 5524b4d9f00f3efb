"""Random workloads, fleets, prices and options for the laws, and ways to price them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tco.catalog.load import Catalog, load_catalog
from tco.catalog.prices import Modifier, Rates, When
from tco.engine.fleet import FleetPolicy
from tco.engine.ledger import TokenRates, total_usd
from tco.engine.replica import Replica
from tco.engine.selfhost import People
from tco.engine.shapes import TUNED, Workload
from tco.options.bills import Option, SelfOption, TokenOption, lines
from tco.options.machines import OwnedGpu
from tco.options.provisioned import FixedOption
from tco.options.question import prepare
from tco.options.scenario import Scenario
from tco.options.settings import Settings

DAY = date(2026, 11, 21)
TOKENS = "workload.tokens_per_month"

Floats = NDArray[np.float64]


@cache
def shipped_catalog() -> Catalog:
    """Return the shipped catalogs, read once."""
    return load_catalog()


@cache
def default_settings() -> Settings:
    """Return every setting at its default."""
    return prepare(shipped_catalog(), Scenario(), DAY).settings


def real(low: float, high: float) -> st.SearchStrategy[float]:
    """Return finite numbers of a range."""
    return st.floats(low, high, allow_nan=False, allow_infinity=False)


def magnitude(low: float, high: float) -> st.SearchStrategy[float]:
    """Return positive numbers spread evenly over their orders of magnitude."""
    return real(float(np.log(low)), float(np.log(high))).map(lambda x: float(np.exp(x)))


shares = st.one_of(st.sampled_from([0.0, 1.0]), real(1e-6, 1.0))
usd_per_mtok = magnitude(0.01, 100.0)
volumes = st.one_of(st.just(0.0), magnitude(1e3, 1e13))


def _left(load: Workload) -> Any:
    """Return a share of what is not read from the cache."""
    return load.cache_write_share * (1.0 - load.cached_share)


loads = st.builds(
    Workload,
    tokens_per_month=volumes,
    isl=magnitude(1.0, 2e5),
    osl=magnitude(1.0, 2e4),
    cached_share=shares,
    batch_share=shares,
    peak_to_mean=real(1.0, 5.0),
    cache_write_share=shares,
    reasoning_factor=st.one_of(st.just(1.0), real(1.0, 4.0)),
).map(lambda load: replace(load, cache_write_share=_left(load)))

rates = st.builds(
    TokenRates,
    input=usd_per_mtok,
    output=usd_per_mtok,
    cached_input=usd_per_mtok,
    batch_input=usd_per_mtok,
    batch_output=usd_per_mtok,
    batch_cached_input=usd_per_mtok,
    cache_write=usd_per_mtok,
    batch_cache_write=usd_per_mtok,
    reasoning_output=usd_per_mtok,
    batch_reasoning_output=usd_per_mtok,
)

headrooms = st.one_of(real(0.3, 0.99), st.sampled_from([0.85, 0.999, 0.999999, 1.0]))

policies = st.builds(
    FleetPolicy,
    headroom=headrooms,
    peakedness=real(0.0, 20.0),
    wait_beta=st.one_of(st.just(0.0), real(0.5, 4.0)),
    redundancy=st.integers(0, 3).map(float),
    rate_cv=st.sampled_from([0.0, 0.0, 0.23, 1.66]),
)

replicas = st.builds(
    Replica,
    slots=st.integers(1, 512).map(float),
    requests_per_s=magnitude(1e-3, 1e3),
    tpot_s=real(0.001, 0.1),
    memory_slots=st.just(512.0),
    lone_tpot_s=st.just(0.01),
    lone_request_s=st.just(np.nan),
)

teams = st.builds(
    People,
    salary_usd_per_year=real(0.0, 5e5),
    api_fte=real(0.0, 2.0),
    floor_fte=real(0.0, 5.0),
    fixed_fte=real(0.0, 5.0),
    fte_per_gpu=real(0.0, 0.1),
)


@st.composite
def token_options(draw: st.DrawFn) -> TokenOption:
    """Return an option that charges by the token, with or without cache, tiers and batch."""
    known = draw(st.booleans())
    modifiers = []
    if draw(st.booleans()):
        modifiers.append(Modifier(when=When(service="batch"), multiply=draw(real(0.1, 1.0))))
    if draw(st.booleans()):
        tier = When(input_tokens_over=draw(st.integers(1, 200_000)))
        mode = draw(st.sampled_from(["cliff", "graduated"]))
        modifiers.append(Modifier(when=tier, multiply=draw(real(1.0, 3.0)), mode=mode))
    return TokenOption(
        id="made/up",
        tier=draw(st.sampled_from(["api", "hosted"])),
        model="up",
        provider="made",
        rates=Rates(
            input=draw(usd_per_mtok),
            output=draw(usd_per_mtok),
            cached_input=draw(usd_per_mtok) if known else None,
        ),
        modifiers=modifiers,
        origin="given",
        source="test",
    )


@st.composite
def self_options(draw: st.DrawFn) -> SelfOption:
    """Return a measured set-up, rented or owned, with whole instances of any size."""
    made = own_option(
        tokens_per_s=draw(magnitude(10.0, 1e5)),
        gpus=draw(st.sampled_from([1, 2, 4, 8, 16])),
        instance_gpus=draw(st.sampled_from([1, 2, 4, 8])),
        usd_per_gpu_hour=draw(real(0.1, 15.0)),
    )
    if draw(st.booleans()):
        return made
    owned = OwnedGpu(
        gpu_usd=draw(real(1e3, 1e5)),
        server_usd=draw(st.one_of(st.none(), real(1e3, 1e5))),
        whole=draw(st.booleans()),
        all_in_w=None,
        board_w=draw(real(100.0, 2e3)),
    )
    return replace(made, usd_per_gpu_hour=None, owned=owned)


def own_option(
    *, tokens_per_s: float, gpus: int, instance_gpus: int, usd_per_gpu_hour: float
) -> SelfOption:
    """Return a rented set-up whose throughput was measured."""
    return SelfOption(
        id="self/made-up",
        model="up",
        gpu="gpu",
        gpus=gpus,
        precision="given",
        seller="given",
        purchase="given",
        shape=None,
        gpu_shape=None,
        layout=None,
        profile=TUNED,
        instance_gpus=instance_gpus,
        band=(0.8, 1.2),
        origin="given",
        source="test",
        usd_per_gpu_hour=usd_per_gpu_hour,
        tokens_per_s=tokens_per_s,
    )


fixed_options = st.builds(
    FixedOption,
    id=st.just("given"),
    usd_per_month=real(0.0, 1e5),
    tokens_per_month=st.one_of(st.none(), magnitude(1e7, 1e11)),
    source=st.just("test"),
)

options: st.SearchStrategy[Option] = st.one_of(token_options(), self_options(), fixed_options)


@st.composite
def setting_values(draw: st.DrawFn) -> dict[str, float]:
    """Return values for the settings that shape a staircase."""
    return {
        "workload.isl": draw(magnitude(10.0, 1e5)),
        "workload.osl": draw(magnitude(10.0, 1e4)),
        "workload.cached_share": draw(shares),
        "workload.batch_share": draw(shares),
        "workload.peak_to_mean": draw(real(1.0, 4.0)),
        "serving.headroom": draw(headrooms),
        "serving.peakedness": draw(real(0.0, 10.0)),
        "serving.wait_beta": draw(st.sampled_from([0.0, 1.42, 2.375, 3.115])),
        "workload.rate_cv": draw(st.sampled_from([0.0, 0.23, 1.66])),
        "serving.max_concurrency": float(draw(st.integers(1, 512))),
        "serving.redundancy": float(draw(st.integers(0, 2))),
        "people.floor_fte": draw(real(0.0, 3.0)),
        "people.fixed_fte": draw(real(0.0, 3.0)),
        "people.fte_per_gpu": draw(real(0.0, 0.05)),
    }


@st.composite
def settings_of_a_question(draw: st.DrawFn) -> Settings:
    """Return the settings of a question with much changed."""
    return default_settings().with_values(draw(setting_values()))


def usd_at(option: Option, settings: Settings, volume: Any) -> Floats:
    """Return the total of the bill at some volumes, from its lines [USD/month]."""
    at = np.atleast_1d(np.asarray(volume, dtype=float))
    bill = total_usd(lines(option, settings.with_values({TOKENS: at})))
    return np.broadcast_to(np.asarray(bill, dtype=float), at.shape)
