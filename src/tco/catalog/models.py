"""The schema of `models.yaml`: what a model is, whoever offers it."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from tco.catalog.fields import (
    Count,
    Id,
    NotNegative,
    NotNegativeCount,
    Positive,
    Record,
    Share,
    Sources,
    Text,
    Url,
    Waivable,
)


class License(Record):
    """What one may do with the weights."""

    name: Text
    kind: Literal["permissive", "community", "research", "proprietary", "unknown"]
    """`permissive`: MIT or Apache; `community`: with conditions; `research`: not commercial."""
    note: Text | None = None
    url: Url | None = None


class Mla(Record):
    """Latent attention: one compressed vector per token and layer instead of keys and values."""

    kv_lora_rank: Count
    rope_head_dim: NotNegativeCount
    """0 where positions are not rotary."""
    q_lora_rank: Count | None = None
    nope_head_dim: Count | None = None
    v_head_dim: Count | None = None


class Experts(Record):
    """Mixture of experts."""

    count: Count
    """Routed experts of a layer."""
    per_token: Count
    expert_ffn: Count | None = None
    shared_ffn: int | None = None
    dense_layers: int = 0
    """Leading layers without experts."""
    dense_ffn: Count | None = None
    """Width of the layers without experts."""
    routed_width: Count | None = None
    """Width that routed experts read and write, where it is not `hidden_size`."""
    every: Count = 1
    """A layer with experts every so many layers."""
    layers: Count | None = None
    """Layers with experts, where `dense_layers` and `every` do not tell."""
    matrices: Literal[2, 3] | None = None
    """Matrices of an expert, where it is built otherwise than a dense block."""
    dense_ffn_beside: Count | None = None
    """Width of a dense block that works beside the experts of each layer."""
    routed_params_b: Positive
    """Weights of all routed experts [1e9]."""


class Linear(Record):
    """Linear attention (gated delta rule) of the layers without a KV cache."""

    key_heads: Count
    value_heads: Count
    head_dim: Count


class StateSpace(Record):
    """State-space (Mamba-2) layers."""

    layers: Count
    heads: Count
    head_dim: Count
    state: Count
    """Width of the state of a head."""
    groups: Count


class HeadShape(Record):
    """Heads of the layers that see the whole context, where those of the others differ."""

    kv_heads: Count
    head_dim: Count
    keys_are_values: bool = False
    """One vector serves as key and as value, so that half as much is cached."""


class Kept(Record):
    """Caches that keep one entry for so many tokens."""

    caches: Count
    tokens_per_entry: Count


class CompressedCache(Record):
    """A cache of one vector an entry, compressed over tokens, beside a window in every layer."""

    kept: list[Kept] = Field(min_length=1)
    """Layers that share a cache count once."""
    q_lora_rank: Count
    output_groups: Count
    output_rank: Count
    rope_head_dim: Count


class Architecture(Record):
    """The dimensions that decide memory and speed."""

    layers: Count
    hidden_size: Count
    heads: Count
    kv_heads: Count
    head_dim: Count
    vocab_size: Count
    ffn: Count | None = None
    value_dim: Count | None = None
    """Width of a value, where it is not that of a key."""
    full_layers: HeadShape | None = None
    """Heads of the layers that see all, where `kv_heads` and `head_dim` are those of a window."""
    compressed: CompressedCache | None = None
    state_space: StateSpace | None = None
    one_block_a_layer: bool = False
    """A layer is a token mixer or a feed-forward block, not both."""
    lookup_tables_b: Positive | None = None
    """Weights of n-gram tables [1e9]: a few rows are read a token, so that they lie in the host's
    memory or on a disk. They are in neither `total` nor `active`."""
    ffn_matrices: Literal[2, 3] = 3
    """3 for a gated feed-forward block (SwiGLU, GeGLU), 2 for a plain one."""
    output_gate: bool = False
    """Attention output is gated: the query projection is twice as wide."""
    tied_embeddings: bool = False
    mla: Mla | None = None
    experts: Experts | None = None
    window_tokens: Count | None = None
    """Sliding window (or attention chunk) of the layers that do not see everything."""
    full_attention_share: Share = 1.0
    """Share of the layers with a KV cache that see the whole context."""
    attention_layers: Count | None = None
    """Layers with a KV cache, where the others are linear or state-space."""
    state_bytes: NotNegative = 0.0
    """Fixed state of linear layers per sequence [byte]."""
    linear: Linear | None = None
    """The layers that are not among `attention_layers`."""
    index_topk: Count | None = None
    """Tokens that sparse attention reads."""
    index_layers: Count | None = None
    """Layers that choose these tokens, where the others take the choice of one before them."""
    outside_calibration: Text | None = None
    """Why the capacity model has not been held against anything like it."""
    sources: list[Id] = Field(min_length=1)


class Score(Record):
    """A published quality score."""

    benchmark: Id
    """With its category: `arena-text-coding`."""
    value: NotNegative
    low: NotNegative | None = None
    high: NotNegative | None = None
    """Its 95 % interval; only figures that an article prints may lack it."""
    votes: Count | None = None
    seen: date | None = None
    """The day that it holds of."""
    effort: Text | None = None
    """The reasoning effort that it was measured at, where its name states one: tokens, and so the
    bill, grow with it."""
    called: Text | None = None
    """The name there."""
    source: Id
    note: Text | None = None


class Params(Record):
    """Weights in billions."""

    total: Positive
    active: Positive
    """Weights that one token passes through; equal to `total` for a dense model."""


Repository = Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]


class EngineVersion(Record):
    """The oldest version of an engine that its recipe for a model asks for."""

    version: Annotated[str, StringConstraints(pattern=r"^\d+([.]\d+)+$")]
    source: Id


class HuggingFace(Record):
    """Where the weights are published: those that hosts serve, so the instructed ones."""

    repo: Repository
    quantized: dict[Id, Repository] = {}
    """Repositories of its maker or of a GPU's maker that hold it otherwise, by precision; from
    the recipes of vLLM."""
    served_since: dict[Literal["vllm", "sglang"], EngineVersion] = {}
    source: Id


class Model(Waivable):
    """Facts of a model, whoever offers it."""

    name: Text
    aliases: list[Text] = []
    org: Text
    kind: Literal["chat", "embedding", "rerank", "other"] = "chat"
    weights: Literal["open", "closed"]
    hugging_face: HuggingFace | None = None
    license: License | None = None
    released: date | None = None
    context_tokens: Count | None = None
    native_precision: Literal["bf16", "fp8", "mxfp8", "int4", "mxfp4", "nvfp4", "fp4"] | None = None
    """What the weights are published in."""
    params_b: Params | None = None
    architecture: Architecture | None = None
    scores: list[Score] = []
    line: Literal["small", "mid", "flagship"] | None = None
    """Where its maker places it in its own line, of closed weights; see `model_class`."""
    never: Text | None = None
    """Why there is no such model, for a name that people use all the same."""
    sources: list[Id] = []
    notes: Text | None = None

    @property
    def license_kind(self) -> str:
        """Return the kind of its licence: `proprietary` for closed weights, `unknown` if so."""
        if self.weights == "closed":
            return "proprietary"
        return self.license.kind if self.license else "unknown"


class Classes(Record):
    """Scores from which a model without a line of its own counts as mid or flagship."""

    benchmark: Id
    mid_from: NotNegative
    flagship_from: NotNegative
    as_of: date
    """The day that they were worked out."""
    source: Id


class Models(Record):
    """The whole of `models.yaml`."""

    schema_: Literal[1] = Field(alias="schema")
    version: Text = "unversioned"
    sources: Sources = {}
    classes: Classes | None = None
    models: dict[Id, Model] = {}
