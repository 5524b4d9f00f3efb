"""Benchmark files of kinds that people report: read right, or refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest
from benches import AIPERF, LLAMA, VLLM, notes, one, said
from strategies import shipped_catalog

from tco.analysis.import_bench import _gpu, measured_rows
from tco.catalog.benches.read import BenchReading
from tco.errors import DataError

SGLANG: dict[str, Any] = {
    "backend": "sglang",
    "request_rate": "inf",
    "max_concurrency": 64,
    "duration": 10.0,
    "completed": 640,
    "total_input_tokens": 655_360,
    "total_output_tokens": 163_840,
    "total_output_tokens_retokenized": 163_000,
    "output_throughput": 16_384.0,
    "mean_e2e_latency_ms": 1000.0,
    "mean_ttft_ms": 100.0,
    "mean_tpot_ms": 3.5,
    "mean_itl_ms": 3.5,
    "concurrency": 64.0,
    "accept_length": None,
}
SERVER: dict[str, Any] = {
    "model_path": "meta-llama/Llama-3.1-8B-Instruct",
    "tp_size": 2,
    "pp_size": 1,
    "dp_size": 2,
    "quantization": "fp8",
    "dtype": "auto",
    "kv_cache_dtype": "fp8_e5m2",
    "version": "0.5.6",
    "speculative_algorithm": None,
    "internal_states": [{"avg_spec_accept_length": None}],
}


@pytest.mark.parametrize(
    "cells",
    [
        {"num_prompts": 2440},  # vLLM up to 0.10 writes no `failed`
        {"num_prompts": 2440, "failed": 0},
        {"errors": [""] * 640 + ["Traceback"] * 1800},  # --save-detailed
    ],
)
def test_requests_that_are_missing_failed(cells: dict[str, Any]) -> None:
    assert "1800 requests failed" in notes(VLLM, **cells)
    assert "failed" not in notes(VLLM, num_prompts=640)


@pytest.mark.parametrize(
    "cells",
    [
        {"speculative_config": '{"method": "eagle3", "num_speculative_tokens": 3}'},
        {"num_speculative_tokens": "3"},
        {"server_info": {**SERVER, "speculative_algorithm": "EAGLE3"}},
    ],
)
def test_drafts_are_told_by_settings_too(cells: dict[str, Any]) -> None:
    for base in (VLLM, SGLANG):
        with pytest.raises(DataError, match="speculative decoding was left out"):
            said({**base, **cells})
    assert one(VLLM, speculative_config=None, num_speculative_tokens=0).concurrency
    # Some versions of SGLang have a default of steps, which draft nothing without an algorithm
    steps = {"speculative_algorithm": None, "speculative_num_steps": 5}
    assert one(SGLANG, server_info={**SERVER, **steps}).concurrency


def test_a_server_that_counts_one_token_a_request_is_refused() -> None:
    """640 tokens where the answers have 163,000: a rate 250 times too low."""
    wrong = {"total_output_tokens": 640, "output_throughput": 64.0}
    with pytest.raises(DataError, match=r"640 output tokens, but .* the answers have 163,000"):
        said({**SGLANG, **wrong})
    dear = {"total_output_tokens": 326_000, "output_throughput": 32_600.0}
    assert "326,000 output tokens by the server's count, 163,000 by the client's" in notes(
        SGLANG, **dear
    )
    assert "count" not in notes(SGLANG)


def test_settings_of_the_server_of_sglang_are_read() -> None:
    reading = one(SGLANG, server_info=SERVER)
    assert (reading.model, reading.engine, reading.engine_version) == (
        *("meta-llama/Llama-3.1-8B-Instruct", "SGLang"),
        "0.5.6",
    )
    assert (reading.gpus, reading.tp, reading.replicas) == (4, 2, 2)
    assert (reading.precision, reading.kv_precision) == ("fp8", "fp8_e5m2")
    whole = one(SGLANG, server_info={**SERVER, "tp_size": 8, "enable_dp_attention": True})
    assert (whole.gpus, whole.tp, whole.replicas, whole.dp_attention) == (8, 8, 1, True)
    with pytest.raises(DataError, match="prefill and decoding on separate GPUs"):
        said({**SGLANG, "server_info": {"prefill": [SERVER], "decode": [SERVER]}})


def test_a_load_that_was_ramped_up_is_told() -> None:
    assert "ramped up" in notes(VLLM, ramp_up_strategy="linear", ramp_up_start_rps=1)


INFERENCEX: dict[str, Any] = {
    "hw": "h200-cw",
    "conc": 32,
    "model": "openai/gpt-oss-120b",
    "isl": 1024,
    "osl": 1024,
    "tp": 8,
    "output_tput_per_gpu": 300.0,
    "mean_ttft": 0.2,
    "mean_tpot": 0.012,
}


def test_a_rate_is_held_against_times_per_token_where_no_latency_is_told() -> None:
    """32 in flight of 922 tokens in 11.2 s each are 2,622 tokens/s, not 24,000."""
    assert one(INFERENCEX).output_tok_s == 2400.0
    with pytest.raises(DataError, match="24,000 output tokens/s, but 32 in flight"):
        said({**INFERENCEX, "output_tput_per_gpu": 3000.0})


@pytest.mark.parametrize(
    ("unit", "value"),
    [("ms", 2600.0), ("seconds", 2.6), ("sec", 2.6), ("milliseconds", 2600.0), ("us", 2.6e6)],
)
def test_times_of_aiperf_are_in_the_unit_that_is_told(unit: str, value: float) -> None:
    reading = one(AIPERF, request_latency={"unit": unit, "avg": value})
    assert reading.concurrency == pytest.approx(5.2)


def test_a_time_of_an_unknown_unit_is_refused() -> None:
    with pytest.raises(DataError, match="request_latency is in 'fortnights', which is no unit"):
        said({**AIPERF, "request_latency": {"unit": "fortnights", "avg": 1.0}})


TWO = "NVIDIA GeForce RTX 5090, NVIDIA GeForce RTX 3090"


@pytest.mark.parametrize(
    ("cells", "card"),
    [
        ({"devices": "CUDA1"}, "NVIDIA GeForce RTX 3090"),
        ({"devices": "CUDA0"}, "NVIDIA GeForce RTX 5090"),
        ({"split_mode": "none", "main_gpu": 1}, "NVIDIA GeForce RTX 3090"),
        ({"split_mode": "none", "main_gpu": 0}, "NVIDIA GeForce RTX 5090"),
        ({"tensor_split": "0.00/1.00"}, "NVIDIA GeForce RTX 3090"),
        ({"devices": "Vulkan1", "backends": "Vulkan"}, "NVIDIA GeForce RTX 3090"),
    ],
)
def test_the_card_is_the_one_that_worked(cells: dict[str, Any], card: str) -> None:
    reading = one(LLAMA, gpu_info=TWO, **cells)
    assert (reading.gpu, reading.gpus) == (card, 1)


def test_cards_that_differ_are_left_out() -> None:
    with pytest.raises(DataError, match="its cards differ"):
        said([{**LLAMA, "gpu_info": TWO}])


@pytest.mark.parametrize(
    ("mode", "by_layers"),
    [("layer", True), ("row", False), ("tensor", False), ("graph", False)],
)
def test_cards_that_share_every_layer_are_not_dealt_layers(mode: str, by_layers: bool) -> None:
    assert one(LLAMA, split_mode=mode).layer_split == by_layers


@pytest.mark.parametrize(
    ("name", "gpu"),
    [
        ("AMD Instinct MI300X VF", "mi300x"),
        ("AMD Instinct MI325 OAM", "mi325x"),
        ("AMD Instinct MI250X", "mi250x-gcd"),  # each die is listed: 64 GB, half of the card
        ("AMD Instinct MI250X/MI250", "mi250x-gcd"),
        ("MI250X", "mi250x"),
        ("h200-nv", "h200-sxm"),  # InferenceX: whose machine it is, and no NVL
        ("h100-cw", "h100-sxm"),
        ("nvidia-tesla-a100", "a100-sxm-40gb"),
        ("nvidia-a100-80gb", "a100-sxm-80gb"),
        ("NVIDIA GH200 480GB", "gh200"),
        ("NVIDIA RTX A1000", None),
        ("NVIDIA A100X", None),
        ("NVIDIA A100-SXM-64GB", None),
        ("NVIDIA A800-SXM4-80GB", None),
        ("NVIDIA H100 80GB HBM2e", None),
        ("NVIDIA H20-3e", None),
        ("NVIDIA GH200 144G HBM3e", None),
        ("NVIDIA H100 NVL 94GB", "h100-nvl"),
        ("Tesla V100S-PCIE-32GB", None),
        ("NVIDIA GeForce RTX 4070 Ti SUPER", None),
        ("NVIDIA GeForce RTX 3080 Ti Laptop GPU", None),
        ("NVIDIA RTX 5000 Ada Generation Laptop GPU", None),
        ("AMD Radeon RX 7900 XT", None),
        ("AMD Radeon RX 580", None),
        ("Intel(R) Arc(TM) A770 Graphics", None),
        ("Apple M2", None),
        ("Apple M3 Pro", None),
        ("a3-highgpu-8g", None),
        ("NVIDIA A10-4Q", None),
    ],
)
def test_a_card_is_what_its_whole_name_says(name: str, gpu: str | None) -> None:
    assert _gpu(shipped_catalog(), name) == gpu


@pytest.mark.parametrize(
    "name",
    ["NVIDIA A100-SXM4-80GB MIG 1g.10gb", "NVIDIA H100 80GB HBM3 MIG 3g.40gb", "GRID A100D-40C"],
)
def test_a_part_of_a_card_is_refused_whoever_says_which_it_is(name: str) -> None:
    bench = said([{**LLAMA, "gpu_info": name}])
    for stated in (BenchReading(), BenchReading(gpu="a100-sxm-80gb")):
        with pytest.raises(DataError, match="is a part of a card"):
            measured_rows(shipped_catalog(), bench, stated)


def test_a_name_that_is_not_known_is_told_with_the_question() -> None:
    bench = said([{**LLAMA, "gpu_info": "NVIDIA A100X", "model_type": "llama 8B IQ2_XXS"}])
    with pytest.raises(DataError) as raised:
        measured_rows(shipped_catalog(), bench, BenchReading())
    assert (
        "does not say its GPU and precision ('NVIDIA A100X' and 'iq2_xxs': not known here)"
        in str(raised.value)
    )


def test_a_gpu_that_its_owner_types_may_be_shortened() -> None:
    (row,), _ = measured_rows(shipped_catalog(), said([LLAMA]), BenchReading(gpu="h200-s"))
    assert (row["gpu"], row["n_gpus"]) == ("h200-sxm", "2")


BATCHED: dict[str, Any] = {
    "n_kv_max": 2048,
    "is_pp_shared": 0,
    "n_gpu_layers": 99,
    "pp": 128,
    "tg": 128,
    "pl": 8,
    "t_pp": 0.25,
    "speed_pp": 4096.0,
    "t_tg": 3.5,
    "speed_tg": 292.57,
    "t": 3.75,
    "speed": 546.13,
}


def test_llama_batched_bench() -> None:
    """8 requests of 128 tokens in 0.25 s of prompts and 3.5 s of answers."""
    reading = one(BATCHED)
    assert reading.output_tok_s == pytest.approx(8 * 128 / 3.75)
    assert (reading.isl, reading.osl, reading.concurrency, reading.mode) == (
        *(128, 128, 8),
        "static_batch",
    )
    assert (reading.ttft_ms, reading.tpot_ms) == (250.0, pytest.approx(3500 / 128))
    with pytest.raises(DataError, match="share one prompt"):
        said({**BATCHED, "is_pp_shared": 1})
    with pytest.raises(DataError, match="on the processor"):
        said({**BATCHED, "n_gpu_layers": 0})
    with pytest.raises(DataError, match=r"it says 546\.13 output tokens/s, but its counts"):
        said({**BATCHED, "speed_tg": 546.13})


OLLAMA: dict[str, Any] = {
    "model": "llama3.1:8b-instruct-q4_K_M",
    "created_at": "2026-07-01T10:00:00Z",
    "total_duration": 5_000_000_000,
    "load_duration": 3_000_000_000,
    "prompt_eval_count": 26,
    "prompt_eval_duration": 130_079_000,
    "eval_count": 259,
    "eval_duration": 1_850_000_000,
}


def test_answers_of_ollama() -> None:
    """Nanoseconds of generation alone: neither loading nor the prompt is in them."""
    reading = one(OLLAMA)
    assert reading.output_tok_s == pytest.approx(140.0)
    assert (reading.isl, reading.osl, reading.precision) == (26, 259, "q4_k_m")
    assert not reading.prefill_included
    stated = BenchReading(gpu="rtx-4090", gpus=1)
    (row,), _ = measured_rows(shipped_catalog(), said(OLLAMA), stated)
    assert (row["model"], row["engine"]) == ("llama-3.1-8b", "Ollama")
    again = {**OLLAMA, "eval_count": 111, "prompt_eval_count": None}  # the prompt was cached
    (both,) = said([OLLAMA, again]).readings
    assert (both.output_tok_s, both.osl, both.isl) == (100.0, 185.0, None)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({"num_requests": 640, "total_num_tokens": 819_200, "tokens_per_second": 3.2e4}, "in one"),
        ({"avg_latency": 2.5, "latencies": [2.5], "percentiles": {}}, "does not say how many"),
        ({"experiments": [{"requests": []}]}, r"profile_export_genai_perf\.json beside it"),
    ],
)
def test_files_that_do_not_say_enough_are_refused_with_what_does(
    document: dict[str, Any], why: str
) -> None:
    with pytest.raises(DataError, match=why):
        said(document)
