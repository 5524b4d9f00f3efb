"""Ask AIConfigurator about measured rows, for `benchmarks/capacity.py` to hold against.

    pip install aiconfigurator==0.12.0        # in an environment of its own: it brings a gigabyte
    python benchmarks/configurator.py [--rows 440] [--seed 0]

Writes data/configurator.csv beside this file: for rows of NVIDIA's GPUs of data centres with a
stated batch, drawn by a seed, its output tokens per second: ``replicas * batch * osl / (ttft + tpot
* (osl - 1))`` of an aggregated server of that layout and precision. A row takes some seconds; rows
that it has no data for are left out. Nothing else of this project is imported, so that it runs
where only AIConfigurator is installed.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import os
import random
import time
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"
FILES = ("capacity_dev.csv", "capacity_new_2026_11.csv")
SYSTEMS = {
    "H100-SXM": "h100_sxm",
    "H200-SXM": "h200_sxm",
    "B200": "b200_sxm",
    "B300": "b300_sxm",
    "GB200": "gb200",
    "GB300": "gb300",
}
BACKENDS = {"sglang": "sglang", "vllm": "vllm", "tensorrt-llm": "trtllm", "trt": "trtllm"}
MODELS = {
    "llama-3-8b": "meta-llama/Meta-Llama-3.1-8B",
    "llama-3-70b": "meta-llama/Meta-Llama-3.1-70B",
    "llama-3.1-405b": "meta-llama/Meta-Llama-3.1-405B",
    "qwen3-8b": "Qwen/Qwen3-8B",
    "qwen3-32b": "Qwen/Qwen3-32B",
    "qwen3-30b-a3b": "Qwen/Qwen3-30B-A3B",
    "qwen3-235b-a22b": "Qwen/Qwen3-235B-A22B",
    "qwen3.5-397b-a17b": "Qwen/Qwen3.5-397B-A17B",
    "gpt-oss-20b": "openai/gpt-oss-20b",
    "gpt-oss-120b": "openai/gpt-oss-120b",
    "deepseek-v3": "deepseek-ai/DeepSeek-V3",
    "kimi-k2.5": "moonshotai/Kimi-K2.5",
    "glm-5": "zai-org/GLM-5",
    "glm-5.1": "zai-org/GLM-5.1",
    "minimax-m2.5": "MiniMaxAI/MiniMax-M2.5",
    "minimax-m3": "MiniMaxAI/MiniMax-M3",
}
KINDS: dict[str, dict[str, str]] = {
    "bf16": {"gemm_quant_mode": "bfloat16", "moe_quant_mode": "bfloat16"},
    "fp16": {"gemm_quant_mode": "bfloat16", "moe_quant_mode": "bfloat16"},
    "fp8": {"gemm_quant_mode": "fp8", "moe_quant_mode": "fp8"},
    "fp4": {"gemm_quant_mode": "nvfp4", "moe_quant_mode": "nvfp4"},
    "nvfp4": {"gemm_quant_mode": "nvfp4", "moe_quant_mode": "nvfp4"},
}
"""What a precision is called there; others are left to what a model is published in."""
BLOCKS = {"deepseek-v3", "glm-5", "glm-5.1", "minimax-m2.5", "qwen3-235b-a22b"}
"""Models whose 8-bit weights have scales by the block, for which it has kernels of their own."""
CACHES = {"fp8": "fp8", "bf16": "bfloat16", "fp16": "bfloat16"}


def asked(row: dict[str, str]) -> dict[str, Any] | None:
    """Return what a row asks of AIConfigurator; None where it has no such thing."""
    names = (MODELS.get(row["model"]), SYSTEMS.get(row["gpu"]), BACKENDS.get(row["engine"].lower()))
    if None in names or not row["concurrency"] or not row["tp"] or row["mode"] != "continuous":
        return None
    tp, experts = int(float(row["tp"])), row["expert_parallel"] == "1"
    alone = row["dp_attention"] == "1"
    kind = dict(KINDS.get(row["weight_dtype"], {}))
    if row["weight_dtype"] == "fp8" and row["model"] in BLOCKS:
        kind = dict.fromkeys(kind, "fp8_block")
    replicas = float(row["replicas"] or 1) * (tp if alone else 1)
    batch = float(row["concurrency"]) / replicas
    if batch < 1:
        return None
    return {
        "model_path": names[0],
        "system_name": names[1],
        "backend_name": names[2],
        "isl": round(float(row["isl"])),
        "osl": round(float(row["osl"])),
        "batch_size": round(batch),
        "tp_size": 1 if alone else tp,
        "attention_dp_size": tp if alone else 1,
        "pp_size": int(float(row["pp"] or 1)),
        "moe_tp_size": 1 if experts or alone else tp,
        "moe_ep_size": tp if experts or alone else 1,
        "kvcache_quant_mode": CACHES.get(row["kv_dtype"].lower()),
        **kind,
    }


def answer(row: dict[str, str], said: dict[str, Any]) -> float | None:
    """Return its output tokens per second for a row; None where it has no data."""
    from aiconfigurator.cli.api import cli_estimate

    dense = row["model"].startswith(("llama", "qwen3-8b", "qwen3-32b"))
    left = ("moe_tp_size", "moe_ep_size", "moe_quant_mode") if dense else ()
    call = {k: v for k, v in said.items() if v is not None and k not in left}
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            made = cli_estimate(mode="agg", **call)
    except Exception:  # noqa: BLE001 - whatever the other tool raises, the row is left out
        return None
    osl, groups = said["osl"], float(row["replicas"] or 1) * said["attention_dp_size"]
    lasts_s = (float(made.ttft) + float(made.tpot) * (osl - 1)) / 1e3
    return groups * said["batch_size"] * osl / lasts_s if lasts_s > 0 else None


def main() -> None:
    """Ask, and write what was answered."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=440, help="rows to ask about")
    parser.add_argument("--seed", type=int, default=0, help="seed of the draw")
    said = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    rows = []
    for name in FILES:
        with (DATA / name).open(newline="") as file:
            rows += [r for r in csv.DictReader(file) if asked(r)]
    random.Random(said.seed).shuffle(rows)
    began, made = time.perf_counter(), []
    for row in rows[: said.rows]:
        rate = answer(row, asked(row) or {})
        if rate is not None:
            made.append((row["id"], f"{rate:.5g}"))
            with (DATA / "configurator.csv").open("w", newline="") as file:
                csv.writer(file, lineterminator="\n").writerows([("id", "output_tok_s"), *made])
    print(f"{len(made)} of {min(said.rows, len(rows))} rows, {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
