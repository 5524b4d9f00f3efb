"""A benchmark file is read as what it says: in flight, drafts, failures, what was on the GPU."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from benches import AIPERF, LLAMA, VLLM, notes, one, said
from running import run
from strategies import shipped_catalog

from tco.analysis.import_bench import _gpu, _model, far_off, measured_rows
from tco.catalog.benches.read import BenchReading, read_bench
from tco.catalog.files import File
from tco.errors import DataError


@pytest.mark.parametrize(
    ("cells", "flight"),
    [
        # rate x (ttft + tpot x (osl - 1)), without the latency of whole requests
        ({}, 25.0 * (0.1 + 255 * 0.00964)),
        # an open loop: the cap was never reached
        (
            {"request_rate": 5.0, "max_concurrency": 256, "duration": 128.0}
            | {"output_throughput": 1280.0, "mean_ttft_ms": 120.0, "mean_tpot_ms": 10.0},
            5.0 * (0.120 + 255 * 0.010),
        ),
        ({"request_rate": 25.0, "max_concurrency": None}, 25.0 * (0.1 + 255 * 0.00964)),
        ({"mean_e2el_ms": 2500.0}, 62.5),
        ({"mean_e2e_latency_ms": 2500.0, "concurrency": 60.0}, 60.0),  # SGLang says its own
    ],
)
def test_requests_in_flight_are_littles_law_and_no_limit(
    cells: dict[str, Any], flight: float
) -> None:
    assert one(VLLM, **cells).concurrency == pytest.approx(flight)


def test_a_limit_that_was_not_met_is_told_and_one_alone_is_asked_about() -> None:
    assert "63.96 requests in flight; the limit of 256 was not met" in notes(
        VLLM, max_concurrency=256
    )
    assert "limit" not in notes(VLLM)
    alone = one(VLLM, mean_ttft_ms=None, mean_tpot_ms=None, mean_itl_ms=None)
    assert alone.concurrency is None
    assert "no more than an upper bound" in alone.notes[0]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"max_concurrency": 8}, "at most 8 requests were let in at once, but its rate times"),
        ({"concurrency": 20.0}, "it says 20 requests in flight, but its rate times its latency"),
        ({"output_throughput": 9000.0}, "it says 9,000 output tokens/s, but 163,840 tokens in"),
    ],
)
def test_figures_that_contradict_each_other_are_refused(cells: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError) as raised:
        one(VLLM, **cells)
    assert words in str(raised.value)


def test_what_the_owner_says_is_held_against_the_law_too() -> None:
    answers = BenchReading(
        gpu="h100-sxm", gpus=1, precision="bf16", engine="vLLM", concurrency=256.0
    )
    with pytest.raises(DataError, match=r"you say 256 requests in flight, but .* are 63\.96"):
        measured_rows(shipped_catalog(), said(VLLM), answers)


@pytest.mark.parametrize(
    "document",
    [
        {**VLLM, "accept_length": 3.42},
        {**VLLM, "spec_decode_acceptance_length": 2.5},
        {**AIPERF, "spec_decode_acceptance_length": {"unit": "tokens", "avg": 2.8}},
        {
            "request_info": {"avg_input_length": 1.0, "avg_output_length": 1.0},
            "performance": {},
            "world_info": {},
            "decoding_stats": {"mode": "EAGLE3"},
        },
        {"output_tput_per_gpu": 17.6, "conc": 32, "isl": 8, "osl": 8, "spec_decoding": "mtp"},
    ],
    ids=["SGLang", "vLLM", "AIPerf", "trtllm-bench", "InferenceX"],
)
def test_runs_with_drafts_are_left_out_of_every_format(document: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="speculative decoding was left out"):
        said(document)
    assert one(VLLM, accept_length=1.0).concurrency  # no draft was accepted


def test_several_tokens_an_event_are_told() -> None:
    assert "2.9 tokens arrive at once" in notes(VLLM, mean_itl_ms=27.8)
    chunk = {"unit": "ms", "avg": 29.1}
    assert "3.0 tokens arrive at once" in notes(AIPERF, inter_chunk_latency=chunk)
    assert "at once" not in notes(VLLM) + notes(AIPERF)


def test_failed_cancelled_and_contradicted_runs_are_told() -> None:
    assert "1800 requests failed" in notes(VLLM, failed=1800)
    broken = {
        "was_cancelled": True,
        "error_summary": [{"count": 2000}],
        "usage_discrepancy_count": {"unit": "requests", "avg": 12.0},
        "osl_mismatch_count": {"unit": "requests", "avg": 3.0},
    }
    told = notes(AIPERF, **broken)
    for words in ("was cancelled", "2,000 requests failed", "other tokens than the client in 12"):
        assert words in told
    assert "3 answers are not as long" in told
    assert "is not complete" in notes(AIPERF, is_complete=False)


def test_warm_up_is_left_out() -> None:
    reading = one(AIPERF)
    assert reading.concurrency == pytest.approx(5.2)
    assert reading.model == "meta-llama/Llama-3.1-8B-Instruct"
    assert not reading.notes  # 6 were let in, in the phase that counts
    assert one(AIPERF, effective_concurrency={"unit": "requests", "avg": 5.1}).concurrency == 5.1


def record(at_s: float, took_ms: float, osl: int, phase: str, **more: Any) -> dict[str, Any]:
    start = int((1.79e9 + at_s) * 1e9)
    metrics = {
        "output_sequence_length": {"value": osl, "unit": "tokens"},
        "input_sequence_length": {"value": 100, "unit": "tokens"},
        "request_latency": {"value": took_ms, "unit": "ms"},
        "time_to_first_token": {"value": 50.0, "unit": "ms"},
        "inter_token_latency": {"value": 10.0, "unit": "ms"},
    }
    metadata = {
        "benchmark_phase": phase,
        "request_start_ns": start,
        "request_end_ns": start + int(took_ms * 1e6),
    }
    return {"metadata": metadata, "metrics": metrics, **more}


def test_aiperf_records_of_requests() -> None:
    lines = [
        record(0.0, 9_000.0, 64, "warmup"),
        *(record(10.0 + i, 2_000.0, 64, "profiling") for i in range(10)),
        record(12.0, 100.0, 0, "profiling", error={"code": 503}),
    ]
    text = "\n".join(json.dumps(line) for line in lines)
    (reading,) = read_bench(File("profile_export.jsonl", text.encode())).readings
    assert reading.output_tok_s == pytest.approx(640 / 11.0)
    assert reading.concurrency == pytest.approx(20.0 / 11.0)
    assert (reading.isl, reading.osl, reading.ttft_ms, reading.tpot_ms) == (100, 64, 50, 10)
    assert reading.date == "2026-09-21"
    assert reading.notes == (
        "1 requests failed",
        "1 requests of the warm-up were left out",
    )


def test_aiperf_sweeps_have_a_row_for_each_value() -> None:
    means = {
        "output_token_throughput": (512.0, "tokens/sec"),
        "request_throughput": (2.0, "requests/sec"),
        "request_latency": (2600.0, "ms"),
        "output_sequence_length": (256.0, "tokens"),
        "input_sequence_length": (1024.0, "tokens"),
    }
    flat = {f"{name}_avg": {"mean": mean, "unit": unit} for name, (mean, unit) in means.items()}
    runs = [
        {"parameters": {"concurrency": 6}, "metrics": flat},
        {"parameters": {"concurrency": 12}, "metrics": {}},
    ]
    bench = said({"aggregation_type": "sweep", "per_combination_metrics": runs})
    assert [r.concurrency for r in bench.readings] == [pytest.approx(5.2)]
    assert bench.notes == ("a run without finished requests was left out",)


TRTLLM: dict[str, Any] = {
    "engine": {
        "model": "meta-llama/Llama-3.3-70B-Instruct",
        "model_path": "/models/Llama-3.3-70B-Instruct-FP8",
        "engine_dir": "None",
        "version": "1.2.0",
        "backend": "Pytorch",
        "dtype": "bfloat16",
        "kv_cache_dtype": "FP8",
        "quantization": "FP8",
    },
    "machine": {"name": "NVIDIA H100 80GB HBM3", "memory.total": 79.18, "clocks.mem": 2.619},
    "world_info": {
        "tp_size": 2,
        "pp_size": 1,
        "ep_size": 1,
        "world_size": 2,
        "max_batch_size": 2048,
        "max_num_tokens": 8192,
        "scheduling_policy": "GUARANTEED_NO_EVICT",
        "kv_cache_percentage": 0.9,
        "issue_rate": 812.5,
    },
    "request_info": {
        "num_requests": 1000,
        "avg_num_concurrent_requests": 61.0,
        "avg_input_length": 1000.0,
        "avg_output_length": 500.0,
    },
    "performance": {
        "total_latency_ms": 333_333.3,
        "avg_request_latency_ms": 20_333.3,
        "request_throughput_req_s": 3.0,
        "system_output_throughput_tok_s": 1500.0,
        "system_total_throughput_tok_s": 4500.0,
        "output_throughput_per_user_tok_s": 24.6,
        "output_throughput_per_gpu_tok_s": 750.0,
        "request_latency_percentiles_ms": {"p50": 20_300.0, "average": 20_333.3},
    },
    "streaming_metrics": {
        "token_output_speed_tok_s": 25.6,
        "avg_ttft_ms": 872.3,
        "avg_tpot_ms": 39.0,
        "tpot_percentiles": {"p50": 39.0, "average": 39.0},
        "ttft_percentiles": {"p50": 860.0, "average": 872.3},
    },
    "dataset": {"isl_stats": {"average": 1000.0}, "num_requests": 1000},
}
"""All blocks that `trtllm-bench throughput --streaming --report_json` writes, few percentiles."""


def test_trtllm_bench() -> None:
    (reading,) = said(TRTLLM).readings
    assert (reading.output_tok_s, reading.isl, reading.osl) == (1500, 1000, 500)
    assert (reading.concurrency, reading.gpus, reading.tp, reading.engine) == (
        *(61, 2, 2),
        "TensorRT-LLM",
    )
    assert (reading.precision, reading.kv_precision, reading.engine_version) == (
        *("FP8", "FP8"),
        "1.2.0",
    )
    assert (reading.ttft_ms, reading.tpot_ms) == (872.3, 39.0)
    performance = {**TRTLLM["performance"], "avg_request_latency_ms": 60_000.0}
    with pytest.raises(DataError, match="61 requests in flight, but its rate times its latency"):
        said({**TRTLLM, "performance": performance})
    (offline,) = said({**TRTLLM, "machine": None, "streaming_metrics": None}).readings
    assert (offline.gpu, offline.tpot_ms, offline.concurrency) == (None, None, 61)


@pytest.mark.parametrize(
    ("requests", "concurrent"),
    [(30_000, 15_000.0), (1000, 510.0)],  # beyond the batch of the server; all of them at once
)
def test_what_waits_in_line_of_trtllm_bench_is_not_in_flight(
    requests: int, concurrent: float
) -> None:
    """It times requests from when they are handed over, and hands over all of them at once."""
    info = {"num_requests": requests, "avg_num_concurrent_requests": concurrent}
    document = {
        **TRTLLM,
        "request_info": {**TRTLLM["request_info"], **info},
        "performance": {
            **TRTLLM["performance"],
            "avg_request_latency_ms": concurrent / 3.0 * 1e3,
        },
    }
    (reading,) = said(document).readings
    assert reading.concurrency == pytest.approx(1500.0 * 0.039)
    assert (reading.ttft_ms, reading.by_law) == (None, None)
    assert "of them make tokens" in "; ".join(reading.notes)
    (blind,) = said({**document, "streaming_metrics": None}).readings
    assert blind.concurrency is None
    assert "--concurrency" in "; ".join(blind.notes)


def summary(mean: float, median: float | None = None) -> dict[str, float]:
    return {"mean": mean, "min": mean * 0.8, "median": median or mean, "p90": mean * 1.2}


INFERENCE_PERF: dict[str, Any] = {
    "benchmark_time_seconds": 100.0,
    "load_summary": {
        "count": 210,
        "schedule_delay": summary(0.0008),
        "send_duration": 98.0,
        "requested_rate": 2.1,
        "achieved_rate": 2.14,
        "concurrency": 8,
    },
    "successes": {
        "count": 200,
        "latency": {
            "request_latency": summary(2.6),
            "normalized_time_per_output_token": summary(0.01016),
            "time_per_output_token": summary(2.48 / 255),
            "time_to_first_token": summary(0.12),
            "inter_token_latency": summary(2.48 / 255),
        },
        "throughput": {
            "input_tokens_per_sec": 2048.0,
            "output_tokens_per_sec": 514.0,
            "total_tokens_per_sec": 2562.0,
            "requests_per_sec": 2.0,
        },
        "request_size_bytes": summary(4096.0),
        "prompt_tokens": {"total": 204_800.0, "cached": 0.0, "uncached": 204_800.0}
        | summary(1024.0),
        "output_len": summary(257.0),
        "output_tokens": {"total": 51_200.0} | summary(256.0),
        "token_count_mismatches": 0,
    },
    "failures": {"count": 10, "request_latency": summary(9.0), "by_label": {}},
}
"""The blocks of `stage_N_lifecycle_metrics.json` as 0.5 writes it, text alone."""


def test_inference_perf() -> None:
    (reading,) = said(INFERENCE_PERF).readings
    assert (reading.isl, reading.osl, reading.output_tok_s) == (1024.0, 256.0, 512.0)
    assert (reading.concurrency, reading.ttft_ms, reading.tpot_ms) == (
        pytest.approx(5.2),
        pytest.approx(120.0),
        pytest.approx(9.7255, rel=1e-4),
    )
    assert "10 requests failed" in reading.notes
    assert "5.2 requests in flight; the limit of 8 was not met" in reading.notes


def test_a_stage_of_older_inference_perf() -> None:
    """Before 0.5: `prompt_len`, and a time per token that counts every piece of text twice."""
    done = INFERENCE_PERF["successes"]
    old = {n: v for n, v in done.items() if n not in ("prompt_tokens", "output_tokens")}
    old |= {"prompt_len": summary(200.9), "output_len": summary(62.803)}
    old["latency"] = {
        "request_latency": summary(0.56434),
        "time_per_output_token": summary(0.004123),
        "time_to_first_token": summary(0.03129),
        "inter_token_latency": summary(0.004123, 3.66e-5),
    }
    old["throughput"] = {"output_tokens_per_sec": 2366.17, "requests_per_sec": 37.6759}
    load = {n: v for n, v in INFERENCE_PERF["load_summary"].items() if n != "concurrency"}
    document = {"load_summary": load, "successes": old, "failures": {"count": 0}}
    (reading,) = said(document).readings
    assert (reading.isl, reading.concurrency) == (200.9, pytest.approx(21.26, rel=1e-3))
    assert reading.tpot_ms == pytest.approx((564.34 - 31.29) / 61.803, rel=1e-3)
    assert "it says 4.123 ms a token, but its latencies come to 8.625" in "; ".join(reading.notes)


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("load_summary",), {"count": 210}, "a summary of all stages, whose loads may differ"),
        (
            ("successes", "prompt_tokens"),
            {"total": 1000.0, "cached": 400.0, "mean": 1024.0},
            "40% of the input came from a prompt cache",
        ),
        (
            ("successes", "output_len"),
            summary(300.0),
            "256 output tokens by the server's count, 300 by the tool's",
        ),
        (
            ("successes", "latency", "inter_token_latency"),
            summary(0.0097, 1e-6),
            "most tokens arrive with others: speculative decoding is likely",
        ),
    ],
    ids=["summary", "cache", "counts", "drafts"],
)
def test_what_inference_perf_does_not_say_plainly_is_told(
    path: tuple[str, ...], value: Any, words: str
) -> None:
    document = json.loads(json.dumps(INFERENCE_PERF))
    at = document
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    document["successes"]["throughput"]["output_tokens_per_sec"] = (
        2.0 * document["successes"]["output_len"]["mean"]
    )
    (reading,) = said(document).readings
    assert words in "; ".join(reading.notes)


def test_a_list_with_one_empty_run_reads_the_rest() -> None:
    bench = said([VLLM, {**VLLM, "completed": 0}, VLLM])
    assert len(bench.readings) == 2
    assert "completed is 0" in bench.notes[0]


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        ({"n_cpu_moe": 30}, "experts of 30 layers were in the host's memory"),
        ({"n_gpu_layers": 0}, "its layers were on the processor"),
        ({"no_kv_offload": True}, "the cache was in the host's memory"),
        ({"override_tensor": "exps=CPU"}, "tensors were in the host's memory"),
        ({"backends": "CPU"}, "it ran on cpu"),
        ({"devices": "CUDA0/RPC[far]"}, "layers were on another machine"),
    ],
)
def test_what_was_not_on_the_gpu_is_left_out(cells: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError) as raised:
        said([{**LLAMA, **cells}])
    assert words in str(raised.value)


def test_a_rate_that_is_not_near_the_model_is_asked_about() -> None:
    row, near = {"output_tok_s": "140"}, {"output_tok_s": "60"}
    (told,) = far_off([row, near, near], [50.0, 50.0, None])
    assert "1 of 3 rates are not within x2 of the model, at most x2.8" in told
    assert "x0.21" in far_off([row], [660.0])[0]
    assert far_off([row, near], [70.0, 120.0]) == far_off([row], [None]) == []


def test_layers_on_the_processor_are_refused_once_the_model_is_known() -> None:
    answers = BenchReading(gpu="rtx-4090", gpus=1)
    with pytest.raises(DataError, match=r"20 of 32 layers of llama-3\.1-8b were on the GPU"):
        measured_rows(shipped_catalog(), said([{**LLAMA, "n_gpu_layers": 20}]), answers)
    (row,), _ = measured_rows(shipped_catalog(), said([{**LLAMA, "n_gpu_layers": 33}]), answers)
    assert row["model"] == "llama-3.1-8b"  # read off the name of the file


@pytest.mark.parametrize(
    ("cells", "gpus"),
    [
        ({}, 2),
        ({"devices": "CUDA0"}, 1),
        ({"devices": "CUDA0/CUDA1"}, 2),
        ({"split_mode": "none"}, 1),
        ({"tensor_split": "1.00/0.00"}, 1),
        ({"tensor_split": "0.50/0.50"}, 2),
    ],
)
def test_cards_that_worked(cells: dict[str, Any], gpus: int) -> None:
    reading = one(LLAMA, **cells)
    assert (reading.gpus, reading.layer_split) == (gpus, gpus > 1)


@pytest.mark.parametrize(
    ("kind", "precision"),
    [
        ("llama 8B Q4_K - Medium", "q4_k_m"),
        ("llama 8B Q5_K - Small", "q5_k_s"),
        ("llama 8B Q3_K - Large", "q3_k_l"),
        ("llama 8B Q2_K - Medium", "q2_k"),
        ("llama 8B Q6_K", "q6_k"),
        ("llama 8B Q8_0", "q8_0"),
        ("llama 8B Q4_0", "q4_0"),
        ("gpt-oss 120B MXFP4 MoE", "mxfp4"),
        ("llama 8B F16", "fp16"),
        ("llama 8B BF16", "bf16"),
        ("qwen3 8B IQ4_XS - 4.25 bpw", "iq4_xs"),
    ],
)
def test_formats_of_llama_bench(kind: str, precision: str) -> None:
    assert one(LLAMA, model_type=kind).precision == precision


@pytest.mark.parametrize("kinds", [("q4_0", "q4_0"), ("q5_1", "q5_1"), ("f16", "q8_0")])
def test_a_cache_of_an_unknown_width_is_asked_about(kinds: tuple[str, str]) -> None:
    bench = said([{**LLAMA, "type_k": kinds[0], "type_v": kinds[1]}])
    with pytest.raises(DataError, match="does not say its precision of the KV cache"):
        measured_rows(shipped_catalog(), bench, BenchReading(gpu="rtx-4090"))
    (row,), told = measured_rows(
        shipped_catalog(), bench, BenchReading(gpu="rtx-4090", kv_precision="fp8")
    )
    assert row["kv_dtype"] == "fp8"
    assert not any("taken to be in 16 bits" in note for note in told)


@pytest.mark.parametrize(
    ("name", "gpu"),
    [
        ("NVIDIA A100-SXM4-80GB", "a100-sxm-80gb"),
        ("NVIDIA A100-SXM4-40GB", "a100-sxm-40gb"),
        ("NVIDIA A100 80GB PCIe", "a100-pcie-80gb"),
        ("NVIDIA A100-PCIE-40GB", "a100-pcie-40gb"),
        ("NVIDIA H100 80GB HBM3", "h100-sxm"),
        ("NVIDIA H100 PCIe", "h100-pcie"),
        ("NVIDIA H100 NVL", "h100-nvl"),
        ("NVIDIA H200 NVL", "h200-nvl"),
        ("NVIDIA B300 SXM6 AC", "b300-sxm"),
        ("NVIDIA GH200 480GB", "gh200"),
        ("Tesla T4", "t4"),
        ("Tesla V100-SXM2-32GB", "v100-32gb"),
        ("NVIDIA A10", "a10"),
        ("NVIDIA A10G", "a10g"),
        ("NVIDIA L40S", "l40s"),
        ("NVIDIA RTX A6000", "rtx-a6000"),
        ("NVIDIA RTX 6000 Ada Generation", "rtx-6000-ada"),
        ("NVIDIA GeForce RTX 3090 Ti", "rtx-3090-ti"),
        ("NVIDIA RTX PRO 6000 Blackwell Server Edition", "rtx-pro-6000-server"),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "rtx-pro-6000"),
        ("NVIDIA GB10", "gb10"),
        ("AMD Instinct MI300X OAM", "mi300x"),
        ("AMD Radeon RX 7900 XTX", "rx-7900-xtx"),
        ("Apple M2 Ultra", "apple-m2-ultra"),
        ("Intel(R) Arc(TM) Pro B60 Graphics", "arc-pro-b60"),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", None),
    ],
)
def test_names_of_drivers(name: str, gpu: str | None) -> None:
    assert _gpu(shipped_catalog(), name) == gpu


@pytest.mark.parametrize(
    ("name", "model"),
    [
        (
            "/root/.cache/huggingface/hub/models--meta-llama--Llama-3.1-8B-Instruct/snapshots/0e9e39f",
            "llama-3.1-8b",
        ),
        ("/models/Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", "llama-3.1-8b"),
        ("neuralmagic/Meta-Llama-3.1-8B-Instruct-quantized.w8a8", "llama-3.1-8b"),
        ("RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic", "llama-3.3-70b"),
        ("/data/models/openai/gpt-oss-120b/", "gpt-oss-120b"),
    ],
)
def test_names_of_models(name: str, model: str) -> None:
    assert _model(shipped_catalog(), name) == model


def test_an_unknown_tool_is_told_which_are_known_and_by_which_keys(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text('{"tokens_per_second": 12}', "utf-8")
    done = run("import", "bench", str(path))
    assert done.exit_code == 3
    assert "GuideLLM (benchmarks), InferenceX (output_tput_per_gpu, conc)" in done.stderr
    assert "trtllm-bench (request_info, performance, world_info)" in done.stderr
