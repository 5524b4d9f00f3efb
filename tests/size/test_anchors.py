"""The tiers of evidence: what a measurement does to the set-ups near it, and to no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given
from strategies import magnitude, shipped_catalog

from tco.catalog.files import File, measurements
from tco.catalog.load import Catalog
from tco.engine.shapes import TUNED, TUNED_SGLANG, Layout, ModelShape, ServerProfile
from tco.errors import DataError
from tco.options.bills import replica_of
from tco.options.candidates import option_of, own_setups
from tco.options.measurements import (
    NEAR,
    Anchors,
    KnownMeasurements,
    Place,
    anchors,
    evidence_band,
    in_words,
    kin,
    known,
)
from tco.options.question import Question, prepare
from tco.options.scenario import Scenario
from tco.options.selection import select
from tco.options.shapes import model_shape

HEAD = (
    "source,date,model,gpu,n_gpus,weight_dtype,kv_dtype,engine,mode,isl,osl,concurrency,"
    "output_tok_s\n"
)
ROW = "mine,2026-11-01,{model},{gpu},2,{dtype},fp16,{engine},continuous,1000,500,64,{rate}\n"
FP8 = Layout(tp=2.0, weight_bytes=1.0, compute_bits=8.0)


def shape(name: str) -> ModelShape:
    made = model_shape(shipped_catalog().models.models[name])
    assert made is not None
    return made


def measured(
    model: str = "llama-3.3-70b",
    gpu: str = "h100-sxm",
    dtype: str = "fp8",
    engine: str = "vLLM",
    rate: float = 1800.0,
    yours: bool = True,
) -> Catalog:
    """Return the catalogs with this one measurement."""
    text = HEAD + ROW.format(model=model, gpu=gpu, dtype=dtype, engine=engine, rate=rate)
    table = measurements(File("mine.csv", text.encode()), yours=yours)
    return replace(shipped_catalog(), measured=(table,))


def near(catalog: Catalog, **elsewhere: float) -> KnownMeasurements:
    return known(catalog, [shape("llama-3.3-70b")], ["h100-sxm"])


def ask(
    found: KnownMeasurements,
    *,
    batch: float = 64.0,
    isl: float = 1000.0,
    osl: float = 500.0,
    layout: Layout = FP8,
    profile: ServerProfile = TUNED,
) -> Anchors:
    """Return what is said of Llama 3.3 on two H100."""
    place = Place(
        model=found.model_codes([shape("llama-3.3-70b")]),
        gpu=found.gpu_codes(["h100-sxm"]),
        layout=layout,
        batch=np.array([batch]),
        isl=isl,
        osl=osl,
    )
    return anchors(found, place, profile)


def test_at_the_measured_shape_the_answer_is_the_measurement() -> None:
    found = near(measured())
    said = ask(found)
    assert said.tier.tolist() == [1]
    assert said.factor[0] == pytest.approx(found.ratio[0])
    assert said.weight[0] == pytest.approx(1.0)


def test_models_of_one_build_share_measurements() -> None:
    assert kin(shape("llama-3.3-70b")) == kin(shape("llama-3.1-70b"))
    assert ask(near(measured(model="llama-3.1-70b"))).tier.tolist() == [1]
    assert not near(measured(model="qwen3-32b")).rows


@pytest.mark.parametrize(
    ("catalog", "tier"),
    [
        (measured(), 1),
        (measured(yours=False), 2),
        (measured(dtype="bf16"), 3),
        (measured(engine="SGLang"), 3),
        (measured(gpu="h200-sxm"), 4),
    ],
    ids=["yours", "catalog", "other precision", "other server", "other GPU"],
)
def test_tiers(catalog: Catalog, tier: int) -> None:
    said = ask(near(catalog))
    assert said.tier.tolist() == [tier]
    if tier == 4:
        assert (said.factor[0], said.row[0]) == (1.0, -1)


def test_another_layout_and_a_far_shape_are_scaled_only() -> None:
    found = near(measured())
    assert ask(found, layout=replace(FP8, tp=4.0)).tier.tolist() == [3]
    assert ask(found, batch=64 * np.exp(2 * NEAR) * 1.01).tier.tolist() == [3]
    assert ask(found, profile=TUNED_SGLANG).tier.tolist() == [3]
    assert ask(found, batch=1e4, isl=1e6, osl=1e5).tier.tolist() == [4]


def test_your_own_measurement_goes_before_a_nearer_one_of_the_catalog() -> None:
    both = replace(
        shipped_catalog(),
        measured=(*measured(yours=False, rate=1000).measured, *measured(rate=2000).measured),
    )
    said = ask(near(both))
    assert (said.tier[0], near(both).yours[said.row[0]]) == (1, True)


@given(magnitude(100, 1e5), magnitude(1, 1e4), magnitude(10, 1e5), magnitude(10, 1e5))
def test_a_correction_lies_between_none_and_the_measured_one(
    rate: float, batch: float, isl: float, osl: float
) -> None:
    found = near(measured(rate=rate))
    said = ask(found, batch=batch, isl=isl, osl=osl)
    low, high = sorted((1.0, found.ratio[0]))
    assert low * (1 - 1e-12) <= said.factor[0] <= high * (1 + 1e-12)
    assert 1 <= said.tier[0] <= 4
    assert (said.row[0] < 0) == (said.tier[0] == 4)


@given(magnitude(1, 8))
def test_it_counts_for_less_the_farther_it_is(times: float) -> None:
    found = near(measured(rate=900))
    here, farther = ask(found, batch=64 * times), ask(found, batch=64 * times * 1.5)
    assert here.weight[0] >= farther.weight[0]
    assert abs(np.log(here.factor[0])) >= abs(np.log(farther.factor[0]))


def test_bands_narrow_with_the_tier() -> None:
    gpu = prepare(shipped_catalog(), Scenario(), date(2026, 11, 21))
    machine = own_setups(gpu, select(gpu.catalog, gpu.request)).gpus[0].shape

    def width(tier: int, weight: float) -> float:
        low, high = evidence_band(shape("llama-3.3-70b"), machine, TUNED, tier, weight)
        return float(np.log(high / low))

    assert width(1, 1.0) < width(2, 0.0) < width(4, 0.0)
    assert width(3, 0.0) == width(4, 0.0)


def test_words_name_the_file_and_the_line() -> None:
    found = near(measured())
    text = in_words(found, 1, 0)
    assert text.startswith("tier 1 of 4, measured by you near this shape: mine.csv:2 of 2026-11-01")
    assert in_words(found, 4, -1) == "tier 4 of 4, model alone"


def test_unknown_names_of_ones_own_file_are_errors_with_their_line() -> None:
    with pytest.raises(DataError, match=r"mine\.csv:2: no model called 'lama'"):
        near(measured(model="lama"))
    with pytest.raises(DataError, match=r"mine\.csv:2: no GPU called 'h1000'"):
        near(measured(gpu="h1000"))
    with pytest.raises(DataError, match=r"mine\.csv:2: unknown weight_dtype"):
        near(measured(dtype="fp7"))


def question(catalog: Catalog) -> Question:
    request = Scenario(tokens=50e9, models=("llama-3.3-70b",), tiers=("self",))
    return prepare(catalog, request, date(2026, 11, 21))


@pytest.mark.parametrize("rate", [600.0, 1800.0, 4000.0])
def test_an_option_sustains_what_the_search_found(rate: float) -> None:
    asked = question(measured(rate=rate))
    own = own_setups(asked, select(asked.catalog, asked.request))
    limit = float(asked.settings.value("serving.max_tpot_s"))
    for pair in own.pairs_of("llama-3.3-70b")[::7]:
        option, found = option_of(own, int(pair)), own.replica_of(int(pair))
        again = replica_of(option, asked.settings)
        assert float(again.requests_per_s) == pytest.approx(float(found.requests_per_s))
        assert float(again.slots) == float(found.slots)
        assert float(found.tpot_s) <= limit * (1 + 1e-9)


def test_a_faster_measurement_never_makes_a_set_up_slower() -> None:
    rates = []
    for rate in (600.0, 1200.0, 2400.0):
        asked = question(measured(rate=rate))
        own = own_setups(asked, select(asked.catalog, asked.request))
        rates.append(np.nan_to_num(np.asarray(own.replica.requests_per_s)))
    assert np.all(np.diff(rates, axis=0) >= -1e-9)
