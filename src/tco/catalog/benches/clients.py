"""Clients that measure any server: GuideLLM, AIPerf and genai-perf, which AIPerf follows; and
llama-bench, which measures itself.

Field names: guidellm@ee7a774 and 0.8.1, aiperf@db4f639 and 0.13.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from tco.catalog.benches.read import (
    DRAFTS,
    BenchPart,
    BenchReading,
    in_flight,
    littles_law,
    metadata,
    request_s,
    several_an_event,
)

WINDOW_SLACK = 0.15
"""By how much a rate may differ from counts over time, of tools that leave out warm-up and
cool-down [1]."""
MS = {
    **dict.fromkeys(("ms", "msec", "milliseconds"), 1.0),
    **dict.fromkeys(("s", "sec", "seconds"), 1e3),
    **dict.fromkeys(("us", "µs", "microseconds"), 1e-3),
    **dict.fromkeys(("ns", "nanoseconds"), 1e-6),
    **dict.fromkeys(("min", "minutes"), 6e4),
}
TIMES = ("latency", "time_to", "duration")
"""Parts of the names of metrics that are times."""
EMPTY = "a run without finished requests was left out"


def guidellm(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield the runs of a GuideLLM `benchmarks.json`; a sweep has several."""
    runs = part.cells.get("benchmarks")
    for cells in runs if isinstance(runs, list) else []:
        run = BenchPart(part.path, part.line, cells if isinstance(cells, Mapping) else {})
        yield _guidellm_run(part, run)


def _guidellm_run(part: BenchPart, run: BenchPart) -> BenchReading | str:
    """Return one run of a report, or why it says nothing."""
    metrics = run.part("metrics")
    rate, osl = _mean(metrics, "output_tokens_per_second"), _mean(metrics, "output_token_count")
    if rate is None or osl is None:
        return EMPTY
    _check_window(run, metrics, rate, osl)
    each = _mean(metrics, "output_tokens_per_iteration")
    if (each or 1.0) > 1.5 and _drafts(run):
        return DRAFTS
    ttft = _mean(metrics, "time_to_first_token_ms")
    tpot = _mean(metrics, "inter_token_latency_ms") or _mean(metrics, "time_per_output_token_ms")
    lasted = _mean(metrics, "request_latency") or request_s(ttft, tpot, osl)
    by_law = littles_law(_mean(metrics, "requests_per_second") or rate / osl, lasted)
    strategy = run.part("config").part("strategy")
    flight, told = in_flight(
        run,
        by_law=by_law,
        stated=_mean(metrics, "request_concurrency"),
        limit=strategy.number("streams", "max_concurrency"),
    )
    model = _deep(part.cells, "model")
    errors = metrics.part("request_totals").number("errored")
    return BenchReading(
        output_tok_s=rate,
        isl=_mean(metrics, "prompt_token_count"),
        osl=osl,
        concurrency=flight,
        by_law=by_law,
        model=model if isinstance(model, str) else None,
        date=_day(run.number("start_time") or run.part("scheduler_metrics").number("start_time")),
        ttft_ms=ttft,
        tpot_ms=tpot,
        notes=(
            *((f"{errors:,.0f} requests failed",) if errors else ()),
            *told,
            *(several_an_event(each, 1.0) if each else ()),
        ),
        **metadata(part),
    )


def _drafts(run: BenchPart) -> bool:
    return bool(_deep(run.cells, "speculative_config") or _deep(run.cells, "spec_decoding"))


def _day(seconds: float | None) -> str | None:
    """Return the day of a time since 1970, in UTC; None without one."""
    if not seconds or not 1e9 < seconds < 1e11:
        return None
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _mean(metrics: BenchPart, *names: str) -> float | None:
    """Return the mean over finished requests of the first metric that has one."""
    found = (metrics.part(name).part("successful").number("mean") for name in names)
    return next((value for value in found if value is not None), None)


def _check_window(run: BenchPart, metrics: BenchPart, rate: float, osl: float) -> None:
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


def aiperf(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield the run of an AIPerf or genai-perf profile export; warm-up has a part of its own."""
    rate, osl = _average(part, "output_token_throughput"), _average(part, "output_sequence_length")
    if rate is None or osl is None:
        part.refuse("output_token_throughput or output_sequence_length is missing: was it cut off?")
    _check_counts(part, rate, osl)
    if (_average(part, "spec_decode_acceptance_length") or 1.0) > 1.0:
        yield DRAFTS
        return
    ttft, tpot = _average(part, "time_to_first_token"), _average(part, "inter_token_latency")
    latency = _average(part, "request_latency")
    lasted = latency / 1e3 if latency else request_s(ttft, tpot, osl)
    by_law = littles_law(part.part("request_throughput").number("avg") or rate / osl, lasted)
    config = part.part("input_config").cells
    flight, told = in_flight(
        part,
        by_law=by_law,
        stated=part.part("effective_concurrency").number("avg"),
        limit=_limit(config),
    )
    names = [_deep(config, name) for name in ("model_names", "models", "model")]
    yield BenchReading(
        output_tok_s=rate,
        isl=_average(part, "input_sequence_length"),
        osl=osl,
        concurrency=flight,
        by_law=by_law,
        model=_first_text(names),
        gpu=_first_text(_deep(part.part("telemetry_data").cells, "gpu_name")),
        date=(part.text("end_time", "start_time") or "")[:10] or None,
        ttft_ms=ttft,
        tpot_ms=tpot,
        notes=(
            *_troubles(part),
            *told,
            *several_an_event(_average(part, "inter_chunk_latency"), tpot),
        ),
    )


def _limit(config: Mapping[str, Any]) -> float | None:
    """Return the concurrency that was asked for in the run that counts, warm-up apart."""
    phases = config.get("phases")
    kept = [
        phase
        for phase in (phases if isinstance(phases, list) else [])
        if isinstance(phase, Mapping) and phase.get("kind") != "warmup"
    ]
    said = _deep(kept, "concurrency") if phases else _deep(config, "concurrency")
    return float(said) if isinstance(said, int | float) and said > 0 else None


def _troubles(part: BenchPart) -> Iterator[str]:
    """Yield what an AIPerf file itself says is wrong with its run."""
    if part.switch("was_cancelled"):
        yield "the run was cancelled"
    elif part.cells.get("is_complete") is False:
        yield "the run is not complete"
    summary = part.cells.get("error_summary")
    counts = (
        [e.get("count") for e in summary if isinstance(e, Mapping)]
        if isinstance(summary, list)
        else []
    )
    failed = part.part("error_request_count").number("avg") or sum(
        c for c in counts if isinstance(c, int | float)
    )
    if failed:
        yield f"{failed:,.0f} requests failed"
    if odd := part.part("usage_discrepancy_count").number("avg"):
        yield f"the server counts other tokens than the client in {odd:,.0f} requests"
    if odd := part.part("osl_mismatch_count").number("avg"):
        yield f"{odd:,.0f} answers are not as long as was asked for"


def _average(part: BenchPart, name: str) -> float | None:
    """Return the average of a metric, times in milliseconds."""
    metric = part.part(name)
    value = metric.number("avg")
    if value is None or not any(word in name for word in TIMES):
        return value
    return value * _in_ms(metric, name)


def _in_ms(metric: BenchPart, name: str) -> float:
    """Return how many milliseconds the unit of a time is [1]."""
    unit = (metric.text("unit") or "ms").lower()
    if unit not in MS:
        metric.refuse(f"{name} is in {unit!r}, which is no unit of time that is known")
    return MS[unit]


def _check_counts(part: BenchPart, rate: float, osl: float) -> None:
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


def aiperf_sweep(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield the runs of an AIPerf sweep, one for each value of what was swept."""
    runs = part.cells.get("per_combination_metrics")
    for cells in runs if isinstance(runs, list) else []:
        run = BenchPart(part.path, part.line, cells if isinstance(cells, Mapping) else {})
        flat, known = run.part("metrics"), run.part("parameters")
        metrics = {
            name.removesuffix("_avg"): {"avg": value.get("mean"), "unit": value.get("unit", "")}
            for name, value in flat.cells.items()
            if name.endswith("_avg") and isinstance(value, Mapping)
        }
        if "output_token_throughput" not in metrics:
            yield EMPTY
            continue
        asked = {"concurrency": known.number("concurrency", "phases.profiling.concurrency")}
        config = {"input_config": {**asked, "model": _deep(part.cells, "model_names")}}
        yield from aiperf(BenchPart(part.path, part.line, {**metrics, **config}))


def aiperf_records(parts: list[BenchPart]) -> Iterator[BenchReading | str]:
    """Yield the run of which AIPerf's `profile_export.jsonl` has every request."""
    kept = [p for p in parts if _phase(p) != "warmup"]
    done = [p for p in kept if not p.cells.get("error") and _value(p, "output_sequence_length")]
    if not done:
        yield EMPTY
        return
    times = [p.part("metadata") for p in done]
    first = min(t.need("request_start_ns") for t in times)
    span_s = (max(t.need("request_end_ns") for t in times) - first) / 1e9
    if span_s <= 0.0:
        parts[0].refuse("its requests take no time: was the run cut off?")
    tokens = sum(_value(p, "output_sequence_length") or 0.0 for p in done)
    latency_s = sum(_value(p, "request_latency") or 0.0 for p in done) / 1e3
    failed, warm = len(kept) - len(done), len(parts) - len(kept)
    yield BenchReading(
        output_tok_s=tokens / span_s,
        isl=_average_of(done, "input_sequence_length"),
        osl=tokens / len(done),
        concurrency=latency_s / span_s or None,
        by_law=latency_s / span_s or None,
        date=_day(first / 1e9),
        ttft_ms=_average_of(done, "time_to_first_token"),
        tpot_ms=_average_of(done, "inter_token_latency"),
        notes=(
            *((f"{failed:,} requests failed",) if failed else ()),
            *((f"{warm:,} requests of the warm-up were left out",) if warm else ()),
        ),
    )


def _phase(part: BenchPart) -> str | None:
    return part.part("metadata").text("phase_kind", "benchmark_phase")


def _value(part: BenchPart, name: str) -> float | None:
    """Return one figure of a request, times in milliseconds."""
    metric = part.part("metrics").part(name)
    value = metric.number("value")
    return None if value is None else value * MS.get((metric.text("unit") or "").lower(), 1.0)


def _average_of(parts: list[BenchPart], name: str) -> float | None:
    found = [v for p in parts if (v := _value(p, name)) is not None]
    return sum(found) / len(found) if found else None


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


# llama-bench: what ran on the GPUs, and what did not. Names: llama.cpp tools/llama-bench.

ROUNDING = 0.03
"""Rounding by which a rate may differ from counts over time [1]."""
SIZES = {"small": "s", "medium": "m", "large": "l", "s": "s", "m": "m", "l": "l"}
WHOLE = ("q2_k", "q6_k")
"""Formats whose files come in one size."""
CACHE = {"f32": "fp32", "f16": "fp16", "bf16": "bf16", "q8_0": "q8_0"}
ALL_LAYERS = 99


def llama_bench(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield one test of llama-bench; tests that ran partly on the processor are left out."""
    generated = part.number("n_gen")
    if generated is None:
        yield "tests of prompt processing alone were left out"
        return
    rate, took = part.need("avg_ts"), part.number("avg_ns")
    prompt = part.number("n_prompt") or 0.0
    if took:
        seconds = took / 1e9
        tokens = generated + prompt
        part.agree(rate, tokens / seconds, f"{tokens:,.0f} tokens in {seconds:.5g} s", ROUNDING)
    if elsewhere := _elsewhere(part):
        yield f"a test was left out: {elsewhere}"
        return
    cards, used = _cards(part)
    if len(set(cards)) > 1:
        yield f"a test was left out: its cards differ ({', '.join(cards)})"
        return
    kinds = {(part.text(name) or "").lower() for name in ("type_k", "type_v")} - {""}
    cache = kinds.pop() if len(kinds) == 1 else "/".join(sorted(kinds))
    layers = part.number("n_gpu_layers")
    yield BenchReading(
        output_tok_s=rate * generated / (generated + prompt),
        isl=prompt + (part.number("n_depth") or 0.0) or 1.0,
        osl=generated,
        concurrency=1.0,
        model=_weights_name(part.text("model_filename")),
        gpu=cards[0] if cards else None,
        gpus=used or None,
        precision=_precision(part.text("model_type")),
        kv_precision=CACHE.get(cache, cache) or None,
        engine="llama.cpp",
        engine_version=part.text("build_commit"),
        date=(part.text("test_time") or "")[:10] or None,
        mode="single_stream",
        layer_split=used > 1 and part.text("split_mode") not in ("row", "tensor", "graph"),
        gpu_layers=int(layers) if layers and layers < ALL_LAYERS else None,
        prefill_included=prompt > 0,
    )


def llama_batched_bench(part: BenchPart) -> Iterator[BenchReading | str]:
    """Yield one line of llama-batched-bench: `pl` requests at once, from first to last token."""
    requests, osl, took = part.need("pl"), part.need("tg"), part.need("t")
    part.agree(part.need("speed_tg"), requests * osl / part.need("t_tg"), "its counts", ROUNDING)
    if part.switch("is_pp_shared"):
        yield "a test was left out: its requests share one prompt, which is read once"
        return
    if elsewhere := _elsewhere(part):
        yield f"a test was left out: {elsewhere}"
        return
    layers, first_s = part.number("n_gpu_layers"), part.number("t_pp")
    yield BenchReading(
        output_tok_s=requests * osl / took,
        isl=part.number("pp") or 1.0,
        osl=osl,
        concurrency=requests,
        engine="llama.cpp",
        mode="static_batch" if requests > 1 else "single_stream",
        layer_split=True,
        gpu_layers=int(layers) if layers and layers < ALL_LAYERS else None,
        ttft_ms=first_s * 1e3 if first_s else None,
        tpot_ms=part.need("t_tg") / osl * 1e3,
    )


def ollama(parts: list[BenchPart]) -> Iterator[BenchReading | str]:
    """Yield a run for each model whose answers of Ollama's API are in a file.

    Only generation is timed by `eval_duration`; loading and the prompt have their own.
    """
    answers: dict[str, list[BenchPart]] = {}
    for part in parts:
        answers.setdefault(part.text("model") or "", []).append(part)
    for name, some in answers.items():
        tokens = sum(part.need("eval_count") for part in some)
        prompts = [n for part in some if (n := part.number("prompt_eval_count"))]
        bare, _, tag = name.partition(":")
        yield BenchReading(
            output_tok_s=tokens / sum(part.need("eval_duration") for part in some) * 1e9,
            isl=sum(prompts) / len(prompts) if len(prompts) == len(some) else None,
            osl=tokens / len(some),
            concurrency=1.0,
            model=_weights_name(re.sub(r"^([a-z]+)(?=\d)", r"\1-", bare) + f"-{tag}"),
            precision=_precision(re.sub(r"_(?=[sml]$)", " - ", tag.lower())),
            engine="Ollama",
            date=(some[0].text("created_at") or "")[:10] or None,
            mode="single_stream",
            layer_split=True,
            prefill_included=False,
            notes=("whether all of it was on the GPU is not told; `ollama ps` says so",),
        )


def _elsewhere(part: BenchPart) -> str | None:
    """Return what was not on the GPUs; None where all of it was."""
    if experts := part.number("n_cpu_moe"):
        return f"experts of {experts:.0f} layers were in the host's memory"
    moved = part.text("override_tensor", "override_tensors", "tensor_buft_overrides")
    if moved and "cpu" in moved.lower():
        return f"tensors were in the host's memory ({moved})"
    if part.switch("no_kv_offload"):
        return "the cache was in the host's memory"
    if part.cells.get("n_gpu_layers") == 0:
        return "its layers were on the processor"
    if "rpc" in (part.text("devices") or "").lower():
        return "layers were on another machine (RPC)"
    backends = (part.text("backends") or "").lower()
    if backends and not set(re.split(r"[,\s]+", backends)) - {"cpu", "blas", "rpc", ""}:
        return f"it ran on {backends}, on no GPU"
    return None


def _cards(part: BenchPart) -> tuple[list[str], int]:
    """Return the cards that worked, and how many they are [1].

    A number behind the name of a device is its place in the list: `CUDA1` is the second.
    """
    cards = [c.strip() for c in re.split(r"[,+]|(?<!MI250X)/", part.text("gpu_info") or "")]
    cards = [card for card in cards if card]
    named = part.text("devices") or "auto"
    if named.lower() not in ("auto", "none", ""):
        devices = [d for d in re.split(r"[,/]", named) if d.strip()]
        return _at(cards, [_place(device) for device in devices]), len(devices)
    if (part.text("split_mode") or "").lower() == "none":
        return _at(cards, [part.whole("main_gpu") or 0]), 1
    split = [s for s in re.split(r"[,/]", part.text("tensor_split") or "") if s.strip()]
    shares = [float(s) for s in split if re.fullmatch(r"\s*\d+(\.\d*)?\s*", s)]
    busy = [i for i, share in enumerate(shares) if share > 0]
    if 0 < len(busy) < len(cards) and len(shares) > 1:
        return _at(cards, busy), len(busy)
    return cards, len(cards)


def _place(device: str) -> int:
    found = re.search(r"(\d+)\s*$", device)
    return int(found[1]) if found else 0


def _at(cards: list[str], places: list[int]) -> list[str]:
    """Return the cards at some places; all of them where a place is none of the list's."""
    return [cards[i] for i in places] if all(i < len(cards) for i in places) else cards


def _precision(kind: str | None) -> str | None:
    """Return the precision that a type such as `llama 8B Q4_K - Medium` says; None without one."""
    found = re.search(
        r"\b(i?q\d(?:_\w+)?|mxfp4|bf16|f16|f32)\b(?:\s*-\s*(small|medium|large|[sml]))?",
        (kind or "").lower(),
    )
    if found is None:
        return None
    name = {"f16": "fp16", "f32": "fp32"}.get(found[1], found[1])
    size = "" if name in WHOLE else SIZES.get(found[2] or "", "")
    return f"{name}_{size}" if size else name


def _weights_name(file: str | None) -> str | None:
    """Return what a file of weights is called, without its format."""
    if not file:
        return None
    bare = re.sub(r"\.gguf$", "", file.rpartition("/")[2], flags=re.IGNORECASE)
    bare = re.sub(r"-\d{5}-of-\d{5}$", "", bare)
    return re.sub(r"[-_.](i?q\d\w*|mxfp4\w*|b?f(p)?16|f32)$", "", bare, flags=re.IGNORECASE) or None
