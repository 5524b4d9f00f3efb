"""TCO7xx: models whose figures contradict each other or their dimensions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tco.catalog.check.finding import CheckContext, Hit, Rule
from tco.catalog.models import Model
from tco.catalog.yaml_lines import Loc

if TYPE_CHECKING:
    from tco.catalog.models import Architecture, Experts


# How many weights a model has, recomputed from its dimensions.


def recomputed_params(architecture: Architecture) -> tuple[float, float, float] | None:
    """Return the weights that the dimensions add up to: total, active, routed; None where unknown.

    In billions, as in `Params`; norms, biases and vision towers are left out.

    total = embeddings + attention + feed-forward, summed over the layers; active counts only the
    `per_token` routed experts of each layer, and both embeddings.

    >>> from tco.catalog.models import Architecture
    >>> llama_3_8b = Architecture(
    ...     layers=32, hidden_size=4096, heads=32, kv_heads=8, head_dim=128, vocab_size=128256,
    ...     ffn=14336, sources=["x"])
    >>> round(recomputed_params(llama_3_8b)[0], 2)
    8.03
    """
    mixers = _token_mixers(architecture)
    blocks = _feed_forward(architecture)
    if mixers is None or blocks is None:
        return None
    embeddings = architecture.vocab_size * architecture.hidden_size
    embeddings *= 1 if architecture.tied_embeddings else 2
    dense, routed, used = blocks
    shared = embeddings + mixers + dense
    return (shared + routed) / 1e9, (shared + used) / 1e9, routed / 1e9


def _token_mixers(a: Architecture) -> int | None:
    """Return the weights of attention, linear and state-space layers included [1]."""
    full = a.layers if a.attention_layers is None else a.attention_layers
    spaces = a.state_space.layers if a.state_space else 0
    others = a.layers - full - spaces
    if a.one_block_a_layer:  # the other layers are feed-forward blocks
        others = 0
    if others and a.linear is None:
        return None
    return _attention_of(a, full) + others * _linear_attention(a) + spaces * _state_space(a)


def _attention_of(a: Architecture, layers: int) -> int:
    """Return the weights of so many attention layers, whose heads may be of two shapes [1]."""
    if a.full_layers is None:
        return layers * _attention(a)
    wide = round(layers * a.full_attention_share)
    keys = a.full_layers.kv_heads * a.full_layers.head_dim
    keys *= 1 if a.full_layers.keys_are_values else 2
    value = a.value_dim or a.full_layers.head_dim
    if not a.full_layers.keys_are_values and a.value_dim:
        keys = a.full_layers.kv_heads * (a.full_layers.head_dim + value)
    queries = a.heads * (a.full_layers.head_dim + value)
    return wide * a.hidden_size * (queries + keys) + (layers - wide) * _attention(a)


def _attention(a: Architecture) -> int:
    if a.compressed is not None:
        return _compressed(a)
    if a.mla is None:
        value = a.value_dim or a.head_dim
        gate = a.heads * value if a.output_gate else 0
        queries = a.heads * (a.head_dim + value)
        return a.hidden_size * (queries + gate + a.kv_heads * (a.head_dim + value))
    m = a.mla
    nope = m.nope_head_dim or a.head_dim - m.rope_head_dim
    value = m.v_head_dim or nope
    query = a.heads * (nope + m.rope_head_dim)
    query *= 1 if m.q_lora_rank else a.hidden_size
    if m.q_lora_rank:
        query = m.q_lora_rank * (a.hidden_size + query)
    latent = a.hidden_size * (m.kv_lora_rank + m.rope_head_dim)
    unpack = m.kv_lora_rank * a.heads * (nope + value)
    out = a.heads * value * a.hidden_size * (2 if a.output_gate else 1)
    return query + latent + unpack + out


def _compressed(a: Architecture) -> int:
    """Return one layer with a compressed cache: queries, one vector, grouped output [1].

    The compressors and the index that chooses entries are left out: under 1 % of the whole.
    """
    if a.compressed is None:
        return 0
    c, width = a.compressed, a.heads * a.head_dim
    query = c.q_lora_rank * (a.hidden_size + width)
    output = width * c.output_rank + c.output_groups * c.output_rank * a.hidden_size
    return query + a.hidden_size * a.head_dim + output


def _state_space(a: Architecture) -> int:
    """Return one Mamba-2 layer: gate, input, two states a group and a rate a head; output [1]."""
    if a.state_space is None:
        return 0
    s = a.state_space
    inner = s.heads * s.head_dim
    return a.hidden_size * (3 * inner + 2 * s.groups * s.state + s.heads)


def _linear_attention(a: Architecture) -> int:
    """Return one gated-delta layer: q, k, v and output gate, two rates a head, output [1]."""
    if a.linear is None:
        return 0
    keys = a.linear.key_heads * a.linear.head_dim
    values = a.linear.value_heads * a.linear.head_dim
    return a.hidden_size * (2 * keys + 3 * values + 2 * a.linear.value_heads)


def _feed_forward(a: Architecture) -> tuple[int, int, int] | None:
    """Return weights outside routed experts, of all routed experts, and of those one token uses."""
    e = a.experts
    if e is None:
        return None if a.ffn is None else (a.layers * _block(a, a.ffn), 0, 0)
    sparse = e.layers or (a.layers - e.dense_layers) // e.every
    dense_ffn = e.dense_ffn or a.ffn
    plain = 0 if a.one_block_a_layer else a.layers - sparse
    if e.expert_ffn is None or (plain and dense_ffn is None):
        return None
    matrices = e.matrices or a.ffn_matrices
    dense = plain * _block(a, dense_ffn or 0)
    dense += sparse * (matrices * a.hidden_size * (e.shared_ffn or 0) + _router(a, e))
    dense += sparse * _block(a, e.dense_ffn_beside or 0)
    one = matrices * (e.routed_width or a.hidden_size) * e.expert_ffn
    return dense, sparse * e.count * one, sparse * e.per_token * one


def _block(a: Architecture, width: int) -> int:
    return a.ffn_matrices * a.hidden_size * width


def _router(a: Architecture, e: Experts) -> int:
    """Return the router, and the two projections where experts work in a narrower space [1]."""
    narrow = 2 * a.hidden_size * e.routed_width if e.routed_width else 0
    return a.hidden_size * e.count + narrow


# TCO7xx: models whose figures contradict each other.

TOTAL = 0.02  # norms, biases and vision towers are left out of the sum
ACTIVE = 0.2  # vendors count embeddings and shared experts in their own ways
ROUTED = 0.005  # an exact product

PARAMS_RECOMPUTE = Rule.of(
    "error TCO701 params-recompute",
    title="The weights are those that the dimensions add up to.",
    advice="read the dimensions again in config.json; layers and expert widths are the usual slips",
)
PARAMS_ORDER = Rule.of(
    "error TCO702 params-order",
    title="One token passes through no more weights than there are.",
    advice="look whether `total` and `active` are swapped",
)
RULES = (PARAMS_RECOMPUTE, PARAMS_ORDER)


def hits(subject: CheckContext) -> Iterator[Hit]:
    """Return models whose figures do not fit together."""
    for loc, model in subject.section("models"):
        yield from _model(loc, model)


def _model(loc: Loc, model: Model) -> Iterator[Hit]:
    params = model.params_b
    if params is None:
        return
    if params.active > params.total:
        message = f"{params.active:g} B of {params.total:g} B weights are active"
        yield Hit(PARAMS_ORDER, (*loc, "params_b"), message)
    architecture = model.architecture
    found = None if architecture is None else recomputed_params(architecture)
    if architecture is None or found is None:
        return
    routed = architecture.experts.routed_params_b if architecture.experts else 0.0
    for key, stated, summed, off in (
        ("total", params.total, found[0], TOTAL),
        ("active", params.active, found[1], ACTIVE),
        ("routed", routed, found[2], ROUTED),
    ):
        if abs(summed - stated) > off * max(stated, 1e-9):
            message = f"{key} is {stated:g} B, but the dimensions add up to {summed:.4g} B"
            yield Hit(PARAMS_RECOMPUTE, (*loc, "params_b"), message)
