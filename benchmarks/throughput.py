"""Choose the measured rows that ship as `data/throughput.csv` from the tables beside this file.

    python benchmarks/throughput.py          says what would be chosen
    python benchmarks/throughput.py --write  writes it

Left out: software of 2024 and before (legacy kernels say nothing of today's), rows whose layout is
unknown, models that nobody starts with today. Of what is left, for every model, GPU, precision,
engine and layout: rows at most `EACH`, as far apart in concurrency and lengths as there are.
"""

from __future__ import annotations

import csv
import math
import sys
from collections import Counter, defaultdict
from pathlib import Path

from tco.analysis.size.validation import model_of
from tco.catalog.benches.read import COLUMNS
from tco.catalog.files import csv_of
from tco.catalog.load import load_catalog
from tco.catalog.lookup import find_gpu, find_model

ROOT = Path(__file__).resolve().parents[1]
TABLES = ("capacity_dev.csv", "capacity_new_2026_11.csv")
EACH = 3

SOURCES = {
    "silicon": "SemiAnalysis InferenceMAX/X runs (Apache-2.0) as collected in"
    " ai-dynamo/aiconfigurator@095f58a5, systems/silicon_sample.csv of aiconfigurator 0.12.0;"
    " lengths 0.9 x nominal because the harness samples U[0.8, 1]",
    "trtllm-v0.17": "NVIDIA/TensorRT-LLM@258c7540, docs/source/performance/perf-overview.md",
    "trtllm-v0.20": "TensorRT-LLM perf-overview.md in dominicshanshan/TensorRT-LLM@ab4143e1",
    "trtllm-v1.0": "NVIDIA/TensorRT-LLM@00f37686, docs/source/performance/perf-overview.md",
    "trtllm-v1.1": "NVIDIA/TensorRT-LLM@03e27c7d, docs/source/developer-guide/perf-overview.md",
    "inferencex": "InferenceX API rows recorded in vngcloud/InferenceX-app@7fe6d62a and"
    " rafaykhan-source/InferenceX-app@95bec474, packages/app/cypress/fixtures/api/benchmarks.json",
    "trtllm-v1.2": "NVIDIA/TensorRT-LLM 1.2 (2026-02),"
    " docs/source/developer-guide/perf-overview.md",
    "inferencex-dump": "InferenceX data base of 2026-07: values recovered from a published numeric"
    " encoding of it, good to about 2 %",
    "gpustack-glm5.2": "gpustack/gpustack, docs/performance-lab (2026-08)",
    "gpustack-lab": "gpustack/gpustack@47277d79, docs/performance-lab",
    "kyuz0-vllm": "kyuz0/amd-r9700-vllm-toolboxes@18a88f1c, benchmarks",
    "rocm-vllm": "ROCm/vllm@f8c9a385, docs/dev-docker/README.md (vLLM 0.9.1)",
    "nim-docs": "docs.nvidia.com/nim/benchmarking/llm/1.0.0/performance.md (NIM 1.8.0)",
    "vllm-blog": "vllm-project/vllm-project.github.io@c3a01c4a, _posts",
    "llama.cpp-bench": "XiongjieDai/GPU-Benchmarks-on-LLM-Inference@aa72e0ec, README.md (2024-05,"
    " llama.cpp, one stream)",
}
RENAMED = {"xiongjie-llamacpp": "llama.cpp-bench"}
TRTLLM = {"2025-02": "v0.17", "2025-06": "v0.20", "2025-09": "v1.0", "2025-11": "v1.1"}
ENGINES = {"sglang": "SGLang", "trt": "TensorRT-LLM", "atom": "ATOM"}
# Models of 2024 and before whose place others have taken; llama-3-70b stands for 3.1 and 3.3 too.
DATED = {"mixtral-8x7b", "mixtral-8x22b", "mistral-7b", "qwen2-7b", "qwen2-72b", "llama-2-7b"}


def source_of(row: dict[str, str]) -> str:
    """Return the id of a row's source here; empty for rows that are left out."""
    if row["source"] == "trtllm-perf":
        version = TRTLLM.get(row["date"][:7])
        return f"trtllm-{version}" if version else ""
    if row["source"] == "vllm-blog" and row["date"].startswith("2024"):
        return ""
    name = RENAMED.get(row["source"], row["source"])
    return name if name in SOURCES else ""


def candidates() -> list[dict[str, str]]:
    """Return the rows that may ship, in the columns of the file."""
    every: list[dict[str, str]] = []
    for name in TABLES:
        with (ROOT / "benchmarks" / "data" / name).open(newline="", encoding="utf-8") as stream:
            every += csv.DictReader(stream)
    made = []
    catalog = load_catalog()
    for row in every:
        source = source_of(row)
        if not source or row["model"] in DATED or not row["tp"]:
            continue
        if model_of(catalog, row["model"]) is None:
            continue  # not in the catalog, or without dimensions
        cells = {name: row.get(name, "") for name in COLUMNS}
        cells |= {"model": find_model(catalog, row["model"]), "gpu": find_gpu(catalog, row["gpu"])}
        cells |= {name: tidy(row[name]) for name in ("isl", "osl", "concurrency", "output_tok_s")}
        engine = ENGINES.get(row["engine"].lower(), row["engine"])
        version = row["engine_version"].rpartition(":")[2]
        note = "kv dtype assumed" if "kv dtype assumed" in row["note"] else ""
        made.append(
            cells | {"source": source, "engine": engine, "engine_version": version, "note": note}
        )
    return made


def tidy(text: str) -> str:
    """Return a number in five digits, which no measurement exceeds."""
    return f"{float(text):.5g}" if text and float(text) < 1e5 else text and f"{float(text):.0f}"


def place(row: dict[str, str]) -> tuple[float, float, float]:
    """Return where a row lies: the logarithms of its concurrency and lengths."""
    concurrency = float(row["concurrency"] or 1e3)
    return math.log(concurrency), math.log(float(row["isl"])), math.log(float(row["osl"]))


def spread(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Return at most `EACH` rows: the most usual shape first, then those farthest from all."""
    usual = (math.log(64), math.log(1000), math.log(1000))
    chosen = [min(rows, key=lambda row: math.dist(place(row), usual))]
    while len(chosen) < min(EACH, len(rows)):
        left = [row for row in rows if row not in chosen]
        if not left:
            break
        chosen.append(max(left, key=lambda r: min(math.dist(place(r), place(c)) for c in chosen)))
    return chosen


def curated() -> list[dict[str, str]]:
    """Return the rows that ship, by model, GPU and layout."""
    cells = defaultdict(list)
    layout = ("weight_dtype", "engine", "n_gpus", "replicas", "tp", "pp", "dp_attention")
    for row in candidates():
        cells[tuple(row[name] for name in ("model", "gpu", *layout))].append(row)
    return [row for key in sorted(cells) for row in sorted(spread(cells[key]), key=place)]


def text(rows: list[dict[str, str]]) -> str:
    """Return the file."""
    used = {row["source"] for row in rows}
    remarks = [
        "# Measured serving throughput, chosen by benchmarks/throughput.py; columns:",
        "# `tco catalog schema throughput`. Rates are output tokens per second over all GPUs.",
        "# Figures are facts published by the sources named here, read in August and November"
        " 2026.",
        *(f"# source {name}: {words}" for name, words in SOURCES.items() if name in used),
    ]
    return csv_of(rows, remarks)


def main() -> None:
    """Choose, tell, and write if asked to."""
    rows = curated()
    made = text(rows)
    print(f"{len(rows)} rows, {len(made.encode()) / 1e3:.0f} kB")
    for column in ("source", "model", "gpu", "engine", "weight_dtype"):
        counts = Counter(row[column] for row in rows)
        print(f"{column}: " + ", ".join(f"{name} {n}" for name, n in counts.most_common()))
    if "--write" in sys.argv[1:]:
        (ROOT / "data" / "throughput.csv").write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main()
