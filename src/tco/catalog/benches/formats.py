"""How each benchmark tool names what it measured: servers' own tools, and the list of all.

Field names: vLLM benchmarks/serve.py@009e6d4, SGLang bench_serving.py, TensorRT-LLM
bench/dataclasses/reporting.py@0249976, inference-perf reportgen/base.py@7de5ef2,
SemiAnalysisAI/InferenceX@843c625.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tco.catalog.benches.clients import (
    aiperf,
    aiperf_records,
    aiperf_sweep,
    guidellm,
    llama_batched_bench,
    llama_bench,
    ollama,
)
from tco.catalog.benches.read import (
    CONTRADICTION,
    DRAFTS,
    BenchFormat,
    BenchPart,
    BenchReading,
    Reader,
    drafted,
    failures,
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


APART = "prefill and decoding on separate GPUs, which the capacity model does not know"


def _iso(text: str) -> str | None:
    """Return the day of a text such as `20260131-104500`; None of another."""
    day = re.match(r"(20\d\d)(\d\d)(\d\d)", text)
    return "-".join(day.groups()) if day else None


def _unlike(part: BenchPart, server: BenchPart, total: float) -> str:
    """Return why a run says nothing of a server that the capacity model knows; or nothing."""
    if any(map(drafted, (part.cells, server.cells))) or _accepted(part):
        return DRAFTS
    _counted(part, total)
    return APART if "decode" in server.cells or "prefill" in server.cells else ""


def vllm(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield the run of `vllm bench serve --save-result`, or of SGLang's `bench_serving`."""
    if part.cells.get("completed") == 0:
        yield "completed is 0, not a number above 0: was the run cut off?"
        return
    duration, completed = part.need("duration"), part.need("completed")
    total, rate = part.need("total_output_tokens"), part.need("output_throughput")
    part.agree(rate, total / duration, f"{total:,.0f} tokens in {duration:,.5g} s", SLACK)
    server = part.part("server_info")
    if refused := _unlike(part, server, total):
        yield refused
        return
    osl = total / completed
    ttft, tpot = part.number("mean_ttft_ms"), part.number("mean_tpot_ms")
    whole = part.number("mean_e2el_ms", "mean_e2e_latency_ms")
    lasted = whole / 1e3 if whole else request_s(ttft, tpot, osl)
    by_law = littles_law(completed / duration, lasted)
    flight, told = in_flight(
        part, by_law=by_law, stated=part.number("concurrency"), limit=part.number("max_concurrency")
    )
    isl = part.number("total_input_tokens")
    yield BenchReading(
        output_tok_s=rate,
        isl=isl / completed if isl else None,
        osl=osl,
        concurrency=flight,
        by_law=by_law,
        model=part.text("model_id", "model") or server.text("model_path"),
        engine=_engine(part.text("engine", "backend", "endpoint_type")),
        engine_version=part.text("engine_version", "vllm_version") or server.text("version"),
        date=_iso(part.text("date") or ""),
        ttft_ms=ttft,
        tpot_ms=tpot,
        notes=(
            *failures(_failed(part, completed)),
            *told,
            *several_an_event(part.number("mean_itl_ms"), tpot),
            *_of_client(part, total),
        ),
        **_laid_out(metadata(part), server),
    )


def _failed(part: BenchPart, completed: float) -> float | None:
    """Return how many requests failed: as is said, or what is missing of those that were sent."""
    sent, errors = part.number("num_prompts"), part.cells.get("errors")
    if isinstance(errors, list) and any(errors):
        return float(sum(1 for error in errors if error))
    return part.number("failed") or (sent - completed if sent else None)


def _accepted(part: BenchPart) -> bool:
    """Return whether a client saw drafts that were accepted."""
    told = any(name.startswith("spec_decode") for name in part.cells)
    return told or (part.number("accept_length") or 1.0) > 1.0


def _counted(part: BenchPart, total: float) -> None:
    """Refuse a count of tokens below what the answers have: a server that counts one a request."""
    own = part.number("total_output_tokens_retokenized") or 0.0
    if own > total * CONTRADICTION:
        part.refuse(
            f"it says {total:,.0f} output tokens, but by the client's own tokenizer the answers "
            f"have {own:,.0f}"
        )


def _of_client(part: BenchPart, total: float) -> Iterator[str]:
    """Yield what to know of a run of a client of servers."""
    own = part.number("total_output_tokens_retokenized")
    if own and total > own * CONTRADICTION:
        yield (
            f"{total:,.0f} output tokens by the server's count, {own:,.0f} by the client's: were "
            "they answered to the end?"
        )
    if part.text("ramp_up_strategy"):
        yield "its load was ramped up: a mean over light and heavy load"


def _laid_out(known: dict[str, Any], server: BenchPart) -> dict[str, Any]:
    """Return what is told of a run, and what the settings of SGLang's server add."""
    tp, pp, dp = (server.whole(f"{n}_size") for n in ("tp", "pp", "dp"))
    whole = server.switch("enable_dp_attention")
    copies = 1 if whole else dp or 1
    laid_out = (
        ("tp", tp),
        ("pp", pp),
        ("replicas", copies),
        ("gpus", (tp or 0) * (pp or 1) * copies),
    )
    more: dict[str, Any] = dict(laid_out) if tp else {}
    more["precision"] = server.text("quantization", "dtype")
    more["kv_precision"] = server.text("kv_cache_dtype")
    both = {name: more.get(name) if value is None else value for name, value in known.items()}
    return both | ({"dp_attention": True} if whole else {})


def _engine(name: str | None) -> str | None:
    """Return an engine by the name of a backend; None for protocols such as `openai-chat`."""
    return ENGINES.get((name or "").lower())


TRTLLM_RATES = ("system_output_throughput_tok_s", "request_throughput_req_s")
BURST = 0.45
"""Share of all requests that are in flight on average from which they were sent all at once [1]."""
TOGETHER = 0.1
"""Share of the time per token below which two tokens arrived together [1]."""


def trtllm_bench(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield the run of a `trtllm-bench throughput --report_json` file."""
    if isinstance(part.cells.get("decoding_stats"), Mapping):
        yield DRAFTS
        return
    asked, made, world = (part.part(n) for n in ("request_info", "performance", "world_info"))
    engine, stream = part.part("engine"), part.part("streaming_metrics")
    rate, requests = (made.need(n) for n in TRTLLM_RATES)
    isl, osl = asked.need("avg_input_length"), asked.need("avg_output_length")
    made.agree(rate, requests * osl, f"{requests:,.5g} requests/s of {osl:,.5g} tokens", SLACK)
    latency, tpot = made.number("avg_request_latency_ms"), stream.number("avg_tpot_ms")
    by_law = littles_law(requests, latency / 1e3 if latency else None)
    flight, told = in_flight(
        made, by_law=by_law, stated=asked.number("avg_num_concurrent_requests")
    )
    waits = flight is not None and flight > _most(asked, world)
    if waits:
        flight, told, by_law = *_decoding(flight or 0.0, rate, tpot), None
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
        ttft_ms=None if waits else stream.number("avg_ttft_ms"),
        tpot_ms=tpot,
        notes=told,
    )


def _most(part: BenchPart, ranks: BenchPart) -> float:
    """Return the requests in flight beyond which some of them wait in line [1].

    Without `--concurrency` all requests are handed over at once, and timed from then on.
    """
    every = BURST * (part.number("num_requests") or math.inf)
    return min(ranks.number("max_batch_size") or math.inf, every)


def _decoding(
    flight: float, rate: float, tpot_ms: float | None
) -> tuple[float | None, tuple[str, ...]]:
    """Return how many of the requests of a line are worked on: rate times time per token."""
    said = f"{flight:,.4g} requests in flight are the tool's with those that wait in line"
    if tpot_ms is None:
        return None, (f"{said}; run it with --streaming or --concurrency",)
    working = rate * tpot_ms / 1e3
    return working, (f"{said}; {working:,.4g} of them make tokens",)


def inference_perf(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield the run of a lifecycle report of inference-perf.

    Tokens as the server counts them where it says so; the tool's own count of pieces of text is
    told where it is another one. Its time per token is the request's, but for the first token's:
    up to 0.5 it counted a start of text with every piece, and halved what it divided by that.
    """
    done, load = part.part("successes"), part.part("load_summary")
    made, times = done.part("throughput"), done.part("latency")
    if done.number("count") is None:
        yield "a run without finished requests was left out"
        return
    rate, requests = made.need("output_tokens_per_sec"), made.need("requests_per_sec")
    osl = done.mean("output_tokens") or done.mean("output_len") or rate / requests
    each = min((osl, done.mean("output_len") or osl), key=lambda n: abs(rate / requests - n))
    made.agree(rate, requests * each, f"{requests:,.5g} requests/s of {each:,.5g} tokens", SLACK)
    ttft, whole = times.mean("time_to_first_token"), times.mean("request_latency")
    said = times.mean("time_per_output_token")
    tpot = (whole - ttft) / (osl - 1.0) if ttft and whole and osl > 1.0 else said
    by_law = littles_law(requests, whole)
    flight, told = in_flight(part, by_law=by_law, limit=load.number("concurrency"))
    yield BenchReading(
        output_tok_s=requests * osl,
        isl=done.mean("prompt_tokens") or done.mean("prompt_len"),
        osl=osl,
        concurrency=flight,
        by_law=by_law,
        ttft_ms=ttft * 1e3 if ttft else None,
        tpot_ms=tpot * 1e3 if tpot else None,
        notes=(*_of_inference_perf(part, osl, said, tpot), *told),
        **metadata(part),
    )


def _of_inference_perf(
    part: BenchPart, osl: float, value: float | None, tpot: float | None
) -> Iterator[str]:
    """Yield what to know of a report of inference-perf."""
    done = part.part("successes")
    if failed := part.part("failures").number("count"):
        yield f"{failed:,.0f} requests failed"
    counted = done.mean("output_len") or osl
    if abs(counted / osl - 1.0) > SLACK:
        yield f"{osl:,.5g} output tokens by the server's count, {counted:,.5g} by the tool's"
    between = done.part("latency").mean("inter_token_latency", "median")
    if value and tpot and max(value / tpot, tpot / value) > CONTRADICTION:
        yield (
            f"it says {value * 1e3:,.4g} ms a token, but its latencies come to {tpot * 1e3:,.4g}, "
            "which counts"
        )
    elif between and tpot and between < TOGETHER * tpot:
        yield "most tokens arrive with others: speculative decoding is likely, and not told"
    prompts = done.part("prompt_tokens")
    if (cached := prompts.number("cached")) and (total := prompts.number("total")):
        yield f"{cached / total:.0%} of the input came from a prompt cache"
    if "requested_rate" not in part.part("load_summary").cells:
        yield "a summary of all stages, whose loads may differ; the files stage_N tell them apart"


def inferencex(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield one aggregate of InferenceX; disaggregated and speculative runs are left out."""
    if part.switch("disagg"):
        yield APART
        return
    if str(part.cells.get("spec_decoding") or "none").lower() not in ("none", "false"):
        yield DRAFTS
        return
    tp, pp = part.whole("tp") or 1, part.whole("pp") or 1
    gpus, each = tp * pp, part.need("output_tput_per_gpu")
    isl, osl, flight = part.need("isl"), part.need("osl"), part.need("conc")
    ttft, tpot = part.number("mean_ttft"), part.number("mean_tpot")
    whole = part.number("mean_e2el", "mean_e2e")
    if ttft and tpot and whole is None:
        whole = request_s(1e3 * ttft, 1e3 * tpot, osl * RANDOM_LENGTHS)
    if latency := whole:
        how = f"{flight:g} in flight of {osl:g} tokens in {latency:.5g} s each"
        part.agree(each * gpus, flight * osl * RANDOM_LENGTHS / latency, how, LITTLE_SLACK)
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
    BenchFormat("llama-batched-bench", ("pp", "tg", "pl", "t_tg"), _each(llama_batched_bench)),
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
    BenchFormat("Ollama", ("eval_count", "eval_duration"), ollama),
)
"""Tools in the order in which a file is tried."""

UNREAD = (
    (
        ("total_num_tokens", "tokens_per_second"),
        "vllm bench throughput counts input and output tokens in one; vllm bench serve does not",
    ),
    (
        ("avg_latency", "latencies"),
        "vllm bench latency does not say how many tokens or requests there were; vllm bench serve "
        "does",
    ),
    (
        ("experiments",),
        "the requests of perf_analyzer; profile_export_genai_perf.json beside it is read",
    ),
)
"""Members of files that people have and that do not say enough, and why."""


def tools() -> tuple[str, ...]:
    """Return the tools whose files are read, as people call them."""
    return tuple(name for form in FORMATS for name in form.called or (form.tool,))
