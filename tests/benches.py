"""Result files of benchmark tools, as tests vary them."""

from __future__ import annotations

import json
from typing import Any

from tco.catalog.benches.read import Bench, read_bench
from tco.catalog.files import File

VLLM: dict[str, Any] = {
    "date": "20260701-120000",
    "endpoint_type": "openai",
    "model_id": "meta-llama/Llama-3.1-8B-Instruct",
    "request_rate": "inf",
    "max_concurrency": 64,
    "duration": 25.6,
    "completed": 640,
    "total_input_tokens": 655_360,
    "total_output_tokens": 163_840,
    "output_throughput": 6400.0,
    "mean_ttft_ms": 100.0,
    "mean_tpot_ms": 9.64,
    "mean_itl_ms": 9.64,
}
LLAMA: dict[str, Any] = {
    "build_commit": "d783f798",
    "gpu_info": "NVIDIA GeForce RTX 4090, NVIDIA GeForce RTX 4090",
    "backends": "CUDA",
    "model_filename": "/models/Llama-3.1-8B-Instruct-Q4_K_M.gguf",
    "model_type": "llama 8B Q4_K - Medium",
    "type_k": "f16",
    "type_v": "f16",
    "n_gpu_layers": 99,
    "split_mode": "layer",
    "devices": "auto",
    "tensor_split": "0.00",
    "n_prompt": 0,
    "n_gen": 128,
    "test_time": "2026-06-29T10:00:00Z",
    "avg_ns": 914_285_714,
    "avg_ts": 140.0,
}
AIPERF: dict[str, Any] = {
    "request_throughput": {"unit": "requests/sec", "avg": 2.0},
    "request_latency": {"unit": "ms", "avg": 2600.0},
    "time_to_first_token": {"unit": "ms", "avg": 120.0},
    "inter_token_latency": {"unit": "ms", "avg": 9.7},
    "inter_chunk_latency": {"unit": "ms", "avg": 9.7},
    "output_token_throughput": {"unit": "tokens/sec", "avg": 512.0},
    "output_sequence_length": {"unit": "tokens", "avg": 256.0},
    "input_sequence_length": {"unit": "tokens", "avg": 1024.0},
    "input_config": {
        "models": {"items": [{"name": "meta-llama/Llama-3.1-8B-Instruct"}]},
        "phases": [
            {"name": "warmup", "kind": "warmup", "concurrency": 2},
            {"name": "profiling", "kind": "profiling", "concurrency": 6},
        ],
    },
    "start_time": "2026-07-01T10:00:00",
}


def said(document: Any) -> Bench:
    return read_bench(File("b.json", json.dumps(document).encode()))


def one(base: dict[str, Any], **cells: Any) -> Any:
    (reading,) = said({**base, **cells}).readings
    return reading


def notes(base: dict[str, Any], **cells: Any) -> str:
    return "; ".join(one(base, **cells).notes)
