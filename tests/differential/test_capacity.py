"""The serving model against a plain rewriting: one server at a time, floats and ifs, no arrays.

Only the fitted constants are shared. What is held: memory, largest batch, every term of a step,
prefill, TPOT, TTFT and requests per second, over every model and GPU of the catalog.
"""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest
from strategies import shipped_catalog

from tco.engine import capacity
from tco.engine import constants as c
from tco.engine.constants import FITTED as F
from tco.engine.shapes import PROFILES, GpuShape, Layout, ModelShape, ServerProfile, precision
from tco.options.shapes import gpu_shape, model_shape

CASES = 400
FORMATS = ("bf16", "fp8", "mxfp4", "nvfp4", "int4", "int8", "q4_k_m", "awq")


def memory(m: ModelShape, g: GpuShape, o: Layout, tokens: float) -> dict[str, float]:
    """Return weights, room and cache of one replica [byte], and the sequences that fit."""
    matrix = m.vocab_size * m.hidden_size
    embedding = o.output_bytes * matrix
    in_embedding = matrix
    if not m.tied_embeddings:
        embedding += o.embedding_bytes * matrix
        in_embedding = 2 * matrix
    mixture = m.routed_params > 0
    other = o.other_bytes if mixture and not math.isnan(o.other_bytes) else o.weight_bytes
    dense = max(m.params - m.routed_params - in_embedding, 0.0)
    shared = embedding + dense * other
    n = o.tp * o.pp
    weights = shared * (n if o.dp_attention else 1) + m.routed_params * o.weight_bytes
    free = n * (g.memory_bytes * 0.985 * o.memory_share - o.reserve_bytes) - weights
    held = cache_per_token(m, o) * copies(m, o) + index_keys(m, o)
    sequence = held * seen(m, tokens) + m.state_bytes
    return {
        "weights": weights,
        "free": free,
        "sequence": sequence,
        "fit": max(free, 0.0) // sequence,
        "dense": dense,
        "other": other,
    }


def layers_with_cache(m: ModelShape) -> float:
    return float(m.layers if math.isnan(m.attention_layers) else m.attention_layers)


def seen(m: ModelShape, tokens: float) -> float:
    """Return the tokens that the mean attention layer sees."""
    full = m.full_attention_share
    return float(full * tokens + (1 - full) * min(tokens, m.window_tokens))


def index_keys(m: ModelShape, o: Layout) -> float:
    """Return the keys by which sparse attention over grouped heads finds blocks [byte/token]."""
    if m.mla or math.isinf(m.index_topk) or m.kv_heads <= 1:
        return 0.0
    ranks = 1 if o.dp_attention or o.layer_split else o.tp
    return layers_with_cache(m) * (m.head_dim + 2) * ranks


def cache_per_token(m: ModelShape, o: Layout) -> float:
    """Return the KV cache of a token, once [byte]."""
    if not m.mla:
        return layers_with_cache(m) * 2 * m.kv_heads * m.head_dim * o.kv_bytes
    if o.kv_bytes <= 1 or math.isfinite(m.index_topk):  # 8 bits, with scales; rotary part in 16
        return layers_with_cache(m) * ((m.head_dim - 64) * (1 + 4 / 128) + 64 * 2)
    return layers_with_cache(m) * m.head_dim * o.kv_bytes


def copies(m: ModelShape, o: Layout) -> float:
    """Return how often the same entry is kept."""
    if o.dp_attention or o.layer_split:
        return 1.0
    return float(o.tp) if m.mla else max(1.0, o.tp / m.kv_heads)


def matrix_s(m: ModelShape, g: GpuShape, o: Layout) -> float:
    """Return the time of one GPU's matrix kernels for a token [s]."""
    four = o.compute_bits == 4 and math.isfinite(g.flops_4)
    wide = g.flops_16 * g.kernel_share_16
    if four:
        rate = g.flops_4 * g.kernel_share_4
    elif o.compute_bits == 8 and math.isfinite(g.flops_8):
        rate = g.flops_8 * g.kernel_share_8 * c.COMPUTE_SHARE_8
    else:
        rate = wide
    if m.routed_params <= 0:
        in_experts = min(0.0, m.active_params)
    else:
        in_experts = min(m.routed_params * m.experts_per_token / m.experts, m.active_params)
        rate *= c.MOE_COMPUTE_SHARE
        if o.weight_bytes < 0.9 and not four:
            rate *= c.WEIGHT_ONLY_MOE_SHARE
    mixed = m.routed_params > 0 and not math.isnan(o.other_bytes)
    sixteen = (o.other_bytes if mixed else o.weight_bytes) > o.weight_bytes
    others = 2 * (m.active_params - in_experts) / (wide if sixteen else rate)
    return float(others + 2 * in_experts / rate)


def amd(g: GpuShape, p: ServerProfile) -> bool:
    """Return whether current software runs on AMD's GPUs."""
    return bool(g.rocm) and not p.legacy_rocm and not p.single_stream


def at_once(o: Layout) -> float:
    """Return the GPUs that work on a step at the same time."""
    return 1.0 if o.layer_split else float(o.tp * o.pp)


def bandwidth(g: GpuShape, o: Layout, p: ServerProfile) -> float:
    """Return what all GPUs of a step read [byte/s]."""
    one = g.bandwidth_bytes_per_s * F.bandwidth_share
    if p.legacy_rocm:
        one *= F.legacy_rocm_bandwidth
    if amd(g, p):
        one *= F.rocm_bandwidth
    return float(at_once(o) * one)


def per_token(m: ModelShape, g: GpuShape, o: Layout, p: ServerProfile) -> float:
    """Return the matrix kernels of a token over all GPUs of a step [s]."""
    longer = F.rocm_moe_compute if amd(g, p) and m.routed_params > 0 else 1.0
    return longer * matrix_s(m, g, o) / at_once(o)


def flash(m: ModelShape, g: GpuShape) -> float:
    """Return the attention rate of one GPU [flop/s]."""
    return float(g.flops_16 * 0.6 * (0.5 if m.mla else 1.0))


def decode_flash(m: ModelShape, g: GpuShape, p: ServerProfile) -> float:
    """Return the same while tokens are made [flop/s]."""
    if not p.legacy:
        return flash(m, g)
    rate = F.legacy_attention_flop_per_byte * g.bandwidth_bytes_per_s
    if p.legacy_rocm:
        rate = F.legacy_rocm_attention_flops
    return float(min(rate, g.flops_16 * 0.6))


def over_pcie(g: GpuShape, o: Layout) -> bool:
    return bool(g.pcie) or o.tp > g.link_joins


def byte_s(g: GpuShape, o: Layout, p: ServerProfile) -> float:
    """Return the time of a byte of an all-reduce: a ring sends each nearly twice [s]."""
    if o.tp == 1 or o.layer_split:
        return 0.0
    link = g.beyond_bytes_per_s if o.tp > g.link_joins else g.link_bytes_per_s
    link *= c.PCIE_LINK_SHARE if over_pcie(g, o) else c.LINK_SHARE
    if amd(g, p):
        link *= c.ROCM_LINK_SHARE
    return float(2 * (o.tp - 1) / o.tp / link)


def weights_s(m: ModelShape, g: GpuShape, o: Layout, p: ServerProfile, b: float) -> float:
    """Return the time in which a step reads weights [s]."""
    has = memory(m, g, o, 1.0)
    once = has["dense"] * has["other"] + o.output_bytes * m.vocab_size * m.hidden_size
    expert = o.weight_bytes
    if o.weight_bytes < 0.9 and o.compute_bits == 16 and amd(g, p):
        expert += c.UNPACKED_BYTES
    touched = 1 - (1 - m.experts_per_token / m.experts) ** b
    once *= o.tp * o.pp if o.dp_attention else 1
    return float((once + m.routed_params * expert * touched) / bandwidth(g, o, p))


def kv_s(m: ModelShape, g: GpuShape, o: Layout, p: ServerProfile, b: float, tokens: float) -> float:
    """Return the time of attention in a step: what it reads, or what it works out [s]."""
    context = min(seen(m, tokens), m.index_topk)
    held = cache_per_token(m, o) * copies(m, o) * context + m.state_bytes
    width = 2 * m.head_dim - 64 if m.mla else 2 * m.head_dim
    scores = 2 * layers_with_cache(m) * m.heads * width * context
    if p.legacy:
        scores *= o.kv_bytes / 2
    worked = b * scores / (at_once(o) * decode_flash(m, g, p))
    return float(max(b * held / bandwidth(g, o, p), worked))


def reduce_s(m: ModelShape, g: GpuShape, o: Layout, p: ServerProfile, b: float) -> float:
    """Return the time of all-reduces of a step, and of the way to the next server [s]."""
    away = 20e-6 + b * m.hidden_size * 2 / 50e9 if o.nodes > 1 else 0.0
    if o.tp == 1 or o.layer_split:
        return away
    wait = F.all_reduce_s * (c.LEGACY_ALL_REDUCE_FACTOR if p.legacy else 1)
    if over_pcie(g, o):
        wait = c.PCIE_ALL_REDUCE_S
    if p.legacy_rocm:
        wait *= c.LEGACY_ROCM_HOST_FACTOR
    wait *= math.sqrt(o.tp / 4)
    return float(away + 2 * m.layers / o.pp * (wait + b * m.hidden_size * 2 * byte_s(g, o, p)))


def host_s(m: ModelShape, g: GpuShape, o: Layout, p: ServerProfile, b: float) -> float:
    """Return the time of launches and of the host in a step [s]."""
    layer = F.layer_s
    if m.routed_params > 0:
        layer *= F.moe_layer_factor * (m.experts_per_token / 8) ** 0.3
    if m.mla:
        chooses = m.index_share if math.isfinite(m.index_topk) else 0
        layer *= 1 + F.latent_layer_extra * (1 + 2 * chooses)
    if math.isfinite(g.flops_4) and not g.pcie:
        layer *= F.fp4_gpu_layer_factor
    if (o.compute_bits == 8 and math.isfinite(g.flops_8)) or (
        o.compute_bits == 4 and math.isfinite(g.flops_4)
    ):
        layer += 2 * 5e-6  # two kernels of a layer round what they read
    host = layer * m.layers / o.pp
    if p.untuned:
        host += F.untuned_step_s + F.untuned_sequence_s * b
    else:
        host += F.sequence_s * (3 if p.sglang else 1) * b
    return float(host * (c.LEGACY_ROCM_HOST_FACTOR if p.legacy_rocm else 1))


def prefill_s(
    m: ModelShape, g: GpuShape, o: Layout, p: ServerProfile, isl: float, cached: float
) -> float:
    """Return the prefill of one request on one stage [s]."""
    new = isl * (1 - cached)
    before = isl - new / 2
    sparse = math.isfinite(m.index_topk)
    width = 2 * m.head_dim
    if m.mla:
        width = 2 * m.head_dim - 64 if sparse else 320
    attention = 2 * layers_with_cache(m) * m.heads * width * min(seen(m, before), m.index_topk)
    token = per_token(m, g, o, p) + 2 * m.layers / o.pp * m.hidden_size * 2 * byte_s(g, o, p)
    token *= F.outside_prefill if m.outside else 1.0
    token += attention / (at_once(o) * flash(m, g))
    if sparse and m.mla:
        index = 2 * layers_with_cache(m) * m.index_share * 32 * 128 * seen(m, before)
        token += index / ((at_once(o) if o.dp_attention else 1) * g.flops_16 * 0.6)
    if o.nodes > 1:
        token += m.hidden_size * 2 / 50e9
    return float(new * token)


def speed(
    m: ModelShape,
    g: GpuShape,
    o: Layout,
    p: ServerProfile,
    *,
    isl: float,
    osl: float,
    batch: float,
    cached: float,
    gain: float,
) -> dict[str, float]:
    """Return what one replica does with so many requests in flight."""
    b = batch / o.pp
    terms = {
        "weights_s": weights_s(m, g, o, p, b),
        "kv_s": kv_s(m, g, o, p, b, isl + osl / 2),
        "compute_s": b * per_token(m, g, o, p),
        "all_reduce_s": reduce_s(m, g, o, p, b),
        "host_s": host_s(m, g, o, p, b),
    }
    terms = {k: v * (F.outside_factor if m.outside else 1.0) for k, v in terms.items()}
    step = sum(terms.values()) / gain
    prefill = prefill_s(m, g, o, p, isl, cached)
    loop = step + b / osl * prefill  # every osl steps a request comes and takes its prefill
    busy = min(b / osl * prefill / loop, 0.9)
    wait = 1 + F.ttft_queue * busy / (1 - busy)
    first = F.ttft_fixed_s + o.pp * (F.ttft_steps * step + F.ttft_prefill * prefill * wait)
    return {
        **terms,
        "step_s": step,
        "prefill_s": prefill,
        "tpot_s": o.pp * (step + max(b - 1, 0) / osl * prefill),
        "ttft_s": first * (F.ttft_sglang_factor if p.sglang else 1),
        "requests_per_s": b / loop / osl,
        "output_tokens_per_s": b / loop,
    }


def shapes() -> tuple[list[ModelShape], list[GpuShape]]:
    """Return every model and every GPU that has what the formula needs."""
    catalog = shipped_catalog()
    models = [model_shape(x) for x in catalog.models.models.values()]
    gpus = [gpu_shape(catalog.hardware, x) for x in catalog.hardware.accelerators.values()]
    return [x for x in models if x], [x for x in gpus if x and math.isfinite(x.link_bytes_per_s)]


def case(pick: np.random.Generator, models: list[Any], gpus: list[Any]) -> tuple[Any, ...]:
    """Return one server and what it is asked to do."""
    gpu = gpus[int(pick.integers(len(gpus)))]
    tp = float(pick.choice([1, 2, 4, 8]))
    if tp > gpu.link_joins and not math.isfinite(gpu.beyond_bytes_per_s):
        tp = 1.0
    format_ = precision(str(pick.choice(FORMATS)))
    assert format_ is not None
    model = models[int(pick.integers(len(models)))]
    layout = Layout(
        tp=tp,
        pp=float(pick.choice([1, 1, 1, 2, 4])),
        nodes=float(pick.choice([1, 1, 2])),
        dp_attention=bool(pick.random() < 0.2),
        layer_split=bool(pick.random() < 0.1),
        kv_bytes=float(pick.choice([1, 2])),
        memory_share=float(pick.choice([0.9, 0.96])),
        **format_.columns(model),
    )
    if pick.random() < 0.3:
        model = replace(model, outside=not model.outside)
    if not model.mla and pick.random() < 0.1:  # as few heads as an index looks blocks up for
        model = replace(model, kv_heads=float(pick.choice([1, 2])), index_topk=2048.0)
    if pick.random() < 0.3:
        model = replace(model, index_share=0.25)
    profile = list(PROFILES.values())[int(pick.integers(len(PROFILES)))]
    point = {
        "isl": round(float(10 ** pick.uniform(1, 5))),
        "osl": round(float(10 ** pick.uniform(0.5, 4))),
        "batch": round(float(10 ** pick.uniform(0, 3))),
    }
    return (
        model,
        gpu,
        layout,
        profile,
        point,
        float(pick.choice([0, 0.3, 0.9])),
        float(pick.choice([1.0, 1.6])),
    )


@pytest.mark.parametrize("seed", range(16))
def test_the_formula_one_server_at_a_time(seed: int) -> None:
    pick, (models, gpus) = np.random.default_rng([seed, 3]), shapes()
    for _ in range(CASES // 16):
        m, g, o, p, point, cached, gain = case(pick, models, gpus)
        ours = capacity.replica(
            m, g, o, profile=p, cached_share=cached, speculative_gain=gain, **point
        )
        theirs = speed(m, g, o, p, cached=cached, gain=gain, **point)
        for name, value in asdict(ours).items():
            assert float(value) == pytest.approx(theirs[name], rel=1e-9), (name, m, g, o, p, point)
        length = float(point["isl"] + point["osl"])
        has = memory(m, g, o, length)
        assert float(capacity.weights_bytes(m, o)) == pytest.approx(has["weights"], rel=1e-12)
        assert float(capacity.free_bytes(m, g, o)) == pytest.approx(has["free"], rel=1e-9, abs=1e3)
        held = capacity.kv_bytes_per_sequence(m, o, length)
        assert float(held) == pytest.approx(has["sequence"], rel=1e-12)
        assert float(capacity.max_batch(m, g, o, length)) == has["fit"]
