"""What fits: weights, caches of every kind of attention, vLLM's own figures at start-up."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.engine import capacity
from tco.engine.shapes import KV_BYTES, GpuShape, Layout, ModelShape, precision
from tco.units import GIB

LLAMA_70B = ModelShape(
    params=70.55e9,
    active_params=70.55e9,
    layers=80,
    hidden_size=8192,
    heads=64,
    kv_heads=8,
    head_dim=128,
    vocab_size=128256,
)
QWEN3_235B = ModelShape(
    params=235.1e9,
    active_params=22.1e9,
    routed_params=227.1e9,
    experts=128,
    experts_per_token=8,
    layers=94,
    hidden_size=4096,
    heads=64,
    kv_heads=4,
    head_dim=128,
    vocab_size=151936,
)
DEEPSEEK_V3 = ModelShape(
    params=671e9,
    active_params=37.6e9,
    routed_params=653.9e9,
    experts=256,
    experts_per_token=8,
    layers=61,
    hidden_size=7168,
    heads=128,
    kv_heads=1,
    head_dim=576,
    vocab_size=129280,
    mla=True,
)
GEMMA_2_9B = ModelShape(
    params=9.24e9,
    active_params=9.24e9,
    layers=42,
    hidden_size=3584,
    heads=16,
    kv_heads=8,
    head_dim=256,
    vocab_size=256000,
    tied_embeddings=True,
    full_attention_share=0.5,
    window_tokens=4096,
)
H100 = GpuShape(
    memory_bytes=80 * GIB,
    bandwidth_bytes_per_s=3.35e12,
    flops_16=989e12,
    flops_8=1979e12,
    link_bytes_per_s=450e9,
)
FP8 = Layout(weight_bytes=1.0, kv_bytes=1.0, compute_bits=8.0)

tokens = st.floats(1.0, 1e6)
degrees = st.sampled_from([1.0, 2.0, 4.0, 8.0, 16.0])


def test_weights_match_what_vllm_loads() -> None:
    # 67.7229 GiB for Llama 3.1 70B in w8a8: vllm-project/vllm pull request 12569.
    loaded = capacity.weights_bytes(LLAMA_70B, FP8) / GIB
    assert loaded == pytest.approx(67.72, rel=0.005)


def test_cache_of_a_lone_gpu_is_near_vllms_blocks() -> None:
    # 1381 blocks of 16 tokens at a share of 0.98, the rest as above; 10.79 requests of 2048.
    layout = replace(FP8, kv_bytes=2.0, memory_share=0.98)
    each = capacity.kv_copies(LLAMA_70B, layout) * capacity.kv_bytes_per_token(LLAMA_70B, layout)
    held = np.floor(capacity.free_bytes(LLAMA_70B, H100, layout) / each)
    assert held == pytest.approx(1381 * 16, rel=0.1)
    assert held / 2048 == pytest.approx(10.79, rel=0.1)


def test_bytes_per_token_match_vllms_arithmetic() -> None:
    # 8.11 GiB a GPU hold 178,880 tokens of Qwen3 235B on four: vllm-project/vllm issue 21348.
    layout = Layout(tp=4.0, weight_bytes=1.0, kv_bytes=2.0)
    a_gpu = capacity.kv_bytes_per_sequence(QWEN3_235B, layout, 1.0) / 4.0
    assert 8.11 * GIB / a_gpu == pytest.approx(178_880, rel=0.015)


def test_80_gb_is_80_gib() -> None:
    # Taken as 80e9 bytes the weights would leave nothing on one GPU.
    layout = replace(FP8, memory_share=0.95, reserve_bytes=1e9)
    assert capacity.max_batch(LLAMA_70B, H100, layout, 2048.0) >= 20
    short = replace(H100, memory_bytes=80e9)
    few = capacity.max_batch(LLAMA_70B, short, layout, 2048.0)
    assert few < capacity.max_batch(LLAMA_70B, H100, layout, 2048.0) / 5


def test_671b_in_fp8_does_not_fit_on_two_80_gb_gpus() -> None:
    for tp, fits in ((2.0, False), (8.0, False), (16.0, True)):
        assert capacity.fits(DEEPSEEK_V3, H100, replace(FP8, tp=tp), 8192.0) == fits
    assert capacity.max_batch(DEEPSEEK_V3, H100, replace(FP8, tp=2.0), 8192.0) == 0.0
    assert capacity.free_bytes(DEEPSEEK_V3, H100, replace(FP8, tp=2.0)) < 0.0


def test_all_experts_are_in_memory() -> None:
    weights = capacity.weights_bytes(DEEPSEEK_V3, FP8)
    assert weights == pytest.approx(671e9, rel=0.01)
    assert weights > 10.0 * DEEPSEEK_V3.active_params


def test_embeddings_stay_in_16_bits() -> None:
    four = capacity.weights_bytes(LLAMA_70B, replace(FP8, weight_bytes=0.5))
    embeddings = 2.0 * 128256 * 8192
    assert four == pytest.approx(2.0 * embeddings + 0.5 * (70.55e9 - embeddings))
    assert capacity.embedding_params(GEMMA_2_9B) == 256000 * 3584


@pytest.mark.parametrize(
    ("model", "per_token"),
    [(LLAMA_70B, 327_680), (DEEPSEEK_V3, 70_272), (QWEN3_235B, 192_512)],
    ids=["grouped", "latent", "grouped-of-4"],
)
def test_kv_bytes_of_each_attention(model: ModelShape, per_token: int) -> None:
    assert capacity.kv_bytes_per_token(model, Layout(kv_bytes=2.0)) == per_token


def test_only_attention_layers_keep_a_cache_and_state_is_fixed() -> None:
    hybrid = replace(LLAMA_70B, attention_layers=20.0, state_bytes=1e6)
    whole = capacity.kv_bytes_per_sequence(LLAMA_70B, FP8, 1000.0)
    assert capacity.kv_bytes_per_sequence(hybrid, FP8, 1000.0) == pytest.approx(whole / 4 + 1e6)


def test_a_window_bounds_the_cache_of_its_layers() -> None:
    def held(context: float) -> float:
        return float(capacity.kv_bytes_per_sequence(GEMMA_2_9B, Layout(), context))

    assert held(4096.0) == pytest.approx(2.0 * held(2048.0))
    assert held(8192.0) == pytest.approx(1.5 * held(4096.0))


def test_kv_heads_are_copied_beyond_their_number() -> None:
    assert capacity.kv_copies(LLAMA_70B, Layout(tp=8.0)) == 1.0
    assert capacity.kv_copies(LLAMA_70B, Layout(tp=16.0)) == 2.0
    assert capacity.kv_copies(DEEPSEEK_V3, Layout(tp=8.0)) == 8.0
    assert capacity.kv_copies(DEEPSEEK_V3, Layout(tp=8.0, dp_attention=True)) == 1.0


def test_data_parallel_attention_copies_all_but_experts() -> None:
    layout = replace(FP8, tp=8.0)
    copied = capacity.weights_bytes(DEEPSEEK_V3, replace(layout, dp_attention=True))
    shared = capacity.weights_bytes(DEEPSEEK_V3, layout)
    assert copied - DEEPSEEK_V3.routed_params == pytest.approx(
        8.0 * (shared - DEEPSEEK_V3.routed_params)
    )


def test_precisions_by_name() -> None:
    assert precision("FP8") == precision("fp8")
    assert precision("exl2-4.0") is not None
    assert precision("exl2-4.0") != precision("exl2-5.0")
    assert precision("fp3") is None
    assert KV_BYTES["fp8"] == 1.0


@given(context=tokens, more=st.floats(1.0, 8.0), tp=degrees)
def test_longer_contexts_never_fit_more(context: float, more: float, tp: float) -> None:
    layout = Layout(tp=tp, weight_bytes=1.0)
    for model in (LLAMA_70B, DEEPSEEK_V3, GEMMA_2_9B):
        fewer = capacity.max_batch(model, H100, layout, context * more)
        assert fewer <= capacity.max_batch(model, H100, layout, context)


@given(tp=degrees, batch=st.floats(1.0, 64.0))
def test_the_longest_context_fits_and_a_longer_one_does_not(tp: float, batch: float) -> None:
    layout = Layout(tp=tp, weight_bytes=1.0)
    for model in (LLAMA_70B, DEEPSEEK_V3, GEMMA_2_9B):
        longest = capacity.max_context_tokens(model, H100, layout, np.floor(batch))
        if longest < 1.0:
            continue
        assert capacity.max_batch(model, H100, layout, longest) >= np.floor(batch)
        assert capacity.max_batch(model, H100, layout, longest * 1.001 + 2.0) < np.floor(batch)


@given(share=st.floats(0.5, 0.98), tp=degrees)
def test_more_memory_never_holds_less(share: float, tp: float) -> None:
    small = Layout(tp=tp, weight_bytes=1.0, memory_share=share)
    large = replace(small, memory_share=share + 0.01)
    assert capacity.max_batch(LLAMA_70B, H100, small, 4096.0) <= capacity.max_batch(
        LLAMA_70B, H100, large, 4096.0
    )
