"""Rules on memory that peers break: experts, KV caches, gibibytes, and what does not fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import magnitude

from tco.analysis.compare import compare
from tco.catalog.load import Catalog
from tco.engine.capacity import kv_bytes_per_sequence, kv_bytes_per_token, replica, weights_bytes
from tco.engine.shapes import TUNED, Layout, ModelShape
from tco.errors import InfeasibleError
from tco.options.names import resolve
from tco.options.question import Question
from tco.options.shapes import gpu_shape, model_shape

Asked = Callable[..., Question]


def shape(catalog: Catalog, name: str) -> ModelShape:
    made = model_shape(catalog.models.models[name])
    assert made is not None
    return made


BF16 = Layout(tp=1.0, weight_bytes=2.0, kv_bytes=2.0)
FP8 = Layout(tp=8.0, weight_bytes=1.0, kv_bytes=2.0)


@pytest.mark.parametrize(
    ("model", "bytes_per_token"),
    [
        # 2 x layers x KV heads x head width x 2 bytes.
        pytest.param("llama-3.1-8b", 2 * 32 * 8 * 128 * 2, id="grouped queries, 8 of 32 heads"),
        pytest.param("llama-3.3-70b", 2 * 80 * 8 * 128 * 2, id="grouped queries, 8 of 64 heads"),
        # layers x (latent 512 + rope 64) x 2 bytes, once for keys and values together.
        pytest.param("deepseek-v3", 61 * (512 + 64) * 2, id="latent attention"),
    ],
)
def test_the_kv_cache_of_a_token_counts_kv_heads_and_not_query_heads(
    model: str, bytes_per_token: float, catalog: Catalog
) -> None:
    assert kv_bytes_per_token(shape(catalog, model), BF16) == bytes_per_token


def test_counting_every_head_of_latent_attention_would_be_fifty_times_too_much(
    catalog: Catalog,
) -> None:
    ours = kv_bytes_per_token(shape(catalog, "deepseek-v3"), BF16)
    every_head = 61 * 128 * (192 + 128) * 2
    assert every_head / ours > 50


def test_sliding_window_layers_keep_only_their_window(catalog: Catalog) -> None:
    # Gemma 3: five layers of six see 1,024 tokens.
    model = next(
        m
        for m in catalog.models.models.values()
        if m.architecture and m.architecture.window_tokens and m.architecture.mla is None
    )
    made = model_shape(model)
    assert made is not None
    assert model.architecture is not None
    short, long = (float(kv_bytes_per_sequence(made, BF16, n)) for n in (10.0, 100_000.0))
    per_token = float(kv_bytes_per_token(made, BF16))
    assert short == pytest.approx(10 * per_token)
    share, window = model.architecture.full_attention_share, model.architecture.window_tokens
    assert share < 1
    assert window is not None
    held = share * 100_000 + (1 - share) * window
    assert long == pytest.approx(held * per_token)
    assert long < 0.9 * 100_000 * per_token


@given(context=magnitude(1, 1e6), window=st.integers(1, 100_000), share=st.floats(0, 1))
def test_a_window_never_takes_more_memory_than_full_attention(
    context: float, window: int, share: float
) -> None:
    full = ModelShape(
        params=8e9,
        active_params=8e9,
        layers=32.0,
        hidden_size=4096.0,
        heads=32.0,
        kv_heads=8.0,
        head_dim=128.0,
        vocab_size=128_256.0,
    )
    windowed = replace(full, full_attention_share=share, window_tokens=float(window))
    whole = kv_bytes_per_sequence(full, BF16, context)
    assert kv_bytes_per_sequence(windowed, BF16, context) <= whole * (1 + 1e-12)


def test_linear_attention_layers_keep_no_kv_cache(catalog: Catalog) -> None:
    models = [
        (name, m.architecture)
        for name, m in catalog.models.models.items()
        if m.architecture and m.architecture.attention_layers and m.architecture.state_bytes
    ]
    assert models
    for name, arch in models:
        assert arch.attention_layers is not None
        assert arch.attention_layers < arch.layers
        made = shape(catalog, name)
        everywhere = replace(made, attention_layers=float(arch.layers))
        ratio = kv_bytes_per_token(everywhere, BF16) / kv_bytes_per_token(made, BF16)
        assert ratio == pytest.approx(arch.layers / arch.attention_layers)


@pytest.mark.parametrize("name", ["deepseek-v3", "gpt-oss-120b", "qwen3-235b-2507"])
def test_all_experts_must_be_in_memory_however_few_a_token_uses(
    name: str, catalog: Catalog
) -> None:
    params = catalog.models.models[name].params_b
    assert params is not None
    weights = float(weights_bytes(shape(catalog, name), FP8))
    assert weights >= params.total * 1e9
    assert weights > 5 * params.active * 1e9


def test_only_the_active_parameters_are_computed_with(catalog: Catalog) -> None:
    moe, gpu = (
        shape(catalog, "deepseek-v3"),
        gpu_shape(catalog.hardware, catalog.hardware.accelerators["h200-sxm"]),
    )
    assert gpu is not None

    def compute_s(model: ModelShape) -> float:
        made = replica(model, gpu, FP8, isl=1_000.0, osl=200.0, batch=64.0, profile=TUNED)
        return float(made.compute_s)

    dense = replace(moe, active_params=moe.params)
    ratio = float(moe.params) / float(moe.active_params)
    assert compute_s(dense) / compute_s(moe) == pytest.approx(ratio)
    assert ratio > 15


@pytest.mark.parametrize(
    ("gpu", "gib"), [("h100-sxm", 80), ("a100-sxm-80gb", 80), ("a100-sxm-40gb", 40), ("l40s", 48)]
)
def test_eighty_gb_of_a_gpu_are_eighty_gib(gpu: str, gib: int, catalog: Catalog) -> None:
    made = gpu_shape(catalog.hardware, catalog.hardware.accelerators[gpu])
    assert made is not None
    assert 0.95 * gib * 2**30 <= made.memory_bytes <= gib * 2**30
    assert made.memory_bytes > gib * 1e9


def test_a_671b_model_in_8_bits_does_not_fit_on_two_a100_and_the_reason_is_in_gb(
    asked: Asked,
) -> None:
    with pytest.raises(InfeasibleError) as error:
        resolve("self/deepseek-v3@2xa100-sxm-80gb:fp8", asked())
    text = str(error.value)
    # 671e9 weights of one byte, embeddings in two: 673 GB. Two 80 GiB cards hold 172 GB at most.
    assert "does not fit: 673 GB of fp8 weights against" in text
    usable = float(text.split("against ")[1].split(" GB")[0])
    assert 120 < usable < 2 * 80 * 2**30 / 1e9


def test_a_671b_model_does_not_fit_in_4_bits_either(asked: Asked) -> None:
    # 654e9 weights of experts in 4.5 bits are 368 GB; the other 17e9 stay in 16 bits, 34 GB.
    with pytest.raises(InfeasibleError, match=r"does not fit: 402 GB of int4 weights against 1"):
        resolve("self/deepseek-v3@2xa100-sxm-80gb:int4", asked())


def test_what_does_not_fit_is_listed_with_its_reason_and_without_a_price(asked: Asked) -> None:
    inputs = asked(
        tokens=18.5e9,
        models=("deepseek-v3",),
        gpus=("a100-sxm-80gb",),
        gpu_count=2,
        tiers=("self", "hosted"),
    )
    rows = [r for r in compare(inputs).options if not r.feasible and r.tier == "self"]
    assert [r.id for r in rows] == ["self/deepseek-v3"]
    assert "does not fit" in rows[0].reasons[0]
    assert rows[0].monthly_usd is None
    assert rows[0].lines == ()


def test_nothing_that_fits_is_an_error_that_says_why(asked: Asked) -> None:
    inputs = asked(
        tokens=18.5e9,
        models=("deepseek-v3",),
        gpus=("a100-sxm-80gb",),
        gpu_count=2,
        tiers=("self",),
    )
    with pytest.raises(InfeasibleError, match=r"self/deepseek-v3: does not fit: 673 GB"):
        compare(inputs)


def test_a_request_longer_than_the_context_of_a_model_is_refused(asked: Asked) -> None:
    inputs = asked(tokens=1e9, isl=500_000, osl=1_000, models=("llama-3.3-70b",))
    with pytest.raises(InfeasibleError, match="longer than its context of 13"):
        compare(inputs)


def test_memory_left_for_the_kv_cache_bounds_the_requests_at_once(asked: Asked) -> None:
    slots = {}
    for isl in (1_000.0, 30_000.0):
        inputs = asked(tokens=50e9, isl=isl, osl=300.0, settings={"serving.max_tpot_s": 1.0})
        option = resolve("self/llama-3.3-70b@2xh100-sxm:fp8/lambda:on_demand", inputs).best
        result = next(
            r
            for r in compare(
                asked(
                    tokens=50e9,
                    isl=isl,
                    osl=300.0,
                    models=("llama-3.3-70b",),
                    gpus=("h100-sxm",),
                    gpu_count=2,
                    precisions=("fp8",),
                    sellers=("lambda",),
                    settings={"serving.max_tpot_s": 1.0},
                )
            ).options
            if r.id == option.id
        )
        assert result.replica is not None
        slots[isl] = result.replica.concurrency
    # 147 GB of two cards less 73 GB of weights, over 330 kB a token.
    assert slots[30_000.0] == pytest.approx((147e9 - 72.7e9) / (327_680 * 30_300), abs=1.0)
    assert slots[1_000.0] > 20 * slots[30_000.0]
