"""Keys of a `config.json` as the dimensions of a model, of every kind that the catalog has.

Families give them different names; what one leaves out is filled in from its own defaults and told.
A key that may change the shape and is not understood refuses the whole.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from tco.catalog.files import File
from tco.catalog.lookup import OWN_CONFIG
from tco.errors import DataError, printable

if TYPE_CHECKING:
    from tco.catalog.models import Architecture

# What a family does where its config says nothing, as in `transformers` 5.24.0
# (models/*/configuration_*.py): widths of heads, blocks of two matrices, tied embeddings, patterns.
FAMILY: dict[str, dict[str, Any]] = {
    "gemma": {"head_dim": 256, "tie_word_embeddings": True},
    "gemma2": {"head_dim": 256, "tie_word_embeddings": True, "sliding_window_pattern": 2},
    "gemma3": {"head_dim": 256, "tie_word_embeddings": True, "sliding_window_pattern": 6},
    "gemma4": {"head_dim": 256, "tie_word_embeddings": True, "sliding_window_pattern": 6},
    "cohere": {"tie_word_embeddings": True},
    "cohere2": {"tie_word_embeddings": True, "sliding_window_pattern": 4},
    "exaone4": {"sliding_window_pattern": 4},
    "gpt_oss": {"sliding_window_pattern": 2},
    "smollm3": {"tie_word_embeddings": True},
    "gpt2": {"tie_word_embeddings": True},
    "llama4": {"shared_experts": 1, "no_rope_layer_interval": 4},
    "hy_v3": {"first_k_dense_replace": 1},
    "glm4_moe_lite": {"first_k_dense_replace": 1},
    "glm5_next": {"first_k_dense_replace": 3, "full_attention_interval": 4},
    "qwen3_next": {"full_attention_interval": 4, "attn_output_gate": True},
    "qwen3_5": {"full_attention_interval": 4, "attn_output_gate": True},
    "qwen3_5_moe": {"full_attention_interval": 4, "attn_output_gate": True},
    "muse_spark": {"attn_output_gate": True},
    "falcon": {"multi_query": True, "head_dim": None},
    "mimo_v2_flash": {"first_k_dense_replace": 1},
}
PLAIN = {"falcon", "gptj", "gpt2", "gpt_neox", "gpt_neo", "gpt_bigcode", "opt", "bloom", "mpt"}
PLAIN |= {"phi", "codegen", "starcoder2", "nemotron", "nemotron_h", "persimmon"}
"""Families whose feed-forward blocks have two matrices."""
IN_FULL = ("full_attention", "attention", "global_attention", "hybrid", "indexed_attention")
SPARSE = ("deepseek_sparse_attention", "minimax_m3_sparse")
IN_WINDOW = ("sliding_attention", "chunked_attention", "window_attention", "hybrid_sliding")
LINEAR = ("linear_attention",)

HINTS = (
    "mamba ssm conv linear lora latent compress window sliding chunk expert moe layer_type "
    "layers_block pattern block_config cross_att per_layer kv_ hash ngram engram recurrent rwkv "
    "retention lightning loop attn_type v_head head_dim num_key group interval dense sparse state "
    "no_op shared interleave share"
)
SHAPES_MODELS = re.compile("|".join(HINTS.split()))
"""Words in keys that may change what is stored or cached."""
HARMLESS = re.compile(
    r"chunk_size_feed_forward|cross_attention_hidden|conv_bias|conv_kernel|conv_dim|time_step|"
    r"n_?group|topk_group|expert_group|mamba_(hidden_act|proj_bias|ssm|expand|chunk)|use_mamba|"
    r"mtp|nextn|hash_layers|index_(share|skip|topk_freq|topk_pattern|head|n_heads|kpool)|indexer|"
    r"(router|moe)_(aux|jitter|router|renorm|scoring|scaling|z_loss)|ep_size|expert_dtype|"
    r"moe_shared_expert_overlap|max_window_layers|swa_(rope|num_attention|attention_sink)|"
    r"sink|add_swa|add_full|_id$|_ids$|dtype|loss|layernorm|latent_moe_use_norm|"
    r"shared_expert_(gate|sink)|use_(grouped|moe_router|shared)|vocab_size_per_layer|"
    r"compress_rope|qk_head_dim|hidden_states|ssm_cache|rope|residual|grouped|layers_per_attn|"
    r"moe_every|interleaved_mrope|mrope|output_hidden|chunk_size$|attention_chunk|vision|audio"
)
"""Keys with such words that change neither."""


@dataclass
class Keys:
    """The keys of a config: what was read, and what had to be assumed."""

    file: File
    values: Mapping[str, Any]
    family: str
    read: set[str] = field(default_factory=set)
    assumed: list[str] = field(default_factory=list)

    def refuse(self, key: str, found: str, give: str) -> NoReturn:
        """Raise the complaint about one key: where, what was found, what to give."""
        at = self.file.data.find(f'"{key}"'.encode())
        line = 1 if at < 0 else self.file.data.count(b"\n", 0, at) + 1
        raise DataError(f"{self.file.path}:{line}: {key}: {found}; {give}")

    def of(self, *names: str) -> Any:
        """Return the first of some keys that says something; its family's default; or None."""
        self.read.update(names)
        for name in names:
            if self.values.get(name) is not None:
                return self.values[name]
        known = FAMILY.get(self.family, {})
        for name in names:
            if name in known:
                if known[name] is not None:
                    self.assumed.append(f"{name} {known[name]} ({self.family})")
                return known[name]
        return None

    def count(self, *names: str, missing: Any = "") -> Any:
        """Return a whole number of 1 or more; `missing` where nothing is said.

        Raises:
            DataError: It is none, or there must be one.
        """
        value = self.of(*names)
        if isinstance(value, str | list | dict | bool) or (value is not None and value % 1):
            self.refuse(self._named(names), f"a whole number is expected, not {shown(value)}", GIVE)
        if value is not None and value < 0:
            self.refuse(self._named(names), f"{value} is below 0", GIVE)
        if value:
            return int(value)
        if missing == "":
            self.refuse(
                names[0],
                "it is missing",
                f"give it, or one of {', '.join(names[1:])}" if names[1:] else "give it",
            )
        return missing

    def listed(self, *names: str) -> list[Any] | None:
        """Return a list, one entry a layer; None where there is none."""
        value = self.of(*names)
        return [*value] if isinstance(value, list) and value else None

    def on(self, *names: str) -> bool:
        """Return whether a switch is on."""
        return self.of(*names) is True

    def _named(self, names: Sequence[str]) -> str:
        return next((n for n in names if self.values.get(n) is not None), names[0])


GIVE = "give the config.json as it was published"


def shown(value: object) -> str:
    return printable(json.dumps(value), 40)


# From keys to dimensions.


def architecture(keys: Keys, whole: Mapping[str, Any]) -> Architecture:
    """Return the dimensions that a config states, of every kind that the catalog has.

    Raises:
        DataError: A key is missing, or says what cannot be expressed.
    """
    from tco.catalog.models import Architecture

    kinds = layer_kinds(keys)
    layers = len(kinds) if kinds else keys.count("num_hidden_layers", "n_layer", "n_layers")
    hidden = keys.count("hidden_size", "n_embd", "d_model", "dim")
    heads = keys.count("num_attention_heads", "n_head", "n_heads")
    said: dict[str, Any] = {
        "layers": layers,
        "hidden_size": hidden,
        "heads": heads,
        "vocab_size": keys.count("vocab_size", "padded_vocab_size"),
        "tied_embeddings": _tied(keys, whole),
        "ffn_matrices": 2 if keys.family in PLAIN else 3,
        "sources": [OWN_CONFIG],
    }
    said |= _heads(keys, heads, hidden)
    said |= _mixers(keys, kinds, layers)
    said |= _windows(keys, kinds, layers, said)
    said |= _experts(keys, kinds, layers, hidden)
    if keys.on("attn_output_gate", "mla_use_output_gate", "attention_output_gate"):
        said["output_gate"] = True
    if outside := _outside(said):
        said["outside_calibration"] = outside
    return Architecture(**said)


BLOCKS = {"M": "mamba", "*": "attention", "E": "moe", "-": "mlp"}


def layer_kinds(keys: Keys) -> list[str]:
    """Return the kind of each layer, where the config lists them; else nothing."""
    pattern = keys.of("hybrid_override_pattern")
    if isinstance(pattern, str):
        keys.of("num_hidden_layers")
        return [BLOCKS.get(letter, letter) for letter in pattern]
    if blocks := keys.listed("layers_block_type"):
        keys.of("num_hidden_layers")
        return [str(one) for one in blocks]
    layers = keys.count("num_hidden_layers", "n_layer", "n_layers", missing=0)
    linear = keys.of("linear_attn_config")
    if isinstance(linear, dict) and "kda_layers" in linear:
        kda = {*linear["kda_layers"]}
        return ["linear_attention" if i + 1 in kda else "full_attention" for i in range(layers)]
    every = (
        keys.count("full_attention_interval", missing=0) if "layer_types" not in keys.values else 0
    )
    if listed := keys.listed("layer_types"):
        keys.read.update(("full_attention_interval", "sliding_window_pattern"))
        return [str(one) for one in listed][:layers]
    if hybrid := keys.listed("hybrid_layer_pattern"):
        return ["sliding_attention" if one else "full_attention" for one in hybrid]
    local = keys.listed("local_layer_ids")
    if local is not None:
        return ["sliding_attention" if i in local else "full_attention" for i in range(layers)]
    if every:
        return [LINEAR[0] if (i + 1) % every else IN_FULL[0] for i in range(layers)]
    return _by_pattern(keys, layers)


def _by_pattern(keys: Keys, layers: int) -> list[str]:
    """Return the kinds of layers of which one in so many sees the whole context."""
    every = keys.count("sliding_window_pattern", "_sliding_window_pattern", missing=0)
    if every and keys.of("sliding_window"):
        return [IN_WINDOW[0] if (i + 1) % every else IN_FULL[0] for i in range(layers)]
    none = keys.listed("no_rope_layers")
    if none and keys.of("attention_chunk_size"):
        return ["chunked_attention" if one else "full_attention" for one in none]
    every = keys.count("no_rope_layer_interval", missing=0)
    if every and keys.of("attention_chunk_size"):
        return ["chunked_attention" if (i + 1) % every else IN_FULL[0] for i in range(layers)]
    return []


def _tied(keys: Keys, whole: Mapping[str, Any]) -> bool:
    """Return whether input and output embedding are one; said of the whole, or of its text."""
    said = whole.get("tie_word_embeddings")
    own = keys.of("tie_word_embeddings")
    said = own if said is None else said
    if said is None:
        keys.assumed.append("embeddings not tied")
    return said is True


def _heads(keys: Keys, heads: int, hidden: int) -> dict[str, Any]:
    """Return the heads and what each caches."""
    if keys.count("kv_lora_rank", missing=0):
        return _latent(keys)
    value = keys.count("v_head_dim", missing=None)
    width = keys.count("head_dim", "attention_head_dim", "kv_channels", missing=None)
    if width is None and hidden % heads:
        keys.refuse("head_dim", "it is missing, and hidden_size is no multiple of heads", "give it")
    said = {"kv_heads": _kv_heads(keys, heads), "head_dim": width or hidden // heads}
    if value and value != said["head_dim"]:
        said["value_dim"] = value
    return {**said, **_two_shapes(keys, said["kv_heads"], said["head_dim"])}


def _latent(keys: Keys) -> dict[str, Any]:
    """Return latent attention."""
    from tco.catalog.models import Mla

    rope, nope = keys.count("qk_rope_head_dim", missing=0), keys.count("qk_nope_head_dim")
    keys.of("num_key_value_heads", "head_dim")
    mla = Mla(
        kv_lora_rank=keys.count("kv_lora_rank"),
        rope_head_dim=rope,
        q_lora_rank=keys.count("q_lora_rank", missing=None),
        nope_head_dim=nope,
        v_head_dim=keys.count("v_head_dim", missing=nope),
    )
    return {"mla": mla, "kv_heads": 1, "head_dim": nope + rope}


def _two_shapes(keys: Keys, kv_heads: int, head_dim: int) -> dict[str, Any]:
    """Return the heads of windows, and of layers that see all, where the two differ."""
    from tco.catalog.models import HeadShape

    narrow = keys.count("swa_num_key_value_heads", missing=None)
    if narrow:
        width = keys.count("swa_head_dim", missing=None) or head_dim
        keys.of("swa_v_head_dim", "swa_num_attention_heads")
        if (narrow, width) == (kv_heads, head_dim):
            return {}
        full = HeadShape(kv_heads=kv_heads, head_dim=head_dim)
        return {"kv_heads": narrow, "head_dim": width, "full_layers": full}
    if wide := keys.count("global_head_dim", missing=None):
        known = keys.count("num_global_key_value_heads", missing=None) or kv_heads
        once = keys.on("attention_k_eq_v")
        return {"full_layers": HeadShape(kv_heads=known, head_dim=wide, keys_are_values=once)}
    return {}


def _kv_heads(keys: Keys, heads: int) -> int:
    known = keys.count(
        "num_key_value_heads", "num_kv_heads", "n_kv_heads", "num_attention_groups", missing=None
    )
    one = keys.on("multi_query") and not keys.on("new_decoder_architecture")
    if known is None and not one:
        keys.assumed.append("as many KV heads as heads")
    if known and heads % known:
        keys.refuse("num_key_value_heads", f"{known} does not divide {heads} heads", GIVE)
    return known if known and not (one and keys.family == "falcon") else 1 if one else heads


STATE_BYTES = 4
"""Recurrent states are kept in 32 bits."""


def _mixers(keys: Keys, kinds: Sequence[str], layers: int) -> dict[str, Any]:
    """Return what the layers without a KV cache are: linear attention or state spaces."""
    number = Counter(kinds)
    if known := {*number} - {*IN_FULL, *SPARSE, *IN_WINDOW, *LINEAR, "mamba", "moe"}:
        name = sorted(known)[0]
        key = next((k for k in LISTS if keys.values.get(k)), "layer_types")
        keys.refuse(key, f"layers of the kind {shown(name)} are not understood", OTHERWISE)
    if number["mamba"]:
        return _state_space(keys, number)
    return _linear(keys, number[LINEAR[0]], layers) if number[LINEAR[0]] else {}


def _state_space(keys: Keys, number: Mapping[str, int]) -> dict[str, Any]:
    from tco.catalog.models import StateSpace

    heads = keys.count("mamba_num_heads")
    space = StateSpace(
        layers=number["mamba"],
        heads=heads,
        head_dim=keys.count("mamba_head_dim"),
        state=keys.count("ssm_state_size"),
        groups=keys.count("n_groups"),
    )
    size = space.layers * heads * space.head_dim * space.state * STATE_BYTES
    full = {"attention_layers": number["attention"], "one_block_a_layer": True}
    keys.of("expand")
    return {**full, "state_space": space, "state_bytes": float(size)}


def _linear(keys: Keys, number: int, layers: int) -> dict[str, Any]:
    from tco.catalog.models import Linear

    linear = keys.of("linear_attn_config")
    if isinstance(linear, dict):
        keys = Keys(keys.file, {f"linear_{k}": v for k, v in linear.items()}, keys.family)
    width = keys.count("linear_key_head_dim", "linear_head_dim")
    wide = keys.count("linear_value_head_dim", missing=width)
    if wide != width:
        keys.refuse("linear_value_head_dim", f"{wide} is not the {width} of keys", OTHERWISE)
    values = keys.count("linear_num_value_heads", "linear_num_heads")
    made = Linear(
        key_heads=keys.count("linear_num_key_heads", missing=values),
        value_heads=values,
        head_dim=width,
    )
    size = number * values * width * width * STATE_BYTES
    return {
        "linear": made,
        "attention_layers": layers - number,
        "state_bytes": float(size),
    }


LISTS = ("layer_types", "layers_block_type", "hybrid_override_pattern")
OTHERWISE = "describe it in a catalog file (--catalog), or ask about the nearest model"


def _windows(
    keys: Keys, kinds: Sequence[str], layers: int, config: Mapping[str, Any]
) -> dict[str, Any]:
    """Return how much of the context the layers see, and what they leave out of it."""
    made: dict[str, Any] = {}
    if topk := keys.count("index_topk", missing=None):
        made |= {"index_topk": topk, **_choosing(keys, kinds, layers)}
    sparse = keys.of("sparse_attention_config")
    if isinstance(sparse, dict) and sparse.get("use_sparse_attention"):
        made["index_topk"] = int(sparse["sparse_topk_blocks"] * sparse["sparse_block_size"])
    blocks = keys.count("index_topk_blocks", missing=0)
    if blocks:
        made["index_topk"] = blocks * keys.count("index_block_size")
        keys.of("index_local_blocks")
    window = keys.count("sliding_window", "sliding_window_size", "window_size", missing=None)
    window = window or keys.count("attention_chunk_size", missing=None)
    if ratios := keys.listed("compress_ratios"):
        return {**made, **_compressed(keys, ratios[:layers], config), "window_tokens": window}
    switched_off = keys.of("use_sliding_window") is False
    context = keys.count(*CONTEXT, missing=None)
    if window is None or switched_off or (context and window >= context):
        return made
    narrow = sum(kind in IN_WINDOW for kind in kinds)
    seen = len(kinds) or layers
    number = Counter(kinds)
    cached = seen - number[LINEAR[0]] - number["mamba"] - number["moe"]
    if not kinds:
        first = keys.count("max_window_layers", missing=0) if keys.on("use_sliding_window") else 0
        narrow = layers - first
    if not narrow:
        return made
    return {**made, "window_tokens": window, "full_attention_share": (cached - narrow) / cached}


def _choosing(keys: Keys, kinds: Sequence[str], layers: int) -> dict[str, int]:
    """Return the layers that choose what sparse attention reads, where the others share it."""
    kind = keys.listed("indexer_types") or keys.of("index_topk_pattern")
    every = keys.count("index_topk_freq", missing=1)
    first = keys.count("index_skip_topk_offset", missing=CHOOSE_FIRST)
    if not isinstance(kind, str | list):
        kind = ["F" if max(i + 1 - first, 0) % every == 0 else "S" for i in range(layers)]
    number = sum(one in ("F", "full") for one in kind)
    shared = 0 < number < layers and LINEAR[0] not in kinds
    return {"index_layers": number} if shared else {}


CHOOSE_FIRST = 2
"""Layers that choose for themselves before others may not: what transformers takes for granted."""


def _compressed(keys: Keys, ratios: Sequence[int], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a cache of one vector an entry, compressed over tokens."""
    from tco.catalog.models import CompressedCache, Kept

    number = Counter(r for r in ratios if r)
    cache = CompressedCache(
        kept=[Kept(caches=n, tokens_per_entry=r) for r, n in sorted(number.items())],
        q_lora_rank=keys.count("q_lora_rank"),
        output_groups=keys.count("o_groups"),
        output_rank=keys.count("o_lora_rank"),
        rope_head_dim=keys.count("qk_rope_head_dim"),
    )
    return {"compressed": cache}


CONTEXT = ("max_position_embeddings", "n_positions", "model_max_length", "max_sequence_length")
COUNTED = ("n_routed_experts", "num_experts", "num_local_experts", "moe_num_experts")
WIDTH = ("moe_intermediate_size", "expert_intermediate_size", "moe_ffn_hidden_size")
FFN = ("intermediate_size", "n_inner", "ffn_hidden_size", "ffn_dim")


def _experts(keys: Keys, kinds: Sequence[str], layers: int, hidden: int) -> dict[str, Any]:
    """Return the feed-forward blocks: dense, or experts."""
    from tco.catalog.models import Experts

    count = keys.count(*COUNTED, missing=0)
    beside = keys.on("enable_moe_block")
    if count <= 1:
        keys.of(*WIDTH, *PER_TOKEN)
        return {"ffn": _ffn(keys, hidden)}
    ffn = keys.count(*FFN, missing=None)
    width = keys.count(*WIDTH, missing=ffn)
    if width is None:
        keys.refuse(WIDTH[0], "the width of an expert is missing", "give it")
    dense = keys.count("intermediate_size_mlp", "dense_intermediate_size", missing=ffn)
    said: dict[str, Any] = {
        "count": count,
        "per_token": keys.count(*PER_TOKEN),
        "expert_ffn": width,
        "shared_ffn": _shared(keys, width, ffn),
        "routed_width": keys.count(*NARROW, missing=None),
        **_sparse_layers(keys, kinds, layers),
    }
    if keys.family == "nemotron_h":
        said["matrices"] = 2
    said |= {"dense_ffn_beside": ffn} if beside else {}
    plain = layers - said["layers"]
    if plain and "moe" not in kinds:
        said["dense_ffn"] = dense
    one = said.get("matrices", 3) * (said["routed_width"] or hidden) * width
    said["routed_params_b"] = round(said["layers"] * count * one / 1e9, 6)
    return {"experts": Experts(**{k: v for k, v in said.items() if v is not None})}


PER_TOKEN = (
    *("num_experts_per_tok", "num_experts_per_token", "top_k_experts", "moe_top_k"),
    *("experts_per_token", "moe_topk"),
)
NARROW = ("moe_latent_size", "routed_expert_hidden_size", "moe_hidden_size")


def _ffn(keys: Keys, hidden: int) -> int:
    width = keys.count(*FFN, missing=None)
    if width is None and keys.family in PLAIN:
        keys.assumed.append("feed-forward width 4 x hidden_size")
        return 4 * hidden
    return int(width or keys.count(*FFN))


def _shared(keys: Keys, width: int, ffn: int | None) -> int | None:
    """Return the width of the experts that every token passes through, together."""
    many = keys.count("n_shared_experts", "num_shared_experts", "moe_num_shared_experts", missing=0)
    one = keys.count(*SHARED, missing=0)
    if one:
        return int(one if keys.family == "nemotron_h" else one * (many or 1))
    if keys.family.startswith("llama4"):
        keys.assumed.append("one shared expert (llama4)")
        return ffn
    return many * width or None


SHARED = (
    *("moe_shared_expert_intermediate_size", "shared_expert_intermediate_size"),
    *("shared_intermediate_size", "share_expert_dim"),
)


def _sparse_layers(keys: Keys, kinds: Sequence[str], layers: int) -> dict[str, Any]:
    """Return how many layers have experts, and how many leading ones have none."""
    first = keys.count("first_k_dense_replace", "num_dense_layers", missing=0)
    listed = keys.listed("mlp_layer_types")
    flags = keys.of("moe_layer_freq")
    step = keys.count("decoder_sparse_step", "interleave_moe_layer_step", missing=1)
    only = keys.listed("mlp_only_layers") or []
    chosen = keys.listed("moe_layers")
    if "moe" in kinds:
        return {"layers": sum(kind == "moe" for kind in kinds)}
    if listed:
        sparse = [kind != "dense" for kind in listed[:layers]]
    elif isinstance(flags, list):
        sparse = [bool(one) for one in flags[:layers]]
    elif chosen:
        sparse = [i in chosen for i in range(layers)]
    else:
        step = max(step, flags if isinstance(flags, int) and flags else 1)
        sparse = [i >= first and (i + 1) % step == 0 and i not in only for i in range(layers)]
    leading = next((i for i, one in enumerate(sparse) if one), layers)
    return {"layers": sum(sparse), **({"dense_layers": leading} if step == 1 and leading else {})}


def _outside(config: Mapping[str, Any]) -> str | None:
    """Return why the capacity model was held against nothing like it, as the catalog says it."""
    for key, words in (
        ("compressed", "Caches compressed by layer"),
        ("state_space", "State-space layers"),
        ("full_layers", "Heads of two shapes"),
        ("index_layers", "Layers that share a choice of tokens"),
    ):
        if config.get(key) is not None:
            return f"{words}; nothing like it was measured."
    return None


def refuse_unknown(keys: Keys, prefix: str) -> None:
    """Raise `DataError` for the first key that may shape the model and was not read."""
    for name, value in _left(keys):
        where = f"{prefix}{name}"
        found = f"{shown(value)} is not understood, and may change what is stored or cached"
        keys.refuse(name, found, f"take {where} out if it does not, or {OTHERWISE}")


def _left(keys: Keys) -> Iterator[tuple[str, Any]]:
    for name, value in keys.values.items():
        trivial = value in (None, False, 0, 1, "", [], {}) or isinstance(value, float)
        if trivial or name in keys.read or HARMLESS.search(name):
            continue
        if SHAPES_MODELS.search(name):
            yield name, value
