"""Validation files: every row is used or counted with its reason; errors as promised."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tco.analysis.size.validation import errors, latencies, model_of, validate
from tco.catalog.load import load_catalog
from tco.engine.shapes import GpuShape, ModelShape
from tco.options.shapes import cases, complaint, inputs, predict, profile_flags
from tco.units import GIB

MODEL = ModelShape(
    params=8.03e9,
    active_params=8.03e9,
    layers=32,
    hidden_size=4096,
    heads=32,
    kv_heads=8,
    head_dim=128,
    vocab_size=128256,
)
GPU = GpuShape(
    memory_bytes=80 * GIB,
    bandwidth_bytes_per_s=3.35e12,
    flops_16=989e12,
    flops_8=1979e12,
    link_bytes_per_s=450e9,
)
MODELS = {"llama-3-8b": MODEL}
GPUS = {"H100-SXM": GPU, "MI300X": GPU, "no-link": replace(GPU, link_bytes_per_s=np.nan)}
ROW = {
    "source": "someone",
    "date": "2026-03-01",
    "model": "llama-3-8b",
    "gpu": "H100-SXM",
    "n_gpus": "1",
    "replicas": "1",
    "tp": "1",
    "pp": "1",
    "weight_dtype": "bf16",
    "kv_dtype": "bf16",
    "engine": "vLLM",
    "mode": "continuous",
    "isl": "1024",
    "osl": "256",
    "concurrency": "32",
    "output_tok_s": "3000",
}


def test_a_row_is_used() -> None:
    found = validate([ROW], MODELS, GPUS)
    assert (found["rows"], found["used"], found["skipped"]) == (1, 1, {})
    assert set(found["by"]) == {"source", "gpu", "model", "kind"}
    assert "tpot" not in found
    assert "ttft" not in found
    assert found["by"]["model"]["llama-3-8b"]["rows"] == 1
    assert 0.0 <= found["band_coverage"] <= 1.0
    assert [cell["band_coverage"] for cell in found["by"]["kind"].values()] == [
        found["band_coverage"]
    ]


def test_latencies_are_held_against_those_that_rows_state() -> None:
    stated = {**ROW, "tpot_ms": "12", "ttft_ms": ""}
    first = {**ROW, "tpot_ms": "-3", "ttft_ms": "250"}
    found = validate([stated, first, ROW], MODELS, GPUS)
    keys = {"rows", "median_abs_pct_error", "p90_abs_log_ratio", "band_coverage"}
    assert set(found["tpot"]) == set(found["ttft"]) == keys
    assert (found["tpot"]["rows"], found["ttft"]["rows"]) == (1, 1)
    twice = validate([{**ROW, "tpot_ms": "24"}], MODELS, GPUS)["tpot"]
    assert twice["p90_abs_log_ratio"] != pytest.approx(found["tpot"]["p90_abs_log_ratio"])


def test_requests_that_do_not_fit_wait_for_a_place_before_their_first_token() -> None:
    def first_s(concurrency: str) -> float:
        what = cases(inputs([{**ROW, "concurrency": concurrency}], MODELS, GPUS))
        return float(latencies(what)[1][0])

    full = first_s("2000")  # more than its memory holds
    assert first_s("4000") > full + 10.0
    assert first_s("2") < first_s("32") < full


def test_a_row_whose_weights_do_not_fit_as_stated_is_believed_in_its_batch() -> None:
    row = {**ROW, "n_gpus": "1", "tp": "1", "model": "huge", "concurrency": "48"}
    huge = {"huge": replace(MODELS["llama-3-8b"], params=4e12, active_params=8e9)}
    assert cases(inputs([row], huge, GPUS)).batch.tolist() == [48.0]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"isl": ""}, "missing isl"),
        ({"output_tok_s": " "}, "missing output_tok_s"),
        ({"model": "llama-x"}, "unknown model"),
        ({"gpu": "H900"}, "unknown gpu"),
        ({"weight_dtype": "fp3"}, "unknown weight_dtype"),
        ({"mode": "sometimes"}, "unknown mode"),
        ({"osl": "many"}, "osl is not a positive number"),
        ({"osl": "-1"}, "osl is not a positive number"),
        ({"isl": "nan"}, "isl is not a positive number"),
        ({"tp": "0"}, "tp is not a positive number"),
        ({"mode": "static_batch", "concurrency": ""}, "missing concurrency"),
        ({"layer_split": "yes"}, "layer_split is neither 0 nor 1"),
        ({"n_gpus": "1.5"}, "n_gpus is not a whole number"),
    ],
)
def test_rows_left_out_are_counted_by_reason(change: dict[str, str], reason: str) -> None:
    assert complaint(ROW | change, MODELS, GPUS) == reason
    found = validate([ROW, ROW | change, ROW | change], MODELS, GPUS)
    assert (found["rows"], found["used"], found["skipped"]) == (3, 1, {reason: 2})


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("qwen-3.5-27b", "qwen3.5-27b"),
        ("Gemma-4-31B-it", "gemma-4-31b"),
        ("ministral-3-8b-instruct", "ministral-8b"),
        ("qwen3.5-35b-a3b-fp8", "qwen3.5-35b-a3b"),
    ],
)
def test_a_model_may_be_called_as_its_checkpoint_is(name: str, same: str) -> None:
    catalog = load_catalog()
    assert model_of(catalog, name) == model_of(catalog, same) is not None


@pytest.mark.parametrize("name", ["llama-3", "qwen", "gemma-4-31", "no-such-model-it", ""])
def test_a_name_that_is_not_sure_is_no_model(name: str) -> None:
    assert model_of(load_catalog(), name) is None


def test_absent_columns_are_missing_cells() -> None:
    found = validate([{"model": "llama-3-8b"}], MODELS, GPUS)
    assert found["skipped"] == {"missing gpu": 1}
    assert found["median_abs_pct_error"] is None
    assert validate([], MODELS, GPUS)["used"] == 0


def test_a_row_without_a_prediction_is_counted() -> None:
    row = ROW | {"gpu": "no-link", "tp": "2", "n_gpus": "2"}
    found = validate([row, ROW], MODELS, GPUS)
    assert found["used"] == 1
    assert sum(found["skipped"].values()) == 1
    assert np.isfinite(found["median_abs_pct_error"])


def test_every_row_is_used_or_counted() -> None:
    rows = [ROW | {column: ""} for column in ROW]
    found = validate(rows, MODELS, GPUS)
    assert found["used"] + sum(found["skipped"].values()) == len(rows)


def test_an_unknown_layout_takes_the_best_that_divides_the_gpus() -> None:
    open_row = ROW | {"tp": "", "pp": "", "replicas": "", "n_gpus": "4", "concurrency": ""}
    known = [open_row | {"tp": str(tp), "pp": "1", "replicas": str(4 // tp)} for tp in (1, 2, 4)]
    rates = predict(cases(inputs([open_row, *known], MODELS, GPUS)))
    assert rates[0] == pytest.approx(max(rates[1:]))


def test_replicas_follow_from_the_gpus() -> None:
    four = ROW | {"n_gpus": "4", "tp": "2", "concurrency": "64"}
    stated, implied = predict(
        cases(inputs([four | {"replicas": "2"}, four | {"replicas": " ", "pp": ""}], MODELS, GPUS))
    )
    assert implied == pytest.approx(stated)


def test_concurrency_is_shared_out_over_replicas() -> None:
    double = ROW | {"replicas": "2", "n_gpus": "2", "concurrency": "64"}
    one, two = predict(cases(inputs([ROW, double], MODELS, GPUS)))
    assert two == pytest.approx(2.0 * one)


def test_a_rate_without_prefill_is_faster() -> None:
    one, other = predict(cases(inputs([ROW, ROW | {"prefill_included": "0"}], MODELS, GPUS)))
    assert other > one


def test_the_profile_is_read_from_engine_date_and_gpu() -> None:
    assert not any(profile_flags(ROW).values())
    assert profile_flags(ROW | {"date": "2024-10"})["untuned"]
    assert not profile_flags(ROW | {"date": "2024-10", "engine": "TensorRT-LLM"})["untuned"]
    assert profile_flags(ROW | {"date": "2024-10", "gpu": "MI300X"})["legacy_rocm"]
    assert not profile_flags(ROW | {"date": "20260214", "gpu": "MI300X"})["legacy"]
    assert profile_flags(ROW | {"engine": "sglang"})["sglang"]
    assert profile_flags(ROW | {"engine": "llama.cpp", "mode": "single_stream"})["single_stream"]


def test_errors_of_known_ratios() -> None:
    found = errors(np.array([0.5, 1.0, 2.0]))
    assert found["median_abs_pct_error"] == pytest.approx(0.5)
    assert found["within_25pct"] == pytest.approx(1 / 3)
    assert not found["flagged"]
    assert errors(np.array([2.5]))["flagged"]
    assert errors(np.array([0.4]))["flagged"]
