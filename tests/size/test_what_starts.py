"""Only set-ups that start: heads over GPUs, sizes of formats, reserves of engines."""

from __future__ import annotations

import csv
import io
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from running import DAY, run
from strategies import shipped_catalog

from tco.engine.capacity import kv_bytes_per_token, stored_bytes
from tco.engine.shapes import PRECISIONS, Layout, ModelShape, precision
from tco.options.setups import uncut
from tco.options.shapes import lacking, model_shape


def shape(name: str) -> ModelShape:
    made = model_shape(shipped_catalog().models.models[name])
    assert made is not None
    return made


def rows(command: str) -> list[dict[str, str]]:
    done = run(*shlex.split(command), *DAY, "-q", "-o", "csv")
    assert done.exit_code in (0, 4), done.stderr  # 4: no row is feasible, and they say why
    return list(csv.DictReader(io.StringIO(done.stdout)))


@pytest.mark.parametrize(
    ("model", "gpus", "why"),
    [
        ("phi-4", 8, "10 KV heads over 8 GPUs"),
        ("phi-4", 4, "10 KV heads over 4 GPUs"),
        ("phi-4", 2, None),
        ("qwen2.5-14b", 5, "8 KV heads over 5 GPUs"),
        ("qwen2.5-7b", 8, "28 attention heads are not divided by 8"),
        ("qwen2.5-7b", 4, None),
        ("qwen3-30b-a3b", 8, None),  # 4 KV heads on 8 GPUs are kept twice
        ("deepseek-v3", 8, None),  # a latent cache is no head
        ("deepseek-v3", 16, None),
        ("llama-3.3-70b", 3, "64 attention heads are not divided by 3"),
        ("llama-3.3-70b", 12, "a replica lies in one server"),
    ],
)
def test_heads_are_divided_as_engines_do(model: str, gpus: int, why: str | None) -> None:
    found = uncut(shape(model), 8, gpus, Layout())
    assert (found is None) == (why is None)
    assert why is None or (found is not None and why in found)


def test_layers_are_dealt_out_as_one_likes_within_a_machine() -> None:
    assert uncut(shape("llama-3.3-70b"), 8, 3, Layout(layer_split=True)) is None
    assert uncut(shape("llama-3.3-70b"), 8, 16, Layout(layer_split=True)) is not None


@pytest.mark.parametrize(
    ("command", "code", "words"),
    [
        ("size phi-4 --gpu h100-sxm --gpus 8", 4, "10 KV heads over 8 GPUs"),
        ("explain self/phi-4@4xl4:bf16 --tokens 1B", 4, "10 KV heads over 4 GPUs"),
        ("deploy self/phi-4@4xl4:bf16 --tokens 1B", 4, "10 KV heads over 4 GPUs"),
        ("size llama-3.1-8b --gpu h100-sxm --gpus 0.5", 2, "whole GPUs are expected"),
        ("compare --tokens 1B --gpus 1.5", 2, "whole GPUs are expected"),
    ],
)
def test_what_does_not_start_is_refused_with_the_reason(
    command: str, code: int, words: str
) -> None:
    done = run(*shlex.split(command), *DAY)
    assert (done.exit_code, done.stdout) == (code, "")
    assert words in done.stderr


def gb(name: str, width: str, local: bool = False) -> float:
    form, model = precision(width, local), shape(name)
    assert form is not None
    return float(stored_bytes(model, Layout(**form.columns(model)))) / 1e9


@pytest.mark.parametrize(
    ("model", "width", "size_gb"),
    [
        # llama-bench: 4.58 and 1.87 GiB; the others as published beside them
        ("llama-3.1-8b", "q4_k_m", 4.92),
        ("llama-3.2-3b", "q4_k_m", 2.01),
        ("llama-3.3-70b", "q4_k_m", 42.5),
        ("llama-3.3-70b", "q6_k", 57.9),
        ("qwen3-30b-a3b", "q8_0", 32.5),
        ("gemma-3-27b", "q4_k_m", 16.5),
        # rows of 29,568 are no whole number of blocks: other formats take their place
        ("qwen2.5-72b", "q4_k_m", 47.4),
        ("qwen2.5-72b", "q6_k", 64.3),
        ("llama-3.1-8b", "q2_k", 3.18),
        ("llama-3.1-8b", "q3_k_m", 4.02),
        ("llama-3.1-8b", "q4_0", 4.66),
        ("llama-3.1-8b", "q5_k_m", 5.73),
        ("llama-3.1-8b", "q6_k", 6.60),
        ("llama-3.1-8b", "q8_0", 8.54),
        # attention, router and both ends stay in 16 bits
        ("gpt-oss-120b", "mxfp4", 65.1),
        # experts published in mxfp4 stay so in every file, whatever it is called
        ("gpt-oss-20b", "q4_k_m", 11.6),
        ("gpt-oss-20b", "q8_0", 12.1),
        ("gpt-oss-120b", "q8_0", 63.4),
    ],
)
def test_weights_are_as_large_as_published_files(model: str, width: str, size_gb: float) -> None:
    assert gb(model, width) == pytest.approx(size_gb, rel=0.01)


def test_both_ends_of_a_model_of_narrow_rows_are_no_k_quants(tmp_path: Path) -> None:
    """The published file of Gemma 3 270M has 246.6 MB (findings/q4-of-narrow-rows.sh), not 207."""
    made = {"architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "head_dim": 256}
    made |= {"hidden_size": 640, "num_hidden_layers": 18, "num_attention_heads": 4}
    made |= {"num_key_value_heads": 1, "intermediate_size": 2048, "vocab_size": 262144}
    made |= {"sliding_window": 512, "max_position_embeddings": 32768, "tie_word_embeddings": True}
    config = tmp_path / "config.json"
    config.write_text(json.dumps(made))
    (said,) = rows(f"size {shlex.quote(str(config))} --precision q4_k_m --gpu rtx-4090 --gpus 1")
    assert float(said["weights_gb"]) == pytest.approx(0.2466, rel=0.01)


def test_llama_cpp_keeps_a_mixture_in_8_bits_but_for_its_experts() -> None:
    # llama-bench: gpt-oss 20B MXFP4 MoE 11.27 GiB, 120B 59.02 GiB
    assert gb("gpt-oss-20b", "mxfp4", local=True) == pytest.approx(12.1, rel=0.01)
    assert gb("gpt-oss-120b", "mxfp4", local=True) == pytest.approx(63.4, rel=0.01)
    assert gb("gpt-oss-20b", "mxfp4") == pytest.approx(13.76, rel=0.01)
    (said,) = rows("size gpt-oss-20b --gpu rtx-4090 --gpus 1 --engine local")
    assert float(said["weights_gb"]) == pytest.approx(12.1, rel=0.01)


def test_fewer_bits_are_never_larger() -> None:
    order = ("q2_k", "q3_k_s", "q3_k_m", "q3_k_l", "q4_0", "q4_k_s", "q4_k_m", "q5_k_m", "q6_k")
    sizes = [gb("llama-3.1-8b", width) for width in (*order, "q8_0", "bf16")]
    assert sizes == sorted(sizes)
    assert PRECISIONS.keys() >= {*order, "q8_0", "iq4_xs"}
    assert precision("Q8_0") == precision("q8")


def test_an_8_bit_latent_cache_has_a_wide_rotary_part() -> None:
    latent = shape("deepseek-v3")
    assert float(kv_bytes_per_token(latent, Layout(kv_bytes=1.0))) == 61 * 656
    assert float(kv_bytes_per_token(latent, Layout(kv_bytes=2.0))) == 61 * 1152
    # kernels of sparse attention read no other
    assert float(kv_bytes_per_token(shape("glm-5.2"), Layout(kv_bytes=2.0))) == 78 * 656


def test_a_local_runner_takes_what_is_free_and_deals_layers_out() -> None:
    local = "--precision q4_k_m --engine local --isl 500 --osl 200 --cached 0"
    (row,) = rows(f"size llama-3.3-70b --gpu rtx-3090 --gpus 2 {local}")
    assert row["feasible"] == "true"
    (served,) = rows("size llama-3.3-70b --gpu rtx-3090 --gpus 2 --precision q4_k_m")
    assert served["fits"] == "false"
    # one card after the other: two are no faster than one
    one, two = (
        float(rows(f"size llama-3.1-8b --gpu rtx-3090 --gpus {n} {local}")[0]["tpot_s"])
        for n in (1, 2)
    )
    assert two == pytest.approx(one, rel=0.02)


def test_every_accelerator_has_what_a_speed_is_worked_out_from() -> None:
    gpus: dict[str, Any] = shipped_catalog().hardware.accelerators
    assert not [name for name, gpu in gpus.items() if lacking(gpu)]
    for name in ("gb10", "strix-halo", "apple-m4", "apple-m5", "gaudi3", "tpu-v5e", "tpu-v7"):
        assert rows(f"size llama-3.1-8b --gpu {name} --gpus 1")


def test_a_missing_figure_is_named_with_what_supplies_it(tmp_path: Any) -> None:
    own = tmp_path / "own.yaml"
    lines = (
        "schema: 1",
        "accelerators:",
        "  mystery-1:",
        "    name: Mystery 1",
        "    vendor: nvidia",
        "    family: hopper",
        "    launch_year: 2026",
        "    memory_gib: 80",
        "    bandwidth_gb_per_s: 3000",
        "    tflops: {fp8: 900}",
        "    link: {kind: nvlink}",
        "    sources: [recalled]",
    )
    own.write_text("\n".join(lines) + "\n", "utf-8")
    done = run("size", "llama-3.1-8b", "--gpu", "mystery-1", "--catalog", str(own), *DAY)
    assert done.exit_code == 4
    assert "mystery-1: no tflops.bf16 is known of it: --catalog FILE" in done.stderr
