"""How each benchmark tool names what it measured: servers' own tools, and the list of all.

Field names: vLLM benchmarks/serve.py@009e6d4, SGLang bench_serving.py, TensorRT-LLM
bench/dataclasses/reporting.py@0249976, inference-perf reportgen/base.py@010d12f,
SemiAnalysisAI/InferenceX@843c625.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from tco.catalog.benches.clients import aiperf, aiperf_records, aiperf_sweep, guidellm
from tco.catalog.benches.local import llama_bench
from tco.catalog.benches.read import (
    DRAFTS,
    BenchFormat,
    BenchPart,
    BenchReading,
    Reader,
    in_flight,
    littles_law,
    metadata,
    request_s,
    several_an_event,
)

SLACK = 0.03
"""Rounding and ramps by which a rate may differ from counts over time [1]."""
LITTLE_SLACK = 0.3
"""The same for requests in flight over their time [1]."""
RANDOM_LENGTHS = 0.9
"""InferenceX draws lengths from 0.8 to 1 times the nominal one [1]."""
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


def vllm(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield the run of `vllm bench serve --save-result`, or of SGLang's `bench_serving`."""
    if part.cells.get("completed") == 0:
        yield "completed is 0, not a number above 0: was the run cut off?"
        return
    duration, completed = part.need("duration"), part.need("completed")
    total, rate = part.need("total_output_tokens"), part.need("output_throughput")
    how = f"{total:,.0f} tokens in {duration:,.5g} s"
    part.agree(rate, total / duration, how, SLACK)
    drafts = any(name.startswith("spec_decode") for name in part.cells)
    if drafts or (part.number("accept_length") or 1.0) > 1.0:
        yield DRAFTS
        return
    osl, failed = total / completed, part.number("failed")
    ttft, tpot = part.number("mean_ttft_ms"), part.number("mean_tpot_ms")
    whole = part.number("mean_e2el_ms", "mean_e2e_latency_ms")
    lasted = whole / 1e3 if whole else request_s(ttft, tpot, osl)
    by_law = littles_law(completed / duration, lasted)
    flight, told = in_flight(
        part, by_law=by_law, stated=part.number("concurrency"), limit=part.number("max_concurrency")
    )
    day = re.match(r"(20\d\d)(\d\d)(\d\d)", part.text("date") or "")
    isl = part.number("total_input_tokens")
    yield BenchReading(
        output_tok_s=rate,
        isl=isl / completed if isl else None,
        osl=osl,
        concurrency=flight,
        by_law=by_law,
        model=part.text("model_id", "model"),
        engine=_engine(part.text("engine", "backend", "endpoint_type")),
        engine_version=part.text("engine_version", "vllm_version"),
        date="-".join(day.groups()) if day else None,
        ttft_ms=ttft,
        tpot_ms=tpot,
        notes=(
            *((f"{failed:.0f} requests failed",) if failed else ()),
            *told,
            *several_an_event(part.number("mean_itl_ms"), tpot),
        ),
        **metadata(part),
    )


def _engine(name: str | None) -> str | None:
    """Return an engine by the name of a backend; None for protocols such as `openai-chat`."""
    return ENGINES.get((name or "").lower())


def trtllm_bench(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield the run of a `trtllm-bench throughput --report_json` file."""
    if isinstance(part.cells.get("decoding_stats"), Mapping):
        yield DRAFTS
        return
    asked, made, world = (part.part(n) for n in ("request_info", "performance", "world_info"))
    engine, stream = part.part("engine"), part.part("streaming_metrics")
    rate, requests = (
        made.need("system_output_throughput_tok_s"),
        made.need("request_throughput_req_s"),
    )
    isl, osl = asked.need("avg_input_length"), asked.need("avg_output_length")
    made.agree(rate, requests * osl, f"{requests:,.5g} requests/s of {osl:,.5g} tokens", SLACK)
    latency = made.number("avg_request_latency_ms")
    by_law = littles_law(requests, latency / 1e3 if latency else None)
    flight, told = in_flight(
        made,
        by_law=by_law,
        stated=asked.number("avg_num_concurrent_requests"),
        limit=world.number("max_batch_size"),
    )
    yield BenchReading(
        output_tok_s=rate,
        isl=isl,
        osl=osl,
        concurrency=flight,
        by_law=by_law,
        model=engine.text("model", "model_path"),
        gpu=part.part("machine").text("name"),
        gpus=world.whole("world_size"),
        tp=world.whole("tp_size"),
        pp=world.whole("pp_size"),
        precision=engine.text("quantization", "dtype"),
        kv_precision=engine.text("kv_cache_dtype"),
        engine="TensorRT-LLM",
        engine_version=engine.text("version"),
        expert_parallel=(world.number("ep_size") or 1.0) > 1.0,
        ttft_ms=stream.number("avg_ttft_ms"),
        tpot_ms=stream.number("avg_tpot_ms"),
        notes=told,
    )


def inference_perf(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield the run of a lifecycle report of inference-perf."""
    done, load = part.part("successes"), part.part("load_summary")
    made, times = done.part("throughput"), done.part("latency")
    if done.number("count") is None:
        yield "a run without finished requests was left out"
        return
    rate, requests = made.need("output_tokens_per_sec"), made.need("requests_per_sec")
    osl = done.mean("output_len") or rate / requests
    made.agree(rate, requests * osl, f"{requests:,.5g} requests/s of {osl:,.5g} tokens", 0.15)
    ttft, tpot = times.mean("time_to_first_token"), times.mean("time_per_output_token")
    by_law = littles_law(requests, times.mean("request_latency"))
    flight, told = in_flight(part, by_law=by_law, limit=load.number("concurrency"))
    failed = part.part("failures").number("count")
    itl = times.mean("inter_token_latency")
    yield BenchReading(
        output_tok_s=rate,
        isl=done.mean("prompt_len"),
        osl=osl,
        concurrency=flight,
        by_law=by_law,
        ttft_ms=ttft * 1e3 if ttft else None,
        tpot_ms=tpot * 1e3 if tpot else None,
        notes=(
            *((f"{failed:,.0f} requests failed",) if failed else ()),
            *told,
            *several_an_event(itl, tpot),
        ),
        **metadata(part),
    )


def inferencex(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield one aggregate of InferenceX; disaggregated and speculative runs are left out."""
    if part.switch("disagg"):
        yield "prefill and decoding on separate GPUs, which the capacity model does not know"
        return
    if str(part.cells.get("spec_decoding") or "none").lower() not in ("none", "false"):
        yield DRAFTS
        return
    tp, pp = part.whole("tp") or 1, part.whole("pp") or 1
    gpus, each = tp * pp, part.need("output_tput_per_gpu")
    isl, osl, flight = part.need("isl"), part.need("osl"), part.need("conc")
    if latency := part.number("mean_e2el", "mean_e2e"):
        how = f"{flight:g} in flight of {osl:g} tokens in {latency:.5g} s each"
        part.agree(each * gpus, flight * osl * RANDOM_LENGTHS / latency, how, LITTLE_SLACK)
    ttft, tpot = part.number("mean_ttft"), part.number("mean_tpot")
    yield BenchReading(
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
        notes=(
            "lengths are 0.9 x nominal, as the harness draws them",
            *several_an_event(part.number("mean_itl"), tpot),
        ),
    )


def _each(reader: Callable[[BenchPart], Iterator[BenchReading | str]]) -> Reader:
    """Return what reads the records of a file one by one."""

    def read(parts: list[BenchPart]) -> Iterator[BenchReading | str]:
        for part in parts:
            yield from reader(part)

    return read


FORMATS = (
    BenchFormat(
        "vllm bench",
        ("duration", "completed", "output_throughput"),
        _each(vllm),
        ("vllm bench serve", "sglang.bench_serving"),
    ),
    BenchFormat("GuideLLM", ("benchmarks",), _each(guidellm)),
    BenchFormat("InferenceX", ("output_tput_per_gpu", "conc"), _each(inferencex)),
    BenchFormat("llama-bench", ("n_prompt", "n_gen", "avg_ts"), _each(llama_bench)),
    BenchFormat(
        "AIPerf",
        ("output_token_throughput", "request_throughput"),
        _each(aiperf),
        ("AIPerf", "genai-perf"),
    ),
    BenchFormat("AIPerf sweep", ("per_combination_metrics",), _each(aiperf_sweep)),
    BenchFormat("AIPerf records", ("metadata", "metrics"), aiperf_records),
    BenchFormat("trtllm-bench", ("request_info", "performance", "world_info"), _each(trtllm_bench)),
    BenchFormat("inference-perf", ("load_summary", "successes"), _each(inference_perf)),
)
"""Tools in the order in which a file is tried."""


def tools() -> tuple[str, ...]:
    """Return the tools whose files are read, as people call them."""
    return tuple(name for form in FORMATS for name in form.told or (form.tool,))
