"""Models read from their `config.json`: the shape of the catalog, the counts of their cards."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import tco
from tco.catalog.configs.read import ConfigModel, read_config
from tco.catalog.load import load_catalog
from tco.engine.shapes import ModelShape
from tco.errors import DataError
from tco.options.shapes import model_shape

CATALOG = load_catalog()
MODELS = CATALOG.models.models
PUBLISHED = yaml.safe_load(
    Path(__file__).with_name("files").joinpath("published_configs.yaml").read_text()
)

COUNT_MORE = {"muse-glimmer-30b", "step-3.7-flash"}
"""Models whose card counts a vision tower too, which dimensions of the text leave out."""

CONVOLUTION = 0.04
"""Some states of the catalog count the convolution before a linear layer too [1]."""


def spelled(arch: Any) -> dict[str, Any]:
    """Return the dimensions of the catalog as the keys of a config."""
    said: dict[str, Any] = {
        "model_type": "llama",
        "num_hidden_layers": arch.layers,
        "hidden_size": arch.hidden_size,
        "num_attention_heads": arch.heads,
        "num_key_value_heads": arch.kv_heads,
        "head_dim": arch.head_dim,
        "vocab_size": arch.vocab_size,
        "tie_word_embeddings": arch.tied_embeddings,
        "attn_output_gate": arch.output_gate,
        "v_head_dim": arch.value_dim,
        "index_topk": arch.index_topk,
        "indexer_types": _choosing(arch),
        "torch_dtype": "bfloat16",
    }
    if arch.ffn_matrices == 2:
        said["model_type"] = "gpt_neox"
    said |= _feed_forward(arch) | _latent(arch) | _mixers(arch) | _windows(arch)
    return {key: value for key, value in said.items() if value is not None}


def _choosing(arch: Any) -> list[str] | None:
    number = arch.index_layers
    return number and ["full"] * number + ["shared"] * (arch.layers - number)


def _feed_forward(arch: Any) -> dict[str, Any]:
    e = arch.experts
    if e is None:
        return {"intermediate_size": arch.ffn}
    said = {
        "n_routed_experts": e.count,
        "num_experts_per_tok": e.per_token,
        "moe_intermediate_size": e.expert_ffn,
        "shared_expert_intermediate_size": e.shared_ffn,
        "moe_latent_size": e.routed_width,
        "intermediate_size": e.dense_ffn_beside or e.dense_ffn or e.expert_ffn,
        "first_k_dense_replace": e.dense_layers,
        "enable_moe_block": bool(e.dense_ffn_beside),
    }
    if e.every > 1:
        said["interleave_moe_layer_step"] = e.every
    return said


def _latent(arch: Any) -> dict[str, Any]:
    if arch.mla is None:
        return {}
    return {
        "kv_lora_rank": arch.mla.kv_lora_rank,
        "q_lora_rank": arch.mla.q_lora_rank,
        "qk_rope_head_dim": arch.mla.rope_head_dim,
        "qk_nope_head_dim": arch.mla.nope_head_dim,
        "v_head_dim": arch.mla.v_head_dim,
        "num_key_value_heads": arch.heads,
    }


def _mixers(arch: Any) -> dict[str, Any]:
    if arch.state_space is not None:
        space, e = arch.state_space, arch.experts
        kinds = ["mamba"] * space.layers + ["moe"] * e.layers
        return {
            "model_type": "nemotron_h",
            "layers_block_type": kinds + ["attention"] * arch.attention_layers,
            "mamba_num_heads": space.heads,
            "mamba_head_dim": space.head_dim,
            "ssm_state_size": space.state,
            "n_groups": space.groups,
        }
    if arch.linear is None:
        return {}
    linear = arch.layers - arch.attention_layers
    return {
        "layer_types": ["linear_attention"] * linear + ["full_attention"] * arch.attention_layers,
        "linear_num_key_heads": arch.linear.key_heads,
        "linear_num_value_heads": arch.linear.value_heads,
        "linear_key_head_dim": arch.linear.head_dim,
        "linear_value_head_dim": arch.linear.head_dim,
    }


def _windows(arch: Any) -> dict[str, Any]:
    if arch.compressed is not None:
        c = arch.compressed
        ratios = [k.tokens_per_entry for k in c.kept for _ in range(k.caches)]
        return {
            "compress_ratios": ratios + [0] * (arch.layers - len(ratios)),
            "q_lora_rank": c.q_lora_rank,
            "o_groups": c.output_groups,
            "o_lora_rank": c.output_rank,
            "qk_rope_head_dim": c.rope_head_dim,
            "sliding_window": arch.window_tokens,
        }
    if arch.window_tokens is None:
        return {}
    full = round(arch.layers * arch.full_attention_share)
    kinds = ["sliding_attention"] * (arch.layers - full) + ["full_attention"] * full
    said = {"layer_types": kinds, "sliding_window": arch.window_tokens}
    wide = arch.full_layers
    if wide is None:
        return said
    if wide.keys_are_values:
        shape = {"global_head_dim": wide.head_dim, "num_global_key_value_heads": wide.kv_heads}
        return {**said, **shape, "attention_k_eq_v": True}
    swa = {"swa_num_key_value_heads": arch.kv_heads, "swa_head_dim": arch.head_dim}
    return {**said, **swa, "num_key_value_heads": wide.kv_heads, "head_dim": wide.head_dim}


def written(folder: Path, config: dict[str, Any], name: str = "config.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(config))
    return path


def same_shape(one: ConfigModel, name: str) -> None:
    """Hold a model that was read against that of the catalog: shape, and weights within 1 %."""
    found, known = model_shape(one.record), model_shape(MODELS[name])
    assert found is not None
    assert known is not None
    for field in fields(ModelShape):
        if field.name == "expert_bytes":  # not of dimensions: how the weights are published
            assert np.isnan(found.expert_bytes) == (one.record.native_precision != "mxfp4")
            continue
        got, want = getattr(found, field.name), getattr(known, field.name)
        near = {"state_bytes": CONVOLUTION, "active_params": 0.25}.get(field.name, 0.01)
        if "params" in field.name and name in COUNT_MORE:
            near = 0.15
        if field.name != "outside":
            assert got == pytest.approx(want, rel=near), field.name


def spellable(arch: Any) -> bool:
    """Return whether keys say it: not tables of n-grams, nor short convolutions without a state."""
    return not arch.lookup_tables_b and (arch.linear is None or arch.state_bytes > 0)


WRITTEN = sorted(n for n, m in MODELS.items() if m.architecture and spellable(m.architecture))


@pytest.mark.parametrize("name", WRITTEN)
def test_a_config_of_the_catalogs_dimensions_is_read_back(name: str, tmp_path: Path) -> None:
    config = spelled(MODELS[name].architecture)
    same_shape(read_config(written(tmp_path, config)), name)


PATTERNS: list[tuple[dict[str, Any], int | None]] = [
    ({"indexer_types": ["full", "shared", "shared"] * 16}, 16),
    ({"index_topk_pattern": "FFSS" * 12}, 24),
    ({"index_topk_freq": 4, "index_skip_topk_offset": 3}, 14),  # 3, and of 45 each fourth
    ({"index_topk_freq": 4}, 13),
    ({"index_topk_freq": 1}, None),
    ({"indexer_types": ["full"] * 48}, None),
]


@pytest.mark.parametrize(("said", "layers"), PATTERNS)
def test_layers_that_choose_what_sparse_attention_reads(
    said: dict[str, Any], layers: int | None, tmp_path: Path
) -> None:
    config = {**spelled(MODELS["glm-5"].architecture), "num_hidden_layers": 48, **said}
    found = read_config(written(tmp_path, config)).record.architecture
    assert found is not None
    assert found.index_layers == layers


def test_enough_of_them() -> None:
    assert len(WRITTEN) >= 60
    assert len(PUBLISHED) >= 20


def unrolled(value: Any) -> Any:
    if isinstance(value, dict) and "times" in value:
        return value["of"] * value["times"] + value.get("then", [])
    return {k: unrolled(v) for k, v in value.items()} if isinstance(value, dict) else value


@pytest.mark.parametrize("repo", sorted(PUBLISHED))
def test_published_configs_have_the_shape_and_the_count_of_their_card(
    repo: str, tmp_path: Path
) -> None:
    about = PUBLISHED[repo]
    one = read_config(written(tmp_path, unrolled(about["config"])))
    known = MODELS[about["model"]]
    same_shape(one, about["model"])
    assert one.record.params_b is not None
    assert known.params_b is not None
    assert one.record.params_b.total == pytest.approx(known.params_b.total, rel=0.015)
    if known.native_precision and repo.startswith(("deepseek", "moonshotai", "openai", "Xiaomi")):
        assert one.record.native_precision == known.native_precision


LLAMA = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "tie_word_embeddings": False,
    "max_position_embeddings": 131072,
    "torch_dtype": "bfloat16",
}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"hidden_size": None}, "hidden_size: it is missing; give it"),
        ({"vocab_size": "many"}, 'vocab_size: a whole number is expected, not "many"'),
        ({"num_key_value_heads": 5}, "num_key_value_heads: 5 does not divide 32 heads"),
        ({"layer_types": ["retention"] * 32}, 'layer_types: layers of the kind "retention"'),
        ({"hash_table_rows": 9}, "hash_table_rows: 9 is not understood"),
        ({"block_configs": [{"attention": 1}]}, "block_configs: blocks that differ by layer"),
        ({"quantization_config": {"quant_method": "aqlm"}}, 'quantization_config: "aqlm" is not'),
        ({"model_type": "bert"}, 'model_type: "bert" does not generate text by itself'),
        (
            {"base_model_name_or_path": "x/y"},
            "an adapter, not a model; give the config.json of its",
        ),
    ],
)
def test_what_is_not_understood_is_refused_with_its_key(
    change: dict[str, Any], told: str, tmp_path: Path
) -> None:
    path = written(tmp_path, {**LLAMA, **change})
    with pytest.raises(DataError) as complaint:
        read_config(path)
    assert told in str(complaint.value)
    assert str(complaint.value).startswith(f"{path}:")


def test_what_is_no_config_is_refused(tmp_path: Path) -> None:
    for text, told in (
        ("{", "no JSON"),
        ("[]", "no config of a model"),
        ("{}", "hidden_size|model_type"),
    ):
        path = tmp_path / "config.json"
        path.write_text(text)
        with pytest.raises(DataError, match=told):
            read_config(path)


QUANTIZED = [
    ({"quant_method": "fp8"}, "fp8"),
    ({"quant_method": "gptq", "bits": 4}, "int4"),
    ({"quant_method": "awq", "bits": 4}, "int4"),
    ({"quant_method": "mxfp4"}, "mxfp4"),
    ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "int4"),
    ({"quant_method": "modelopt", "quant_algo": "NVFP4"}, "nvfp4"),
    ({"quant_method": "compressed-tensors", "format": "nvfp4-pack-quantized"}, "nvfp4"),
    (
        {
            "quant_method": "compressed-tensors",
            "config_groups": {"a": {"weights": {"num_bits": 8, "type": "float"}}},
        },
        "fp8",
    ),
]


@pytest.mark.parametrize(("said", "precision"), QUANTIZED)
def test_the_precision_is_that_of_the_file(
    said: dict[str, Any], precision: str, tmp_path: Path
) -> None:
    path = written(tmp_path, {**LLAMA, "quantization_config": said})
    assert read_config(path).record.native_precision == precision


def test_the_count_is_held_against_what_lies_beside_it(tmp_path: Path) -> None:
    path = written(tmp_path, LLAMA)
    index = {"metadata": {"total_size": 16_060_522_496}, "weight_map": {}}
    written(tmp_path, index, "model.safetensors.index.json")
    assert "held against model.safetensors.index.json" in str(read_config(path).record.notes)
    index["metadata"] = {"total_size": 30e9}
    written(tmp_path, index, "model.safetensors.index.json")
    with pytest.raises(DataError, match=r"add up to 8\.03B parameters"):
        read_config(path)
    assert read_config(path, 8.03e9).record.params_b.total == 8.03  # type: ignore[union-attr]
    with pytest.raises(DataError, match="--params says 9B"):
        read_config(path, 9e9)


def test_a_config_answers_as_the_catalogs_model(tmp_path: Path) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    path = written(folder, spelled(MODELS["llama-3.1-8b"].architecture))
    known = tco.size("llama-3.1-8b", gpu="h100-sxm", as_of="2026-11-21")
    ours = tco.size(str(path), gpu="h100-sxm", as_of="2026-11-21", params="8.03B")
    assert [row.usd_per_mtok for row in ours.rows] == [row.usd_per_mtok for row in known.rows]
    assert ours.model == "ours"
    assert "ours is read from" in " ".join(ours.warnings)
    said: Any = {"tokens": "50B", "tier": "self", "as_of": "2026-11-21"}
    bill = tco.compare(model="llama-3.1-8b", **said).options[0].monthly_usd
    mine = tco.compare(model_config=str(path), params=8.03e9, **said)
    assert mine.options[0].monthly_usd == pytest.approx(bill)
    assert mine.options[0].id.startswith("self/ours@")


def test_a_scenario_file_names_it_beside_itself(tmp_path: Path) -> None:
    written(tmp_path, LLAMA)
    scenario = tmp_path / "tco.yaml"
    scenario.write_text(
        "workload: {tokens: 5B}\nselect: {config_files: [config.json], tiers: [self]}\n"
    )
    found = tco.compare(file=str(scenario), as_of="2026-11-21")
    assert found.options[0].id.startswith(f"self/{tmp_path.name.lower()}@")


def test_a_repository_on_this_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "models--some--Model-8B" / "snapshots" / "abc"
    place.mkdir(parents=True)
    written(place, LLAMA)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    assert read_config("some/Model-8B").id == "model-8b"
    assert tco.size("some/Model-8B", gpu="h100-sxm", as_of="2026-11-21").model == "model-8b"
    with pytest.raises(DataError, match="neither a file nor a repository"):
        read_config("some/other")


def test_a_name_of_the_catalog_stays_what_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "llama-3.1-8b"
    folder.mkdir()
    written(folder, LLAMA)
    found = tco.size(model_config=str(folder), gpu="h100-sxm", as_of="2026-11-21")
    assert found.model == "llama-3.1-8b.config"
    assert np.isclose(found.params, 8.03e9, rtol=0.01)
