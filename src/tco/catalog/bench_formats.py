"""How each benchmark tool names what it measured.

Field names: vLLM benchmarks/serve.py@009e6d4, guidellm@ee7a774, aiperf@db4f639 (and genai-perf,
which it follows), SemiAnalysisAI/InferenceX@843c625, llama.cpp tools/llama-bench.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tco.catalog.bench import Document, Part, Reading

SLACK = 0.03
"""Rounding and ramps by which a rate may differ from counts over time [1]."""
WINDOW_SLACK = 0.15
"""The same for tools that leave out warm-up and cool-down [1]."""
LITTLE_SLACK = 0.5
"""The same for requests in flight over their time [1]."""
RANDOM_LENGTHS = 0.9
"""InferenceX draws lengths from 0.8 to 1 times the nominal one [1]."""
MS = {"ms": 1.0, "s": 1e3, "sec": 1e3, "us": 1e-3, "ns": 1e-6}
ENGINES = {
    "vllm": "vLLM",
    "sglang": "SGLang",
    "trt": "TensorRT-LLM",
    "trtllm": "TensorRT-LLM",
    "tensorrt-llm": "TensorRT-LLM",
    "lmdeploy": "LMDeploy",
    "atom": "ATOM",
    "llama.cpp": "llama.cpp",
}


def vllm(part: Part) -> Iterator[Reading | str]:
    """Yield the run of a `vllm bench serve --save-result` file."""
    duration, completed = part.need("duration"), part.need("completed")
    total, rate = part.need("total_output_tokens"), part.need("output_throughput")
    how = f"{total:,.0f} tokens in {duration:,.5g} s"
    part.agree(rate, total / duration, how, SLACK)
    notes = []
    if failed := part.number("failed"):
        notes.append(f"{failed:.0f} requests failed")
    if any(name.startswith("spec_decode") for name in part.cells):
        notes.append("speculative decoding")
    day = re.match(r"(20\d\d)(\d\d)(\d\d)", part.text("date") or "")
    isl = part.number("total_input_tokens")
    yield Reading(
        output_tok_s=rate,
        isl=isl / completed if isl else None,
        osl=total / completed,
        concurrency=_in_flight(part, completed / duration),
        model=part.text("model_id", "model"),
        engine=_engine(part.text("engine", "backend", "endpoint_type")),
        engine_version=part.text("engine_version", "vllm_version"),
        date="-".join(day.groups()) if day else None,
        ttft_ms=part.number("mean_ttft_ms"),
        tpot_ms=part.number("mean_tpot_ms"),
        notes=tuple(notes),
        **_metadata(part),
    )


def _in_flight(part: Part, requests_per_s: float) -> float | None:
    """Return the limit that a closed loop kept, else rate times latency; None without either."""
    limit, endless = part.number("max_concurrency"), part.cells.get("request_rate") in ("inf", None)
    if limit and endless:
        return limit
    latency = part.number("mean_e2el_ms")
    return requests_per_s * latency / 1e3 if latency else limit


def _metadata(part: Part) -> dict[str, Any]:
    """Return what `--metadata KEY=VALUE` added, numbers written as texts too."""
    texts = {k: float(v) for k, v in part.cells.items() if isinstance(v, str) and v.isdecimal()}
    cells = Part(part.path, part.line, {**part.cells, **texts})
    return {
        "gpu": part.text("gpu", "gpu_type", "gpu_name", "hardware", "accelerator"),
        "gpus": cells.whole("gpus", "num_gpus", "gpu_count", "n_gpus"),
        "tp": cells.whole("tp", "tensor_parallel_size", "tensor_parallel"),
        "pp": cells.whole("pp", "pipeline_parallel_size", "pipeline_parallel"),
        "replicas": cells.whole("replicas", "data_parallel_size"),
        "precision": part.text("precision", "quantization", "dtype"),
        "kv_precision": part.text("kv_precision", "kv_cache_dtype", "kv_dtype"),
    }


def _engine(name: str | None) -> str | None:
    """Return an engine by the name of a backend; None for protocols such as `openai-chat`."""
    return ENGINES.get((name or "").lower())


def guidellm(part: Part) -> Iterator[Reading | str]:
    """Yield the runs of a GuideLLM `benchmarks.json`; a sweep has several."""
    runs = part.cells.get("benchmarks")
    for cells in runs if isinstance(runs, list) else []:
        run = Part(part.path, part.line, cells if isinstance(cells, Mapping) else {})
        metrics = run.part("metrics")
        rate, osl = _mean(metrics, "output_tokens_per_second"), _mean(metrics, "output_token_count")
        if rate is None or osl is None:
            yield "a run without finished requests was left out"
            continue
        _check_window(run, metrics, rate, osl)
        model = _deep(part.cells, "model")
        yield Reading(
            output_tok_s=rate,
            isl=_mean(metrics, "prompt_token_count"),
            osl=osl,
            concurrency=_mean(metrics, "request_concurrency"),
            model=model if isinstance(model, str) else None,
            ttft_ms=_mean(metrics, "time_to_first_token_ms"),
            tpot_ms=_mean(metrics, "inter_token_latency_ms", "time_per_output_token_ms"),
            **_metadata(part),
        )


def _mean(metrics: Part, *names: str) -> float | None:
    """Return the mean over finished requests of the first metric that has one."""
    found = (metrics.part(name).part("successful").number("mean") for name in names)
    return next((value for value in found if value is not None), None)


def _check_window(run: Part, metrics: Part, rate: float, osl: float) -> None:
    start, end = run.number("start_time"), run.number("end_time")
    duration = run.number("duration") or (end - start if start and end else None)
    tokens = metrics.part("output_token_count").part("successful")
    count = tokens.number("count")
    total = tokens.number("total_sum") or (count * osl if count else None)
    if duration and duration > 0 and total:
        how = f"{total:,.0f} tokens in {duration:,.5g} s"
        run.agree(rate, total / duration, how, WINDOW_SLACK)
    elif each := _mean(metrics, "requests_per_second"):
        how = f"{each:,.5g} requests/s of {osl:,.5g} tokens"
        run.agree(rate, each * osl, how, WINDOW_SLACK)


def aiperf(part: Part) -> Iterator[Reading | str]:
    """Yield the run of an AIPerf or genai-perf profile export."""
    rate, osl = _average(part, "output_token_throughput"), _average(part, "output_sequence_length")
    if rate is None or osl is None:
        part.refuse("output_token_throughput or output_sequence_length is missing: was it cut off?")
    _check_counts(part, rate, osl)
    config = part.part("input_config").cells
    flight = _deep(config, "concurrency")
    yield Reading(
        output_tok_s=rate,
        isl=_average(part, "input_sequence_length"),
        osl=osl,
        concurrency=float(flight) if isinstance(flight, int | float) and flight > 0 else None,
        model=_first_text([_deep(config, name) for name in ("model_names", "models", "model")]),
        gpu=_first_text(_deep(part.part("telemetry_data").cells, "gpu_name")),
        date=(part.text("end_time", "start_time") or "")[:10] or None,
        ttft_ms=_average(part, "time_to_first_token"),
        tpot_ms=_average(part, "inter_token_latency"),
    )


def _average(part: Part, name: str) -> float | None:
    """Return the average of a metric, times in milliseconds."""
    metric = part.part(name)
    value = metric.number("avg")
    unit = MS.get((metric.text("unit") or "").lower(), 1.0)
    return None if value is None else value * (1.0 if "throughput" in name else unit)


def _check_counts(part: Part, rate: float, osl: float) -> None:
    count = part.part("request_count").number("avg")
    lasted = part.part("benchmark_duration").number("avg")
    if count and lasted:
        unit = part.part("benchmark_duration").text("unit") or "sec"
        seconds = lasted * MS.get(unit.lower(), 1e3) / 1e3
        how = f"{count:,.0f} requests of {osl:,.5g} tokens in {seconds:,.5g} s"
        part.agree(rate, count * osl / seconds, how, WINDOW_SLACK)
    elif each := part.part("request_throughput").number("avg"):
        how = f"{each:,.5g} requests/s of {osl:,.5g} tokens"
        part.agree(rate, each * osl, how, WINDOW_SLACK)


def inferencex(part: Part) -> Iterator[Reading | str]:
    """Yield one aggregate of InferenceX; disaggregated and speculative runs are left out."""
    if part.switch("disagg"):
        yield "prefill and decoding on separate GPUs, which the capacity model does not know"
        return
    if str(part.cells.get("spec_decoding") or "none").lower() not in ("none", "false"):
        yield "speculative decoding, which the capacity model does not know"
        return
    tp, pp = part.whole("tp") or 1, part.whole("pp") or 1
    gpus, each = tp * pp, part.need("output_tput_per_gpu")
    isl, osl, flight = part.need("isl"), part.need("osl"), part.need("conc")
    if latency := part.number("mean_e2el", "mean_e2e"):
        how = f"{flight:g} in flight of {osl:g} tokens in {latency:.5g} s each"
        part.agree(each * gpus, flight * osl * RANDOM_LENGTHS / latency, how, LITTLE_SLACK)
    ttft, tpot = part.number("mean_ttft"), part.number("mean_tpot")
    yield Reading(
        output_tok_s=each * gpus,
        isl=isl * RANDOM_LENGTHS,
        osl=osl * RANDOM_LENGTHS,
        concurrency=flight,
        model=part.text("model", "infmax_model_prefix"),
        gpu=part.text("hw", "device"),
        gpus=gpus,
        tp=tp,
        pp=pp,
        precision=part.text("precision"),
        engine=_engine(part.text("framework")),
        engine_version=(part.text("image") or "").rpartition(":")[2] or None,
        date=(part.text("date") or "")[:10] or None,
        dp_attention=part.switch("dp_attention"),
        expert_parallel=(part.number("ep") or 1.0) > 1.0,
        ttft_ms=ttft * 1e3 if ttft else None,
        tpot_ms=tpot * 1e3 if tpot else None,
        notes=("lengths are 0.9 x nominal, as the harness draws them",),
    )


GGUF = {"q4_k - medium": "q4_k_m", "f16": "fp16", "bf16": "bf16", "q8_0": "int8"}
CACHE = {"f16": "fp16", "bf16": "bf16", "q8_0": "int8"}


def llama_bench(part: Part) -> Iterator[Reading | str]:
    """Yield one test of llama-bench; a test of prompt processing alone is left out."""
    generated = part.number("n_gen")
    if generated is None:
        yield "tests of prompt processing alone were left out"
        return
    rate, took = part.need("avg_ts"), part.number("avg_ns")
    prompt = part.number("n_prompt") or 0.0
    if took:
        seconds = took / 1e9
        tokens = generated + prompt
        part.agree(rate, tokens / seconds, f"{tokens:,.0f} tokens in {seconds:.5g} s", SLACK)
    kind = (part.text("model_type") or "").lower()
    cards = [c.strip() for c in re.split(r"[,/+]", part.text("gpu_info") or "") if c.strip()]
    build = part.text("build_commit")
    yield Reading(
        output_tok_s=rate * generated / (generated + prompt),
        isl=prompt + (part.number("n_depth") or 0.0) or 1.0,
        osl=generated,
        concurrency=1.0,
        gpu=cards[0] if cards else None,
        gpus=len(cards) or None,
        precision=next((ours for theirs, ours in GGUF.items() if kind.endswith(theirs)), None),
        kv_precision=CACHE.get((part.text("type_k") or "").lower()),
        engine="llama.cpp",
        engine_version=build,
        date=(part.text("test_time") or "")[:10] or None,
        mode="single_stream",
        layer_split=len(cards) > 1 and part.text("split_mode") != "row",
        prefill_included=prompt > 0,
    )


def _deep(cells: Any, name: str) -> Any:
    """Return the first value called `name`, however deep it lies; None without one."""
    inner: list[Any] = list(cells.values()) if isinstance(cells, Mapping) else []
    if isinstance(cells, Mapping) and cells.get(name) is not None:
        return cells[name]
    inner = cells if isinstance(cells, list) else inner
    return next((found for one in inner if (found := _deep(one, name)) is not None), None)


def _first_text(value: Any) -> str | None:
    """Return a text, or the first one in a list or mapping."""
    if isinstance(value, str):
        return value.strip() or None
    inner: list[Any] = list(value.values()) if isinstance(value, Mapping) else []
    inner = value if isinstance(value, list) else inner
    return next((text for one in inner if (text := _first_text(one))), None)


def _has(*names: str) -> Callable[[Document], bool]:
    return lambda cells: all(name in cells for name in names)


FORMATS: tuple[
    tuple[str, Callable[[Document], bool], Callable[[Part], Iterator[Reading | str]]], ...
] = (
    ("vllm bench", _has("duration", "completed", "output_throughput"), vllm),
    ("GuideLLM", _has("benchmarks"), guidellm),
    ("InferenceX", _has("output_tput_per_gpu", "conc"), inferencex),
    ("llama-bench", _has("n_prompt", "n_gen", "avg_ts"), llama_bench),
    ("AIPerf", _has("output_token_throughput", "request_throughput"), aiperf),
)
"""Tool, how its records are recognised, and how they are read."""
