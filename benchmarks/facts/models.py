"""Facts of models laid into `data/models.yaml`: dimensions, new models, what proved to be open."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from facts.blocks import WIDTH, DataFile, Record, Section, flow, pairs, scalar, wrapped
from facts.ledger import Ledger
from facts.offers import HOSTED, NEW_MODELS

SOURCES: Mapping[str, Record] = {
    "aiconfigurator-core": {
        "title": "aiconfigurator-core 0.12.0, model configurations",
        "read": date(2026, 9, 30),
        "where": "aiconfigurator-core 0.12.0, aiconfigurator_core/model_configs",
        "license": "Apache-2.0",
    },
    "transformers": {
        "title": "transformers 5.24.0, class defaults of the named checkpoints",
        "read": date(2026, 11, 25),
        "where": "transformers 5.24.0, transformers/models",
        "license": "Apache-2.0",
    },
    "sglang": {
        "title": "sglang 0.5.23, model configurations",
        "read": date(2026, 11, 10),
        "where": "sglang 0.5.23, sglang/srt/configs and models",
        "license": "Apache-2.0",
    },
    "nemo-automodel": {
        "title": "nemo-automodel 0.7.0, model configurations",
        "read": date(2026, 10, 31),
        "where": "nemo-automodel 0.7.0, nemo_automodel/components/models",
        "license": "Apache-2.0",
    },
    "megatron-bridge": {
        "title": "megatron-bridge 0.3.1, model providers",
        "read": date(2026, 10, 31),
        "where": "megatron-bridge 0.3.1, megatron/bridge/models",
        "license": "Apache-2.0",
    },
    "read-off-shards": {
        "title": "Notes of people who read the shards of Kimi K3 and DeepSeek V4.1",
        "read": date(2026, 11, 29),
        "where": "JustVugg/colibri docs, sqliteai/warp docs",
    },
    "minimax-cards": {
        "title": "Cards of quantisations of MiniMax M3.1 Flash",
        "read": date(2026, 11, 29),
        "where": "primitive-ai/MiniMax-M3.1-Flash-*; unsloth.ai, docs of the model",
    },
    "arena-names": {
        "title": "Names of models in the Arena leaderboard",
        "read": date(2026, 10, 20),
        "where": "lmarena-ai/leaderboard-dataset",
        "license": "CC BY 4.0",
    },
    "litellm-1.110.2": {
        "title": "litellm 1.110.2, model prices and context windows",
        "read": date(2026, 11, 19),
        "where": "litellm 1.110.2, model_prices_and_context_window_backup.json",
        "license": "MIT",
    },
}
SAID_BY = {
    "aiconfigurator-core": "aiconfigurator-core",
    "transformers": "transformers",
    "sglang": "sglang",
    "nemo-automodel": "nemo-automodel",
    "megatron-bridge": "megatron-bridge",
    "colibri": "read-off-shards",
    "primitive-ai": "minimax-cards",
}
GONE = ("deepseek-r2", "llama-3.2-8b")
"""Models that never appeared; what articles say of them is in the claims."""
OPEN = {
    "mistral-large-4": "Mistral AI publishes the weights as mistralai/Mistral-Large-4-1T-A52B.",
    "beam-1.0": "Its architecture is in sglang, and hosts that are not its maker serve it.",
}
NO_DIMENSIONS = {
    "kimi-k3.1-pro": "its configuration is in no source",
    "nemotron-3.5-super-vl": "its configuration is in no source",
    "mistral-large-3": "its configuration is in no source",
    "mistral-medium-3.5": "the width of its feed-forward block is in no source",
    "devstral-2": "the width of its feed-forward block is in no source",
    "qwen3.8-2.4t-a95b": "its width is in no source",
    "command-a": "its configuration is in no source",
    "command-a-plus": "its configuration is in no source",
    "command-r7b": "its configuration is in no source",
}
COMPRESSED = "Caches compressed by layer; nothing like it was measured."
OUTSIDE = {
    "kimi-k3": "Linear and latent layers with narrow experts; nothing like it was measured.",
    "glm-5.3-flash": "Linear and latent layers with an index; nothing like it was measured.",
    "deepseek-v4-flash": COMPRESSED,
    "deepseek-v4-pro": COMPRESSED,
    "deepseek-v4-pro-0813": COMPRESSED,
    "deepseek-v4-flash-0731": COMPRESSED,
    "deepseek-v4.1-flash": COMPRESSED + " Half of its layers only read, half only write.",
    "deepseek-v4.1-flash-1017": COMPRESSED + " Half of its layers only read, half only write.",
    "gemma-4-31b": "Heads of two shapes; nothing like it was measured.",
    "gemma-4-26b-a4b": "Heads of two shapes; nothing like it was measured.",
    "mimo-v2-flash": "Heads of two shapes; nothing like it was measured.",
    "inkling": "Heads of two shapes; nothing like it was measured.",
    "nemotron-3-super": "State-space layers; nothing like it was measured.",
    "nemotron-3-ultra": "State-space layers; nothing like it was measured.",
    "nemotron-3.5-lightning": "State-space layers; nothing like it was measured.",
}
NATIVE = {
    "kimi-k3": "mxfp4",
    "deepseek-v4-flash": "fp4",
    "deepseek-v4-pro": "fp4",
    "deepseek-v4-pro-0813": "fp4",
    "deepseek-v4.1-flash": "fp4",
    "deepseek-v4.1-flash-1017": "fp4",
    "mimo-v2-flash": "fp8",
    "minimax-m3.1-flash": "nvfp4",
    "inkling-2-small": "mxfp8",
}
PUBLISHED = {
    "qwen3.6-35b-a3b": (34.66, 3),
    "beam-1.0": (501, 23),
    "muse-glimmer-30b": (30, 30),
}
OFF = {
    "muse-glimmer-30b": "A gate or a tower is missing: the dimensions add up to 12 % less.",
}
PARTS = ("layers", "hidden_size", "heads", "kv_heads", "head_dim", "vocab_size")


def lay_in(file: DataFile, facts: Mapping[str, Any], ledger: Ledger) -> None:
    """Lay in dimensions, new models, and what is open or gone."""
    section = file.section("models")
    used: set[str] = set()
    for name in GONE:
        if name in section.ids():
            section.drop(name)
    for row in facts["models"]:
        name = row["id"]
        if name in GONE:
            ledger.leave(name, "there is no such model")
        elif name in NO_DIMENSIONS:
            ledger.leave(name, NO_DIMENSIONS[name])
        else:
            used |= _put(section, row)
            ledger.ship(name)
    for name, why in OPEN.items():
        record = section.record(name)
        record |= {"weights": "open", "notes": why}
        _write(section, name, record)
    for name, told in NEW_MODELS.items():
        _new(section, name, told)
    used.add("litellm-1.110.2")
    _sources(file, used)


def _sources(file: DataFile, used: set[str]) -> None:
    section = file.section("sources")
    section.drop("techvernia-article")  # of a model that never appeared
    for name in sorted(used):
        lines = [f"  {name}:", *pairs(SOURCES[name], 4)]
        section.sort_in(name, lines)


def _put(section: Section, row: Mapping[str, Any]) -> set[str]:
    """Write the dimensions of one model, and return the sources that they are from."""
    name = row["id"]
    told = str(row["source"])
    if told.startswith("as "):
        told = "nemo-automodel; colibri"
    sources = [mine for word, mine in SAID_BY.items() if word in told]
    record = dict(section.record(name)) if name in section.ids() else _fresh(name, row)
    record["params_b"] = _params(name, row, record)
    architecture = _architecture(row)
    if name in OUTSIDE:
        architecture["outside_calibration"] = OUTSIDE[name]
    known = record.get("architecture", {})
    later = {key: known[key] for key in LATER if key in known}  # found since, in no fact
    record["architecture"] = {**architecture, **later, "sources": sources}
    if name in NATIVE:
        record["native_precision"] = NATIVE[name]
    _told(name, row, record)
    _write(section, name, record)
    return set(sources)


def _told(name: str, row: Mapping[str, Any], record: Record) -> None:
    """Add what a row says besides the dimensions."""
    if row.get("max_context") and "context_tokens" not in record:
        record["context_tokens"] = row["max_context"]
    if name in OFF:
        record["waive"] = ["params-recompute"]
        record["waive_because"] = OFF[name]
    if row.get("licence") and "license" not in record:
        kind = "permissive" if row["licence"] == "MIT" else "community"
        record["license"] = {"name": row["licence"], "kind": kind}
    if "engram" in row:
        note = "8 B of its weights are active on input tokens, 16 B on output tokens."
        record["notes"] = note
    if str(row["confidence"]).startswith("medium"):
        told = str(row["confidence"]).partition(": ")[2]
        note = f"Dimensions: {told}."
        if note not in record.get("notes", ""):
            record["notes"] = f"{record.get('notes', '')} {note}".strip()


def _fresh(name: str, row: Mapping[str, Any]) -> Record:
    told = dict(NEW_MODELS[name])
    record: Record = {"name": told["name"], "org": told["org"], "weights": told["weights"]}
    if row.get("max_context"):
        record["context_tokens"] = row["max_context"]
    return {**record, "sources": ["litellm-1.110.2"]}


def _params(name: str, row: Mapping[str, Any], record: Record) -> Record:
    """Return what is published, with the decimals that the dimensions add up to."""
    if name in PUBLISHED:
        total, active = PUBLISHED[name]
        return {"total": total, "active": active}
    known = record.get("params_b")
    total, active = row["params_total_b_recomputed"], row["params_active_b_recomputed"]
    if "experts" in row:
        return {"total": total, "active": known["active"] if known else active}
    return dict(known) if known else {"total": total, "active": total}


def _architecture(row: Mapping[str, Any]) -> Record:
    arch: Record = {
        "layers": row["layers"],
        "hidden_size": row["hidden_size"],
        "heads": row["n_heads"],
        "kv_heads": row.get("window_n_kv_heads", row["n_kv_heads"]),
        "head_dim": row["head_dim"],
        "vocab_size": row["vocab_size"],
    }
    if "intermediate_size" in row and "experts" not in row:
        arch["ffn"] = row["intermediate_size"]
    arch |= {mine: True for theirs, mine in FLAGS.items() if row.get(theirs)}
    if "v_head_dim" in row:
        arch["value_dim"] = row["v_head_dim"]
    arch |= {**_attention(row), **_mixers(row)}
    if "experts" in row:
        arch["experts"] = _experts(row)
    index = row.get("index")
    topk = row.get("index_topk") or (index["topk"] if isinstance(index, dict) else None)
    if topk:
        arch["index_topk"] = topk
    if "engram" in row:
        arch["lookup_tables_b"] = row["engram"]["params_b"]
    return arch


LATER = ("index_topk", "outside_calibration")
FLAGS = {"tie_word_embeddings": "tied_embeddings", "output_gate": "output_gate"}


def _attention(row: Mapping[str, Any]) -> Record:
    """Return how the cache is built: latent, compressed, or with a window."""
    found: Record = {"mla": dict(row["mla"])} if "mla" in row else {}
    if "compress_ratios" in row:
        found |= {"compressed": _compressed(row), "window_tokens": row["window_tokens"]}
    elif "window_tokens" in row:
        found |= _window(row)
    return found


def _compressed(row: Mapping[str, Any]) -> Record:
    ratios = {int(k): v for k, v in row["compress_ratios"].items() if int(k)}
    kept = [{"caches": n, "tokens_per_entry": ratio} for ratio, n in ratios.items()]
    if "kv_source_layers" in row:  # four layers keep what all read: three in pairs, one in full
        kept = [{"caches": 3, "tokens_per_entry": 2}, {"caches": 1, "tokens_per_entry": 1}]
    return {
        "kept": kept,
        "q_lora_rank": row["q_lora_rank"],
        "output_groups": row["o_groups"],
        "output_rank": row["o_lora_rank"],
        "rope_head_dim": row["rope_head_dim"],
    }


def _window(row: Mapping[str, Any]) -> Record:
    found: Record = {"window_tokens": row["window_tokens"]}
    if "full_attention_layers" in row:
        share = row["full_attention_layers"] / row["layers"]
        found["full_attention_share"] = round(share, 6)
    else:  # not said which layers: all are counted as full, which is never too little memory
        del found["window_tokens"]
    if "global_n_kv_heads" in row:
        found["full_layers"] = {
            "kv_heads": row["global_n_kv_heads"],
            "head_dim": row["global_head_dim"],
            "keys_are_values": row["keys_are_values_in_full_layers"],
        }
    elif "window_n_kv_heads" in row:
        found["full_layers"] = {"kv_heads": row["n_kv_heads"], "head_dim": row["head_dim"]}
    return found


def _mixers(row: Mapping[str, Any]) -> Record:
    found: Record = {}
    if "attention_layers" in row:
        found["attention_layers"] = row["attention_layers"]
    if "linear" in row:
        told = row["linear"]
        keys, values = told.get("key_heads", told.get("heads")), told.get("value_heads")
        values = values or told["heads"]
        state = told["layers"] * values * told["head_dim"] * told["head_dim"] * 4
        found["state_bytes"] = state
        found["linear"] = {"key_heads": keys, "value_heads": values, "head_dim": told["head_dim"]}
    if "mamba_layers" in row:
        mamba = row.get("mamba", LIGHTNING)
        found["one_block_a_layer"] = True
        found["state_space"] = {
            "layers": row["mamba_layers"],
            "heads": mamba["heads"],
            "head_dim": mamba["head_dim"],
            "state": mamba["state"],
            "groups": mamba["groups"],
        }
        state = row["mamba_layers"] * mamba["heads"] * mamba["head_dim"] * mamba["state"] * 4
        found["state_bytes"] = mamba.get("state_bytes_per_sequence", state)
    return found


LIGHTNING = {"heads": 64, "head_dim": 64, "state": 128, "groups": 8}
"""Of Nemotron 3.5 Lightning: its facts leave the shape out; this one adds up to its size."""


def _experts(row: Mapping[str, Any]) -> Record:
    told = dict(row["experts"])
    told.pop("shared_count", None)
    if "moe_layers" in row:
        told["layers"] = row["moe_layers"]
    return {k: told[k] for k in _EXPERTS if told.get(k)}


_EXPERTS = ("count", "per_token", "expert_ffn", "routed_width", "shared_ffn", "dense_layers")
_EXPERTS += ("dense_ffn", "dense_ffn_beside", "layers", "matrices", "routed_params_b")


def _new(section: Section, name: str, told: Mapping[str, Any]) -> None:
    """Write a model of which little more than its name and price is known."""
    if name in section.ids():
        return
    record: Record = {"name": told["name"], "org": told["org"]}
    if told.get("kind"):
        record["kind"] = told["kind"]
    record["weights"] = told.get("weights", "closed")
    if told.get("line"):
        record["line"] = told["line"]
    record["sources"] = ["litellm-1.110.2"]
    if told.get("notes") or record["weights"] == "open":
        record["notes"] = told.get("notes", HOSTED)
    _write(section, name, record)


ORDER = ("name", "aliases", "org", "kind", "weights", "line", "hugging_face", "license")
ORDER += ("released", "context_tokens", "native_precision", "params_b", "architecture", "scores")
ORDER += ("never", "sources", "notes", "waive", "waive_because", "waive_on", "waive_until")


def _write(section: Section, name: str, record: Record) -> None:
    lines = [f"  {name}:", *model_lines({k: record[k] for k in ORDER if k in record})]
    section.sort_in(name, lines)


def model_lines(record: Record) -> list[str]:
    """Return a model as its lines in the file, its dimensions and scores a part a line."""
    lines: list[str] = []
    for key, value in record.items():
        if key == "architecture":
            lines += ["    architecture:", *_architecture_lines(value)]
        elif key == "scores" and len(value) > 1:
            lines.append("    scores:")
            lines += [line for s in value for line in wrapped(f"      - {flow(s)}", 9)]
        elif key == "license" and len(flow(value)) > WIDTH - 14:
            lines += ["    license:", *pairs(value, 6)]
        else:
            lines += pairs({key: value}, 4)
    return lines


def _architecture_lines(arch: Record) -> list[str]:
    first = [k for k in PARTS if k in arch]
    lines = []
    for key in [*first, *(k for k in arch if k not in first)]:
        value = arch[key]
        if isinstance(value, str):
            lines += pairs({key: value}, 6)
        elif isinstance(value, dict | list):
            lines += wrapped(f"      {key}: {flow(value)}", 6 + len(key) + 3)
        else:
            lines.append(f"      {key}: {scalar(value)}")
    return lines
