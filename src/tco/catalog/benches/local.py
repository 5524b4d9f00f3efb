"""llama-bench: what ran on the GPUs, and what did not. Names: llama.cpp tools/llama-bench."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tco.catalog.benches.read import BenchPart, BenchReading

SLACK = 0.03
"""Rounding by which a rate may differ from counts over time [1]."""
SIZES = {"small": "s", "medium": "m", "large": "l"}
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
        part.agree(rate, tokens / seconds, f"{tokens:,.0f} tokens in {seconds:.5g} s", SLACK)
    if elsewhere := _elsewhere(part):
        yield f"a test was left out: {elsewhere}"
        return
    cards, used = _cards(part)
    kinds = {(part.text(name) or "").lower() for name in ("type_k", "type_v")} - {""}
    cache = kinds.pop() if len(kinds) == 1 else "/".join(sorted(kinds))
    layers = part.number("n_gpu_layers")
    yield BenchReading(
        output_tok_s=rate * generated / (generated + prompt),
        isl=prompt + (part.number("n_depth") or 0.0) or 1.0,
        osl=generated,
        concurrency=1.0,
        model=_model(part.text("model_filename")),
        gpu=cards[0] if cards else None,
        gpus=used or None,
        precision=_precision(part.text("model_type")),
        kv_precision=CACHE.get(cache, cache) or None,
        engine="llama.cpp",
        engine_version=part.text("build_commit"),
        date=(part.text("test_time") or "")[:10] or None,
        mode="single_stream",
        layer_split=used > 1 and part.text("split_mode") != "row",
        gpu_layers=int(layers) if layers and layers < ALL_LAYERS else None,
        prefill_included=prompt > 0,
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
    backends = (part.text("backends") or "").lower()
    if backends and not set(re.split(r"[,\s]+", backends)) - {"cpu", "blas", "rpc", ""}:
        return f"it ran on {backends}, on no GPU"
    return None


def _cards(part: BenchPart) -> tuple[list[str], int]:
    """Return the cards of the machine, and how many of them worked [1]."""
    cards = [c.strip() for c in re.split(r"[,/+]", part.text("gpu_info") or "") if c.strip()]
    named = part.text("devices") or "auto"
    if named.lower() not in ("auto", "none", ""):
        return cards, len([d for d in re.split(r"[,/]", named) if d.strip()])
    if (part.text("split_mode") or "").lower() == "none":
        return cards, 1
    split = [s for s in re.split(r"[,/]", part.text("tensor_split") or "") if s.strip()]
    shares = [float(s) for s in split if re.fullmatch(r"\s*\d+(\.\d*)?\s*", s)]
    busy = sum(1 for share in shares if share > 0)
    return cards, busy if 0 < busy < len(cards) and len(shares) > 1 else len(cards)


def _precision(kind: str | None) -> str | None:
    """Return the precision that a type such as `llama 8B Q4_K - Medium` says; None without one."""
    found = re.search(
        r"\b(i?q\d(?:_\w+)?|mxfp4|bf16|f16|f32)\b(?:\s*-\s*(small|medium|large))?",
        (kind or "").lower(),
    )
    if found is None:
        return None
    name = {"f16": "fp16", "f32": "fp32"}.get(found[1], found[1])
    size = "" if name in WHOLE else SIZES.get(found[2] or "", "")
    return f"{name}_{size}" if size else name


def _model(file: str | None) -> str | None:
    """Return what a file of weights is called, without its format."""
    if not file:
        return None
    bare = re.sub(r"\.gguf$", "", file.rpartition("/")[2], flags=re.IGNORECASE)
    bare = re.sub(r"-\d{5}-of-\d{5}$", "", bare)
    return re.sub(r"[-_.](i?q\d\w*|mxfp4\w*|b?f(p)?16|f32)$", "", bare, flags=re.IGNORECASE) or None
